/** The verbs over one object. All of them are over with their answer: nothing is ever waited for. */
import type { S3Client } from '@aws-sdk/client-s3'
import { blocked, invalid, isDriverError } from '@larder/kit'
import type { Ack, Bound, Json, Plan, Secrets, Seen, Want } from '@larder/kit'
import { createAccounts } from '../account/account.ts'
import { call } from '../account/call.ts'
import { parseConfig } from '../account/config.ts'
import type { Verbs } from '../lazy-session.ts'
import { conflictOf } from '../naming.ts'
import { parameterErrors } from '../parameter-errors.ts'
import { renderTexts } from '../template.ts'
import { arnOf, urlOf, type Site } from './address.ts'
import { head, put, remove, type Head } from './objects.ts'
import { wantedObject, type Place, type WantedObject } from './recipe.ts'

export function objectSession(backend: { config: Json; credentials: Secrets }): Verbs {
  const config = parseConfig(backend.config)
  const accounts = createAccounts(config, backend.credentials, (account) => account)
  const verbsFor = async (want: Want, signal: AbortSignal) => {
    const client = await accounts.of(want.credentials).s3()
    const region = await call('s3:HeadObject', () => client.config.region())
    // Where only this hub's environment says that AWS is elsewhere, readers of the url have another.
    return new ObjectVerbs(client, { region, endpoint: config.endpoint }, want, signal)
  }
  return {
    probe: (signal) => accounts.of(undefined).whoami(signal),
    plan: async (want, signal) => (await verbsFor(want, signal)).plan(),
    observe: async (want, signal) => (await verbsFor(want, signal)).observe(),
    create: async (want, signal) => (await verbsFor(want, signal)).create(),
    update: async (want, signal) => (await verbsFor(want, signal)).update(),
    delete: async (want, signal) => (await verbsFor(want, signal)).delete(),
    bind: async (want, _credential, signal) => (await verbsFor(want, signal)).bind(),
    // All who bind have the same, and nobody has anything of their own.
    unbind: () => Promise.resolve({ phase: 'gone' }),
  }
}

class ObjectVerbs {
  readonly #client: S3Client
  readonly #site: Site
  readonly #want: Want
  readonly #signal: AbortSignal
  /** Where it was made. */
  readonly #made: Place | undefined

  constructor(client: S3Client, site: Site, want: Want, signal: AbortSignal) {
    this.#client = client
    this.#site = site
    this.#want = want
    this.#signal = signal
    this.#made = parseState(want.state)
  }

  async observe(): Promise<Seen> {
    const place = this.#placeIfAny()
    const there = place && (await head(this.#client, place, this.#signal))
    if (!there) return { phase: 'absent' }
    const conflict = this.#conflict(there, place)
    if (conflict !== undefined) return { phase: 'conflict', message: conflict }
    // Told here too: the answer to `create` may be lost, and then nobody would find it again once another place is asked for.
    const seen = { phase: 'ready', outside: { id: arnOf(place, this.#site) }, state: stateOf(place) } as const
    if (this.#want.intent === 'delete') return { ...seen, drift: [] }
    const wanted = wantedObject(this.#want)
    const drift = [
      ...this.#moved(wanted).map((path) => ({ path })),
      ...(there.digest === wanted.digest ? [] : [{ path: 'recipe.object.content' }]),
    ]
    return { ...seen, drift, outputs: this.#outputs(place, there) }
  }

  async create(): Promise<Ack> {
    const wanted = wantedObject(this.#want)
    const there = await head(this.#client, wanted, this.#signal)
    // One that is to be adopted is brought in line by an update; of somebody else `observe` says so.
    if (there) return this.#conflict(there, wanted) === undefined ? this.#ack(wanted) : {}
    const isMade = await put(this.#client, wanted, { owner: this.#want.id, isNew: true }, this.#signal)
    return isMade ? this.#ack(wanted) : {}
  }

  async update(): Promise<Ack> {
    const wanted = wantedObject(this.#want)
    const [moved] = this.#moved(wanted)
    if (moved !== undefined) throw invalid(moved, `${moved}: ${FIXED}`)
    await this.#own(wanted)
    await put(this.#client, wanted, { owner: this.#want.id, isNew: false }, this.#signal)
    return this.#ack(wanted)
  }

  async delete(): Promise<Ack> {
    const place = this.#placeIfAny()
    const there = place && (await head(this.#client, place, this.#signal))
    if (there && this.#conflict(there, place) === undefined) await remove(this.#client, place, this.#signal)
    return {}
  }

  async bind(): Promise<Bound> {
    const wanted = wantedObject(this.#want)
    const place = this.#place()
    const outputs = this.#outputs(place, await this.#own(place))
    if (!wanted.binding) return { phase: 'ready', values: outputs }
    return {
      phase: 'ready',
      values: renderTexts(wanted.binding, { ...wanted.values, output: outputs }, 'recipe.binding'),
    }
  }

  async plan(): Promise<Plan> {
    const { parameters } = this.#want
    try {
      const errors = this.#moved(wantedObject(this.#want)).map((path) => {
        return { path, reason: 'fixed', message: FIXED } as const
      })
      return { parameters, errors, effects: [] }
    } catch (error) {
      return { parameters, errors: parameterErrors(error), effects: [] }
    }
  }

  /** Of what exists: where it was made, whatever is asked for since. */
  #place(): Place {
    return this.#made ?? wantedObject(this.#want)
  }

  /** Nothing was made of a recipe that cannot be read. */
  #placeIfAny(): Place | undefined {
    try {
      return this.#place()
    } catch (error) {
      if (isDriverError(error) && error.code === 'invalid') return undefined
      throw error
    }
  }

  #moved({ bucket, key }: WantedObject): string[] {
    if (!this.#made) return []
    return [
      ...(bucket === this.#made.bucket ? [] : ['recipe.object.bucket']),
      ...(key === this.#made.key ? [] : ['recipe.object.key']),
    ]
  }

  async #own(place: Place): Promise<Head> {
    const there = await head(this.#client, place, this.#signal)
    if (!there) throw blocked(`object ${place.key} in bucket ${place.bucket} does not exist`)
    const conflict = this.#conflict(there, place)
    if (conflict !== undefined) throw blocked(conflict)
    return there
  }

  #conflict({ owner }: Head, { bucket, key }: Place): string | undefined {
    return conflictOf(owner, this.#want, `object ${key} in bucket ${bucket}`)
  }

  #outputs(place: Place, { versionId }: Head): { readonly [name: string]: string } {
    const { region } = this.#site
    return {
      ...place,
      region,
      arn: arnOf(place, this.#site),
      url: urlOf(place, this.#site),
      ...(versionId !== undefined && { versionId }),
    }
  }

  #ack(place: Place): Ack {
    return { state: stateOf(place), outside: { id: arnOf(place, this.#site) } }
  }
}

const FIXED = 'an object stays where it was made'

/** Encoded: texts of a state count as secrets, and bucket and key stand in the status. */
const stateOf = ({ bucket, key }: Place): string =>
  JSON.stringify({ place: Buffer.from(JSON.stringify([bucket, key])).toString('base64url') })

function parseState(state: string | undefined): Place | undefined {
  if (state === undefined) return undefined
  const { place } = JSON.parse(state) as { place: string }
  const [bucket, key] = JSON.parse(Buffer.from(place, 'base64url').toString()) as [string, string]
  return { bucket, key }
}
