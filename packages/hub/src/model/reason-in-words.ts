/** What a reason means, for people who ask: the page of reasons and `larder explain` say it in the same words. */
import { isReason, reasons, type Reason, type ReasonFacts } from './reasons.ts'

export interface ReasonInWords {
  readonly meaning: string
  readonly who: string
  readonly heals: string
  readonly next: string
}

export function reasonInWords(reason: Reason): ReasonInWords {
  const { meaning, actor, heals, next }: ReasonFacts = reasons[reason]
  return {
    meaning,
    who: actor === 'author' ? 'author (consumer for a Claim, platform for every other kind)' : actor,
    heals: heals ? 'by itself' : 'when somebody has acted',
    next: next.replaceAll('{-n}', ' -n NAMESPACE').replaceAll(/\{(\w+)\}/g, (_, word: string) => word.toUpperCase()),
  }
}

/**
 * For objects that more people read than the Backend itself: why it is not ready, by the reason alone. Its own message may name Secrets and
 * accounts, and stays in its own status.
 */
export function backendTrouble(backend: string, reason: string): string {
  const facts = reasons[isReason(reason) ? reason : 'InternalError']
  return `backend ${backend} is not ready: ${firstClause(facts.meaning)}`
}

/** `The backend refuses. It goes on.` as `the backend refuses`. */
export function firstClause(meaning: string): string {
  const sentence = /^(.*?)\.(?: |$)/.exec(meaning)?.[1] ?? meaning
  return sentence.charAt(0).toLowerCase() + sentence.slice(1)
}
