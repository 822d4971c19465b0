import { parseLabelSelector } from '@larder/engine/machinery/selectors'
import { isApiError } from '@larder/engine/machinery/status'
import type { Selector } from '../model/visibility.ts'
import { CommandFailed, EXIT } from './failure.ts'

type Requirement = NonNullable<Selector['matchExpressions']>[number]

const isExact = ({ operator, values = [] }: Requirement): boolean => operator === 'In' && values.length === 1

/** `a=b,c in (d,e),!f`, as `-l` has it, in the form in which objects say it. Throws with exit code 2. */
export function selectorOf(text: string, flag: string): Selector {
  const requirements = parsed(text, flag).map(({ key, operator, values }): Requirement => {
    if (operator === 'Gt' || operator === 'Lt') throw usage(flag, `${text}: objects cannot select by greater or less`)
    return { key, operator, ...(values.length > 0 && { values: [...values] }) }
  })
  const exact = requirements.filter(isExact)
  const others = requirements.filter((requirement) => !isExact(requirement))
  return {
    ...(exact.length > 0 && {
      matchLabels: Object.fromEntries(exact.map(({ key, values = [] }) => [key, values[0]!])),
    }),
    ...(others.length > 0 && { matchExpressions: others }),
  }
}

/** `a=b,c=d`: labels that something has. Throws with exit code 2 for anything that only selects. */
export function labelsOf(text: string, flag: string): Readonly<Record<string, string>> {
  const { matchLabels = {}, matchExpressions } = selectorOf(text, flag)
  if (matchExpressions) throw usage(flag, `${text}: labels are KEY=VALUE`)
  return matchLabels
}

function parsed(text: string, flag: string) {
  try {
    return parseLabelSelector(text).requirements
  } catch (error) {
    if (!isApiError(error)) throw error
    throw usage(flag, error.message)
  }
}

const usage = (flag: string, message: string): CommandFailed =>
  new CommandFailed(EXIT.usage, `--${flag}: ${message}`, { next: `--${flag} a=b,c=d` })
