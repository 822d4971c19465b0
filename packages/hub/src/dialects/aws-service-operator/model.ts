/**
 * What one kind of AWS Service Operator is, said once: its names, the fields of its spec with the template parameters that they become, the template
 * itself, the outputs of the object, and the objects beside it. From this come the CustomResourceDefinition (kinds.ts), the stack (stack.ts) and the
 * status (say.ts), which hold for all kinds alike.
 *
 * Names of kinds, fields, parameters and outputs are those of the operator, so that its manifests and templates written for it work; the templates are
 * ours. Where it declared a default and never used it, or a parameter that its template ignored, the model does what the declaration says.
 */
import type { Json, JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Fields } from '../../model/schema.ts'
import type { Blocked, Neighbours } from '../../resource-door/resource-door.ts'

export const ASO_DOOR = 'aws-service-operator'
export const ASO_GROUP = 'service-operator.aws'
export const ASO_VERSION = 'v1alpha1'

type Side = 'configMaps' | 'services' | 'secrets'

export interface AsoObject extends KubeObject {
  readonly spec?: JsonObject
  readonly output?: Readonly<Record<string, string>>
  readonly additionalResources?: { readonly [S in Side]?: readonly string[] | null }
  readonly status?: {
    readonly resourceStatus?: string
    readonly resourceStatusReason?: string
    readonly stackID?: string
  }
}

/** Where the value of a template parameter comes from: a path into the spec, and what it is where that is absent. */
export interface From {
  readonly path: string
  readonly or: Json
}

export const from = (path: string, or: Json): From => ({ path, or })

/** What a complete stack tells: its outputs by the names that the object has for them, and where it is. */
export interface Facts {
  readonly name: string
  readonly region: string
  readonly accountID: string
  readonly output: Readonly<Record<string, string>>
}

export interface ResourceModel {
  readonly kind: string
  readonly plural: string
  readonly shortNames: readonly string[]
  readonly description: string
  readonly fields: Fields
  /** Of the object as a whole; `self.metadata.name` may be asked. */
  readonly rules?: readonly { readonly rule: string; readonly message: string }[]
  /** The parameter that is the object's name, where the thing in AWS has that name. */
  readonly nameParameter?: string
  readonly parameters: Readonly<Record<string, From>>
  /** Parameters whose values other objects have. */
  resolve?(object: AsoObject, neighbours: Neighbours): Readonly<Record<string, string>> | Blocked
  /** Objects that `resolve` looks at, as names of this kind's index: `SNSTopic shop/news`. */
  readonly names?: (object: AsoObject) => readonly string[]
  /** `deletion`: what becomes of what a stack leaves when it goes. */
  template(deletion: 'Delete' | 'Retain'): JsonObject
  /** Whether that is kept unless the object says otherwise. */
  readonly keeps?: true
  /** Fields of `output`, and what they are called by the template; none: see `computed`. */
  readonly outputs: Readonly<Record<string, string>>
  readonly computed?: Readonly<Record<string, (facts: Facts) => string>>
  /** Which lists `additionalResources` has. */
  readonly sides: readonly Side[]
  readonly configMap?: (facts: Facts) => Readonly<Record<string, string>>
  readonly service?: (facts: Facts) => { readonly externalName: string; readonly port: number } | undefined
}

/** Of every template: who asked for the stack. */
const COMMON_PARAMETERS = ['Namespace', 'ResourceVersion', 'ResourceName', 'ClusterName'] as const

const text = (Default?: string, AllowedValues?: readonly string[]): JsonObject => ({
  Type: 'String',
  ...(Default !== undefined && { Default }),
  ...(AllowedValues && { AllowedValues }),
})

/** A template of ours. `parameters`: beside the common ones, with what the operator's has as default. */
export function templateOf(parts: {
  readonly description: string
  readonly parameters?: Readonly<Record<string, { readonly default?: string; readonly allowed?: readonly string[] }>>
  readonly conditions?: JsonObject
  readonly resources: JsonObject
  readonly outputs: JsonObject
}): JsonObject {
  const own = Object.entries(parts.parameters ?? {}).map(([name, p]) => [name, text(p.default, p.allowed)] as const)
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: parts.description,
    Parameters: { ...Object.fromEntries(COMMON_PARAMETERS.map((name) => [name, text()])), ...Object.fromEntries(own) },
    ...(parts.conditions && { Conditions: parts.conditions }),
    Resources: parts.resources,
    Outputs: Object.fromEntries(Object.entries(parts.outputs).map(([name, Value]) => [name, { Value }])),
  }
}

export const ref = (Ref: string): JsonObject => ({ Ref })
export const attribute = (resource: string, name: string): JsonObject => ({ 'Fn::GetAtt': [resource, name] })
export const when = (condition: string, then: Json, otherwise: Json = ref('AWS::NoValue')): JsonObject => ({
  'Fn::If': [condition, then, otherwise],
})
export const equals = (parameter: string, value: string): JsonObject => ({ 'Fn::Equals': [ref(parameter), value] })
export const not = (condition: JsonObject): JsonObject => ({ 'Fn::Not': [condition] })

/** On what can have tags: who asked, and that an operator made it. */
export const resourceTags = (): JsonObject[] => [
  ...COMMON_PARAMETERS.map((name) => ({ Key: name, Value: ref(name) })),
  { Key: 'Heritage', Value: 'operator.aws' },
]
