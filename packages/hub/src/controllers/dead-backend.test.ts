/** A backend that hangs or is down beside one that is well: what waits for the one costs the other nothing. */
import { findCondition } from '@larder/engine/runtime/conditions'
import { unavailable } from '@larder/kit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { backendKind } from '../model/backend.ts'
import { claimKind, type Claim } from '../model/claim.ts'
import { testHub, type TestHub } from './testing/hub.ts'
import { Shelf, shelfDriver } from './testing/shelf-driver.ts'
import { calmLine, troubledDriver, type Line } from './testing/troubled-driver.ts'

const CALLS_AT_A_TIME = 16

let line: Line
let attic: Shelf
let hub: TestHub

beforeEach(async () => {
  line = calmLine()
  attic = new Shelf()
  hub = await testHub({ drivers: [shelfDriver(new Shelf()), troubledDriver('attic', shelfDriver(attic), line)] })
  await hub.start()
  await hub.backend('shelf')
  await hub.backend('attic', { driver: 'attic' })
  await hub.service('jars')
  await hub.service('boxes', { backendRef: { name: 'attic' } })
  await hub.until('both classes to be usable', async () => {
    const ready = findCondition((await hub.admin.of(backendKind).get('attic')).status?.conditions, 'Ready')
    return ready?.status === 'True' ? true : undefined
  })
  line.calls.splice(0)
})

afterEach(() => hub.stop())

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}-${i}`)
const claimAll = (className: string, all: readonly string[]) =>
  Promise.all(all.map((name) => hub.claim(name, { className })))

async function byReason(): Promise<ReadonlyMap<string, readonly Claim[]>> {
  const found = new Map<string, Claim[]>()
  for (const claim of (await hub.admin.of(claimKind).list()).items) {
    if (claim.spec.className !== 'boxes') continue
    const reason = findCondition(claim.status?.conditions, 'Ready')?.reason ?? ''
    found.set(reason, [...(found.get(reason) ?? []), claim])
  }
  return found
}

const WAITING = 100

describe('a backend that hangs, with a hundred claims that wait for it', () => {
  test('delays no claim of another, gets no more calls than it may, and each claim says what it waits for', async () => {
    line.trouble = (verb) => (verb === 'probe' ? undefined : 'hang')
    await claimAll('boxes', names('box', WAITING))
    await hub.until('the backend to be full', () => (line.hanging >= CALLS_AT_A_TIME ? true : undefined))
    await claimAll('jars', names('jar', 10))
    for (const name of names('jar', 10)) await hub.ready(name)
    expect(line.hanging).toBe(CALLS_AT_A_TIME)
    const busy = await hub.until('those in line to say so', async () => {
      const found = (await byReason()).get('BackendBusy') ?? []
      return found.length >= WAITING - CALLS_AT_A_TIME ? found : undefined
    })
    expect(busy[0]?.status?.cause).toMatchObject({
      actor: 'provider',
      heals: true,
      message: 'backend attic works on as many requests as it may; this one keeps its place',
    })
    expect(line.hanging).toBe(CALLS_AT_A_TIME)
    // A clean stop would wait a while for the calls that hang.
    await hub.kill()
  }, 60_000)
})

describe('a backend that is down, with many claims that wait for it', () => {
  test('is asked by one probe alone; everybody says why; when it is back all are served, each once', async () => {
    const down = unavailable('the attic is locked')
    line.trouble = () => down
    const all = names('box', 80)
    await claimAll('boxes', all)
    await hub.until('all to say why', async () => {
      const found = (await byReason()).get('BackendUnavailable') ?? []
      return found.length === all.length ? true : undefined
    })
    // Each would have called several times; but the circuit was open before.
    expect(line.calls.filter((call) => !call.startsWith('probe')).length).toBeLessThan(60)
    const backend = await hub.cause(backendKind, 'attic')
    expect(backend).toMatchObject({ reason: 'BackendUnavailable', message: 'backend attic: the attic is locked' })
    const before = line.calls.length
    await claimAll('boxes', ['late'])
    expect(await hub.cause(claimKind, 'late', 'shop')).toMatchObject({ heals: true })
    expect(line.calls.slice(before).every((call) => call.startsWith('probe'))).toBe(true)

    line.trouble = () => undefined
    for (const name of all) await hub.ready(name)
    await hub.ready('late')
    expect([...attic.created.values()]).toEqual([...all, 'late'].map(() => 1))
  }, 60_000)
})
