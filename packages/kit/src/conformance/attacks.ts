/**
 * What goes wrong around a driver: aborted calls, doubled calls, lost answers, calls at the same time, a hub that was killed. The hub
 * does all of that to every driver, and so does the suite, with the same rule in mind: what the hub wants in the end is there once, and what it
 * does not want is gone.
 */
import assert from 'node:assert/strict'
import type { Want } from '../driver.ts'
import { isDriverError } from '../errors.ts'
import { credentialOf, wantOf } from './harness.ts'
import type { Harness, Stage } from './harness.ts'
import { bind, create, keep, made, never, pause, remove, unbind, untilSeen } from './life.ts'
import type { Kept } from './life.ts'
import type { Case } from './rules.ts'

/** Moments of an abort: at once, in the middle of what takes a while, and after what does not. */
const ABORT_AFTER_MS = [0, 1, 5, 20, 100]

export const ATTACKS: readonly Case[] = [
  {
    rule: 'D12',
    title: 'create aborted in the middle, at several moments, and repeated, makes one thing',
    needs: 'provisions',
    async run({ stage, harness }) {
      for (const afterMs of ABORT_AFTER_MS) {
        const kept = keep(wantOf(stage, `aborted-after-${afterMs}`))
        await aborted(afterMs, (s) => stage.session.create({ ...kept.want, intent: 'create' }, s))
        await create(stage, kept)
        await untilSeen(stage, kept, 'ready', harness.settleMs)
        await counted(stage, 1)
        await remove(stage, kept, harness.settleMs)
      }
      await counted(stage, 0)
    },
  },
  {
    rule: 'D12',
    title: 'bind aborted in the middle, and repeated, leaves one credential, which unbind revokes',
    needs: 'provisions',
    async run({ stage, harness }) {
      const kept = await made(stage, harness, 'bind-aborted')
      for (const afterMs of ABORT_AFTER_MS) {
        const credential = credentialOf(stage, `after-${afterMs}`)
        await aborted(afterMs, (s) => stage.session.bind(kept.want, credential, s))
        const first = await bind(stage, kept, credential, harness.settleMs)
        const second = await bind(stage, keep(kept.want), credential, harness.settleMs)
        assert.deepEqual(second.values, first.values)
        await loggedIn(stage, first.values, true)
        await aborted(afterMs, (s) => stage.session.unbind(kept.want, credential, s))
        await unbind(stage, kept, credential, harness.settleMs)
        await loggedIn(stage, first.values, false)
      }
      await boundTo(stage, harness, kept, [])
    },
  },
  {
    rule: 'D12',
    title: 'delete aborted in the middle, and repeated, leaves nothing',
    needs: 'provisions',
    async run({ stage, harness }) {
      for (const afterMs of ABORT_AFTER_MS) {
        const kept = await made(stage, harness, `delete-after-${afterMs}`)
        await aborted(afterMs, (s) => stage.session.delete({ ...kept.want, intent: 'delete' }, s))
        await remove(stage, kept, harness.settleMs)
      }
      await counted(stage, 0)
    },
  },
  {
    rule: 'D5',
    title: 'a create whose answer was lost with the hub is found again by the next, without its state',
    needs: 'provisions',
    async run({ stage, harness }) {
      const lost = wantOf(stage, 'answer-lost')
      await stage.session.create({ ...lost, intent: 'create' }, never)
      const later: Stage = { ...stage, session: await stage.reopen() }
      const kept = keep(lost)
      await create(later, kept)
      await untilSeen(later, kept, 'ready', harness.settleMs)
      await counted(stage, 1)
      await remove(later, kept, harness.settleMs)
      await counted(stage, 0)
    },
  },
  {
    rule: 'D8',
    title: 'what an earlier session made and bound, a later one unbinds and deletes with the state of before',
    needs: 'provisions',
    async run({ stage, harness }) {
      const kept = await made(stage, harness, 'inherited')
      const credential = credentialOf(stage, 'inherited')
      const { values } = await bind(stage, kept, credential, harness.settleMs)
      const later: Stage = { ...stage, session: await stage.reopen() }
      await untilSeen(later, kept, 'ready', harness.settleMs)
      await unbind(later, kept, credential, harness.settleMs)
      await loggedIn(stage, values, false)
      await remove(later, kept, harness.settleMs)
      await counted(stage, 0)
    },
  },
  {
    rule: 'D8',
    title: 'deletes at the same time, and one while create is under way, leave nothing',
    needs: 'provisions',
    async run({ stage, harness }) {
      const kept = keep(wantOf(stage, 'torn'))
      const going = { ...kept.want, intent: 'delete' as const }
      // Whichever is first: the one that comes second may be refused, and is repeated.
      await Promise.allSettled([create(stage, kept), stage.session.delete(going, never)])
      await Promise.all([1, 2, 3].map(() => stage.session.delete({ ...going, ...stateOf(kept) }, never)))
      await remove(stage, kept, harness.settleMs)
      await counted(stage, 0)
    },
  },
  {
    rule: 'D9',
    title: 'binds at the same time: each credential once, one of its own, and the same to all who asked for it',
    needs: 'provisions',
    async run({ stage, harness }) {
      const kept = await made(stage, harness, 'crowd')
      const ids = ['a', 'b', 'c', 'a', 'b']
      const all = await Promise.all(
        ids.map((id) => bind(stage, keep(kept.want), credentialOf(stage, id), harness.settleMs)),
      )
      assert.deepEqual(all[3]?.values, all[0]?.values)
      assert.deepEqual(all[4]?.values, all[1]?.values)
      for (const { values } of all) await loggedIn(stage, values, true)
      await Promise.all(['a', 'a', 'b'].map((id) => unbind(stage, kept, credentialOf(stage, id), harness.settleMs)))
      await loggedIn(stage, all[0]!.values, false)
      await loggedIn(stage, all[2]!.values, true)
      await boundTo(stage, harness, kept, ['c'])
    },
  },
  {
    rule: 'D11',
    title: 'an unbind whose bind was never answered revokes what that bind made',
    needs: 'provisions',
    async run({ stage, harness }) {
      const kept = await made(stage, harness, 'unanswered')
      const credential = credentialOf(stage, 'unseen')
      const { values } = await bind(stage, keep(kept.want), credential, harness.settleMs)
      const later: Stage = { ...stage, session: await stage.reopen() }
      await untilSeen(later, kept, 'ready', harness.settleMs)
      // Without the state that came with the answer.
      await unbind(later, keep(kept.want), credential, harness.settleMs)
      await loggedIn(stage, values, false)
    },
  },
  {
    rule: 'D3',
    title: 'asking about what is not there, or changing it, makes nothing',
    needs: 'provisions',
    async run({ stage }) {
      const want = wantOf(stage, 'unknown')
      const { session } = stage
      const verbs: (() => Promise<unknown> | undefined)[] = [
        () => session.bind(want, credentialOf(stage, 'one'), never),
        () => session.update?.({ ...want, intent: 'update' }, never),
        () => session.wipe?.(want, never),
      ]
      for (const verb of verbs) {
        try {
          await verb()
        } catch (error) {
          assert.ok(isDriverError(error), `no error of the kit: ${String(error)}`)
        }
      }
      assert.equal((await stage.session.observe(want, never)).phase, 'absent')
      await counted(stage, 0)
    },
  },
  {
    rule: 'D16',
    title: 'updates at the same time, and one aborted in the middle, end in what was wanted last',
    needs: ['provisions', 'update'],
    async run({ stage, harness }) {
      const kept = await made(stage, harness, 'updated')
      const want = changed(stage, kept)
      await aborted(1, async (s) => stage.session.update?.(want, s))
      await Promise.all([1, 2, 3].map(async () => stage.session.update?.(want, never)))
      const seen = await untilSeen(stage, { ...kept, want }, 'ready', harness.settleMs)
      assert.deepEqual(seen.phase === 'ready' && seen.drift, [])
      await counted(stage, 1)
    },
  },
  {
    rule: 'D17',
    title: 'plan of a change changes nothing of what exists',
    needs: ['provisions', 'plan', 'update'],
    async run({ stage, harness }) {
      const kept = await made(stage, harness, 'planned-change')
      const before = await stage.session.observe(kept.want, never)
      const plan = await stage.session.plan?.(changed(stage, kept), never)
      assert.deepEqual(plan?.errors, [])
      for (const { kind } of plan?.effects ?? [])
        assert.ok(EFFECTS.includes(kind), `no effect of the contract: ${kind}`)
      assert.deepEqual(await stage.session.observe(kept.want, never), before)
    },
  },
  {
    rule: 'D21',
    title:
      'wipe, repeated and aborted in the middle, leaves the service without users of before, once for a generation',
    needs: ['provisions', 'wipe'],
    async run({ stage, harness }) {
      const kept = await made(stage, harness, 'wiped')
      const before = await bind(stage, kept, credentialOf(stage, 'before'), harness.settleMs)
      await aborted(1, async (s) => stage.session.wipe?.({ ...kept.want, generation: 2 }, s))
      kept.want = { ...kept.want, generation: 2 }
      await wipe(stage, kept, harness)
      await loggedIn(stage, before.values, false)
      await boundTo(stage, harness, kept, [])
      const after = await bind(stage, kept, credentialOf(stage, 'after'), harness.settleMs)
      // The same wipe again comes too late: the next owner is there.
      await wipe(stage, kept, harness)
      await loggedIn(stage, after.values, true)
      await boundTo(stage, harness, kept, ['after'])
    },
  },
]

const EFFECTS: readonly string[] = ['inPlace', 'restart', 'replace', 'destroy']

/** The call, aborted after a while; a driver may end it, or have done by then. */
async function aborted(afterMs: number, call: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const abort = new AbortController()
  const calling = call(abort.signal)
  const timer = setTimeout(() => abort.abort(), afterMs)
  try {
    await calling
  } catch (error) {
    const isAbort = error instanceof Error && error.name === 'AbortError'
    assert.ok(isAbort || isDriverError(error), `D20: no error of the kit: ${String(error)}`)
  } finally {
    clearTimeout(timer)
  }
}

async function counted(stage: Stage, count: number): Promise<void> {
  if (stage.countOutside) assert.equal(await stage.countOutside(), count, 'things outside')
}

async function loggedIn(
  stage: Stage,
  values: Parameters<NonNullable<Stage['login']>>[0],
  does: boolean,
): Promise<void> {
  if (stage.login) assert.equal(await stage.login(values), does, does ? 'does not log in' : 'still logs in')
}

async function boundTo(stage: Stage, harness: Harness, kept: Kept, ids: readonly string[]): Promise<void> {
  const seen = await untilSeen(stage, kept, 'ready', harness.settleMs)
  if (seen.phase === 'ready' && seen.bindings) assert.deepEqual([...seen.bindings].sort(), [...ids].sort())
}

async function wipe(stage: Stage, kept: Kept, harness: Harness): Promise<void> {
  const deadline = Date.now() + harness.settleMs
  for (;;) {
    const ack = await stage.session.wipe?.(kept.want, never)
    if (ack?.state !== undefined) kept.want = { ...kept.want, state: ack.state }
    if (ack?.againMs === undefined) break
    assert.ok(Date.now() < deadline, `still wiping after ${harness.settleMs} ms`)
    await pause(ack.againMs)
  }
  await untilSeen(stage, kept, 'ready', harness.settleMs)
}

const stateOf = ({ want: { state } }: Kept) => (state === undefined ? {} : { state })

const changed = (stage: Stage, { want }: Kept): Want => ({
  ...want,
  generation: 2,
  parameters: stage.otherParameters ?? stage.parameters,
  changed: ['parameters'],
  intent: 'update',
})
