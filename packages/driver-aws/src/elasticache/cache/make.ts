/** The requests that make and remove the parts of a cache. Each may be repeated: what exists already is as good. */
import {
  CreateReplicationGroupCommand,
  CreateUserCommand,
  CreateUserGroupCommand,
  DeleteReplicationGroupCommand,
  DeleteUserCommand,
  DeleteUserGroupCommand,
} from '@aws-sdk/client-elasticache'
import type {
  CreateReplicationGroupMessage,
  NetworkType,
  ReplicationGroup,
  UserGroup,
} from '@aws-sdk/client-elasticache'
import { blocked, invalid } from '@larder/kit'
import { call, isRefusal } from '../../account/call.ts'
import { tagList, type Elasticache } from '../client.ts'
import type { WantedCache } from './wanted.ts'

const mutates = { mutates: true }

/** The user group; for Redis with the one user that it demands, who may nothing and whom nobody else may be. */
export async function makeAccess(aws: Elasticache, wanted: WantedCache, signal: AbortSignal): Promise<void> {
  const { names, settings, tags } = wanted
  const isRedis = settings.engine === 'redis'
  if (isRedis) await makeDefaultUser(aws, wanted, signal)
  try {
    await call(
      'elasticache:CreateUserGroup',
      () =>
        aws.client.send(
          new CreateUserGroupCommand({
            UserGroupId: names.access,
            Engine: settings.engine,
            ...(isRedis && { UserIds: [names.defaultUser] }),
            Tags: tagList(tags),
          }),
          { abortSignal: signal },
        ),
      mutates,
    )
  } catch (error) {
    if (!isRefusal(error, 'UserGroupAlreadyExists')) throw error
  } finally {
    aws.userGroups.changed(names.access)
  }
}

async function makeDefaultUser(aws: Elasticache, { names, tags }: WantedCache, signal: AbortSignal): Promise<void> {
  try {
    await call(
      'elasticache:CreateUser',
      () =>
        aws.client.send(
          new CreateUserCommand({
            UserId: names.defaultUser,
            UserName: 'default',
            Engine: 'redis',
            AccessString: 'off ~* -@all',
            NoPasswordRequired: true,
            Tags: tagList(tags),
          }),
          { abortSignal: signal },
        ),
      mutates,
    )
  } catch (error) {
    if (!isRefusal(error, 'UserAlreadyExists')) throw error
  } finally {
    aws.users.changed(names.defaultUser)
  }
}

/** Undefined: there is one of that id. */
export async function makeCache(
  aws: Elasticache,
  wanted: WantedCache,
  signal: AbortSignal,
): Promise<ReplicationGroup | undefined> {
  const { cache } = wanted.names
  try {
    const { ReplicationGroup: made } = await call(
      'elasticache:CreateReplicationGroup',
      () => aws.client.send(new CreateReplicationGroupCommand(requestOf(wanted)), { abortSignal: signal }),
      mutates,
    )
    return made ?? { ReplicationGroupId: cache }
  } catch (error) {
    if (isRefusal(error, 'ReplicationGroupAlreadyExists')) return undefined
    throw withPath(error)
  } finally {
    aws.caches.changed(cache)
  }
}

/** Encrypted on the wire and at rest: without the first there are no users, and the second cannot be turned on later. */
function requestOf({ names, settings: s, tags }: WantedCache): CreateReplicationGroupMessage {
  return {
    ReplicationGroupId: names.cache,
    ReplicationGroupDescription: s.description ?? 'made by Larder',
    Engine: s.engine,
    CacheNodeType: s.nodeType,
    ReplicasPerNodeGroup: s.replicas,
    NumNodeGroups: s.shards,
    AutomaticFailoverEnabled: s.automaticFailover,
    MultiAZEnabled: s.multiAZ,
    TransitEncryptionEnabled: true,
    AtRestEncryptionEnabled: true,
    UserGroupIds: [names.access],
    Tags: tagList(tags),
    ...(s.clusterMode && { ClusterMode: 'enabled' }),
    ...(s.engineVersion !== undefined && { EngineVersion: s.engineVersion }),
    ...(s.parameterGroup !== undefined && { CacheParameterGroupName: s.parameterGroup }),
    ...(s.subnetGroup !== undefined && { CacheSubnetGroupName: s.subnetGroup }),
    ...(s.securityGroupIDs && { SecurityGroupIds: [...s.securityGroupIDs] }),
    ...(s.port !== undefined && { Port: s.port }),
    ...(s.snapshotRetentionDays !== undefined && { SnapshotRetentionLimit: s.snapshotRetentionDays }),
    ...(s.snapshotWindow !== undefined && { SnapshotWindow: s.snapshotWindow }),
    ...(s.maintenanceWindow !== undefined && { PreferredMaintenanceWindow: s.maintenanceWindow }),
    ...(s.autoMinorVersionUpgrade !== undefined && { AutoMinorVersionUpgrade: s.autoMinorVersionUpgrade }),
    ...(s.notificationTopicARN !== undefined && { NotificationTopicArn: s.notificationTopicARN }),
    ...(s.kmsKeyID !== undefined && { KmsKeyId: s.kmsKeyID }),
    ...(s.networkType !== undefined && { NetworkType: s.networkType as NetworkType }),
  }
}

/** Words of AWS about a request of ours that is wrong, at the field that is. */
export function withPath(error: unknown): unknown {
  // Often made by another instance, a moment later.
  if (isRefusal(error, 'CacheSubnetGroupNotFound')) return blocked(`recipe.cache.subnetGroup: ${error.message}`)
  if (isRefusal(error, 'CacheParameterGroupNotFound')) return invalid('recipe.cache.parameterGroup', error.message)
  if (isRefusal(error, 'InvalidKMSKey')) return invalid('recipe.cache.kmsKeyID', error.message)
  if (isRefusal(error, 'InvalidParameterValue', 'InvalidParameterCombination'))
    return invalid('recipe.cache', error.message)
  return error
}

/** Only from some states; from others it is repeated. */
export async function removeCache(aws: Elasticache, id: string, signal: AbortSignal): Promise<void> {
  try {
    await call('elasticache:DeleteReplicationGroup', () =>
      aws.client.send(new DeleteReplicationGroupCommand({ ReplicationGroupId: id }), { abortSignal: signal }),
    )
  } catch (error) {
    if (!isRefusal(error, 'ReplicationGroupNotFound', 'InvalidReplicationGroupState')) throw error
  } finally {
    aws.caches.changed(id)
  }
}

export async function removeUserGroup(
  aws: Elasticache,
  { UserGroupId }: UserGroup,
  signal: AbortSignal,
): Promise<void> {
  try {
    await call('elasticache:DeleteUserGroup', () =>
      aws.client.send(new DeleteUserGroupCommand({ UserGroupId }), { abortSignal: signal }),
    )
  } catch (error) {
    if (!isRefusal(error, 'UserGroupNotFound', 'InvalidUserGroupState')) throw error
  } finally {
    aws.userGroups.changed(UserGroupId ?? '')
  }
}

/** AWS takes it out of its groups, and cuts its connections. False: there was none. */
export async function removeUser(aws: Elasticache, id: string, signal: AbortSignal): Promise<boolean> {
  try {
    await call('elasticache:DeleteUser', () =>
      aws.client.send(new DeleteUserCommand({ UserId: id }), { abortSignal: signal }),
    )
    return true
  } catch (error) {
    if (isRefusal(error, 'UserNotFound')) return false
    // It is being changed, or its group still needs it: both end.
    if (!isRefusal(error, 'InvalidUserState', 'DefaultUserAssociatedToUserGroup', 'InvalidUserGroupState')) throw error
    return true
  } finally {
    aws.users.changed(id)
  }
}
