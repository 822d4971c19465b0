/** How many nodes a replication group has: AWS takes replicas and shards by requests of their own. */
import {
  DecreaseReplicaCountCommand,
  IncreaseReplicaCountCommand,
  ModifyReplicationGroupShardConfigurationCommand,
} from '@aws-sdk/client-elasticache'
import type { ReplicationGroup } from '@aws-sdk/client-elasticache'
import { call } from '../account/call.ts'
import type { Elasticache } from './client.ts'

/** Of each shard, beside its primary. */
export const replicaCounts = ({ NodeGroups = [] }: ReplicationGroup): number[] =>
  NodeGroups.map((group) => (group.NodeGroupMembers?.length ?? 1) - 1)

/** Of the shard that has the most. */
export const mostReplicas = (cache: ReplicationGroup): number => Math.max(0, ...replicaCounts(cache))

export async function changeReplicas(
  { client }: Elasticache,
  id: string,
  cache: ReplicationGroup,
  replicas: number,
  signal: AbortSignal,
): Promise<void> {
  const request = { ReplicationGroupId: id, NewReplicaCount: replicas, ApplyImmediately: true }
  const options = { abortSignal: signal }
  // As many as one shard has already: others have fewer.
  if (replicas >= mostReplicas(cache)) {
    await call('elasticache:IncreaseReplicaCount', () => client.send(new IncreaseReplicaCountCommand(request), options))
  } else {
    await call('elasticache:DecreaseReplicaCount', () => client.send(new DecreaseReplicaCountCommand(request), options))
  }
}

export async function changeShards(
  { client }: Elasticache,
  id: string,
  cache: ReplicationGroup,
  shards: number,
  signal: AbortSignal,
): Promise<void> {
  const ids = (cache.NodeGroups ?? []).map(({ NodeGroupId = '' }) => NodeGroupId)
  const command = new ModifyReplicationGroupShardConfigurationCommand({
    ReplicationGroupId: id,
    NodeGroupCount: shards,
    ApplyImmediately: true,
    // Which ones go AWS wants to be told. Their keys move to the others first.
    ...(shards < ids.length && { NodeGroupsToRemove: ids.slice(shards) }),
  })
  await call('elasticache:ModifyReplicationGroupShardConfiguration', () =>
    client.send(command, { abortSignal: signal }),
  )
}

/** As AWS says it of automatic failover and of several zones. */
export const isOn = (status: string | undefined): boolean => status === 'enabled' || status === 'enabling'
