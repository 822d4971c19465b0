/** What the hub keeps for us of a cache. It is a Secret's content: the key is what all passwords derive from. */
import { createHmac, randomBytes } from 'node:crypto'
import { digestOf } from '../../naming.ts'
import { Waits } from '../../pace.ts'
import { Joins } from './joins.ts'
import type { CacheSettings, Setting } from './settings.ts'

/** Settings that AWS does not tell with the replication group: of these we remember what we asked for. */
export const UNSEEN = [
  'engineVersion',
  'parameterGroup',
  'securityGroupIDs',
  'maintenanceWindow',
  'notificationTopicARN',
] as const satisfies readonly Setting[]

/** Settings that no replication group ever changes. */
export const FIXED = [
  'clusterMode',
  'subnetGroup',
  'port',
  'kmsKeyID',
  'networkType',
] as const satisfies readonly Setting[]

/** Digests of what was asked for: texts of a state count as secrets, and a maintenance window is none. */
export type Asked = { readonly [S in Setting]?: string }

export interface CacheState {
  readonly key?: string
  /** AWS has accepted the replication group as ours. */
  readonly made?: boolean
  /** It had no tag when it was taken over, and has none since. */
  readonly adopted?: boolean
  readonly asked?: Asked
  /** How many failed to be made, and were removed. */
  readonly failures?: number
}

export const parseCacheState = (state: string | undefined): CacheState =>
  state === undefined ? {} : (JSON.parse(state) as CacheState)

export const newKey = (): string => randomBytes(32).toString('base64url')

/** 64 hex digits: any service takes them, and no client must escape them in a URL. */
export const passwordOf = (key: string, credentialId: string): string =>
  createHmac('sha256', key).update(`password ${credentialId}`).digest('hex')

/** Tells two keys apart, and nothing of either. */
export const fingerprintOf = (key: string): string => digestOf('fingerprint', key).slice(0, 16)

export function askedOf(settings: CacheSettings): Asked {
  const fields = [...UNSEEN, ...FIXED].map((name) => [name, settings[name]] as const)
  return Object.fromEntries(
    fields.filter(([, value]) => value !== undefined).map(([name, value]) => [name, askedDigest(value)]),
  )
}

const ASKED_DIGEST_LENGTH = 10

export const askedDigest = (value: unknown): string => digestOf(JSON.stringify(value)).slice(0, ASKED_DIGEST_LENGTH)

/** Of this process, which is newer than what the hub keeps when an answer was lost. */
export class CacheMemory {
  readonly joins = new Joins()
  readonly waits: Waits
  /** By credential: the user whose second password it has. */
  readonly holders = new Map<string, string>()
  readonly #owned = new Map<string, string>()
  readonly #asked = new Map<string, Asked>()

  constructor(now: () => number) {
    this.waits = new Waits(now)
  }

  /** One that was found to be that instance's, or that we made for it. */
  own(cache: string, instance: string): void {
    this.#owned.set(cache, instance)
  }

  isOwn(cache: string, instance: string): boolean {
    return this.#owned.get(cache) === instance
  }

  disown(cache: string, instance: string): void {
    if (this.isOwn(cache, instance)) this.#owned.delete(cache)
  }

  ask(cache: string, asked: Asked): void {
    this.#asked.set(cache, asked)
  }

  asked(cache: string, kept: CacheState): Asked | undefined {
    return this.#asked.get(cache) ?? kept.asked
  }

  forget(cache: string): void {
    this.#asked.delete(cache)
  }
}
