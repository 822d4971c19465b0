import type { Stack } from '@aws-sdk/client-cloudformation'
import type { Drift } from '@larder/kit'
import { digestOf } from '../naming.ts'
import { followedBy, isStill, type Followed } from './memory.ts'
import type { WantedStack } from './wanted.ts'

export interface Comparison {
  readonly drift: readonly Drift[]
  /** What it follows now, where that is known. */
  readonly followed: Followed | undefined
}

/** `template`: reads that of the stack; asked for when somebody else may have changed it. */
export async function compare(
  stack: Stack,
  wanted: WantedStack,
  before: Followed | undefined,
  template: () => Promise<string>,
): Promise<Comparison> {
  const visible = visibleDrift(stack, wanted)
  if (isStill(before, stack)) {
    if (before.digest === wanted.digest) return { drift: visible, followed: before }
    const drift = [...visible, ...templateDrift(before.templateDigest, wanted)]
    // What differs and cannot be seen is a secret parameter, or one that is no longer given.
    return { drift: drift.length > 0 ? drift : [{ path: 'parameters' }], followed: before }
  }
  // One that is read from a URL is not the text that we were given.
  const have = wanted.recipe.template === undefined ? wanted.templateDigest : digestOf(await template())
  const drift = [...visible, ...templateDrift(have, wanted)]
  return { drift, followed: drift.length === 0 ? followedBy(stack, wanted) : undefined }
}

const templateDrift = (have: string, { templateDigest, recipe }: WantedStack): Drift[] =>
  have === templateDigest ? [] : [{ path: recipe.template === undefined ? 'recipe.templateURL' : 'recipe.template' }]

/** How CloudFormation shows the value of a parameter that is `NoEcho`. */
const HIDDEN = /^\*+$/

const differs = (have: string | undefined, want: string): boolean => have !== want && !HIDDEN.test(have ?? '')

function visibleDrift({ Parameters = [], Tags = [] }: Stack, wanted: WantedStack): Drift[] {
  const parameters = new Map(Parameters.map(({ ParameterKey, ParameterValue }) => [ParameterKey, ParameterValue]))
  const tags = new Map(Tags.map(({ Key, Value }) => [Key, Value]))
  const isMapped = wanted.recipe.parameters !== undefined
  return [
    ...Object.entries(wanted.parameters)
      .filter(([name, want]) => differs(parameters.get(name), want))
      .map(([name]) => ({ path: `${isMapped ? 'recipe.parameters' : 'parameters'}.${name}` })),
    ...Object.entries(wanted.tags)
      .filter(([key, want]) => tags.get(key) !== want)
      .map(([key]) => ({ path: `recipe.tags.${key}` })),
  ]
}
