import { checkShape, DURATION_PATTERN, invalid } from '@larder/kit'
import type { Json, JsonSchema } from '@larder/kit'
import { ROLE_PATTERN } from '../account/config.ts'

/**
 * A template of CloudFormation, and how it meets the plan and the claim. Texts of `parameters`, `tags`, `outputs` and `binding` may hold
 * placeholders: `instance.id`, `instance.name` (of the stack), `plan.name`, `origin.*`, `parameter.*`, and in `outputs` and `binding` also `output.*`,
 * `stack.id`, `region` and `accountID`.
 */
export interface StackRecipe {
  /** Its text, JSON or YAML. Exactly one of this and `templateURL`. */
  template?: string
  /** Of a template in S3, for what is longer than CloudFormation takes by hand (51,200 bytes). */
  templateURL?: string
  /** Of the template. Absent: those of the claim, under their own names. */
  parameters?: { readonly [name: string]: Json }
  tags?: { readonly [key: string]: string }
  capabilities?: readonly string[]
  /** As whom CloudFormation acts. */
  roleARN?: string
  notificationARNs?: readonly string[]
  timeoutMinutes?: number
  /** Outputs of the stack that are secrets: they are in bindings and nowhere else. */
  secretOutputs?: readonly string[]
  /** What everybody may read of it. Absent: all outputs that are no secrets, under their own names. */
  outputs?: { readonly [name: string]: string }
  /** Keys of the Secret. Absent: all outputs. */
  binding?: { readonly [key: string]: string }
  /** How long it usually takes: until then nobody asks often, and who waits is told. */
  usually?: string
}

const text = { type: 'string' }
const texts = { type: 'array', items: text }
const textByName = { type: 'object', additionalProperties: text }

export const STACK_RECIPE_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    template: text,
    templateURL: { type: 'string', pattern: '^https?://' },
    parameters: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    tags: textByName,
    capabilities: {
      type: 'array',
      items: { type: 'string', enum: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'] },
    },
    roleARN: { type: 'string', pattern: ROLE_PATTERN },
    notificationARNs: texts,
    timeoutMinutes: { type: 'integer' },
    secretOutputs: texts,
    outputs: textByName,
    binding: textByName,
    usually: { type: 'string', pattern: DURATION_PATTERN },
  },
}

const MAX_TEMPLATE_BYTES = 51_200

/**
 * A recipe that can be relied on.
 * @throws DriverError `invalid` that names the first wrong field.
 */
export function parseStackRecipe(recipe: Json): StackRecipe {
  const [first] = checkShape(STACK_RECIPE_SCHEMA, recipe, 'recipe')
  if (first) throw invalid(first.path, `${first.path} ${first.message}`)
  const parsed = recipe as unknown as StackRecipe
  if ((parsed.template === undefined) === (parsed.templateURL === undefined)) {
    throw invalid('recipe.template', 'recipe.template or recipe.templateURL is required, and not both')
  }
  if (parsed.template?.trim() === '') throw invalid('recipe.template', 'recipe.template is empty')
  if (Buffer.byteLength(parsed.template ?? '') > MAX_TEMPLATE_BYTES) {
    throw invalid(
      'recipe.template',
      `recipe.template is longer than the ${MAX_TEMPLATE_BYTES} bytes that CloudFormation takes: use recipe.templateURL`,
    )
  }
  return parsed
}
