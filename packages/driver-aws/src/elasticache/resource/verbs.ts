/**
 * The verbs over one AWS resource, whatever its type. Its properties are AWS's own, by AWS's names; the recipe may fill them in from parameters, or the
 * parameters are the properties. What AWS describes is compared with what is wanted; of what it does not describe, such as passwords, the digest of what
 * was sent last is kept with the instance.
 */
import { AddTagsToResourceCommand } from '@aws-sdk/client-elasticache'
import type { ReplicationGroup } from '@aws-sdk/client-elasticache'
import { blocked, invalid } from '@larder/kit'
import type { Ack, Bound, Drift, Effect, Failed, FieldError, Outside, Plan, Seen, Unbound, Want } from '@larder/kit'
import { call, isRefusal } from '../../account/call.ts'
import { nameOf, OWNER_TAG } from '../../naming.ts'
import { Waits } from '../../pace.ts'
import { parameterErrors } from '../../parameter-errors.ts'
import { render, renderTexts, type Values } from '../../template.ts'
import { changingCache } from '../cache/seen.ts'
import { tagList, type Elasticache } from '../client.ts'
import type { Lookout } from '../../lookout.ts'
import { A_MOMENT_MS, GONE, ownershipOf } from '../ownership.ts'
import { parseElasticacheRecipe, type ElasticacheRecipe } from '../recipe.ts'
import { differences, digests, fixedMessage, phaseOf, plain } from './compare.ts'
import { checkedProperties, explained, type Kind, type Properties } from './kind.ts'
import { KINDS } from './kinds.ts'
import { sourceProblem } from './sources.ts'

interface ResourceState {
  readonly made?: boolean
  /** It had no tag when it was taken over, and has none since. */
  readonly adopted?: boolean
  /** Digests of the properties that were sent last. */
  readonly asked?: Readonly<Record<string, string>>
}

/** Of this process: an answer may have been lost, and with it the state. */
export class ResourceMemory {
  readonly states = new Map<string, ResourceState>()
  readonly waits: Waits

  constructor(now: () => number) {
    this.waits = new Waits(now)
  }
}

export class ResourceVerbs {
  readonly #aws: Elasticache
  readonly #memory: ResourceMemory
  readonly #now: () => number
  readonly #want: Want
  readonly #signal: AbortSignal
  readonly #recipe: ElasticacheRecipe
  readonly #kind: Kind<unknown>
  readonly #id: string

  constructor(aws: Elasticache, memory: ResourceMemory, now: () => number, want: Want, signal: AbortSignal) {
    this.#aws = aws
    this.#memory = memory
    this.#now = now
    this.#want = want
    this.#signal = signal
    this.#recipe = parseElasticacheRecipe(want.recipe)
    if (!this.#recipe.resource) throw invalid('recipe.resource', 'recipe.resource is required')
    this.#kind = KINDS[this.#recipe.resource.type]
    this.#id = nameOf(
      { id: want.id, ...(want.name !== undefined && { name: want.name.toLowerCase() }) },
      {
        what: `a ${this.#kind.type}`,
        max: this.#kind.maxIdLength,
        pattern: /^[a-z](?:-?[a-z0-9.])*$/,
        inWords: `at most ${this.#kind.maxIdLength} letters, digits and single dashes, a letter first`,
      },
    )
  }

  async observe(): Promise<Seen> {
    const seen = await this.#look()
    if (seen.phase !== 'changing') this.#memory.waits.over(this.#key())
    return seen
  }

  followBy(lookout: Lookout): void {
    const nameOf = (thing: unknown) => String((thing as Readonly<Record<string, unknown>>)[this.#kind.idProperty])
    lookout.follow(this.#kind.lookup(this.#aws), nameOf, this.#id, this.#want.id)
  }

  async #look(): Promise<Seen> {
    const thing = await this.#find(0)
    if (thing === undefined) return this.#lost()
    const status = this.#kind.statusOf(thing)
    const conflict = this.#isAsMade(thing) ? undefined : await this.#conflict(thing)
    if (conflict === GONE) return this.#lost()
    if (conflict !== undefined) return { phase: 'conflict', message: conflict }
    const common = { outside: this.#outside(thing), outputs: plain(thing), ...this.#kept() }
    switch (phaseOf(status)) {
      case 'changing':
        return { ...this.#changing(thing, status), ...common }
      case 'failed':
        return { ...(await this.#failed(status)), ...common }
      case 'ready':
        break
    }
    const drift = this.#drift(thing).map((name): Drift => ({ path: `${this.#path()}.${name}` }))
    return { phase: 'ready', drift, ...common }
  }

  /** Made by us, and nothing is about to be done to it: whose it is need not be asked at each look. */
  #isAsMade(thing: unknown): boolean {
    if (this.#state().made !== true) return false
    const status = this.#kind.statusOf(thing)
    if (this.#want.intent === 'delete') return status === 'deleting'
    return phaseOf(status) !== 'ready' || this.#drift(thing).length === 0
  }

  /** What is there by this name from now on may be somebody else's. */
  #lost(): Seen {
    if (this.#want.intent === 'delete') return { phase: 'absent' }
    const { made, adopted: _gone, ...rest } = this.#state()
    return { phase: 'absent', ...(made === true && { state: this.#remember(rest) }) }
  }

  #drift(thing: unknown): string[] {
    return this.#want.intent === 'delete' ? [] : this.#differences(thing, this.#properties())
  }

  async create(): Promise<Ack> {
    const properties = this.#properties()
    const there = await this.#find(A_MOMENT_MS)
    const accepted = there === undefined ? undefined : await this.#accept(there, properties)
    if (accepted) return accepted
    await this.#refuseSources(properties)
    const tags = this.#tags(properties)
    try {
      await this.#kind.create(this.#aws, { ...properties, [this.#kind.idProperty]: this.#id, Tags: tags }, this.#signal)
    } catch (error) {
      if (isRefusal(error) && error.code === `${this.#kind.type}AlreadyExists`) return this.#acceptRepeated(properties)
      throw explained(this.#kind, error)
    } finally {
      this.#changed()
    }
    return { state: this.#remember({ made: true, asked: digests(properties) }), againMs: this.#again('create') }
  }

  /** The SDK asked again for what was made, so that nobody saw the answer; unless it is remembered as asked for, no later change of it is seen. */
  async #acceptRepeated(properties: Properties): Promise<Ack> {
    this.#changed()
    const there = await this.#find(0)
    const accepted = there === undefined ? undefined : await this.#accept(there, properties)
    return accepted ?? { againMs: this.#again('create') }
  }

  async #refuseSources(properties: Properties): Promise<void> {
    const { type, sources = [] } = this.#recipe.resource!
    const problem = await sourceProblem(this.#aws, { type, properties, allowed: sources }, this.#signal)
    if (problem) throw invalid(`${this.#path()}.${problem.property}`, problem.message)
  }

  /**
   * Made by an earlier call with these properties, or to be adopted as it is; what such a call may not have come to, `update` does. Undefined: it was
   * there a moment ago, and is gone by now.
   */
  async #accept(thing: unknown, properties: Properties): Promise<Ack | undefined> {
    const { conflict, isUntagged } = await this.#ownership(thing)
    if (conflict === GONE) return undefined
    if (conflict !== undefined) return {}
    const { setLater = [] } = this.#kind
    const sent = Object.entries(digests(properties)).filter(([name]) => !setLater.includes(name))
    return {
      state: this.#remember({
        made: true,
        ...(isUntagged && { adopted: true }),
        asked: this.#state().asked ?? Object.fromEntries(sent),
      }),
      outside: this.#outside(thing),
    }
  }

  async update(): Promise<Ack> {
    const properties = this.#properties()
    const thing = await this.#own()
    if (phaseOf(this.#kind.statusOf(thing)) === 'changing') return { againMs: this.#again('update') }
    const names = this.#differences(thing, properties)
    const fixed = names.filter((name) => this.#isFixed(name))
    if (fixed.length > 0) throw invalid(`${this.#path()}.${fixed[0]}`, fixedMessage(`${this.#path()}.${fixed[0]}`))
    if (names.length === 0) return {}
    const changed = await this.#change(thing, names, properties)
    if (!changed) return { againMs: this.#again('update') }
    const { asked } = this.#state()
    const now = {
      ...asked,
      ...Object.fromEntries(Object.entries(digests(properties)).filter(([name]) => changed.includes(name))),
    }
    return { state: this.#remember({ ...this.#state(), made: true, asked: now }) }
  }

  /** Undefined: another change is under way. */
  async #change(
    thing: unknown,
    names: readonly string[],
    properties: Properties,
  ): Promise<readonly string[] | undefined> {
    const others = names.filter((name) => name !== 'Tags')
    try {
      if (others.length > 0 && this.#kind.change) {
        return await this.#kind.change(this.#aws, { id: this.#id, thing, names: others, properties }, this.#signal)
      }
      const command = new AddTagsToResourceCommand({
        ResourceName: this.#kind.arnOf(thing),
        Tags: this.#tags(properties),
      })
      await call('elasticache:AddTagsToResource', () => this.#aws.client.send(command, { abortSignal: this.#signal }))
      return ['Tags']
    } catch (error) {
      if (isRefusal(error) && (/^Invalid\w+State$/.test(error.code) || (await this.#isDone(names, properties))))
        return undefined
      throw explained(this.#kind, error)
    } finally {
      this.#changed()
    }
  }

  /** AWS refuses as many replicas as there are, also to the SDK, which asks again when it heard no answer. */
  async #isDone(names: readonly string[], properties: Properties): Promise<boolean> {
    this.#changed()
    const thing = await this.#find(0)
    const left = thing === undefined ? names : this.#differences(thing, properties)
    return names.some((name) => !left.includes(name))
  }

  async plan(): Promise<Plan> {
    const { parameters } = this.#want
    let properties: Properties
    try {
      properties = this.#properties()
    } catch (error) {
      return { parameters, errors: parameterErrors(error), effects: [] }
    }
    const thing = await this.#find(A_MOMENT_MS)
    if (thing === undefined) return { parameters, errors: [], effects: [] }
    const path = (name: string) => `${this.#path()}.${name}`
    const names = this.#differences(thing, properties)
    const errors = names
      .filter((name) => this.#isFixed(name))
      .map((name): FieldError => ({ path: path(name), reason: 'fixed', message: fixedMessage(path(name)) }))
    const effects = names
      .filter((name) => !this.#isFixed(name))
      .map((name): Effect => ({ kind: 'inPlace', what: path(name), message: 'AWS changes it as it stands' }))
    return { parameters, errors, effects }
  }

  async delete(): Promise<Ack> {
    const thing = await this.#find(A_MOMENT_MS)
    if (thing === undefined || (await this.#conflict(thing)) !== undefined) return {}
    this.#memory.states.delete(this.#key())
    const status = this.#kind.statusOf(thing)
    if (status === 'deleting') return { againMs: this.#again('delete') }
    try {
      await this.#kind.remove(this.#aws, this.#id, this.#signal)
    } catch (error) {
      if (!isRefusal(error)) throw error
      if (!error.code.endsWith('NotFound') && !(await this.#isGoing())) throw blocked(`${error.code}: ${error.said}`)
    } finally {
      this.#changed()
    }
    return { againMs: this.#again('delete') }
  }

  /** Another call was faster. */
  async #isGoing(): Promise<boolean> {
    this.#changed()
    const thing = await this.#find(0)
    return thing === undefined || this.#kind.statusOf(thing) === 'deleting'
  }

  /** All who bind have the same: what it is called and where it is. */
  unbind(): Promise<Unbound> {
    return Promise.resolve({ phase: 'gone' })
  }

  async bind(): Promise<Bound> {
    const thing = await this.#own()
    const status = this.#kind.statusOf(thing)
    const phase = phaseOf(status)
    if (phase === 'changing') return this.#changing(thing, status)
    if (phase === 'failed') return this.#failed(status)
    const values = { ...this.#values(), output: plain(thing) }
    return { phase: 'ready', values: renderTexts(this.#recipe.binding ?? {}, values, 'recipe.binding') }
  }

  #again(doing: string): number {
    return this.#memory.waits.again(this.#key(), `${this.#kind.type} ${doing}`)
  }

  #find(maxAgeMs: number): Promise<unknown> {
    return this.#kind.lookup(this.#aws).find(this.#id, this.#signal, maxAgeMs)
  }

  #changed(): void {
    this.#kind.lookup(this.#aws).changed(this.#id)
  }

  async #own(): Promise<unknown> {
    const thing = await this.#find(A_MOMENT_MS)
    if (thing === undefined) throw blocked(`${this.#kind.type} ${this.#id} does not exist`)
    const conflict = await this.#conflict(thing)
    if (conflict !== undefined) throw blocked(conflict)
    return thing
  }

  #path(): string {
    return this.#recipe.resource?.properties === undefined ? 'parameters' : 'recipe.resource.properties'
  }

  #values(): Values {
    return { instance: { id: this.#want.id, name: this.#id }, parameter: this.#want.parameters }
  }

  #properties(): Properties {
    const template = this.#recipe.resource?.properties
    const given = template === undefined ? this.#want.parameters : render(template, this.#values(), this.#path())
    return checkedProperties(this.#kind, given ?? {}, this.#path())
  }

  #tags({ Tags: given = [] }: Properties): { Key: string; Value: string }[] {
    const own = renderTexts(this.#recipe.tags ?? {}, this.#values(), 'recipe.tags')
    const tags = tagList({ ...own, [OWNER_TAG]: this.#want.id })
    return [...(given as unknown as { Key: string; Value: string }[]), ...tags]
  }

  #isFixed(name: string): boolean {
    return this.#kind.properties[name]?.fixed === true || (this.#kind.change === undefined && name !== 'Tags')
  }

  #differences(thing: unknown, properties: Properties): string[] {
    return differences(this.#kind, thing, properties, this.#state().asked)
  }

  #state(): ResourceState {
    const kept = this.#want.state === undefined ? {} : (JSON.parse(this.#want.state) as ResourceState)
    return this.#memory.states.get(this.#key()) ?? kept
  }

  #key(): string {
    return `${this.#kind.type} ${this.#want.id}`
  }

  #remember(state: ResourceState): string {
    this.#memory.states.set(this.#key(), state)
    return JSON.stringify(state)
  }

  #kept(): { state?: string } {
    return this.#want.state === undefined ? {} : { state: this.#want.state }
  }

  #outside(thing: unknown): Outside {
    const state = this.#kind.statusOf(thing)
    return { id: this.#kind.arnOf(thing), ...(state !== undefined && { state }) }
  }

  #changing(thing: unknown, status = ''): Extract<Seen, { phase: 'changing' }> {
    const doing = status === 'deleting' ? 'delete' : status === 'creating' ? 'create' : 'update'
    if (this.#kind.type === 'ReplicationGroup' && doing !== 'delete') {
      const sort = `${this.#kind.type} ${doing}`
      return changingCache(thing as ReplicationGroup, this.#recipe.usually, this.#now(), (known) =>
        this.#memory.waits.wait(this.#key(), sort, known),
      )
    }
    const message = `${this.#kind.type} ${this.#id} is ${status}`
    return { phase: 'changing', doing, message, ...this.#memory.waits.wait(this.#key(), `${this.#kind.type} ${doing}`) }
  }

  async #failed(status = ''): Promise<Failed> {
    const isCache = this.#kind.type === 'ReplicationGroup'
    const [last] = isCache ? await this.#aws.events('replication-group', this.#id, this.#signal) : []
    const message = `${this.#kind.type} ${this.#id} is ${status}: ${last ?? 'AWS gives no reason'}`
    return { phase: 'failed', reason: 'CreateFailed', message, usable: false, retry: 'no' }
  }

  async #conflict(thing: unknown): Promise<string | undefined> {
    return (await this.#ownership(thing)).conflict
  }

  #ownership(thing: unknown) {
    const adopted = this.#state().adopted === true
    const claim = { want: this.#want, adopted, thing: `a ${this.#kind.type} called ${this.#id}` }
    return ownershipOf(this.#aws, this.#kind.arnOf(thing), claim, this.#signal)
  }
}
