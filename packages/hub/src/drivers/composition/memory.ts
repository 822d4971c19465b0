/**
 * What a composition remembers: which objects it has made or is about to. It is told to the hub before anything is made, so that a
 * recipe that names them no more does not leave them behind, whenever the hub was killed.
 */
import type { Ref } from '@larder/kit'
import { keyOf } from './naming.ts'

export interface Made {
  readonly id: string
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  /** Of the object that was seen; absent: it was only about to be made. */
  readonly uid?: string
  /** Ids of what it stands on: these go after it. */
  readonly after: readonly string[]
  readonly holdsData?: true
  /** What the API keeps in place of what was applied: fingerprints of both, where they differ. */
  readonly kept?: { readonly of: string; readonly as: string }
}

export type Memory = ReadonlyMap<string, Made>

interface Written {
  readonly made: readonly Made[]
}

export function readMemory(state: string | undefined): Memory {
  const { made } = state === undefined ? { made: [] } : (JSON.parse(textOf(state)) as Written)
  return new Map(made.map((each) => [keyOf(each), each]))
}

/**
 * The same for the same: each difference is a write. In base64, because the hub takes each longer text of a driver's memory for a secret: in
 * plain JSON the names of all objects were taken out of every message. There is no secret in it.
 */
export function writeMemory(memory: Memory): string {
  const made = [...memory.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  return Buffer.from(JSON.stringify({ made } satisfies Written)).toString('base64')
}

/** Of older hubs it is the plain JSON. */
const textOf = (state: string): string => (state.startsWith('{') ? state : Buffer.from(state, 'base64').toString())

/** As an answer to the hub: nothing when it is as it was. */
export function remembered(memory: Memory, before: string | undefined): { readonly state?: string } {
  const state = writeMemory(memory)
  if (state === before || (before === undefined && memory.size === 0)) return {}
  return { state }
}

export const refOf = ({ apiVersion, kind, namespace, name }: Made | Ref): Ref => ({
  apiVersion,
  kind,
  name,
  ...(namespace !== undefined && { namespace }),
})
