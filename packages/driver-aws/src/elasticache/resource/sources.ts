/**
 * What is made of the data of something else: a snapshot of a cache, a cache of a snapshot. One account is shared by many, and who may take a snapshot of
 * another's cache may read it in one of their own. So a source that carries the tag of an instance is used for that instance's friends alone, whom the
 * recipe names; what carries none is nobody's here.
 */
import { DescribeCacheClustersCommand } from '@aws-sdk/client-elasticache'
import { call, isRefusal } from '../../account/call.ts'
import type { Elasticache } from '../client.ts'
import { OWNER_TAG } from '../../naming.ts'
import type { ResourceType } from '../recipe.ts'
import type { Properties } from './kind.ts'

type Sort = 'ReplicationGroup' | 'CacheCluster' | 'Snapshot'

/** Of the types that have any. */
const SOURCES: Partial<Record<ResourceType, Readonly<Record<string, Sort>>>> = {
  Snapshot: { ReplicationGroupId: 'ReplicationGroup', CacheClusterId: 'CacheCluster', SourceSnapshotName: 'Snapshot' },
  ReplicationGroup: { SnapshotName: 'Snapshot', PrimaryClusterId: 'CacheCluster' },
}

/** To look for an empty one is to look for all, and the first that is found is not what AWS is asked for then. */
const NAME = /^[\w.-]{1,255}$/

/** `allowed`: ids of instances. The property, and why what it names is not to be used. */
export async function sourceProblem(
  aws: Elasticache,
  { type, properties, allowed }: { type: ResourceType; properties: Properties; allowed: readonly string[] },
  signal: AbortSignal,
): Promise<{ readonly property: string; readonly message: string } | undefined> {
  for (const [property, sort] of Object.entries(SOURCES[type] ?? {})) {
    const name = properties[property]
    if (typeof name !== 'string') continue
    if (!NAME.test(name)) {
      const message = `${JSON.stringify(name)} cannot be the name of a ${sort}: give letters, digits, dots and dashes`
      return { property, message }
    }
    // AWS takes ids in any case.
    const owner = await OWNERS[sort](aws, name.toLowerCase(), signal)
    if (owner === undefined || allowed.includes(owner)) continue
    const message = `${sort} ${name} is not to be read here: its tag ${OWNER_TAG} is that of another instance, ${owner}; who has it may take the tag away`
    return { property, message }
  }
  return undefined
}

type OwnerOf = (aws: Elasticache, name: string, signal: AbortSignal) => Promise<string | undefined>

/** What does not exist has no owner, and AWS says that it is missing. */
const OWNERS: Readonly<Record<Sort, OwnerOf>> = {
  async ReplicationGroup(aws, name, signal) {
    const group = await aws.caches.find(name, signal)
    return group?.ARN === undefined ? undefined : ownerOf(aws, group.ARN, signal)
  },
  /** A node is its group's. */
  async CacheCluster(aws, name, signal) {
    const cluster = await clusterNamed(aws, name, signal)
    if (cluster?.ReplicationGroupId !== undefined)
      return OWNERS.ReplicationGroup(aws, cluster.ReplicationGroupId, signal)
    return cluster?.ARN === undefined ? undefined : ownerOf(aws, cluster.ARN, signal)
  },
  /** One that AWS takes by itself has no tag, and is of the cache. */
  async Snapshot(aws, name, signal) {
    const snapshot = await aws.snapshots.find(name, signal)
    const owner = snapshot?.ARN === undefined ? undefined : await ownerOf(aws, snapshot.ARN, signal)
    if (owner !== undefined) return owner
    const { ReplicationGroupId: group, CacheClusterId: cluster } = snapshot ?? {}
    if (group !== undefined) return OWNERS.ReplicationGroup(aws, group, signal)
    return cluster === undefined ? undefined : OWNERS.CacheCluster(aws, cluster, signal)
  },
}

async function ownerOf(aws: Elasticache, arn: string, signal: AbortSignal): Promise<string | undefined> {
  const owner = await aws.owner(arn, signal)
  return owner === 'gone' ? undefined : owner.id
}

async function clusterNamed({ client }: Elasticache, name: string, signal: AbortSignal) {
  const command = new DescribeCacheClustersCommand({ CacheClusterId: name })
  try {
    const { CacheClusters = [] } = await call('elasticache:DescribeCacheClusters', () =>
      client.send(command, { abortSignal: signal }),
    )
    return CacheClusters[0]
  } catch (error) {
    if (isRefusal(error) && error.code === 'CacheClusterNotFound') return undefined
    throw error
  }
}
