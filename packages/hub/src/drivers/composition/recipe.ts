/** What a class of a composition says. The reference page docs/reference/composition.md explains each field. */
import { checkShape, type FieldError, type Json, type JsonSchema } from '@larder/kit'

export interface Entry {
  readonly id: string
  /** What is made. */
  readonly template?: { readonly [field: string]: Json }
  /** What exists, and is only read. */
  readonly externalRef?: {
    readonly apiVersion: string
    readonly kind: string
    readonly namespace?: string
    readonly name: string
  }
  readonly includeWhen?: readonly string[]
  readonly readyWhen?: readonly string[]
  readonly failedWhen?: readonly string[]
  readonly clusterScoped?: boolean
  readonly holdsData?: boolean
}

export interface Recipe {
  readonly namespace?: string
  readonly resources: readonly Entry[]
  readonly bindingResources?: readonly Entry[]
  readonly outputs?: Readonly<Record<string, string>>
  readonly binding?: Readonly<Record<string, string>>
  readonly roles?: Readonly<Record<string, { readonly binding?: Readonly<Record<string, string>> }>>
  readonly secretType?: string
}

const text: JsonSchema = { type: 'string', minLength: 1 }
const expressions = (description: string): JsonSchema => ({ type: 'array', items: text, description })
const texts = (description: string): JsonSchema => ({
  type: 'object',
  additionalProperties: { type: 'string' },
  description,
})

const entry: JsonSchema = {
  type: 'object',
  required: ['id'],
  properties: {
    id: {
      type: 'string',
      pattern: '^[a-z][A-Za-z0-9]{0,39}$',
      description: 'Its name in expressions, in the timeline and on its label.',
    },
    template: {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      description: 'The object that is made, with `${ CEL }` in its values.',
    },
    externalRef: {
      type: 'object',
      required: ['apiVersion', 'kind', 'name'],
      properties: { apiVersion: text, kind: text, namespace: text, name: text },
      description: 'In place of a template: an object that others make, which is read and never written.',
    },
    includeWhen: expressions('CEL, each true or false: it is made only when all are true.'),
    readyWhen: expressions(
      'CEL over the object itself: it is ready when all are true. Absent: by what is known of its kind.',
    ),
    failedWhen: expressions('CEL over the object itself: it has failed when one is true.'),
    clusterScoped: { type: 'boolean', description: 'It has no namespace.' },
    holdsData: {
      type: 'boolean',
      description:
        'Of `resources` alone: when it was there and is gone it is not made again, because it would come back empty.',
    },
  },
}

export const recipeSchema: JsonSchema = {
  type: 'object',
  required: ['resources'],
  properties: {
    namespace: {
      ...text,
      description: 'Of everything that names none; may have `${ CEL }`. Absent: `namespace` of the Backend’s config.',
    },
    resources: { type: 'array', minItems: 1, items: entry, description: 'What an instance is made of.' },
    bindingResources: { type: 'array', items: entry, description: 'What is made for each claim, beside that.' },
    outputs: texts('What `status.outputs` shows: no secrets.'),
    binding: texts('The keys of the Secret that each claim gets.'),
    roles: {
      type: 'object',
      description: 'For each role of the class the keys that differ from `binding`.',
      additionalProperties: { type: 'object', properties: { binding: texts('Beside, or in place of, `binding`.') } },
    },
    secretType: {
      ...text,
      description: 'The type of the Secret. Absent: as the hub has it for the type of the class.',
    },
  },
}

export const configSchema: JsonSchema = {
  type: 'object',
  properties: {
    namespace: { ...text, description: 'Where resources are made whose recipe names no namespace.' },
  },
}

/** The recipe, or what is wrong with its shape. */
export function readRecipe(said: Json): Recipe | readonly FieldError[] {
  const errors = checkShape(recipeSchema, said, 'recipe')
  return errors.length > 0 ? errors : (said as unknown as Recipe)
}
