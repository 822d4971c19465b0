import { turnedClock } from '@larder/engine/base/testing/turned-clock'
import { expect, test } from 'vitest'
import { DriverFailure } from './failure.ts'
import { createTurns, type Turns } from './turns.ts'

const settle = () => new Promise((resolve) => setImmediate(resolve))
const down = new DriverFailure('BackendUnavailable', 'backend b: no answer')

function line(limit: number) {
  const clock = turnedClock()
  const turns = createTurns({ backend: 'b', limit, clock, random: () => 0 })
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const woken: string[] = []
  const abort = new AbortController()
  const take = (id: string, key = id) =>
    turns
      .take({ key, id, signal: abort.signal, wake: () => woken.push(key) })
      .then((end) => {
        begun.push(key)
        ends.set(key, end)
        return undefined
      })
      .catch((error: unknown) => error as DriverFailure)
  const end = async (key: string) => {
    ends.get(key)?.()
    await settle()
  }
  return { clock, turns, take, end, begun, woken }
}

const waits = (turns: Turns) => turns.waiting

test('no more calls at a time than the limit, and the oldest goes first', async () => {
  const { turns, take, end, begun } = line(2)
  for (const id of ['a', 'b', 'c', 'd']) void take(id)
  await settle()
  expect(begun).toEqual(['a', 'b'])
  expect(turns.running).toBe(2)
  await end('b')
  expect(begun).toEqual(['a', 'b', 'c'])
  // Twice is once.
  await end('b')
  expect(begun).toEqual(['a', 'b', 'c'])
  await end('a')
  expect(begun).toEqual(['a', 'b', 'c', 'd'])
})

test('an instance that asks often does not come before one that asks once', async () => {
  const { take, end, begun } = line(2)
  for (const n of [1, 2, 3, 4]) void take('often', `often-${n}`)
  void take('once')
  await settle()
  expect(begun).toEqual(['often-1', 'often-2'])
  await end('often-1')
  expect(begun.at(-1)).toBe('once')
})

test('who waits long is told why, keeps the place, and is woken when the turn comes', async () => {
  const { clock, turns, take, end, begun, woken } = line(1)
  void take('a')
  const told = take('b')
  await clock.advance(2000)
  expect(await told).toMatchObject({ reason: 'BackendBusy', repeated: true, afterMs: 30_000 })
  void take('c')
  await settle()
  await end('a')
  // b was first, and is called; c is here, and takes what would stand idle.
  expect(begun).toEqual(['a', 'c'])
  await end('c')
  expect(woken).toEqual(['b'])
  void take('d')
  void take('b')
  await settle()
  await end('d')
  expect(begun).toEqual(['a', 'c', 'd', 'b'])
  expect(waits(turns)).toBe(0)
})

test('a thousand that wait for a backend that is closed are called in order and a few at a time when it opens', async () => {
  const { turns, take, end, begun, woken } = line(16)
  turns.close(down)
  const names = Array.from({ length: 1000 }, (_, i) => `i-${i}`)
  const told = await Promise.all(names.map((name) => take(name)))
  expect(told.every((failure) => failure?.reason === 'BackendUnavailable' && failure.repeated)).toBe(true)
  expect(begun).toEqual([])
  turns.open()
  expect(woken).toEqual(['i-0'])
  for (let served = 0; served < 1000; served++) {
    void take(woken[served]!)
    await settle()
    turns.succeeded()
    await end(woken[served]!)
    expect(woken.length - begun.length).toBeLessThanOrEqual(16)
  }
  expect(begun).toEqual(names)
  expect(waits(turns)).toBe(0)
})

test('who was called and does not come holds nobody up', async () => {
  const { clock, turns, take, woken, begun } = line(1)
  turns.close(down)
  await take('gone')
  await take('here')
  turns.open()
  expect(woken).toEqual(['gone'])
  await clock.advance(10_000)
  expect(woken).toEqual(['gone', 'here'])
  void take('here')
  await settle()
  expect(begun).toEqual(['here'])
})

test('calls from before the backend was given up take no turn of those that come after', async () => {
  const { turns, take, end, begun } = line(1)
  void take('hangs')
  await settle()
  turns.close(down)
  turns.open()
  void take('a')
  await settle()
  expect(begun).toEqual(['hangs', 'a'])
  await end('hangs')
  expect(turns.running).toBe(1)
})

test('a line that ends sends nobody into nowhere: all are asked to come again', async () => {
  const { turns, take, woken } = line(1)
  void take('a')
  const waiting = take('b')
  await settle()
  turns.close(down)
  await take('c')
  turns.dissolve()
  expect(await waiting).toMatchObject({ repeated: true })
  expect(woken).toEqual(['b', 'c'])
  expect(waits(turns)).toBe(0)
})
