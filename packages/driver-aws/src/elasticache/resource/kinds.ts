import type { ResourceType } from '../recipe.ts'
import { parameterGroupKind, subnetGroupKind } from './groups.ts'
import type { Kind } from './kind.ts'
import { replicationGroupKind } from './replication-groups.ts'
import { snapshotKind } from './snapshots.ts'
import { userGroupKind, userKind } from './users.ts'

export const KINDS: Readonly<Record<ResourceType, Kind<unknown>>> = {
  CacheParameterGroup: parameterGroupKind,
  CacheSubnetGroup: subnetGroupKind,
  ReplicationGroup: replicationGroupKind,
  Snapshot: snapshotKind,
  User: userKind,
  UserGroup: userGroupKind,
}
