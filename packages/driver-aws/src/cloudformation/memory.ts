/**
 * Which request a stack follows. CloudFormation tells a stack's parameters and tags with each look, but not its template, and secret parameters never. So
 * after a request that it has followed we remember the digest of it beside the time of its last change: as long as that time stands, nobody has changed the
 * stack. The memory is kept with the instance; a hub that lost it reads the template once. Digests and numbers are all that is in it: texts of a state count
 * as secrets, and one that stands in a status too would be taken out there.
 */
import type { Stack } from '@aws-sdk/client-cloudformation'
import { digestOf } from '../naming.ts'
import { Waits } from '../pace.ts'
import { idOf } from './stacks.ts'
import type { WantedStack } from './wanted.ts'

export interface Followed {
  /** Digest of its id. */
  readonly stack: string
  /** When it was last changed, in milliseconds; 0: not since it was made. */
  readonly changedAt: number
  readonly templateDigest: string
  readonly digest: string
}

export interface StackState {
  readonly followed?: Followed
  /** Digest of the change that was asked for last, while it is not known that the stack follows it. */
  readonly asked?: string
  /** How many stacks failed to be made, and were removed. */
  readonly rollbacks?: number
}

export function parseState(state: string | undefined): StackState {
  return state === undefined ? {} : (JSON.parse(state) as StackState)
}

export const changedAtOf = ({ LastUpdatedTime }: Stack): number => LastUpdatedTime?.getTime() ?? 0

export const followedBy = (stack: Stack, { digest, templateDigest }: WantedStack): Followed => ({
  stack: stackDigest(stack),
  changedAt: changedAtOf(stack),
  templateDigest,
  digest,
})

const stackDigest = (stack: Stack): string => digestOf(idOf(stack))

/** Whether nobody has changed it since. */
export const isStill = (followed: Followed | undefined, stack: Stack): followed is Followed =>
  followed !== undefined && followed.stack === stackDigest(stack) && followed.changedAt === changedAtOf(stack)

/** Of this process, which is newer than what the hub keeps: a call's answer may have been lost, and what it told with it. */
export class Memory {
  readonly waits: Waits
  readonly #byStack = new Map<string, Followed | undefined>()

  constructor(now: () => number) {
    this.waits = new Waits(now)
  }

  remember(followed: Followed): void {
    this.#set(followed.stack, followed)
  }

  /** It is being changed: what it followed before says nothing of it any more. */
  forget(stack: Stack): void {
    this.#set(stackDigest(stack), undefined)
  }

  of(stack: Stack, kept: StackState): Followed | undefined {
    const id = stackDigest(stack)
    return this.#byStack.has(id) ? this.#byStack.get(id) : kept.followed
  }

  #set(stack: string, followed: Followed | undefined): void {
    this.#byStack.delete(stack)
    this.#byStack.set(stack, followed)
    const [oldest] = this.#byStack.keys()
    if (this.#byStack.size > MAX_STACKS && oldest !== undefined) this.#byStack.delete(oldest)
  }
}

const MAX_STACKS = 10_000
