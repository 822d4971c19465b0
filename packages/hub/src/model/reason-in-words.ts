/** What a reason means, for people who ask: the page of reasons and `larder explain` say it in the same words. */
import { reasons, type Reason, type ReasonFacts } from './reasons.ts'

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
