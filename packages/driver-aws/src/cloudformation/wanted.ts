/** What CloudFormation is to be told for one instance. */
import { invalid } from '@larder/kit'
import type { Json, Want } from '@larder/kit'
import { digestOf, nameOf, OWNER_TAG, type NameRules } from '../naming.ts'
import { asText, render, renderTexts, type Values } from '../template.ts'
import { parseStackRecipe, type StackRecipe } from './recipe.ts'

export interface WantedStack {
  readonly id: string
  readonly name: string
  readonly recipe: StackRecipe
  readonly parameters: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  /** For the texts of `outputs` and `binding`. */
  readonly values: Values
  /** Of the template alone. */
  readonly templateDigest: string
  /** Of all that an update would change. */
  readonly digest: string
}

const NAME_RULES: NameRules = {
  what: 'a stack',
  max: 128,
  pattern: /^[A-Za-z][A-Za-z0-9-]*$/,
  inWords: 'at most 128 letters, digits and dashes, a letter first',
}

export const stackNameOf = (want: Want): string => nameOf(want, NAME_RULES)

export function wantedStack(want: Want): WantedStack {
  const recipe = parseStackRecipe(want.recipe)
  const name = stackNameOf(want)
  const values: Values = {
    instance: { id: want.id, name },
    plan: { name: want.plan?.name ?? '' },
    origin: originOf(want),
    parameter: want.parameters,
  }
  const parameters = parametersOf(recipe, want.parameters, values)
  const tags = { ...renderTexts(recipe.tags ?? {}, values, 'recipe.tags'), [OWNER_TAG]: want.id }
  const templateDigest = digestOf(recipe.template ?? recipe.templateURL ?? '')
  const rest = [recipe.capabilities ?? [], recipe.roleARN ?? '', recipe.notificationARNs ?? []]
  const digest = digestOf(templateDigest, JSON.stringify([sorted(parameters), sorted(tags), rest]))
  return { id: want.id, name, recipe, parameters, tags, values, templateDigest, digest }
}

/** Who asked, as far as a text may name it. */
function originOf({ origin }: Want): Json {
  const { door, apiVersion, kind, namespace, name, uid } = origin
  const given = Object.entries({ door, apiVersion, kind, namespace, name, uid })
  return Object.fromEntries(given.filter((field): field is [string, string] => field[1] !== undefined))
}

function parametersOf({ parameters }: StackRecipe, claimed: Json, values: Values): Record<string, string> {
  const isMapped = parameters !== undefined
  const path = isMapped ? 'recipe.parameters' : 'parameters'
  const given = isMapped ? render(parameters, values, path) : claimed
  const fields = Object.entries((given ?? {}) as { readonly [k: string]: Json })
  return Object.fromEntries(
    fields.map(([name, value]) => {
      if (!/^[A-Za-z0-9]{1,255}$/.test(name)) {
        throw invalid(`${path}.${name}`, `${path}.${name}: parameters of a template are called by letters and digits`)
      }
      return [name, asText(value, `${path}.${name}`)]
    }),
  )
}

const sorted = (fields: Readonly<Record<string, string>>) =>
  Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
