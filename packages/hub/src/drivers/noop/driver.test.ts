import { conformance } from '@larder/kit/conformance'
import type { Harness } from '@larder/kit/conformance'
import type { Driver, Session, Want } from '@larder/kit'
import { describe, expect, test } from 'vitest'
import { noopDriver } from './driver.ts'

const silent = { debug() {}, info() {}, warn() {} }
const never = new AbortController().signal
const connect = (driver: Driver): Session =>
  driver.connect({ config: {}, credentials: {} }, { log: silent, now: () => new Date() })

const harness: Harness = {
  name: 'noop',
  supports: {
    provisions: true,
    finds: 'it makes what it offers',
    update: true,
    plan: 'no change has an effect',
    discover: 'there is nothing to find',
    wipe: true,
    watch: 'it changes by time alone, and observe says when to look again',
    login: 'its credentials open nothing',
    rejectedRecipe: true,
    rejectedRole: 'it takes every role',
    world: 'it makes nothing',
  },
  settleMs: 5_000,
  async open() {
    const driver = noopDriver()
    return {
      driver,
      session: connect(driver),
      reopen: async () => connect(noopDriver()),
      recipe: { delay: '20ms' },
      parameters: {},
      otherParameters: { size: 2 },
      roles: ['any'],
      wrongRecipe: { delay: 'soon' },
      close: async () => {},
    }
  },
}

const want = (more: Partial<Want>): Want => ({
  id: 'a',
  generation: 1,
  recipe: {},
  parameters: {},
  existing: 'Refuse',
  origin: { door: 'test' },
  changed: [],
  ...more,
})

describe('noop', () => {
  for (const { rule, title, run } of conformance(harness)) test(`${rule}: ${title}`, run)

  test('without a delay it is ready at once', async () => {
    const session = connect(noopDriver())
    await session.create(want({}), never)
    expect((await session.observe(want({}), never)).phase).toBe('ready')
  })

  test('a delay is waited for, by the clock that was given', async () => {
    let nowMs = 1_000
    const session = connect(noopDriver({ now: () => nowMs }))
    const { state } = await session.create(want({ recipe: { delay: '2s' } }), never)
    const asked = want({ recipe: { delay: '2s' }, ...(state === undefined ? {} : { state }) })
    expect(await session.observe(asked, never)).toMatchObject({ phase: 'changing', againMs: 2_000 })
    nowMs += 2_000
    expect((await session.observe(asked, never)).phase).toBe('ready')
  })

  test('a silent backend answers nothing, for as long as one waits', async () => {
    const log = { debug() {}, info() {}, warn() {} }
    const session = noopDriver().connect({ config: { silent: true }, credentials: {} }, { log, now: () => new Date() })
    const patience = new AbortController()
    const asked = session.observe(want({}), patience.signal)
    const probed = session.probe(patience.signal)
    patience.abort(new Error('out of patience'))
    await expect(asked).rejects.toThrow('out of patience')
    await expect(probed).rejects.toThrow('out of patience')
  })
})
