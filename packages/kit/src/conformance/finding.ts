/** Rules for a driver that makes nothing: its services are objects of the cluster that exist, and are somebody else's. */
import assert from 'node:assert/strict'
import type { Found, Want } from '../driver.ts'
import { isDriverError } from '../errors.ts'
import { credentialOf, wantOf } from './harness.ts'
import type { Stage } from './harness.ts'
import { bind, keep, never, unbind } from './life.ts'
import type { Case } from './rules.ts'

export const FINDING: readonly Case[] = [
  {
    rule: 'D22',
    title: 'discover lists what a recipe offers, each with the object that it is',
    needs: 'finds',
    async run({ stage }) {
      const members = await offered(stage)
      for (const name of ['one', 'two']) await stage.offer?.(name)
      const found = await offered(stage)
      assert.equal(found.length, members.length + 2)
      for (const { resource, found: id } of found) {
        assert.ok(resource, `${id} has no resource`)
        assert.notEqual(resource.name, '')
      }
      assert.equal(new Set(found.map(({ found: id }) => id)).size, found.length)
    },
  },
  {
    rule: 'D22',
    title: 'what is held is ready, and says its labels; what does not exist is absent, and stays so',
    needs: 'finds',
    async run({ stage }) {
      const want = await held(stage, 'member')
      const seen = await stage.session.observe(want, never)
      assert.equal(seen.phase, 'ready')
      assert.equal(typeof (seen.outputs as { labels?: unknown }).labels, 'object')
      assert.deepEqual(await stage.session.observe(want, never), seen)
      const gone: Want = { ...want, resource: { ...want.resource!, name: 'never-there' } }
      assert.equal((await stage.session.observe(gone, never)).phase, 'absent')
      await stage.session.create({ ...gone, intent: 'create' }, never)
      assert.equal((await stage.session.observe(gone, never)).phase, 'absent')
    },
  },
  {
    rule: 'D22',
    title: 'create and delete, however often, touch nothing of what exists',
    needs: 'finds',
    async run({ stage }) {
      const want = await held(stage, 'untouched')
      const before = await offered(stage)
      for (let i = 0; i < 2; i++) {
        await stage.session.create({ ...want, intent: 'create' }, never)
        await stage.session.delete({ ...want, intent: 'delete' }, never)
      }
      assert.deepEqual(await offered(stage), before)
      assert.equal((await stage.session.observe(want, never)).phase, 'ready')
    },
  },
  {
    rule: 'D22',
    title:
      'bind copies the values and their type to all alike, also in a later session; unbind leaves the source alone',
    needs: 'finds',
    async run({ stage, harness }) {
      const want = await held(stage, 'copied')
      const one = await bind(stage, keep(want), credentialOf(stage, 'one'), harness.settleMs)
      assert.notEqual(Object.keys(one.values).length, 0)
      assert.equal(typeof one.secretType, 'string')
      await unbind(stage, keep(want), credentialOf(stage, 'one'), harness.settleMs)
      const later: Stage = { ...stage, session: await stage.reopen() }
      const two = await bind(later, keep(want), credentialOf(stage, 'two'), harness.settleMs)
      assert.deepEqual(two, one)
    },
  },
  {
    rule: 'D22',
    title: 'a bind of what is not held, or does not exist, gives no values',
    needs: 'finds',
    async run({ stage }) {
      const want = await held(stage, 'missing')
      const wrong: readonly Want[] = [
        wantOf(stage, 'holds-nothing'),
        { ...want, resource: { ...want.resource!, name: 'never-there' } },
      ]
      for (const each of wrong) {
        try {
          const { phase } = await stage.session.bind(each, credentialOf(stage, 'one'), never)
          assert.notEqual(phase, 'ready')
        } catch (error) {
          assert.ok(isDriverError(error), `no error of the kit: ${String(error)}`)
        }
      }
    },
  },
]

async function offered(stage: Stage): Promise<readonly Found[]> {
  const all: Found[] = []
  for await (const each of stage.session.discover?.({ recipe: stage.recipe }, never) ?? []) {
    if ('found' in each) all.push(each)
  }
  return all
}

/** A want that holds something which was just offered. */
async function held(stage: Stage, name: string): Promise<Want> {
  const resource = await stage.offer?.(name)
  assert.ok(resource, 'the stage of a driver that finds has offer()')
  return wantOf(stage, name, { resource, existing: 'Observe' })
}
