/** The kinds of AWS Service Operator as the API has them: names, short names and fields are its own, and like its own they have no columns. */
import type { JsonObject } from '@larder/engine/base/json'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { object, text, whole, type Fields } from '../../model/schema.ts'
import { ASO_GROUP, ASO_VERSION, type AsoObject, type ResourceModel } from './model.ts'

type Definition = JsonObject & KubeObject

const typeOf = <T extends KubeObject>(kind: string, resource: string): ResourceType<T> => ({
  group: ASO_GROUP,
  version: ASO_VERSION,
  resource,
  kind,
  namespaced: true,
})

export const resourceTypeOf = ({ kind, plural }: Pick<ResourceModel, 'kind' | 'plural'>): ResourceType<AsoObject> =>
  typeOf(kind, plural)

/** A template that objects of all kinds may use instead of the one that belongs to their kind. */
export interface CloudFormationTemplate extends KubeObject {
  readonly data?: { readonly key?: string; readonly template?: string }
  readonly output?: { readonly url?: string }
  readonly status?: { readonly resourceStatus?: string; readonly resourceStatusReason?: string }
}

export const templateType = typeOf<CloudFormationTemplate>('CloudFormationTemplate', 'cloudformationtemplates')

/** In every spec; the operator fills them in. */
const COMMON_FIELDS = {
  cloudFormationTemplateName: text(
    'The CloudFormationTemplate to use. Default: one called as the kind in lower case, else the built-in one.',
  ),
  cloudFormationTemplateNamespace: text('Its namespace. Default: that of `default-namespace`.'),
  rollbackCount: whole('How many stacks could not be made and were removed. Counted by the hub.'),
} satisfies Fields

const statusOf = (fields: Fields) =>
  object('What became of it.', {
    resourceStatus: text('The state of the stack, as CloudFormation calls it.'),
    resourceStatusReason: text('Why it is so.'),
    ...fields,
  })

const outputs = (names: readonly string[]) =>
  object(
    'What AWS calls what was made. Empty until it is complete.',
    Object.fromEntries(names.map((name) => [name, text(name)])),
  )

export function definitionOf(model: ResourceModel): Definition {
  const { kind, plural, shortNames, description, fields, rules, sides } = model
  const names = [...Object.keys(model.outputs), ...Object.keys(model.computed ?? {})]
  return definition(
    { kind, plural, shortNames, description },
    {
      ...(rules && { rules }),
      properties: {
        spec: object('What is wanted.', { ...fields, ...COMMON_FIELDS }).schema,
        output: outputs(names).schema,
        additionalResources: {
          type: 'object',
          description: 'Objects of this namespace that stand beside it, by their names.',
          properties: Object.fromEntries(
            sides.map((side) => [
              side,
              { type: 'array', nullable: true, description: side, items: { type: 'string' } },
            ]),
          ),
        },
        status: statusOf({ stackID: text('The ARN of the stack.') }).schema,
      },
    },
  )
}

export const templateDefinition = (): Definition =>
  definition(
    {
      kind: templateType.kind,
      plural: templateType.resource,
      shortNames: ['cft', 'cfts', 'cfn', 'cfns', 'cloudformation'],
      description: 'A template of CloudFormation, for objects of the other kinds that name it.',
    },
    {
      properties: {
        data: object('The template.', {
          key: text('What its file in S3 is called.'),
          template: text('Its text.', { minLength: 1 }),
        }).schema,
        output: outputs(['url']).schema,
        additionalResources: { type: 'object', description: 'Always empty.' },
        status: statusOf({}).schema,
      },
    },
  )

function definition(
  names: {
    readonly kind: string
    readonly plural: string
    readonly shortNames: readonly string[]
    readonly description: string
  },
  schema: { readonly properties: JsonObject; readonly rules?: ResourceModel['rules'] },
): Definition {
  const { kind, plural, shortNames, description } = names
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${ASO_GROUP}`, labels: { 'app.kubernetes.io/part-of': 'larder' } },
    spec: {
      group: ASO_GROUP,
      scope: 'Namespaced',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List`, shortNames: [...shortNames] },
      versions: [
        {
          name: ASO_VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description,
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                ...schema.properties,
              },
              ...(schema.rules && { 'x-kubernetes-validations': schema.rules.map((rule) => ({ ...rule })) }),
            },
          },
        },
      ],
    },
  }
}
