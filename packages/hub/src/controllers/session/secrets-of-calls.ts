/** What is secret in that which a driver is told and answers. */
import type { Credential, Json, Want } from '@larder/kit'
import { OPEN_KEYS } from '../../model/binding-keys.ts'
import type { Redaction } from './redaction.ts'

/** What is not known to be open may be secret. */
export function learnBound(redaction: Redaction, values: Readonly<Record<string, Json | Uint8Array>>): void {
  for (const [key, value] of Object.entries(values)) if (!OPEN_KEYS.includes(key)) redaction.learnRecent(value)
}

/** Of a driver's memory all of it, and what in it is long enough to be a token; ids of ours are none. */
function learnState(redaction: Redaction, state: string | undefined, id: string): void {
  if (state === undefined || state === id) return
  redaction.learnRecent(state)
  for (const [quoted] of state.matchAll(/"(?:[^"\\]|\\.){12,}"(?!\s*:)/g)) {
    const text = quoted.slice(1, -1)
    if (text !== id) redaction.learnRecent(text)
  }
}

export function learnWant(redaction: Redaction, want: Want, credential?: Credential): void {
  for (const secret of Object.values(want.credentials ?? {})) redaction.learnRecent(secret)
  learnState(redaction, want.state, want.id)
  if (credential) learnState(redaction, credential.state, credential.id)
}

/** Fields of answers, and of what is in them, whose values are words of the contract, identities and times: no texts of the backend. */
const NO_TEXT = new Set(
  'phase reason retry kind what path secretType id bindings found type recipe resource expectedAt expiresAt renewBefore'.split(
    ' ',
  ),
)
/** What goes into Secrets. */
const SECRET = new Set(['state', 'values'])
const PARTS = new Set(['outside', 'drift', 'errors', 'effects'])

/**
 * Takes secrets out of the texts of the backend, and leaves what the contract says. Anybody can have a password that is a word of it, `ready`
 * or `phase`, or the name of somebody's Secret: taken out there as well, it would make answers about everybody's services unreadable.
 */
export function redactAnswer<T>(redaction: Redaction, answer: T, id: string): T {
  if (answer === null || typeof answer !== 'object') return answer
  const { state } = answer as { state?: unknown }
  if (typeof state === 'string') learnState(redaction, state, id)
  return redactPart(redaction, answer, SECRET) as T
}

/** Itself when there is nothing to take out. */
function redactPart(redaction: Redaction, part: unknown, passed: ReadonlySet<string> = NOTHING): unknown {
  if (Array.isArray(part)) {
    const items = part.map((item: unknown) => redactPart(redaction, item))
    return items.some((item, i) => item !== part[i]) ? items : part
  }
  if (part === null || typeof part !== 'object') return redaction.redactAll(part)
  const changed = Object.entries(part).flatMap(([name, value]) => {
    if (passed.has(name) || NO_TEXT.has(name)) return []
    const clean = redactField(redaction, name, value)
    return clean === value ? [] : [[name, clean] as const]
  })
  return changed.length === 0 ? part : { ...part, ...Object.fromEntries(changed) }
}

const NOTHING: ReadonlySet<string> = new Set()

function redactField(redaction: Redaction, name: string, value: unknown): unknown {
  if (PARTS.has(name)) return redactPart(redaction, value)
  return name === 'outputs' ? redactOutputs(redaction, value) : redaction.redactAll(value)
}

/** Policies decide by the labels of an object of the cluster, where anybody who may see it sees them as they are. */
function redactOutputs(redaction: Redaction, outputs: unknown): unknown {
  if (outputs === null || typeof outputs !== 'object' || Array.isArray(outputs)) return redaction.redactAll(outputs)
  const { labels, ...rest } = outputs as { labels?: unknown }
  const clean = redaction.redactAll(rest)
  return clean === rest ? outputs : { ...clean, ...(labels !== undefined && { labels }) }
}
