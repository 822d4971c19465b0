import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import { poolAccount, poolRbac } from './rbac.ts'
import { postgresClass } from './postgres.ts'
import { redisClass } from './redis.ts'

const larder = { apiVersion: 'larder.dev/v1alpha1' } as const

/** What `larder up` brings to try: a Backend for services on this machine and the classes
 * that it can make, and one for what the platform team has by hand. */
export const sampleManifests = (): readonly (JsonObject & KubeObject)[] => [
  { ...larder, kind: 'Backend', metadata: { name: 'local' }, spec: { driver: 'process' } },
  ...poolRbac(),
  { ...larder, kind: 'Backend', metadata: { name: 'pool' }, spec: { driver: 'pool', serviceAccountRef: poolAccount } },
  redisClass as JsonObject & KubeObject,
  postgresClass as JsonObject & KubeObject,
]
