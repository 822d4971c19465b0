/** The kinds, and how the fields of each become properties of AWS. */
import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import { definitionOf, type ForeignKind } from '../../../model/foreign-kind.ts'
import type { AckCondition } from './fields.ts'
import { fieldExportKind } from './field-export.ts'
import { parameterGroupKind, subnetGroupKind } from './groups.ts'
import { replicationGroupKind } from './replication-group.ts'
import { snapshotKind } from './snapshot.ts'
import { userGroupKind, userKind } from './users.ts'

/** An object of one of these kinds, whichever it is. */
export interface AckObject extends KubeObject {
  readonly spec?: JsonObject
  readonly status?: JsonObject & { readonly conditions?: readonly AckCondition[] }
}

/** A field that names other objects instead of their names in AWS. */
interface Reference {
  readonly field: string
  readonly into: string
  readonly kind: string
  /** A list of them. */
  readonly many?: true
}

/** A field that names values in Secrets. */
interface SecretField {
  readonly path: readonly string[]
  readonly many?: true
}

export interface AckKind {
  readonly type: ForeignKind<unknown, unknown>
  /** The field that is its name in AWS. */
  readonly id: string
  /** Fields that AWS calls otherwise. */
  readonly renamed?: Readonly<Record<string, string>>
  /** Fields of status that AWS describes under other names. */
  readonly described?: Readonly<Record<string, string>>
  readonly references: readonly Reference[]
  readonly secrets: readonly SecretField[]
  /** What AWS calls it in sentences. */
  readonly noun: string
}

const kindOf = (
  type: unknown,
  id: string,
  noun: string,
  more: Partial<Pick<AckKind, 'renamed' | 'described' | 'references' | 'secrets'>> = {},
): AckKind => ({
  type: type as ForeignKind<unknown, unknown>,
  id,
  noun,
  references: [],
  secrets: [],
  ...more,
})

export const ACK_KINDS: readonly AckKind[] = [
  kindOf(parameterGroupKind, 'cacheParameterGroupName', 'cache parameter group'),
  kindOf(subnetGroupKind, 'cacheSubnetGroupName', 'cache subnet group'),
  kindOf(replicationGroupKind, 'replicationGroupID', 'replication group', {
    renamed: { description: 'ReplicationGroupDescription' },
    references: [
      { field: 'cacheParameterGroupRef', into: 'cacheParameterGroupName', kind: 'CacheParameterGroup' },
      { field: 'cacheSubnetGroupRef', into: 'cacheSubnetGroupName', kind: 'CacheSubnetGroup' },
      { field: 'snapshotRef', into: 'snapshotName', kind: 'Snapshot' },
      { field: 'userGroupRefs', into: 'userGroupIDs', kind: 'UserGroup', many: true },
    ],
    secrets: [{ path: ['authToken'] }],
  }),
  kindOf(snapshotKind, 'snapshotName', 'snapshot', {
    references: [
      { field: 'replicationGroupRef', into: 'replicationGroupID', kind: 'ReplicationGroup' },
      { field: 'sourceSnapshotRef', into: 'sourceSnapshotName', kind: 'Snapshot' },
    ],
  }),
  kindOf(userGroupKind, 'userGroupID', 'user group', {
    references: [{ field: 'userRefs', into: 'userIDs', kind: 'User', many: true }],
  }),
  kindOf(userKind, 'userID', 'user', {
    // AWS writes out in full what was asked for.
    described: { expandedAccessString: 'AccessString' },
    secrets: [
      { path: ['passwords'], many: true },
      { path: ['authenticationMode', 'passwords'], many: true },
    ],
  }),
]

export { fieldExportKind }

/** Not one of these kinds means anything without its spec. */
export const ackDefinitions = (): readonly (JsonObject & KubeObject)[] =>
  [...ACK_KINDS.map(({ type }) => type), fieldExportKind].map((type) => {
    const made = definitionOf(type) as unknown as KubeObject & { readonly spec: { readonly versions: [JsonObject] } }
    const [version] = made.spec.versions
    const { openAPIV3Schema } = version['schema'] as { openAPIV3Schema: JsonObject }
    const schema = { openAPIV3Schema: { ...openAPIV3Schema, required: ['spec'] } }
    return { ...made, spec: { ...made.spec, versions: [{ ...version, schema }] } } as unknown as JsonObject & KubeObject
  })
