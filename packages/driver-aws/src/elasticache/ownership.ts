/** Whose a thing is that has the name of one of ours. */
import type { Want } from '@larder/kit'
import { conflictOf } from '../naming.ts'
import type { Elasticache } from './client.ts'

/** What was looked at a moment ago, by the same pass of the hub. */
export const A_MOMENT_MS = 2_000

/** In place of a reason: there is nothing any more that could be somebody's. */
export const GONE = 'it is gone by now'

interface Ownership {
  /** Why it is not the instance's to change, or `GONE`; undefined: it is. */
  readonly conflict: string | undefined
  /** It carries no tag of any instance. */
  readonly isUntagged: boolean
}

/**
 * Asked anew each time: AWS shows tags in no description, and a thing that was removed and made again by somebody else has the same name and the same
 * ARN. `adopted`: it had no tag when it was taken over. `thing`: in words, `a User called jobs`.
 */
export async function ownershipOf(
  aws: Elasticache,
  arn: string,
  { want, adopted, thing }: { want: Want; adopted: boolean; thing: string },
  signal: AbortSignal,
): Promise<Ownership> {
  const owner = await aws.owner(arn, signal)
  if (owner === 'gone') return { conflict: GONE, isUntagged: false }
  const accepts = adopted ? 'Adopt' : want.existing
  return {
    conflict: conflictOf(owner.id, { id: want.id, existing: accepts }, thing),
    isUntagged: owner.id === undefined,
  }
}
