/**
 * Plays the hub: carries an instance through its life by the rules alone, keeping what the driver asks to keep. It
 * repeats every verb, as a hub that was killed in the middle does.
 */
import assert from 'node:assert/strict'
import type { Ack, Bound, Credential, Seen, Unbound, Want } from '../driver.ts'
import { wantOf } from './harness.ts'
import type { Harness, Stage } from './harness.ts'

export interface Kept {
  want: Want
  /** By credential id. */
  states: Map<string, string>
}

export const never: AbortSignal = new AbortController().signal

export const keep = (want: Want): Kept => ({ want, states: new Map() })

function remember(kept: Kept, answer: Ack | Seen): void {
  if (answer.state !== undefined) kept.want = { ...kept.want, state: answer.state }
}

export async function create(stage: Stage, kept: Kept): Promise<void> {
  remember(kept, await stage.session.create({ ...kept.want, intent: 'create' }, never))
}

/** A thing that is ready. */
export async function made(stage: Stage, harness: Harness, id: string): Promise<Kept> {
  const kept = keep(wantOf(stage, id))
  await create(stage, kept)
  await untilSeen(stage, kept, 'ready', harness.settleMs)
  return kept
}

export async function untilSeen(stage: Stage, kept: Kept, phase: Seen['phase'], settleMs: number): Promise<Seen> {
  const deadline = Date.now() + settleMs
  for (;;) {
    const seen = await stage.session.observe(kept.want, never)
    remember(kept, seen)
    if (seen.phase === phase) return seen
    const last = 'message' in seen ? `${seen.phase}: ${seen.message}` : seen.phase
    assert.ok(Date.now() < deadline, `still ${last} after ${settleMs} ms, expected ${phase}`)
    assert.notEqual(seen.phase, 'failed', last)
    if (seen.phase === 'unknown') await repeatIntent(stage, kept)
    await pause(seen.phase === 'changing' ? seen.againMs : 50)
  }
}

/** What takes several requests is told so by `unknown`, and gets its next one. */
async function repeatIntent(stage: Stage, kept: Kept): Promise<void> {
  if (kept.want.intent === 'delete') remember(kept, await stage.session.delete(kept.want, never))
  else await create(stage, kept)
}

export async function remove(stage: Stage, kept: Kept, settleMs: number): Promise<void> {
  kept.want = { ...kept.want, intent: 'delete' }
  remember(kept, await stage.session.delete(kept.want, never))
  await untilSeen(stage, kept, 'absent', settleMs)
}

type Settled = Extract<Bound, { phase: 'ready' }>

export async function bind(stage: Stage, kept: Kept, credential: Credential, settleMs: number): Promise<Settled> {
  const bound = await settle<Bound>(kept, credential, settleMs, (c) => stage.session.bind(kept.want, c, never))
  assert.equal(bound.phase, 'ready', 'message' in bound ? bound.message : undefined)
  return bound
}

export async function unbind(stage: Stage, kept: Kept, credential: Credential, settleMs: number): Promise<void> {
  const unbound = await settle<Unbound>(kept, credential, settleMs, (c) => stage.session.unbind(kept.want, c, never))
  assert.equal(unbound.phase, 'gone', 'message' in unbound ? unbound.message : undefined)
}

async function settle<T extends Bound | Unbound>(
  kept: Kept,
  credential: Credential,
  settleMs: number,
  verb: (credential: Credential) => Promise<T>,
): Promise<T> {
  const deadline = Date.now() + settleMs
  for (;;) {
    const state = kept.states.get(credential.id)
    const answer = await verb({ ...credential, ...(state === undefined ? {} : { state }) })
    if (answer.state !== undefined) kept.states.set(credential.id, answer.state)
    if (answer.phase !== 'changing') return answer
    assert.ok(Date.now() < deadline, `still ${answer.doing} after ${settleMs} ms`)
    await pause(answer.againMs)
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
