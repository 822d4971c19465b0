/**
 * What the API server knows of a kind. Built-in kinds get theirs from the type table, custom kinds from their CRD;
 * the server has one code path for both and never asks which it is.
 */
import type { Json, JsonObject } from '../base/json.ts'
import type { ObjectType } from './apply/types.ts'
import type { FieldProblem } from './status.ts'

export interface Kind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** How objects of one kind are checked, completed and shown. Never changes its arguments. */
export interface Shape {
  /**
   * The object as it would be stored: unknown fields dropped (and named in `unknown`, as `spec.foo`), explicit nulls that mean
   * "absent" dropped, defaults filled in. `problems` are wrong types, with which no later step can work.
   */
  normalize(object: JsonObject): {
    readonly object: JsonObject
    readonly unknown: readonly string[]
    readonly problems: readonly FieldProblem[]
  }
  /** Everything beyond types. `old` is the stored object on update: transition rules and ratcheting compare with it. */
  validate(object: JsonObject, old: JsonObject | undefined): readonly FieldProblem[]
  /** Merges by merge keys and directives; absent: the kind takes no strategic merge patch (415). Throws ApiError 400 on a bad directive. */
  strategicMerge?(current: JsonObject, patch: JsonObject): JsonObject
  /** Decodes the message inside the `k8s\0` envelope; absent: the kind takes no protobuf (415). Throws ApiError 400. */
  decodeProtobuf?(message: Uint8Array): JsonObject
  /** Which values are owned in parts and which as a whole, for managedFields and server-side apply. Made when first asked for. */
  ownership(): ObjectType
  readonly columns: readonly Column[]
  /** One cell for each column; `nowMs` for ages. */
  row(object: JsonObject, nowMs: number): readonly Json[]
  /** OpenAPI v3 component name of the kind (`io.k8s.api.core.v1.Secret`, `com.example.v1.Widget`). */
  readonly schemaName: string
  /** Components that this kind needs, by name, its own included; `$ref`s are `#/components/schemas/NAME`. */
  schemas(): Readonly<Record<string, JsonObject>>
}

/** A column of a Table (meta.k8s.io/v1 TableColumnDefinition). */
export interface Column {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  /** 0 is always shown, 1 only with `-o wide`. */
  readonly priority: number
}

export interface Subresource {
  readonly name: string
  readonly kind: Kind
  readonly verbs: readonly string[]
}

/** One resource at one served version. */
export interface Resource extends Kind {
  /** The plural. */
  readonly resource: string
  readonly singular: string
  readonly listKind: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly verbs: readonly string[]
  readonly subresources: readonly Subresource[]
  readonly shape: Shape
  /** The version in which objects are kept, and the group/resource under whose keys (events of both groups share one). */
  readonly storage: { readonly group: string; readonly version: string; readonly resource: string }
  /** `metadata.generation` counts changes outside metadata (and status, where it is a subresource). */
  readonly hasGeneration: boolean
  /** An update without resourceVersion is allowed: the last one wins. Upstream's AllowUnconditionalUpdate. */
  readonly unconditionalUpdate: boolean
  /** PUT of an absent object creates it. Upstream's AllowCreateOnUpdate. */
  readonly createOnUpdate: boolean
  /** Field selectors beyond metadata.name and metadata.namespace: label to path, `{ type: ['type'] }`. */
  readonly selectableFields: Readonly<Record<string, readonly string[]>>
  /** Text of the `Warning: 299` header of a deprecated version. */
  readonly deprecated?: string
}
