/**
 * A kind of somebody else's group that a door or a companion serves, said once: from it come the CustomResourceDefinition, the
 * descriptor for the client and the TypeScript type. Names, fields and columns are its inventor's; only the words are ours.
 */
import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { PrinterColumn } from './kind.ts'
import type { Field } from './schema.ts'

export interface ForeignKindDeclaration<Spec, Status> {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** The plural. */
  readonly resource: string
  readonly namespaced: boolean
  readonly description: string
  readonly spec: Field<Spec>
  readonly status: Field<Status>
  readonly columns: readonly PrinterColumn[]
}

interface TypedObject<Spec, Status> extends KubeObject {
  /** As the schema has it: not required. */
  readonly spec?: Spec
  readonly status?: Status
}

export interface ForeignKind<Spec, Status> extends ForeignKindDeclaration<Spec, Status> {
  /** Never set: ties the descriptor to its object type, so that `client.of(kind)` knows it. */
  readonly object?: TypedObject<Spec, Status>
}

export type ObjectOfForeignKind<K> = K extends ForeignKind<infer Spec, infer Status> ? TypedObject<Spec, Status> : never

export function defineForeignKind<Spec, Status>(
  declaration: ForeignKindDeclaration<Spec, Status>,
): ForeignKind<Spec, Status> {
  return declaration
}

/** The CustomResourceDefinition, as applied to any Kubernetes. */
export function definitionOf(kind: ForeignKind<unknown, unknown>): JsonObject & KubeObject {
  const singular = kind.kind.toLowerCase()
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.resource}.${kind.group}`, labels: { 'app.kubernetes.io/part-of': 'larder' } },
    spec: {
      group: kind.group,
      scope: kind.namespaced ? 'Namespaced' : 'Cluster',
      names: { plural: kind.resource, singular, kind: kind.kind, listKind: `${kind.kind}List` },
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: kind.description,
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec: kind.spec.schema,
                status: kind.status.schema,
              },
            },
          },
          additionalPrinterColumns: kind.columns.map(({ wide, ...column }) => ({
            ...column,
            ...(wide && { priority: 1 }),
          })),
        },
      ],
    },
  }
}
