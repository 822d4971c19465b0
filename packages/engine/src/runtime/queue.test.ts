import { describe, expect, test } from 'vitest'
import { turnedClock } from '../base/testing/turned-clock.ts'
import { createQueue } from './queue.ts'

function setUp(backoff = { baseMs: 100, capMs: 1000 }) {
  const clock = turnedClock()
  const queue = createQueue({ clock, backoff, random: () => 1 })
  return { clock, queue }
}

describe('queue', () => {
  test('a key added three times runs once', async () => {
    const { queue } = setUp()
    queue.add('a')
    queue.add('a')
    queue.add('b')
    queue.add('a')
    expect(queue.depth).toBe(2)
    expect(await queue.next()).toBe('a')
    expect(await queue.next()).toBe('b')
    expect(queue.depth).toBe(0)
  })

  test('a running key is not given to a second worker, and runs once more if it was added meanwhile', async () => {
    const { queue } = setUp()
    queue.add('a')
    expect(await queue.next()).toBe('a')
    queue.add('a')
    queue.add('a')
    let second: string | undefined
    const waiting = queue.next().then((key) => (second = key))
    await new Promise((resolve) => setImmediate(resolve))
    expect(second).toBeUndefined()
    queue.done('a')
    expect(await waiting).toBe('a')
    queue.done('a')
    expect(queue.depth).toBe(0)
  })

  test('what is swept runs when there is time, and one of four while there is none', async () => {
    const { queue } = setUp()
    const asked: string[] = []
    function* keys() {
      for (const key of ['old-1', 'old-2', 'old-3', 'a']) {
        asked.push(key)
        yield key
      }
    }
    queue.sweep(keys(), 4)
    for (const key of ['a', 'b', 'c', 'd', 'old-3']) queue.add(key)
    expect(queue.depth).toBe(9)
    const order = []
    // Those that run already are not asked for again.
    for (let i = 0; i < 7; i++) order.push(await queue.next())
    expect(order).toEqual(['a', 'b', 'c', 'old-1', 'd', 'old-3', 'old-2'])
    expect(asked).toEqual(['old-1', 'old-2'])
    const waiting = queue.next()
    queue.add('new')
    expect(await waiting).toBe('new')
    expect(asked).toEqual(['old-1', 'old-2', 'old-3', 'a'])
    expect(queue.depth).toBe(0)
  })

  test('who waits for a key gets one that is swept', async () => {
    const { queue } = setUp()
    const waiting = [queue.next(), queue.next(), queue.next()]
    queue.sweep(['old-1', 'old-2'], 2)
    queue.add('new')
    expect(await Promise.all(waiting)).toEqual(['old-1', 'old-2', 'new'])
  })

  test('the earlier of two appointments holds', async () => {
    const { clock, queue } = setUp()
    queue.addAfter('a', 500)
    queue.addAfter('a', 200)
    queue.addAfter('a', 900)
    await clock.advance(199)
    expect(queue.depth).toBe(0)
    await clock.advance(1)
    expect(await queue.next()).toBe('a')
    queue.done('a')
    await clock.advance(10_000)
    expect(queue.depth).toBe(0)
  })

  test('a run forgets the older appointment', async () => {
    const { clock, queue } = setUp()
    queue.addAfter('a', 500)
    queue.add('a')
    expect(await queue.next()).toBe('a')
    queue.done('a')
    await clock.advance(1000)
    expect(queue.depth).toBe(0)
  })

  test('failures double the delay up to the cap, forget starts over, keys do not share', () => {
    const { queue } = setUp()
    expect([1, 2, 3, 4, 5, 6].map(() => queue.addRateLimited('a'))).toEqual([100, 200, 400, 800, 1000, 1000])
    expect(queue.addRateLimited('b')).toBe(100)
    queue.forget('a')
    expect(queue.addRateLimited('a')).toBe(100)
  })

  test('jitter spreads over the upper half', () => {
    const clock = turnedClock()
    const delays = [0, 0.5, 0.999].map((r) =>
      createQueue({ clock, random: () => r, backoff: { baseMs: 100, capMs: 1000 } }).addRateLimited('a'),
    )
    expect(delays[0]).toBe(50)
    expect(delays[1]).toBe(75)
    expect(delays[2]).toBeLessThan(100)
  })

  test('close wakes the waiting worker and drops appointments', async () => {
    const { clock, queue } = setUp()
    const waiting = queue.next()
    queue.addAfter('a', 10)
    queue.close()
    expect(await waiting).toBeUndefined()
    expect(clock.nextMs).toBeUndefined()
    queue.add('b')
    expect(await queue.next()).toBeUndefined()
  })
})
