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

/** Everything but what is meant to be secret: it goes into Secrets. */
export function redactAnswer<T>(redaction: Redaction, answer: T, id: string): T {
  if (answer === null || typeof answer !== 'object') return answer
  const { state, values, ...open } = answer as { state?: unknown; values?: unknown }
  if (typeof state === 'string') learnState(redaction, state, id)
  const clean: object = redaction.redactAll(open)
  if (clean === open) return answer
  return { ...clean, ...(state !== undefined && { state }), ...(values !== undefined && { values }) } as T
}
