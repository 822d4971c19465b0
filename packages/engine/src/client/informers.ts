import { createHash } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { PackedJson, type PackedJsonState } from '../base/packed/json.ts'
import type { KubeObject } from '../machinery/object.ts'
import type { Client } from './client.ts'
import { createInformer, type Informer, type InformerState } from './informer.ts'
import type { ResourceType } from './types.ts'

/** The informers of a program: one for each kind, shared by all who ask. */
export interface Informers {
  /** The informer of a kind in all namespaces, made on first use and, once `start` was called, started. */
  of<T extends KubeObject>(type: ResourceType<T>): Informer<T>
  /** The informer of a kind if somebody has asked for it. */
  existing<T extends KubeObject>(type: ResourceType<T>): Informer<T> | undefined
  start(): void
  /** Resolves when all that were asked for have their first list. */
  synced(): Promise<void>
  stop(): Promise<void>
}

/**
 * Where copies are kept from one run of a program to the next: to list, read and pack 400,000 objects takes half a minute, to read them back
 * packed a second. What is kept must be given to the same build alone, since it holds what index functions said.
 */
export interface Keeper {
  /** What the last run kept under this name, once. */
  kept(name: string): unknown
  /** `state` is asked for when the run ends, after the informers were stopped. */
  keep(name: string, state: () => unknown): void
}

export interface InformersOptions {
  readonly clock: Clock
  readonly log: Log
  readonly random?: () => number
  readonly keeper?: Keeper | undefined
}

const WORDS = 'informers'

/** Types are constants nearly always, and passes ask by them all the time. */
const keys = new WeakMap<ResourceType, string>()
function keyOf(type: ResourceType): string {
  let key = keys.get(type)
  if (key === undefined) keys.set(type, (key = `${type.group}/${type.version}/${type.resource}`))
  return key
}

export function createInformers(client: Client, options: InformersOptions): Informers {
  const { keeper, ...common } = options
  const informers = new Map<string, Informer<never>>()
  const words = keeper?.kept(WORDS) as PackedJsonState | undefined
  /** One for all: they hold the same words. */
  const packed = words ? PackedJson.restored(words) : new PackedJson()
  keeper?.keep(WORDS, () => {
    // What is packed only now may teach words.
    for (const informer of informers.values()) informer.save()
    return packed.save()
  })
  let started = false
  const existing = <T extends KubeObject>(type: ResourceType<T>) =>
    informers.get(keyOf(type)) as unknown as Informer<T> | undefined

  function make<T extends KubeObject>(type: ResourceType<T>): Informer<T> {
    const name = `informer-${createHash('sha256').update(keyOf(type)).digest('hex').slice(0, 32)}`
    const saved = words && (keeper?.kept(name) as InformerState | undefined)
    const informer = createInformer({ ...common, client, type, packed, saved })
    keeper?.keep(name, () => informer.save())
    return informer
  }

  return {
    existing,
    of<T extends KubeObject>(type: ResourceType<T>) {
      let informer = existing(type)
      if (!informer) {
        informer = make(type)
        informers.set(keyOf(type), informer as unknown as Informer<never>)
        if (started) informer.start()
      }
      return informer
    },
    start() {
      started = true
      for (const informer of informers.values()) informer.start()
    },
    async synced() {
      await Promise.all([...informers.values()].map((informer) => informer.synced))
    },
    async stop() {
      await Promise.all([...informers.values()].map((informer) => informer.stop()))
    },
  }
}
