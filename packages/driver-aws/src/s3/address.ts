/** Where an object can be read, and what it is called. */
import type { Place } from './recipe.ts'

/** Where a Backend's S3 is. */
export interface Site {
  readonly region: string
  /** Undefined: AWS itself. */
  readonly endpoint: string | undefined
}

interface Partition {
  readonly name: string
  readonly domain: string
}

/** By how the names of their regions begin. */
const PARTITIONS: Readonly<Record<string, Partition>> = {
  'cn-': { name: 'aws-cn', domain: 'amazonaws.com.cn' },
  'eusc-': { name: 'aws-eusc', domain: 'amazonaws.eu' },
  'us-gov-': { name: 'aws-us-gov', domain: 'amazonaws.com' },
  'us-iso-': { name: 'aws-iso', domain: 'c2s.ic.gov' },
  'us-isob-': { name: 'aws-iso-b', domain: 'sc2s.sgov.gov' },
  'eu-isoe-': { name: 'aws-iso-e', domain: 'cloud.adc-e.uk' },
  'us-isof-': { name: 'aws-iso-f', domain: 'csp.hci.ic.gov' },
}

function partitionOf(region: string): Partition {
  const [, found] = Object.entries(PARTITIONS).find(([start]) => region.startsWith(start)) ?? []
  return found ?? { name: 'aws', domain: 'amazonaws.com' }
}

export const arnOf = ({ bucket, key }: Place, { region }: Pick<Site, 'region'>): string =>
  `arn:${partitionOf(region).name}:s3:::${bucket}/${key}`

export function urlOf({ bucket, key }: Place, { region, endpoint }: Site): string {
  const base = endpoint?.replace(/\/$/, '') ?? `https://s3.${region}.${partitionOf(region).domain}`
  return `${base}/${[bucket, ...key.split('/')].map(encodeURIComponent).join('/')}`
}
