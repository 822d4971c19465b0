/** One function for each rule of docs/contracts/driver.md that can be tried from outside. */
import assert from 'node:assert/strict'
import type { Json, Want } from '../driver.ts'
import { isDriverError } from '../errors.ts'
import { credentialOf, wantOf } from './harness.ts'
import type { Ability, Harness, Stage } from './harness.ts'
import { bind, create, keep, made, never, pause, remove, unbind, untilSeen } from './life.ts'

export interface Case {
  rule: string
  title: string
  /** All of them. */
  needs?: Ability | readonly Ability[]
  run: (at: At) => Promise<void>
}

interface At {
  stage: Stage
  harness: Harness
  /** Everything that was logged or thrown so far, as text. */
  said: () => string
}

/** A verb begins things; one that takes longer waits for something. */
const VERB_MS = 2_000

export const CASES: readonly Case[] = [
  {
    rule: 'D1',
    title: 'describes itself: a name, two schemas of objects, traits',
    async run({ stage: { driver, recipe } }) {
      assert.match(driver.name, /^[a-z][a-z0-9-]*$/)
      assert.equal(driver.configSchema['type'], 'object')
      assert.equal(driver.recipeSchema['type'], 'object')
      const traits = driver.traits(recipe)
      assert.ok(['per-binding', 'per-instance'].includes(traits.credentials))
      assert.ok(['truth', 'state'].includes(traits.observes))
      assert.equal(typeof traits.provisions, 'boolean')
    },
  },
  {
    rule: 'D2',
    title: 'probe answers with plain JSON',
    async run({ stage }) {
      const { info } = await stage.session.probe(never)
      assert.equal(typeof info, 'object')
      assert.doesNotThrow(() => JSON.stringify(info))
    },
  },
  {
    rule: 'D3',
    title: 'observe of what was never created is absent, however often, and starts nothing',
    async run({ stage }) {
      const want = wantOf(stage, 'never-created')
      for (let i = 0; i < 3; i++) assert.deepEqual(await stage.session.observe(want, never), { phase: 'absent' })
      assert.equal((await stage.countOutside?.()) ?? 0, 0)
    },
  },
  {
    rule: 'D4',
    title: 'create returns before the thing is ready, and observe tells when it is',
    needs: 'provisions',
    async run({ stage, harness }) {
      const kept = keep(wantOf(stage, 'begun'))
      const startedAt = Date.now()
      await create(stage, kept)
      assert.ok(Date.now() - startedAt < VERB_MS, 'create waits for something')
      await untilSeen(stage, kept, 'ready', harness.settleMs)
    },
  },
  {
    rule: 'D5',
    title: 'create may be repeated, before and after it is ready, and changes nothing',
    needs: 'provisions',
    async run({ stage, harness }) {
      const kept = keep(wantOf(stage, 'repeated'))
      await create(stage, kept)
      await create(stage, kept)
      const first = await untilSeen(stage, kept, 'ready', harness.settleMs)
      await create(stage, kept)
      const second = await untilSeen(stage, kept, 'ready', harness.settleMs)
      assert.deepEqual(second.outside, first.outside)
      assert.deepEqual(second.outputs, first.outputs)
    },
  },
  {
    rule: 'D5',
    title: 'many creates of one id at once make one thing, also when the first answer was lost',
    needs: ['provisions', 'world'],
    async run({ stage, harness }) {
      const kept = keep(wantOf(stage, 'at-once'))
      await Promise.all([1, 2, 3, 4, 5].map(() => stage.session.create({ ...kept.want, intent: 'create' }, never)))
      await create(stage, kept)
      await untilSeen(stage, kept, 'ready', harness.settleMs)
      assert.equal(await stage.countOutside?.(), 1)
    },
  },
  {
    rule: 'D6',
    title: 'what is as wanted has no drift, and observing it changes nothing',
    needs: 'provisions',
    async run({ stage, harness }) {
      const kept = keep(wantOf(stage, 'in-sync'))
      await create(stage, kept)
      const first = await untilSeen(stage, kept, 'ready', harness.settleMs)
      assert.equal(first.phase, 'ready')
      assert.deepEqual(first.phase === 'ready' && first.drift, [])
      assert.deepEqual(await stage.session.observe(kept.want, never), first)
    },
  },
  {
    rule: 'D7',
    title: 'a session that begins anew sees what an earlier one made',
    needs: 'provisions',
    async run({ stage, harness }) {
      const kept = keep(wantOf(stage, 'remembered'))
      await create(stage, kept)
      const before = await untilSeen(stage, kept, 'ready', harness.settleMs)
      const later: Stage = { ...stage, session: await stage.reopen() }
      const after = await untilSeen(later, kept, 'ready', harness.settleMs)
      assert.deepEqual(after.outputs, before.outputs)
      assert.deepEqual(after.outside, before.outside)
      await remove(later, kept, harness.settleMs)
    },
  },
  {
    rule: 'D8',
    title: 'delete of what is not there succeeds',
    async run({ stage, harness }) {
      const kept = keep(wantOf(stage, 'never-there'))
      await remove(stage, kept, harness.settleMs)
      await remove(stage, kept, harness.settleMs)
    },
  },
  {
    rule: 'D8',
    title: 'delete ends in absent, may be repeated, and leaves nothing outside',
    needs: 'provisions',
    async run({ stage, harness }) {
      const kept = keep(wantOf(stage, 'deleted'))
      await create(stage, kept)
      await untilSeen(stage, kept, 'ready', harness.settleMs)
      await remove(stage, kept, harness.settleMs)
      await remove(stage, kept, harness.settleMs)
      assert.equal((await stage.countOutside?.()) ?? 0, 0)
    },
  },
  {
    rule: 'D8',
    title: 'delete right after create leaves nothing',
    needs: 'provisions',
    async run({ stage, harness }) {
      const kept = keep(wantOf(stage, 'short-lived'))
      await create(stage, kept)
      await remove(stage, kept, harness.settleMs)
      await pause(100)
      assert.equal((await stage.session.observe(kept.want, never)).phase, 'absent')
      assert.equal((await stage.countOutside?.()) ?? 0, 0)
    },
  },
  {
    rule: 'D9',
    title: 'bind repeated gives the same credential, also in a later session',
    needs: 'provisions',
    async run({ stage, harness }) {
      const kept = await made(stage, harness, 'bound')
      const credential = credentialOf(stage, 'one')
      const first = await bind(stage, kept, credential, harness.settleMs)
      const second = await bind(stage, kept, credential, harness.settleMs)
      assert.deepEqual(second.values, first.values)
      const later: Stage = { ...stage, session: await stage.reopen() }
      await untilSeen(later, kept, 'ready', harness.settleMs)
      // Its answer may have been lost: without the state that came with it.
      const third = await bind(later, keep(kept.want), credential, harness.settleMs)
      assert.deepEqual(third.values, first.values)
    },
  },
  {
    rule: 'D10',
    title: 'each credential is one of its own, unless the traits say per-instance',
    needs: 'provisions',
    async run({ stage, harness }) {
      const kept = await made(stage, harness, 'two-bindings')
      const one = await bind(stage, kept, credentialOf(stage, 'one'), harness.settleMs)
      const two = await bind(stage, kept, credentialOf(stage, 'two'), harness.settleMs)
      if (stage.driver.traits(stage.recipe).credentials === 'per-binding') {
        assert.notDeepEqual(one.values['password'], two.values['password'])
        assert.notDeepEqual(one.values['username'], two.values['username'])
      } else {
        assert.deepEqual(one.values, two.values)
      }
    },
  },
  {
    rule: 'D11',
    title: 'a credential logs in from when bind settles until unbind settles, and the others go on',
    needs: ['provisions', 'login'],
    async run({ stage, harness }) {
      const kept = await made(stage, harness, 'revoked')
      const leaving = credentialOf(stage, 'leaving')
      const one = await bind(stage, kept, leaving, harness.settleMs)
      const two = await bind(stage, kept, credentialOf(stage, 'staying'), harness.settleMs)
      assert.equal(await stage.login?.(one.values), true)
      await unbind(stage, kept, leaving, harness.settleMs)
      assert.equal(await stage.login?.(one.values), false, 'a revoked credential still logs in')
      assert.equal(await stage.login?.(two.values), true)
      const seen = await untilSeen(stage, kept, 'ready', harness.settleMs)
      if (seen.phase === 'ready' && seen.bindings) assert.deepEqual(seen.bindings, ['staying'])
    },
  },
  {
    rule: 'D11',
    title: 'unbind may be repeated, and is gone for a credential or an instance that never was',
    needs: 'provisions',
    async run({ stage, harness }) {
      const kept = await made(stage, harness, 'unbound')
      const credential = credentialOf(stage, 'one')
      await bind(stage, kept, credential, harness.settleMs)
      await unbind(stage, kept, credential, harness.settleMs)
      await unbind(stage, kept, credential, harness.settleMs)
      await unbind(stage, kept, credentialOf(stage, 'never-bound'), harness.settleMs)
      await unbind(stage, keep(wantOf(stage, 'no-instance')), credential, harness.settleMs)
    },
  },
  {
    rule: 'D12',
    title: 'a signal that is aborted already ends every verb, and nothing happens',
    async run({ stage }) {
      const { session } = stage
      const want = wantOf(stage, 'aborted')
      const credential = credentialOf(stage, 'one')
      const gone = AbortSignal.abort()
      const verbs: (() => Promise<unknown>)[] = [
        () => session.probe(gone),
        () => session.observe(want, gone),
        () => session.create({ ...want, intent: 'create' }, gone),
        () => session.delete({ ...want, intent: 'delete' }, gone),
        () => session.bind(want, credential, gone),
        () => session.unbind(want, credential, gone),
      ]
      for (const verb of verbs) await assert.rejects(verb, { name: 'AbortError' })
      assert.equal((await session.observe(want, never)).phase, 'absent')
    },
  },
  {
    rule: 'D13',
    title: 'a wrong recipe is thrown as invalid, with the path of the field, and makes nothing',
    needs: 'rejectedRecipe',
    async run({ stage }) {
      const want = wantOf(stage, 'wrong-recipe', { recipe: stage.wrongRecipe ?? null })
      await refusedAsInvalid(() => stage.session.create({ ...want, intent: 'create' }, never), /^recipe\./)
      assert.equal((await stage.session.observe(want, never)).phase, 'absent')
    },
  },
  {
    rule: 'D13',
    title: 'an unknown role is thrown as invalid',
    needs: ['provisions', 'rejectedRole'],
    async run({ stage, harness }) {
      const kept = await made(stage, harness, 'wrong-role')
      const credential = { ...credentialOf(stage, 'one'), role: 'no-such-role' }
      await refusedAsInvalid(() => stage.session.bind(kept.want, credential, never), /^role$/)
    },
  },
  {
    rule: 'D14',
    title: 'no secret value is logged, thrown, or part of what is observed',
    needs: 'provisions',
    async run({ stage, harness, said }) {
      const kept = await made(stage, harness, 'discreet')
      const credential = credentialOf(stage, 'one')
      const { values } = await bind(stage, kept, credential, harness.settleMs)
      const seen = await untilSeen(stage, kept, 'ready', harness.settleMs)
      await unbind(stage, kept, credential, harness.settleMs)
      const password = textOf(values['password'])
      assert.notEqual(password, '')
      const { state: _hidden, ...shown } = seen
      const open = said() + JSON.stringify(shown) + JSON.stringify(await stage.session.probe(never))
      assert.ok(!open.includes(password), 'a password was shown')
    },
  },
  {
    rule: 'D15',
    title: 'outputs are JSON of at most 64 KiB',
    needs: 'provisions',
    async run({ stage, harness }) {
      const kept = keep(wantOf(stage, 'outputs'))
      await create(stage, kept)
      const { outputs } = await untilSeen(stage, kept, 'ready', harness.settleMs)
      assert.ok(JSON.stringify(outputs ?? null).length <= 64 * 1024)
    },
  },
  {
    rule: 'D16',
    title: 'update brings what differs to what is wanted, and may be repeated',
    needs: ['provisions', 'update'],
    async run({ stage, harness }) {
      const kept = await made(stage, harness, 'changed')
      const changed: Want = {
        ...kept.want,
        generation: 2,
        parameters: stage.otherParameters ?? stage.parameters,
        changed: ['parameters'],
        intent: 'update',
      }
      const before = await stage.session.observe(changed, never)
      assert.ok(before.phase === 'ready' && before.drift.length > 0, 'the difference is not seen as drift')
      await stage.session.update?.(changed, never)
      await stage.session.update?.(changed, never)
      const seen = await untilSeen(stage, { ...kept, want: changed }, 'ready', harness.settleMs)
      assert.deepEqual(seen.phase === 'ready' && seen.drift, [])
    },
  },
  {
    rule: 'D17',
    title: 'plan says what a change would do, and does nothing',
    needs: 'plan',
    async run({ stage }) {
      const want = wantOf(stage, 'planned')
      const plan = await stage.session.plan?.(want, never)
      assert.deepEqual(plan?.errors, [])
      assert.equal((await stage.session.observe(want, never)).phase, 'absent')
      assert.equal((await stage.countOutside?.()) ?? 0, 0)
    },
  },
  {
    rule: 'D18',
    title: 'watch tells of what was made, and ends when its signal does',
    needs: ['provisions', 'watch'],
    async run({ stage, harness }) {
      const told = new Set<string>()
      const stop = new AbortController()
      const watching = stage.session.watch?.((id) => told.add(id), stop.signal)
      await made(stage, harness, 'watched')
      // Where the backend tells nobody, the driver asks from time to time.
      for (const until = Date.now() + harness.settleMs; told.size === 0 && Date.now() < until;) await pause(10)
      stop.abort()
      await watching
      assert.deepEqual([...told], ['watched'])
    },
  },
]

async function refusedAsInvalid(verb: () => Promise<unknown>, path: RegExp): Promise<void> {
  await assert.rejects(verb, (error: unknown) => {
    assert.ok(isDriverError(error), `not an error of the kit: ${String(error)}`)
    assert.equal(error.code, 'invalid')
    assert.match(error.path ?? '', path)
    return true
  })
}

function textOf(value: Json | Uint8Array | undefined): string {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  return typeof value === 'string' ? value : ''
}
