/**
 * Which request a stack follows. CloudFormation tells a stack's parameters and tags with each look, but not its template, and secret parameters never. So
 * after a request that it has followed we remember the digest of it beside the time of its last change: as long as that time stands, nobody has changed the
 * stack. The memory is kept with the instance; a hub that lost it reads the template once.
 */
import type { Stack } from '@aws-sdk/client-cloudformation'
import { idOf } from './stacks.ts'
import type { WantedStack } from './wanted.ts'

export interface Followed {
  readonly stack: string
  /** When it was last changed; empty: not since it was made. */
  readonly changedAt: string
  readonly templateDigest: string
  readonly digest: string
}

export interface StackState {
  readonly followed?: Followed
  /** How many stacks failed to be made, and were removed. */
  readonly rollbacks?: number
}

export function parseState(state: string | undefined): StackState {
  return state === undefined ? {} : (JSON.parse(state) as StackState)
}

export const changedAtOf = ({ LastUpdatedTime }: Stack): string => LastUpdatedTime?.toISOString() ?? ''

export const followedBy = (stack: Stack, { digest, templateDigest }: WantedStack): Followed => ({
  stack: idOf(stack),
  changedAt: changedAtOf(stack),
  templateDigest,
  digest,
})

/** Whether nobody has changed it since. */
export const isStill = (followed: Followed | undefined, stack: Stack): followed is Followed =>
  followed !== undefined && followed.stack === idOf(stack) && followed.changedAt === changedAtOf(stack)

/** Keeps what is newer: the hub's copy may be of before a call whose answer it lost. */
export class Memory {
  readonly #byStack = new Map<string, Followed>()

  remember(followed: Followed): void {
    this.#byStack.delete(followed.stack)
    this.#byStack.set(followed.stack, followed)
    const [oldest] = this.#byStack.keys()
    if (this.#byStack.size > MAX_STACKS && oldest !== undefined) this.#byStack.delete(oldest)
  }

  of(stack: Stack, kept: StackState): Followed | undefined {
    return this.#byStack.get(idOf(stack)) ?? kept.followed
  }
}

const MAX_STACKS = 10_000
