import {
  CreateReplicationGroupCommand,
  DeleteReplicationGroupCommand,
  ModifyReplicationGroupCommand,
} from '@aws-sdk/client-elasticache'
import type {
  CreateReplicationGroupMessage,
  ModifyReplicationGroupMessage,
  ReplicationGroup,
} from '@aws-sdk/client-elasticache'
import type { Json } from '@larder/kit'
import { call } from '../../account/call.ts'
import type { Elasticache } from '../client.ts'
import { changeReplicas, changeShards, isOn, mostReplicas } from '../scaling.ts'
import { secretsOf, type Change, type Kind, type Property } from './kind.ts'

const fixed = { fixed: true } as const

const PROPERTIES: Readonly<Record<string, Property>> = {
  ReplicationGroupDescription: { type: 'string', required: true },
  AtRestEncryptionEnabled: { type: 'boolean', ...fixed },
  AuthToken: { type: 'string' },
  AutomaticFailoverEnabled: { type: 'boolean' },
  AutoMinorVersionUpgrade: { type: 'boolean' },
  CacheNodeType: { type: 'string' },
  CacheParameterGroupName: { type: 'string' },
  CacheSecurityGroupNames: { type: 'strings' },
  CacheSubnetGroupName: { type: 'string', ...fixed },
  ClusterMode: { type: 'string' },
  DataTieringEnabled: { type: 'boolean', ...fixed },
  Engine: { type: 'string' },
  EngineVersion: { type: 'string' },
  IpDiscovery: { type: 'string' },
  KmsKeyId: { type: 'string', ...fixed },
  LogDeliveryConfigurations: { type: 'objects' },
  MultiAZEnabled: { type: 'boolean' },
  NetworkType: { type: 'string', ...fixed },
  NodeGroupConfiguration: { type: 'objects', ...fixed },
  NotificationTopicArn: { type: 'string' },
  NumCacheClusters: { type: 'integer', ...fixed },
  NumNodeGroups: { type: 'integer' },
  Port: { type: 'integer', ...fixed },
  PreferredCacheClusterAZs: { type: 'strings', ...fixed },
  PreferredMaintenanceWindow: { type: 'string' },
  PrimaryClusterId: { type: 'string' },
  ReplicasPerNodeGroup: { type: 'integer' },
  SecurityGroupIds: { type: 'strings' },
  SnapshotArns: { type: 'strings', ...fixed },
  SnapshotName: { type: 'string', ...fixed },
  SnapshotRetentionLimit: { type: 'integer' },
  SnapshotWindow: { type: 'string' },
  Tags: { type: 'objects' },
  TransitEncryptionEnabled: { type: 'boolean' },
  TransitEncryptionMode: { type: 'string' },
  UserGroupIds: { type: 'strings' },
}

export const replicationGroupKind: Kind<ReplicationGroup> = {
  type: 'ReplicationGroup',
  idProperty: 'ReplicationGroupId',
  maxIdLength: 40,
  properties: PROPERTIES,
  terminal: [
    'InvalidParameter',
    'InvalidParameterValue',
    'InvalidParameterCombination',
    'InsufficientCacheClusterCapacity',
    'ClusterQuotaForCustomerExceeded',
    'NodeQuotaForClusterExceeded',
    'NodeQuotaForCustomerExceeded',
    'InvalidVPCNetworkState',
    'TagQuotaPerResourceExceeded',
    'NodeGroupsPerReplicationGroupQuotaExceeded',
    'InvalidCacheSecurityGroupState',
    'InvalidKMSKey',
  ],
  lookup: (aws) => aws.caches,
  arnOf: ({ ARN = '' }) => ARN,
  statusOf: (group) => {
    const { Status: status, NodeGroups: shards = [], MemberClusters: nodes = [] } = group
    if (status !== 'available') return status
    const unsettled = shards.find(({ Status }) => Status !== 'available')?.Status
    const members = shards.reduce((sum, { NodeGroupMembers = [] }) => sum + NodeGroupMembers.length, 0)
    // A node that comes or goes is in one list before it is in the other.
    return unsettled ?? (members === nodes.length ? 'available' : 'modifying')
  },
  have,
  async create({ client }, properties, signal) {
    const command = new CreateReplicationGroupCommand(properties as unknown as CreateReplicationGroupMessage)
    await call('elasticache:CreateReplicationGroup', () => client.send(command, { abortSignal: signal }), {
      mutates: true,
      secrets: secretsOf(properties),
    })
  },
  change: async (aws, change, signal) => {
    const simple = change.names.filter((name) => name !== 'ReplicasPerNodeGroup' && name !== 'NumNodeGroups')
    if (simple.length > 0) return modify(aws, { ...change, names: simple }, signal)
    const { id, thing, properties } = change
    if (change.names.includes('ReplicasPerNodeGroup')) {
      await changeReplicas(aws, id, thing, Number(properties['ReplicasPerNodeGroup']), signal)
      return ['ReplicasPerNodeGroup']
    }
    await changeShards(aws, id, thing, Number(properties['NumNodeGroups']), signal)
    return ['NumNodeGroups']
  },
  async remove({ client }, id, signal) {
    await call('elasticache:DeleteReplicationGroup', () =>
      client.send(new DeleteReplicationGroupCommand({ ReplicationGroupId: id }), { abortSignal: signal }),
    )
  },
}

function have(group: ReplicationGroup): { readonly [name: string]: Json | undefined } {
  const { UserGroupIdsToAdd = [], UserGroupIdsToRemove = [] } = group.PendingModifiedValues?.UserGroups ?? {}
  const userGroups = [...(group.UserGroupIds ?? []), ...UserGroupIdsToAdd]
  return {
    ReplicationGroupDescription: group.Description,
    AtRestEncryptionEnabled: group.AtRestEncryptionEnabled,
    AutomaticFailoverEnabled: isOn(group.AutomaticFailover),
    AutoMinorVersionUpgrade: group.AutoMinorVersionUpgrade,
    CacheNodeType: group.CacheNodeType,
    ClusterMode: group.ClusterMode,
    Engine: group.Engine,
    IpDiscovery: group.IpDiscovery,
    KmsKeyId: group.KmsKeyId,
    MultiAZEnabled: isOn(group.MultiAZ),
    NetworkType: group.NetworkType,
    NumNodeGroups: group.NodeGroups?.length,
    ReplicasPerNodeGroup: mostReplicas(group),
    SnapshotRetentionLimit: group.SnapshotRetentionLimit,
    SnapshotWindow: group.SnapshotWindow,
    TransitEncryptionEnabled: group.TransitEncryptionEnabled,
    TransitEncryptionMode: group.TransitEncryptionMode,
    UserGroupIds: userGroups.filter((id) => !UserGroupIdsToRemove.includes(id)),
  }
}

type Groups = Change<ReplicationGroup>

/** A token beside the old one, which goes on until the next change of it. */
const ROTATE = 'ROTATE'

async function modify({ client }: Elasticache, { id, thing, names, properties }: Groups, signal: AbortSignal) {
  const plain = names.filter((name) => name !== 'UserGroupIds')
  const part = Object.fromEntries(plain.map((name) => [name, properties[name]]))
  const want = names.includes('UserGroupIds') ? ((properties['UserGroupIds'] ?? []) as string[]) : undefined
  const before = (have(thing)['UserGroupIds'] ?? []) as string[]
  const toAdd = want?.filter((group) => !before.includes(group.toLowerCase())) ?? []
  const toRemove = before.filter((group) => want?.every((each) => each.toLowerCase() !== group) ?? false)
  const command = new ModifyReplicationGroupCommand({
    ...(part as Partial<ModifyReplicationGroupMessage>),
    ReplicationGroupId: id,
    ApplyImmediately: true,
    ...(names.includes('AuthToken') && { AuthTokenUpdateStrategy: ROTATE }),
    ...(toAdd.length > 0 && { UserGroupIdsToAdd: toAdd }),
    ...(toRemove.length > 0 && { UserGroupIdsToRemove: toRemove }),
  })
  await call('elasticache:ModifyReplicationGroup', () => client.send(command, { abortSignal: signal }), {
    secrets: secretsOf(properties),
  })
  return names
}
