/** What differs between a cache and what is wanted of it, what the change of it would do, and the request for it. */
import { ModifyReplicationGroupCommand } from '@aws-sdk/client-elasticache'
import type { ModifyReplicationGroupMessage, ReplicationGroup } from '@aws-sdk/client-elasticache'
import { invalid } from '@larder/kit'
import type { Drift, Effect, FieldError, Json } from '@larder/kit'
import { call, isRefusal } from '../../account/call.ts'
import type { Elasticache } from '../client.ts'
import { changeReplicas, changeShards, isOn, replicaCounts } from '../scaling.ts'
import { withPath } from './make.ts'
import { askedDigest, FIXED, UNSEEN, type Asked } from './state.ts'
import type { CacheSettings, Setting } from './settings.ts'

/** What AWS tells with the replication group. */
function visibleSettings(cache: ReplicationGroup): Partial<Record<Setting, Json>> {
  const groups = cache.NodeGroups ?? []
  const replicas = replicaCounts(cache)
  return {
    description: cache.Description ?? '',
    ...(cache.Engine !== undefined && { engine: cache.Engine.toLowerCase() }),
    ...(cache.CacheNodeType !== undefined && { nodeType: cache.CacheNodeType }),
    clusterMode: cache.ClusterEnabled ?? false,
    shards: groups.length,
    // Shards that differ are as none that anybody wants.
    replicas: new Set(replicas).size === 1 ? (replicas[0] ?? 0) : -1,
    automaticFailover: isOn(cache.AutomaticFailover),
    multiAZ: isOn(cache.MultiAZ),
    ...(cache.SnapshotRetentionLimit !== undefined && { snapshotRetentionDays: cache.SnapshotRetentionLimit }),
    ...(cache.SnapshotWindow !== undefined && { snapshotWindow: cache.SnapshotWindow }),
    ...(cache.AutoMinorVersionUpgrade !== undefined && { autoMinorVersionUpgrade: cache.AutoMinorVersionUpgrade }),
  }
}

/** Settings that are wanted otherwise than they are. `asked`: of those that AWS does not tell. */
export function differences(cache: ReplicationGroup, wanted: CacheSettings, asked: Asked | undefined): Setting[] {
  const have = visibleSettings(cache)
  const remembered: readonly Setting[] = [...UNSEEN, ...FIXED]
  return (Object.keys(wanted) as Setting[]).filter((name) => {
    if (name in have) return JSON.stringify(have[name]) !== JSON.stringify(wanted[name])
    // Of what nobody remembers, as with a cache that was adopted, no difference is known.
    return asked !== undefined && remembered.includes(name) && asked[name] !== askedDigest(wanted[name])
  })
}

export const driftOf = (names: readonly Setting[]): Drift[] => names.map((name) => ({ path: `recipe.cache.${name}` }))

const isFixed = (name: Setting): boolean => (FIXED as readonly Setting[]).includes(name)

export function errorsOf(names: readonly Setting[]): FieldError[] {
  return names.filter(isFixed).map((name) => ({
    path: `recipe.cache.${name}`,
    reason: 'fixed',
    message: `recipe.cache.${name} of a cache that exists cannot be changed by AWS`,
  }))
}

const INTERRUPTING: readonly Setting[] = ['nodeType', 'engineVersion', 'engine', 'parameterGroup']

export function effectsOf(names: readonly Setting[], cache: ReplicationGroup, wanted: CacheSettings): Effect[] {
  const have = visibleSettings(cache)
  return names
    .filter((name) => !isFixed(name))
    .map((name) => {
      const what = `recipe.cache.${name}`
      if (INTERRUPTING.includes(name)) {
        return {
          kind: 'restart',
          what,
          message: 'nodes are replaced one after the other; connections are cut, data stay',
        }
      }
      const isFewer = (name === 'replicas' || name === 'shards') && Number(have[name]) > wanted[name]
      if (isFewer)
        return { kind: 'inPlace', what, message: `${name} go from ${String(have[name])} to ${wanted[name]}; data stay` }
      return { kind: 'inPlace', what, message: 'it is changed while the cache serves' }
    })
}

/** One request: ElastiCache takes no second one before it has done the first. Answers what it was about; undefined: another is under way. */
export async function change(
  aws: Elasticache,
  id: string,
  names: readonly Setting[],
  cache: ReplicationGroup,
  wanted: CacheSettings,
  signal: AbortSignal,
): Promise<readonly Setting[] | undefined> {
  const simple = names.filter((name) => !isFixed(name) && name !== 'replicas' && name !== 'shards')
  try {
    if (simple.length > 0) {
      await modify(aws, id, simple, wanted, signal)
      return simple
    }
    if (names.includes('replicas')) {
      await changeReplicas(aws, id, cache, wanted.replicas, signal)
      return ['replicas']
    }
    if (names.includes('shards')) {
      await changeShards(aws, id, cache, wanted.shards, signal)
      return ['shards']
    }
    const [fixed] = errorsOf(names)
    if (fixed) throw invalid(fixed.path, fixed.message)
    return []
  } catch (error) {
    if (isRefusal(error, 'InvalidReplicationGroupState')) return undefined
    if (isRefusal(error) && simple.length === 0 && (await isDone(aws, id, names, wanted, signal))) return undefined
    throw withPath(error)
  } finally {
    aws.caches.changed(id)
  }
}

/** AWS refuses as many replicas as there are, also to the SDK, which asks again when it heard no answer. */
async function isDone(
  aws: Elasticache,
  id: string,
  names: readonly Setting[],
  wanted: CacheSettings,
  signal: AbortSignal,
): Promise<boolean> {
  aws.caches.changed(id)
  const now = await aws.caches.find(id, signal)
  const left = now && differences(now, wanted, undefined)
  return left !== undefined && names.some((name) => !isFixed(name) && !left.includes(name))
}

type Modification = Omit<ModifyReplicationGroupMessage, 'ReplicationGroupId'>

const MODIFICATIONS: { readonly [S in Setting]?: (wanted: CacheSettings) => Modification } = {
  description: ({ description }) => ({ ReplicationGroupDescription: description }),
  engine: ({ engine }) => ({ Engine: engine }),
  engineVersion: ({ engineVersion }) => ({ EngineVersion: engineVersion }),
  nodeType: ({ nodeType }) => ({ CacheNodeType: nodeType }),
  parameterGroup: ({ parameterGroup }) => ({ CacheParameterGroupName: parameterGroup }),
  securityGroupIDs: ({ securityGroupIDs = [] }) => ({ SecurityGroupIds: [...securityGroupIDs] }),
  automaticFailover: ({ automaticFailover }) => ({ AutomaticFailoverEnabled: automaticFailover }),
  multiAZ: ({ multiAZ }) => ({ MultiAZEnabled: multiAZ }),
  snapshotRetentionDays: ({ snapshotRetentionDays }) => ({ SnapshotRetentionLimit: snapshotRetentionDays }),
  snapshotWindow: ({ snapshotWindow }) => ({ SnapshotWindow: snapshotWindow }),
  maintenanceWindow: ({ maintenanceWindow }) => ({ PreferredMaintenanceWindow: maintenanceWindow }),
  autoMinorVersionUpgrade: ({ autoMinorVersionUpgrade }) => ({ AutoMinorVersionUpgrade: autoMinorVersionUpgrade }),
  notificationTopicARN: ({ notificationTopicARN }) => ({ NotificationTopicArn: notificationTopicARN }),
}

async function modify(
  { client }: Elasticache,
  id: string,
  names: readonly Setting[],
  wanted: CacheSettings,
  signal: AbortSignal,
): Promise<void> {
  const parts = names.map((name) => MODIFICATIONS[name]?.(wanted) ?? {})
  const command = new ModifyReplicationGroupCommand({
    ...parts.reduce<Modification>((all, part) => ({ ...all, ...part }), {}),
    ReplicationGroupId: id,
    ApplyImmediately: true,
  })
  await call('elasticache:ModifyReplicationGroup', () => client.send(command, { abortSignal: signal }))
}
