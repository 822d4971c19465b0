/** What a stack gives: to everybody, and to those who bind. */
import type { Stack } from '@aws-sdk/client-cloudformation'
import type { Json } from '@larder/kit'
import { renderTexts, type Values } from '../template.ts'
import { idOf } from './stacks.ts'
import type { WantedStack } from './wanted.ts'

export function shownOutputs(stack: Stack, wanted: WantedStack): Record<string, Json> {
  const { outputs, secretOutputs = [] } = wanted.recipe
  const open = Object.fromEntries(Object.entries(outputsOf(stack)).filter(([name]) => !secretOutputs.includes(name)))
  return outputs ? renderTexts(outputs, valuesOf(stack, wanted, open), 'recipe.outputs') : open
}

export function bindingValues(stack: Stack, wanted: WantedStack): Record<string, Json> {
  const { binding } = wanted.recipe
  const all = outputsOf(stack)
  return binding ? renderTexts(binding, valuesOf(stack, wanted, all), 'recipe.binding') : all
}

const outputsOf = ({ Outputs = [] }: Stack): Record<string, string> =>
  Object.fromEntries(Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]))

function valuesOf(stack: Stack, { values }: WantedStack, output: Json): Values {
  const [, , , region = '', accountID = ''] = idOf(stack).split(':')
  return { ...values, output, stack: { id: idOf(stack) }, region, accountID }
}
