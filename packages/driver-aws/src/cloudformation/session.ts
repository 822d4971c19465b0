/** The verbs over one stack for each instance. They begin things and look; the waiting is the hub's. */
import type { Stack } from '@aws-sdk/client-cloudformation'
import { blocked, parseDurationMs } from '@larder/kit'
import type { Ack, Bound, Changing, Failed, Host, Json, Plan, Secrets, Seen, Want } from '@larder/kit'
import { createAccounts, type Account } from '../account/account.ts'
import { parseConfig } from '../account/config.ts'
import { parameterErrors } from '../parameter-errors.ts'
import { parseStackRecipe } from './recipe.ts'
import type { Verbs } from '../lazy-session.ts'
import type { Lookout } from '../lookout.ts'
import { execute, forecast, validate } from './change-set.ts'
import { compare, type Comparison } from './drift.ts'
import { changedAtOf, followedBy, isStill, Memory, parseState, type StackState } from './memory.ts'
import { bindingValues, shownOutputs } from './outputs.ts'
import type { KnownTimes, Wait } from '../pace.ts'
import { beganAt, causeOf, changing, conflictWith, failed, outsideOf, progressOf, standingOf } from './seen.ts'
import { idOf, openStacks, tokenOf, type Stacks } from './stacks.ts'
import { stackNameOf, wantedStack, type WantedStack } from './wanted.ts'

/** What was looked at a moment ago, by the same pass of the hub. */
const A_MOMENT_MS = 2_000
/** Who waits longer wants to know for what; before, it would be one call more for each look. */
const SLOW_MS = 30_000

interface AccountStacks {
  readonly account: Account
  readonly memory: Memory
  stacks(): Promise<Stacks>
}

export function stackSession(backend: { config: Json; credentials: Secrets }, host: Host, lookout: Lookout): Verbs {
  const now = () => host.now().getTime()
  const accounts = createAccounts(parseConfig(backend.config), backend.credentials, (account): AccountStacks => {
    let opened: Promise<Stacks> | undefined
    const open = async () => openStacks(await account.cloudformation(), now)
    return { account, memory: new Memory(now), stacks: () => (opened ??= open()) }
  })
  const verbsFor = async (want: Want, signal: AbortSignal): Promise<StackVerbs> => {
    const opened = accounts.of(want.credentials)
    return new StackVerbs(await opened.stacks(), opened.memory, now, want, signal)
  }
  return {
    probe: (signal) => accounts.of(undefined).account.whoami(signal),
    plan: async (want, signal) => (await verbsFor(want, signal)).plan(),
    async observe(want, signal) {
      const verbs = await verbsFor(want, signal)
      if (want.intent !== 'delete') {
        lookout.follow(await accounts.of(want.credentials).stacks(), stackNameIn, stackNameOf(want), want.id)
      }
      return verbs.observe()
    },
    create: async (want, signal) => (await verbsFor(want, signal)).create(),
    update: async (want, signal) => (await verbsFor(want, signal)).update(),
    async delete(want, signal) {
      lookout.forget(want.id)
      return (await verbsFor(want, signal)).delete()
    },
    bind: async (want, _credential, signal) => (await verbsFor(want, signal)).bind(),
    // All who bind have the same, and nobody has anything of their own.
    unbind: () => Promise.resolve({ phase: 'gone' }),
  }
}

const stackNameIn = ({ StackName }: Stack) => StackName

class StackVerbs {
  readonly #stacks: Stacks
  readonly #memory: Memory
  readonly #now: () => number
  readonly #want: Want
  readonly #signal: AbortSignal
  readonly #state: StackState

  constructor(stacks: Stacks, memory: Memory, now: () => number, want: Want, signal: AbortSignal) {
    this.#stacks = stacks
    this.#memory = memory
    this.#now = now
    this.#want = want
    this.#signal = signal
    this.#state = parseState(want.state)
  }

  async observe(): Promise<Seen> {
    const seen = await this.#look()
    if (seen.phase !== 'changing') this.#memory.waits.over(this.#want.id)
    return seen
  }

  async #look(): Promise<Seen> {
    const stack = await this.#find(0)
    if (!stack) return { phase: 'absent' }
    const conflict = conflictWith(stack, this.#want)
    if (conflict !== undefined) return { phase: 'conflict', message: conflict }
    const standing = standingOf(stack)
    const outside = outsideOf(stack)
    const state = this.#want.state === undefined ? {} : { state: this.#want.state }
    if (standing === 'changing')
      return { ...(await this.#changing(stack, this.#wantedUnlessGoing())), outside, ...state }
    if (standing === 'reviewed')
      return { phase: 'conflict', message: `stack ${stack.StackName} is being reviewed by somebody` }
    const stands = standing === 'standing' || standing === 'rolled back'
    if (!stands || this.#want.intent === 'delete') {
      if (stands) return { phase: 'ready', drift: [], outside, ...state }
      return { ...(await this.#failed(stack)), outside, ...state }
    }
    return this.#observeStanding(stack, standing === 'rolled back')
  }

  async #observeStanding(stack: Stack, isRolledBack: boolean): Promise<Seen> {
    const wanted = wantedStack(this.#want)
    const comparison = await this.#compare(stack, wanted)
    const common = { outside: outsideOf(stack), outputs: shownOutputs(stack, wanted), ...this.#stateWith(comparison) }
    // A failed change leaves the stack as it was; that only matters to who still wants the change. One of a secret cannot be seen.
    const isRefused = comparison.drift.length > 0 || this.#isRolledBack(stack, wanted)
    if (isRolledBack && isRefused) return { ...(await this.#failed(stack)), ...common }
    return { phase: 'ready', drift: comparison.drift, ...common }
  }

  async create(): Promise<Ack> {
    const wanted = wantedStack(this.#want)
    const there = await this.#find(A_MOMENT_MS)
    if (there) return { outside: outsideOf(there) }
    const previous = this.#state.followed?.stack ?? ''
    const token = tokenOf('create', this.#want.generation, wanted.id, previous, String(this.#state.rollbacks ?? 0))
    const id = await this.#stacks.create(wanted, token, this.#signal)
    if (id === undefined) return { againMs: this.#againFromNow(wanted) }
    const followed = followedBy(
      { StackId: id, StackName: wanted.name, CreationTime: undefined, StackStatus: undefined },
      wanted,
    )
    this.#memory.remember(followed)
    return {
      state: JSON.stringify({ ...this.#state, followed }),
      outside: { id, state: 'CREATE_IN_PROGRESS' },
      againMs: this.#againFromNow(wanted),
    }
  }

  async update(): Promise<Ack> {
    const wanted = wantedStack(this.#want)
    const stack = await this.#ourStack()
    const standing = standingOf(stack)
    if (standing === 'changing') return { againMs: this.#again('update', wanted) }
    if (standing !== 'standing' && standing !== 'rolled back') throw blocked((await this.#failed(stack)).message)
    if ((await this.#compare(stack, wanted)).drift.length === 0) return {}
    const token = tokenOf('update', this.#want.generation, idOf(stack), String(changedAtOf(stack)), wanted.digest)
    this.#memory.forget(stack)
    const isAsked =
      (await execute(this.#stacks, stack, wanted, token, this.#signal)) ||
      (await this.#stacks.update(stack, wanted, token, this.#signal))
    // Otherwise CloudFormation finds no difference, and knows best.
    return { state: isAsked ? this.#asking(wanted) : this.#followNow(stack, wanted) }
  }

  async delete(): Promise<Ack> {
    const stack = await this.#find(A_MOMENT_MS)
    if (!stack || conflictWith(stack, this.#want) !== undefined) return {}
    if (stack.StackStatus === 'DELETE_IN_PROGRESS') return {}
    const standing = standingOf(stack)
    const why = standing === 'undeletable' ? (await this.#failed(stack)).message : undefined
    await this.#stacks.delete(stack, this.#signal)
    if (why !== undefined) throw blocked(why)
    if (standing !== 'failed') return {}
    return { state: JSON.stringify({ ...this.#state, rollbacks: (this.#state.rollbacks ?? 0) + 1 }) }
  }

  async bind(): Promise<Bound> {
    const wanted = wantedStack(this.#want)
    const stack = await this.#ourStack()
    switch (standingOf(stack)) {
      case 'changing':
        if (stack.StackStatus === 'CREATE_IN_PROGRESS' || stack.StackStatus === 'ROLLBACK_IN_PROGRESS') {
          return this.#changing(stack, wanted)
        }
        break
      case 'failed':
      case 'undeletable':
        return this.#failed(stack)
      case 'absent':
      case 'reviewed':
      case 'standing':
      case 'rolled back':
      case 'stuck':
        break
    }
    return { phase: 'ready', values: bindingValues(stack, wanted) }
  }

  async plan(): Promise<Plan> {
    const { parameters, recipe } = this.#want
    const stack = await this.#find(A_MOMENT_MS)
    if (!stack) await validate(this.#stacks, parseStackRecipe(recipe), this.#signal)
    let wanted: WantedStack
    try {
      wanted = wantedStack(this.#want)
    } catch (error) {
      return { parameters, errors: parameterErrors(error), effects: [] }
    }
    if (!stack) return { parameters, errors: [], effects: [] }
    const conflict = conflictWith(stack, this.#want)
    if (conflict !== undefined) throw blocked(conflict)
    const standing = standingOf(stack)
    const canChange = standing === 'standing' || standing === 'rolled back'
    if (!canChange || (await this.#compare(stack, wanted)).drift.length === 0)
      return { parameters, errors: [], effects: [] }
    const { effects, errors } = await forecast(this.#stacks, stack, wanted, this.#signal)
    return { parameters, errors: [...errors], effects: [...effects] }
  }

  async #changing(stack: Stack, wanted: WantedStack | undefined): Promise<Changing> {
    const isSlow = this.#now() - (beganAt(stack) ?? this.#now()) > SLOW_MS
    const slow = isSlow ? progressOf(await this.#stacks.resources(stack, this.#signal)) : undefined
    return changing(stack, wanted?.recipe.usually, (doing, known) => this.#wait(doing, wanted, known), slow)
  }

  /** It has just begun to be made. */
  #againFromNow(wanted: WantedStack): number {
    const { usually } = wanted.recipe
    const usuallyMs = usually === undefined ? undefined : parseDurationMs(usually)
    return this.#again('create', wanted, { sinceMs: this.#now(), ...(usuallyMs !== undefined && { usuallyMs }) })
  }

  #again(doing: string, wanted: WantedStack | undefined, known?: KnownTimes): number {
    return this.#wait(doing, wanted, known).againMs
  }

  /** Stacks of one template take about as long. */
  #wait(doing: string, wanted: WantedStack | undefined, known?: KnownTimes): Wait {
    return this.#memory.waits.wait(this.#want.id, `${doing} ${wanted?.templateDigest ?? ''}`, known)
  }

  /** What is to go goes also when its recipe can no longer be read. */
  #wantedUnlessGoing(): WantedStack | undefined {
    return this.#want.intent === 'delete' ? undefined : wantedStack(this.#want)
  }

  async #find(maxAgeMs: number): Promise<Stack | undefined> {
    const stack = await this.#stacks.find(stackNameOf(this.#want), this.#signal, maxAgeMs)
    return stack && standingOf(stack) !== 'absent' ? stack : undefined
  }

  /** One that exists and may be changed. */
  async #ourStack(): Promise<Stack> {
    const stack = await this.#find(A_MOMENT_MS)
    if (!stack) throw blocked(`stack ${stackNameOf(this.#want)} does not exist`)
    const conflict = conflictWith(stack, this.#want)
    if (conflict !== undefined) throw blocked(conflict)
    return stack
  }

  async #compare(stack: Stack, wanted: WantedStack): Promise<Comparison> {
    const before = this.#memory.of(stack, this.#state)
    const comparison = await compare(stack, wanted, before, () => this.#stacks.template(stack, this.#signal))
    if (isStill(before, stack)) return comparison
    // What was asked for and rolled back is not followed, also where the difference is a secret that nobody can see.
    if (this.#isRolledBack(stack, wanted)) return { ...comparison, followed: undefined }
    if (comparison.followed) this.#memory.remember(comparison.followed)
    return comparison
  }

  #isRolledBack(stack: Stack, { digest }: WantedStack): boolean {
    return standingOf(stack) === 'rolled back' && this.#state.asked === digest
  }

  #asking({ digest }: WantedStack): string {
    const { followed: _before, ...state } = this.#state
    return JSON.stringify({ ...state, asked: digest })
  }

  #stateWith({ followed }: Comparison): { state?: string } {
    const { asked: _done, ...state } = this.#state
    if (followed) return { state: JSON.stringify({ ...state, followed }) }
    return this.#want.state === undefined ? {} : { state: this.#want.state }
  }

  #followNow(stack: Stack, wanted: WantedStack): string {
    const followed = followedBy(stack, wanted)
    this.#memory.remember(followed)
    return JSON.stringify({ ...this.#state, followed })
  }

  /** With the first cause, for which CloudFormation must be asked. */
  async #failed(stack: Stack): Promise<Failed> {
    const events = await this.#stacks.events(stack, this.#signal)
    return failed(stack, standingOf(stack), causeOf(stack, events), this.#state.rollbacks ?? 0)
  }
}
