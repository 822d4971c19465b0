import { secretType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import type { Seen } from '@larder/kit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimKind } from '../../model/claim.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import type { TestHub } from '../testing/hub.ts'
import { instanceReady } from '../testing/instances.ts'
import type { Shelf } from '../testing/shelf-driver.ts'
import { shelfHub } from '../testing/shelf-hub.ts'
import { beginStep, endStep, formatTook, type Timeline } from './timeline.ts'

let shelf: Shelf
let hub: TestHub

beforeEach(async () => {
  ;({ hub, shelf } = await shelfHub({ consumers: { namespaces: ['shop'] } }))
})

afterEach(() => hub.stop())

const make = (spec: Partial<Instance['spec']> = {}) =>
  hub.admin.of(instanceKind).create({
    metadata: { name: 'mine', namespace: 'shop' },
    spec: { backendRef: { name: 'shelf' }, type: 'jar', ...spec },
  })

const get = () => hub.admin.of(instanceKind).get('mine', 'shop')

const ready = () => instanceReady(hub, 'mine', 'shop')

describe('an instance that a person made', () => {
  test('gets its id outside from its uid, once, before the driver hears of it', async () => {
    const { metadata } = await make()
    const instance = await ready()
    expect(instance.spec.externalID).toBe(metadata.uid)
    expect(shelf.created.get(metadata.uid!)).toBe(1)
    expect(instance.status).toMatchObject({ claims: 0, outside: { id: `shelf/${metadata.uid}` } })
    expect(findCondition(instance.status?.conditions, 'Provisioned')).toMatchObject({
      status: 'True',
      reason: 'Provisioned',
    })
    await hub.admin.of(instanceKind).delete('mine', { namespace: 'shop' })
    await hub.until('the service to go', () => (shelf.services.size === 0 ? true : undefined))
  })

  test('keeps an id that it was given', async () => {
    await make({ externalID: 'restored' })
    await ready()
    expect([...shelf.services.keys()]).toEqual(['restored'])
  })
})

describe('while the backend works', () => {
  test('steps, progress and what the backend says are told; a driver that watches wakes at once', async () => {
    const says: Seen[] = [
      {
        phase: 'changing',
        doing: 'blowing',
        message: '1/3 done',
        againMs: 600_000,
        expectedAt: '2026-11-21T04:00:00Z',
      },
      { phase: 'changing', doing: 'cooling', againMs: 600_000 },
    ]
    let turn = 0
    shelf.seen = (want) => (shelf.services.has(want.id) ? says[turn] : undefined)
    const { metadata } = await make()
    const blowing = await hub.until('the first step', async () => {
      const instance = await get()
      return instance.status?.progress ? instance : undefined
    })
    expect(blowing.status?.progress).toEqual({
      step: 'blowing',
      message: '1/3 done',
      expectedAt: '2026-11-21T04:00:00Z',
    })
    expect(blowing.status?.cause).toMatchObject({
      reason: 'Creating',
      message: '1/3 done',
      actor: 'provider',
      heals: true,
    })
    expect(blowing.status?.conditions?.map((c) => [c.type, c.status]).toSorted()).toEqual([
      ['Provisioned', 'False'],
      ['Ready', 'False'],
      ['Reconciling', 'True'],
    ])
    turn = 1
    shelf.changed(metadata.uid!)
    await hub.until('the second step', async () =>
      (await get()).status?.progress?.step === 'cooling' ? true : undefined,
    )
    turn = 2
    shelf.changed(metadata.uid!)
    const { status } = await ready()
    expect(status?.progress).toBeUndefined()
    expect(status?.steps?.map((s) => [s.name, s.outcome, s.attempts])).toEqual([
      ['create', 'Done', 1],
      ['blowing', 'Done', 1],
      ['cooling', 'Done', 1],
    ])
  })

  test('a service that stops by itself is not told as a change', async () => {
    const { metadata } = await make()
    await ready()
    let down = true
    shelf.seen = () => (down ? { phase: 'changing', doing: 'Restarting', againMs: 600_000 } : undefined)
    shelf.changed(metadata.uid!)
    const cause = await hub.until('a cause', async () => (await get()).status?.cause)
    expect(cause).toMatchObject({ reason: 'Recovering', message: 'Restarting', heals: true })
    down = false
    shelf.changed(metadata.uid!)
    expect((await ready()).status?.steps?.map((s) => s.name)).toEqual(['create', 'Restarting'])
  })

  test('something changed it outside: it is put right', async () => {
    const { metadata } = await make({ parameters: { lid: 'red' } })
    await ready()
    const service = shelf.services.get(metadata.uid!)!
    shelf.services.set(metadata.uid!, { ...service, parameters: { lid: 'black' } })
    shelf.changed(metadata.uid!)
    await hub.until('the correction', () => (shelf.count('update') > 0 ? true : undefined))
    expect(shelf.services.get(metadata.uid!)?.parameters).toEqual({ lid: 'red' })
  })

  test('what never was in use may be made anew; what was is left as it is', async () => {
    let broken = true
    shelf.seen = (want) =>
      broken && shelf.services.has(want.id)
        ? { phase: 'failed', reason: 'Cracked', message: 'in the oven', usable: false, retry: 'recreate' }
        : undefined
    const { metadata } = await make()
    await hub.until('a deletion', () => (shelf.count('delete') > 0 ? true : undefined))
    broken = false
    await ready()
    expect(shelf.created.get(metadata.uid!)).toBeGreaterThan(1)
    const deletions = shelf.count('delete')
    broken = true
    shelf.changed(metadata.uid!)
    const cause = await hub.until('a cause', async () => (await get()).status?.cause)
    expect(cause).toMatchObject({ reason: 'ProvisioningFailed', message: 'Cracked: in the oven' })
    expect(shelf.count('delete')).toBe(deletions)
  })

  test('what the driver wants remembered is kept in a Secret beside the instance', async () => {
    const told: (string | undefined)[] = []
    shelf.seen = (want) => {
      told.push(want.state)
      return shelf.services.has(want.id) ? { phase: 'ready', drift: [], state: 'cookie-7' } : undefined
    }
    const { metadata } = await make()
    await ready()
    const secret = await hub.admin.of(secretType).get('mine-driver', 'shop')
    expect(Buffer.from(secret.data!['instance']!, 'base64').toString()).toBe('cookie-7')
    await hub.kill()
    await hub.start()
    await hub.until('the next look', () => (told.at(-1) === 'cookie-7' ? true : undefined))
    expect(shelf.created.get(metadata.uid!)).toBe(1)
  })
})

test('credentials that are not shown twice: a lost Secret means others, and the lost ones are revoked', async () => {
  await hub.service('jars')
  await hub.claim('jar', { className: 'jars' })
  const { status } = await hub.ready('jar')
  shelf.bound = (_, { id }) => (id === status?.credential?.id ? { phase: 'withheld' } : undefined)
  await hub.admin.of(secretType).delete('jar', { namespace: 'shop' })
  await hub.until('other credentials', async () => {
    const now = await hub.admin.of(claimKind).get('jar', 'shop')
    const { credential } = now.status ?? {}
    return credential?.serial === 2 && credential.issuedAt && !credential.predecessor ? true : undefined
  })
  expect(shelf.calls).toContain(`unbind ${status?.credential?.id}`)
  expect(shelf.accepts((await hub.secretValues('jar'))!['password']!)).toBe(true)
})

describe('the timeline', () => {
  test('counts attempts of one step, and keeps the last twenty', () => {
    const timeline: Timeline = {}
    beginStep(timeline, 'create', 0)
    endStep(timeline, 'Failed', 'no', 10)
    beginStep(timeline, 'create', 20)
    endStep(timeline, 'Done', undefined, 430)
    expect(timeline.steps).toEqual([
      { name: 'create', startedAt: '1970-01-01T00:00:00.000Z', took: '430ms', attempts: 2, outcome: 'Done' },
    ])
    for (let i = 0; i < 30; i++) beginStep(timeline, `step-${i}`, i)
    expect(timeline.steps).toHaveLength(20)
    expect(timeline.steps?.at(-1)?.name).toBe('step-29')
  })

  test.each([
    [412, '412ms'],
    [2400, '2.4s'],
    [220_000, '3m40s'],
  ])('%i ms is %s', (ms, text) => expect(formatTook(ms)).toBe(text))
})
