/**
 * One declaration for each kind. From it come the CustomResourceDefinition, the TypeScript type, the descriptor for the
 * client, and the reference page.
 */
import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Field } from './schema.ts'

export const GROUP = 'larder.dev'
const VERSION = 'v1alpha1'
export const API_VERSION = `${GROUP}/${VERSION}`

/** A column of `kubectl get`; `wide` ones only with `-o wide`. */
export interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date' | 'boolean'
  readonly jsonPath: string
  readonly description: string
  readonly wide?: true
}

export interface KindDeclaration<Spec, Status> {
  readonly kind: string
  /** The plural. */
  readonly resource: string
  readonly shortName: string
  readonly namespaced: boolean
  /** One paragraph: what it is for and who writes it. */
  readonly description: string
  readonly spec: Field<Spec>
  readonly status: Field<Status>
  readonly columns: readonly PrinterColumn[]
  /** Of its CustomResourceDefinition, besides that which all have. */
  readonly labels?: Readonly<Record<string, string>>
  /** A whole object that works as it stands, for the reference page. */
  readonly example: JsonObject
}

export interface Kind<Spec, Status> extends KindDeclaration<Spec, Status> {
  readonly group: typeof GROUP
  readonly version: typeof VERSION
  readonly singular: string
  /** Never set: ties the descriptor to its object type, so that `client.of(kind)` knows it. */
  readonly object?: TypedObject<Spec, Status>
}

interface TypedObject<Spec, Status> extends KubeObject {
  readonly spec: Spec
  readonly status?: Status
}

export type ObjectOfKind<K> = K extends Kind<infer Spec, infer Status> ? TypedObject<Spec, Status> : never

export function defineKind<Spec, Status>(declaration: KindDeclaration<Spec, Status>): Kind<Spec, Status> {
  return { ...declaration, group: GROUP, version: VERSION, singular: declaration.kind.toLowerCase() }
}

/** The CustomResourceDefinition, as applied to any Kubernetes. */
export function crdOf(kind: Kind<unknown, unknown>): JsonObject & KubeObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${kind.resource}.${GROUP}`,
      labels: { 'app.kubernetes.io/part-of': 'larder', ...kind.labels },
    },
    spec: {
      group: GROUP,
      scope: kind.namespaced ? 'Namespaced' : 'Cluster',
      names: {
        plural: kind.resource,
        singular: kind.singular,
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        shortNames: [kind.shortName],
        categories: ['larder'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: objectSchema(kind) },
          additionalPrinterColumns: kind.columns.map(({ wide, ...column }) => ({
            ...column,
            ...(wide && { priority: 1 }),
          })),
        },
      ],
    },
  }
}

function objectSchema(kind: Kind<unknown, unknown>): JsonObject {
  return {
    type: 'object',
    description: kind.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: `\`${API_VERSION}\`` },
      kind: { type: 'string', description: `\`${kind.kind}\`` },
      metadata: { type: 'object' },
      spec: kind.spec.schema,
      status: kind.status.schema,
    },
  }
}
