/** The verbs over a whole cache: replication group, user group, users. One step with each call, and AWS is asked which one is next. */
import type { ReplicationGroup, User } from '@aws-sdk/client-elasticache'
import { blocked, parseDurationMs } from '@larder/kit'
import type { Ack, Bound, Changing, Credential, Plan, Seen, Unbound, Want } from '@larder/kit'
import { parameterErrors } from '../../parameter-errors.ts'
import type { Elasticache } from '../client.ts'
import { A_MOMENT_MS, GONE, ownershipOf } from '../ownership.ts'
import { CacheAccess } from './access.ts'
import { change, differences, driftOf, effectsOf, errorsOf } from './changes.ts'
import { makeAccess, makeCache, removeCache, removeUser, removeUserGroup } from './make.ts'
import { changingCache, failedCache, isAvailable, outputsOf, outsideOf } from './seen.ts'
import { askedOf, newKey, parseCacheState, type CacheMemory, type CacheState } from './state.ts'
import { cacheNames, wantedCache, type CacheNames, type WantedCache } from './wanted.ts'

export class CacheVerbs {
  readonly #aws: Elasticache
  readonly #memory: CacheMemory
  readonly #now: () => number
  readonly #want: Want
  readonly #signal: AbortSignal
  readonly #names: CacheNames
  readonly #state: CacheState

  constructor(aws: Elasticache, memory: CacheMemory, now: () => number, want: Want, signal: AbortSignal) {
    this.#aws = aws
    this.#memory = memory
    this.#now = now
    this.#want = want
    this.#signal = signal
    this.#names = cacheNames(want)
    this.#state = parseCacheState(want.state)
  }

  async observe(): Promise<Seen> {
    const seen = await this.#look()
    if (seen.phase !== 'changing') this.#memory.waits.over(this.#want.id)
    return seen
  }

  async #look(): Promise<Seen> {
    if (this.#want.intent === 'delete') return this.#observeGoing()
    const first = this.#state.made === true ? await this.#findCache(0) : undefined
    if (first) return this.#observeCache(first)
    const group = await this.#aws.userGroups.find(this.#names.access, this.#signal)
    if (group && group.Status !== 'active' && !this.#wasMade()) {
      return this.#changing('create', `user group ${this.#names.access} is ${group.Status}`, 'user group creating')
    }
    const cache = await this.#findCache(0)
    if (cache) return this.#observeCache(cache)
    // What it was is lost; its users are not it.
    const lost = this.#lost()
    return group && !this.#wasMade() ? { phase: 'unknown', ...lost } : { phase: 'absent', ...lost }
  }

  /** What is there by this name from now on may be somebody else's. */
  #lost(): { state?: string } {
    this.#memory.disown(this.#names.cache, this.#want.id)
    const { made, adopted: _gone, ...rest } = this.#state
    return made === true ? { state: JSON.stringify(rest) } : this.#kept()
  }

  async #observeCache(cache: ReplicationGroup): Promise<Seen> {
    const conflict = this.#isAsMade(cache) ? undefined : await this.#conflict(cache)
    if (conflict === GONE) return { phase: 'absent', ...this.#lost() }
    if (conflict !== undefined) return { phase: 'conflict', message: conflict }
    const outside = outsideOf(cache)
    if (cache.Status === 'create-failed') {
      return { ...failedCache(cache, await this.#events(), this.#state.failures ?? 0), outside, ...this.#kept() }
    }
    const wanted = wantedCache(this.#want)
    if (!isAvailable(cache)) {
      return { ...this.#changingCache(cache, wanted.recipe.usually), outside, ...this.#kept() }
    }
    const drift = driftOf(this.#differences(cache))
    return { phase: 'ready', drift, outside, outputs: outputsOf(cache), ...this.#kept() }
  }

  #differences(cache: ReplicationGroup) {
    const asked = this.#memory.asked(this.#names.cache, this.#state)
    return differences(cache, wantedCache(this.#want).settings, asked)
  }

  /** Ours, and nothing is about to be done to it: whose it is need not be asked at each look. */
  #isAsMade(cache: ReplicationGroup): boolean {
    if (this.#state.made !== true && !this.#memory.isOwn(this.#names.cache, this.#want.id)) return false
    if (this.#want.intent === 'delete') return cache.Status === 'deleting'
    return !isAvailable(cache) || this.#differences(cache).length === 0
  }

  async #observeGoing(): Promise<Seen> {
    const cache = await this.#findCache(0)
    const conflict = cache && !this.#isAsMade(cache) ? await this.#conflict(cache) : undefined
    if (cache && conflict === undefined)
      return this.#going(cache.Status, `replication group ${this.#names.cache}`, outsideOf(cache))
    // Ours is gone by now, or has never been made: what was to be its access can be there, whosever the cache is.
    const group = await this.#aws.userGroups.find(this.#names.access, this.#signal)
    if (group) return this.#going(group.Status, `user group ${this.#names.access}`)
    const users = await this.#users()
    if (users.length > 0)
      return this.#going(users.every(({ Status }) => Status === 'deleting') ? 'deleting' : 'active', 'its users')
    if (conflict === undefined || conflict === GONE) return { phase: 'absent' }
    return { phase: 'conflict', message: conflict }
  }

  /** What is not going yet must be told again to go. */
  #going(status: string | undefined, what: string, outside?: Seen['outside']): Seen {
    const more = { ...(outside && { outside }), ...this.#kept() }
    if (status === 'active' || status === 'available' || status === 'create-failed')
      return { phase: 'unknown', ...more }
    return { ...this.#changing('delete', `${what} is ${status}`, 'deleting'), ...more }
  }

  async create(): Promise<Ack> {
    const wanted = wantedCache(this.#want)
    const { key = newKey() } = this.#state
    const state = (more: Partial<CacheState> = {}) => JSON.stringify({ ...this.#state, key, ...more })
    const there = await this.#findCache(A_MOMENT_MS)
    const accepted = there && (await this.#accept(there, state))
    if (accepted) return accepted
    const group = await this.#aws.userGroups.find(this.#names.access, this.#signal, A_MOMENT_MS)
    if (!group) await makeAccess(this.#aws, wanted, this.#signal)
    if (group?.Status !== 'active') return { state: state(), againMs: this.#again('user group creating') }
    const asked = askedOf(wanted.settings)
    this.#memory.ask(this.#names.cache, asked)
    const cache = await makeCache(this.#aws, wanted, this.#signal)
    const { usually } = wanted.recipe
    const usuallyMs = usually === undefined ? undefined : parseDurationMs(usually)
    const known = usuallyMs === undefined ? {} : { usuallyMs }
    const againMs = this.#memory.waits.again(this.#want.id, 'cache creating', known)
    // Perhaps made by a request of ours that the SDK repeated: what AWS does not tell is kept from here.
    if (!cache) return { state: state({ asked }), againMs }
    this.#memory.own(this.#names.cache, this.#want.id)
    return { state: state({ made: true, asked }), outside: outsideOf(cache), againMs }
  }

  /**
   * One that exists when it is to be made: of an earlier call, or to be adopted; of somebody else, `observe` says so. Undefined: it was there a moment
   * ago, and is gone by now.
   */
  async #accept(cache: ReplicationGroup, state: (more?: Partial<CacheState>) => string): Promise<Ack | undefined> {
    const { conflict, isUntagged } = await this.#ownership(cache)
    if (conflict === GONE) return undefined
    if (conflict !== undefined) return {}
    const asked = this.#memory.asked(this.#names.cache, this.#state)
    const adopted = isUntagged && { adopted: true }
    return { state: state({ made: true, ...adopted, ...(asked && { asked }) }), outside: outsideOf(cache) }
  }

  async update(): Promise<Ack> {
    const wanted = wantedCache(this.#want)
    const cache = await this.#ownCache()
    if (!isAvailable(cache)) return { againMs: this.#again('cache modifying') }
    const asked = this.#memory.asked(this.#names.cache, this.#state)
    const names = differences(cache, wanted.settings, asked)
    if (names.length === 0) return {}
    const changed = await change(this.#aws, this.#names.cache, names, cache, wanted.settings, this.#signal)
    if (!changed) return { againMs: this.#again('cache modifying') }
    const now = {
      ...asked,
      ...Object.fromEntries(Object.entries(askedOf(wanted.settings)).filter(([n]) => changed.some((c) => c === n))),
    }
    this.#memory.ask(this.#names.cache, now)
    return { state: JSON.stringify({ ...this.#state, asked: now }) }
  }

  async plan(): Promise<Plan> {
    const { parameters } = this.#want
    let wanted: WantedCache
    try {
      wanted = wantedCache(this.#want)
    } catch (error) {
      return { parameters, errors: parameterErrors(error), effects: [] }
    }
    const cache = await this.#findCache(A_MOMENT_MS)
    if (!cache) return { parameters, errors: [], effects: [] }
    const conflict = await this.#conflict(cache)
    if (conflict !== undefined) throw blocked(conflict)
    const names = differences(cache, wanted.settings, this.#memory.asked(this.#names.cache, this.#state))
    return { parameters, errors: errorsOf(names), effects: effectsOf(names, cache, wanted.settings) }
  }

  async delete(): Promise<Ack> {
    const cache = await this.#findCache(A_MOMENT_MS)
    if (cache && (await this.#conflict(cache)) === undefined) return this.#deleteCache(cache)
    const group = await this.#aws.userGroups.find(this.#names.access, this.#signal, A_MOMENT_MS)
    if (group) {
      for (const id of (group.UserIds ?? []).filter((each) => each !== this.#names.defaultUser)) {
        await removeUser(this.#aws, id, this.#signal)
      }
      if (group.Status === 'active') await removeUserGroup(this.#aws, group, this.#signal)
      return { againMs: this.#again('deleting') }
    }
    const users = await this.#users()
    for (const { UserId = '', Status } of users) {
      if (Status !== 'deleting') await removeUser(this.#aws, UserId, this.#signal)
    }
    return users.length === 0 ? {} : { againMs: this.#again('deleting') }
  }

  async #deleteCache(cache: ReplicationGroup): Promise<Ack> {
    const isFailed = cache.Status === 'create-failed'
    if (isFailed || cache.Status === 'available') await removeCache(this.#aws, this.#names.cache, this.#signal)
    this.#memory.forget(this.#names.cache)
    const { made: _gone, adopted: _too, ...state } = this.#state
    if (!isFailed) return { againMs: this.#again('deleting') }
    return {
      state: JSON.stringify({ ...state, failures: (state.failures ?? 0) + 1 }),
      againMs: this.#again('deleting'),
    }
  }

  async bind(credential: Credential): Promise<Bound> {
    const wanted = wantedCache(this.#want)
    const cache = await this.#ownCache()
    if (cache.Status === 'creating') return this.#changingCache(cache, wanted.recipe.usually)
    if (cache.Status === 'create-failed') return failedCache(cache, await this.#events(), this.#state.failures ?? 0)
    return this.#access().bind(wanted, cache, this.#state, credential)
  }

  unbind(credential: Credential): Promise<Unbound> {
    return this.#access().unbind(credential, this.#state)
  }

  #access(): CacheAccess {
    return new CacheAccess(this.#aws, this.#memory, this.#names, this.#signal)
  }

  #again(sort: string): number {
    return this.#memory.waits.again(this.#want.id, sort)
  }

  #changingCache(cache: ReplicationGroup, usually: string | undefined): Changing {
    const sort = `cache ${cache.Status}`
    return changingCache(cache, usually, this.#now(), (known) => this.#memory.waits.wait(this.#want.id, sort, known))
  }

  #wasMade(): boolean {
    return this.#want.intent === 'update'
  }

  #kept(): { state?: string } {
    return this.#want.state === undefined ? {} : { state: this.#want.state }
  }

  #changing(doing: string, message: string, sort: string): Seen {
    return { phase: 'changing', doing, message, ...this.#memory.waits.wait(this.#want.id, sort), ...this.#kept() }
  }

  #findCache(maxAgeMs: number): Promise<ReplicationGroup | undefined> {
    return this.#aws.caches.find(this.#names.cache, this.#signal, maxAgeMs)
  }

  async #ownCache(): Promise<ReplicationGroup> {
    const cache = await this.#findCache(A_MOMENT_MS)
    if (!cache) throw blocked(`replication group ${this.#names.cache} does not exist`)
    const conflict = await this.#conflict(cache)
    if (conflict !== undefined) throw blocked(conflict)
    return cache
  }

  async #conflict(cache: ReplicationGroup): Promise<string | undefined> {
    const { conflict } = await this.#ownership(cache)
    if (conflict === undefined) this.#memory.own(this.#names.cache, this.#want.id)
    return conflict
  }

  #ownership({ ARN: arn = '' }: ReplicationGroup) {
    const adopted = this.#state.adopted === true
    const claim = { want: this.#want, adopted, thing: `a replication group called ${this.#names.cache}` }
    return ownershipOf(this.#aws, arn, claim, this.#signal)
  }

  /** All that were made for it, also those that never joined its group. */
  async #users(): Promise<readonly User[]> {
    const all = await this.#aws.users.list(this.#signal)
    return all.filter(({ UserId = '' }) => UserId.startsWith(`${this.#names.access}-`))
  }

  #events(): Promise<readonly string[]> {
    return this.#aws.events('replication-group', this.#names.cache, this.#signal)
  }
}
