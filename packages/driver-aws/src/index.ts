import type { Driver } from '@larder/kit'
import { cloudformationDriver } from './cloudformation/driver.ts'
import { elasticacheDriver } from './elasticache/driver.ts'
import { s3Driver } from './s3/driver.ts'

/** Nothing of AWS is loaded before one of them is asked for something. */
export const awsDrivers = (): Driver[] => [cloudformationDriver(), elasticacheDriver(), s3Driver()]
