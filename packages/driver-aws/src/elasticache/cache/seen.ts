/** What AWS says of a replication group, in the contract's words. */
import type { Endpoint, ReplicationGroup } from '@aws-sdk/client-elasticache'
import { parseDurationMs } from '@larder/kit'
import type { Changing, Failed, Json, Outside } from '@larder/kit'
import type { KnownTimes, Wait } from '../../pace.ts'

export const outsideOf = (cache: ReplicationGroup): Outside => ({
  id: cache.ARN ?? cache.ReplicationGroupId ?? '',
  ...(cache.Status !== undefined && { state: cache.Status }),
})

const DOING: Readonly<Record<string, string>> = { creating: 'create', deleting: 'delete', modifying: 'update' }

/** When to look again at what began then and takes so long, as far as that is known. */
type WaitFor = (known: KnownTimes) => Wait

/** `creating, 2 of 3 nodes`: those of shards that are complete. */
export function changingCache(
  cache: ReplicationGroup,
  usually: string | undefined,
  nowMs: number,
  wait: WaitFor,
): Changing {
  const { Status: status = '', ReplicationGroupCreateTime: createdAt } = cache
  const isCreating = status === 'creating'
  const sinceMs = createdAt?.getTime() ?? nowMs
  const usuallyMs = usually !== undefined && isCreating ? parseDurationMs(usually) : undefined
  const nodes = cache.MemberClusters?.length ?? 0
  const ready = (cache.NodeGroups ?? [])
    .filter((group) => group.Status === 'available')
    .reduce((sum, group) => sum + (group.NodeGroupMembers?.length ?? 0), 0)
  return {
    phase: 'changing',
    doing: DOING[status] ?? 'update',
    message: nodes === 0 || status === 'deleting' ? status : `${status}, ${ready} of ${nodes} nodes`,
    // Since when it is changed AWS does not tell.
    ...wait({ ...(isCreating && { sinceMs }), ...(usuallyMs !== undefined && { usuallyMs }) }),
  }
}

/** After its creation AWS sometimes takes a snapshot first, and serves meanwhile. */
export function isAvailable({ Status, NodeGroups = [] }: ReplicationGroup): boolean {
  if (Status !== 'available' && Status !== 'snapshotting') return false
  return NodeGroups.every((group) => group.Status === 'available' || group.Status === 'snapshotting')
}

/** Made anew so often, a cache that fails is left for somebody to look at. */
const MAX_FAILURES = 3

/** `events`: what AWS said of it, newest first. */
export function failedCache(cache: ReplicationGroup, events: readonly string[], failures: number): Failed {
  const cause =
    events.find((event) => /fail|insufficient|unable|not /i.test(event)) ?? events[0] ?? 'AWS gives no reason'
  const said = `replication group ${cache.ReplicationGroupId} is create-failed: ${cause}`
  const common = { phase: 'failed', reason: 'CreateFailed', usable: false } as const
  if (failures < MAX_FAILURES) return { ...common, message: said, retry: 'recreate' }
  return { ...common, message: `${said}; it was made anew ${failures} times and failed each time`, retry: 'no' }
}

export interface Address {
  readonly host: string
  readonly port: string
}

const addressOf = (endpoint: Endpoint | undefined): Address | undefined =>
  endpoint?.Address === undefined ? undefined : { host: endpoint.Address, port: String(endpoint.Port ?? DEFAULT_PORT) }

const DEFAULT_PORT = 6379

/** Where to write, and where one may also read. With shards a client finds its way from one address. Undefined: not yet. */
export function addressesOf(cache: ReplicationGroup): { primary: Address; reader: Address } | undefined {
  const [group] = cache.NodeGroups ?? []
  const configuration = addressOf(cache.ConfigurationEndpoint)
  const primary = configuration ?? addressOf(group?.PrimaryEndpoint)
  if (!primary) return undefined
  return { primary, reader: configuration ?? addressOf(group?.ReaderEndpoint) ?? primary }
}

export function outputsOf(cache: ReplicationGroup): Json {
  const { ARN: arn = '', Engine: engine, ClusterEnabled: clusterMode = false, NodeGroups = [] } = cache
  const [, , , region = '', accountID = ''] = arn.split(':')
  const addresses = addressesOf(cache)
  return {
    arn,
    region,
    accountID,
    ...(engine !== undefined && { engine }),
    clusterMode,
    shards: NodeGroups.length,
    nodes: cache.MemberClusters?.length ?? 0,
    ...(addresses && { primary: { ...addresses.primary }, reader: { ...addresses.reader } }),
  }
}
