/**
 * A structural schema as a tree: what a CRD's `openAPIV3Schema` says, read once and checked for the rules that make it
 * structural, so that pruning, defaulting and validation need not look at JSON again.
 */
import type { Json } from '../../base/json.ts'
import type { Pattern } from './pattern.ts'

export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'

/** What may be asked of a value wherever a schema stands, also inside `allOf`, `anyOf`, `oneOf`, `not`. */
export interface ValueRules {
  readonly enum?: readonly Json[]
  readonly maximum?: number | bigint
  readonly exclusiveMaximum?: boolean
  readonly minimum?: number | bigint
  readonly exclusiveMinimum?: boolean
  readonly multipleOf?: number | bigint
  readonly maxLength?: number
  readonly minLength?: number
  readonly pattern?: Pattern
  readonly format?: string
  readonly maxItems?: number
  readonly minItems?: number
  readonly maxProperties?: number
  readonly minProperties?: number
  readonly required?: readonly string[]
  readonly allOf?: readonly SchemaNode[]
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly not?: SchemaNode
}

/** One entry of `x-kubernetes-validations`. */
export interface CelRule {
  readonly rule: string
  readonly message?: string
  readonly messageExpression?: string
  readonly reason?: string
  readonly fieldPath?: string
  readonly optionalOldSelf?: boolean
}

export interface SchemaNode {
  /** Where the node stands in the CRD, for problems: `spec.versions[0].schema.openAPIV3Schema.properties[spec]`. */
  readonly at: string
  readonly type?: SchemaType
  readonly nullable: boolean
  /** Completed with the defaults inside it, frozen: values share it. */
  default?: Json
  readonly properties: ReadonlyMap<string, SchemaNode>
  /** The properties that have a default, for filling in without a look at the others. */
  defaulted: readonly (readonly [string, Json])[]
  readonly additional?: SchemaNode | true
  readonly items?: SchemaNode
  readonly preserveUnknown: boolean
  readonly embedded: boolean
  readonly intOrString: boolean
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly listMapKeys: readonly string[]
  readonly mapType?: 'granular' | 'atomic'
  readonly value: ValueRules
  readonly rules: readonly CelRule[]
}
