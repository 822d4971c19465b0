/**
 * Whose data an object may be made of: that of the ReplicationGroups and Snapshots of its own namespace. The driver compares them with the tag of what is
 * named; names alone say nothing, since AWS has several for one thing (a node of a cache, a snapshot that AWS took by itself).
 */
import { isObject, type Json } from '@larder/engine/base/json'
import type { Neighbours } from '../../resource-door/resource-door.ts'
import { instanceOf } from '../../resource-door/write-instance.ts'
import { ACK_DOOR } from './kinds/fields.ts'
import { ACK_KINDS, type AckKind, type AckObject } from './kinds/kinds.ts'
import { isMade, typeOf } from './references.ts'

const WITH_DATA = new Set(['ReplicationGroup', 'Snapshot'])

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  ReplicationGroup: ['snapshotName', 'snapshotRef', 'primaryClusterID'],
  Snapshot: ['cacheClusterID', 'replicationGroupID', 'replicationGroupRef', 'sourceSnapshotName', 'sourceSnapshotRef'],
}

/** Ids of Instances, as their tags in AWS say them; undefined: it is made of nobody's data. */
export function sourcesOf({ type }: AckKind, object: AckObject, { cache }: Neighbours): readonly Json[] | undefined {
  const { metadata, spec = {} } = object
  if (!FIELDS[type.kind]?.some((field) => spec[field] !== undefined)) return undefined
  // As they were when it was asked for: neighbours that come and go are no change of it.
  const resource = instanceOf(ACK_DOOR, object, { cache })?.spec.recipe?.['resource']
  if (isMade(object) && isObject(resource)) return resource['sources'] as readonly Json[] | undefined
  return ACK_KINDS.filter((kind) => WITH_DATA.has(kind.type.kind))
    .flatMap((kind) => cache(typeOf(kind)).list(metadata.namespace))
    .map((each) => each.metadata.uid ?? '')
    .toSorted()
}
