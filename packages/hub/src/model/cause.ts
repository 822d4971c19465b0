import type { Cause } from './shared-fields.ts'
import { isReason, reasons, type ReasonFacts } from './reasons.ts'

/** What the cause is about; `kind` in any case. */
export interface CauseSubject {
  readonly kind: string
  readonly name: string
  readonly namespace?: string | undefined
}

/** Says whose move it is, for a reason of the closed list. An unknown word is a bug of ours, and says so. */
export function causeOf(reason: string, message: string, about: CauseSubject): Cause {
  const facts: ReasonFacts = reasons[isReason(reason) ? reason : 'InternalError']
  const actor = facts.actor === 'author' ? authorOf(about.kind) : facts.actor
  return { reason, message, actor, heals: facts.heals, next: fill(facts.next, about) }
}

const authorOf = (kind: string) => (kind.toLowerCase() === 'claim' ? 'consumer' : 'platform')

function fill(template: string, about: CauseSubject): string {
  return template
    .replaceAll('{kind}', about.kind.toLowerCase())
    .replaceAll('{name}', about.name)
    .replaceAll('{namespace}', about.namespace ?? '')
    .replaceAll('{-n}', about.namespace === undefined ? '' : ` -n ${about.namespace}`)
}
