import { denied, invalid, throttled, unavailable } from '@larder/kit'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createLookup, type Lookup } from './lookup.ts'

interface Thing {
  name: string
  version: number
}

const never = new AbortController().signal
let world: Map<string, Thing>
let asked: string[]
let nowMs: number
let listFails: Error | undefined
let badNames: Set<string>
let listHangs: boolean
let answers: Promise<void>
let lookup: Lookup<Thing>

beforeEach(() => {
  world = new Map(Array.from({ length: 10 }, (_, i) => [`t${i}`, { name: `t${i}`, version: 1 }]))
  asked = []
  nowMs = 1_000_000
  listFails = undefined
  badNames = new Set()
  listHangs = false
  answers = Promise.resolve()
  lookup = createLookup<Thing>(
    {
      nameOf: ({ name }) => name,
      async one(name) {
        asked.push(name)
        if (badNames.has(name)) throw invalid('name', `${name} is no name`)
        const seen = world.get(name)
        await answers
        return seen
      },
      async *all(signal) {
        asked.push('*')
        if (listFails) throw listFails
        if (listHangs) await aborted(signal)
        const seen = [...world.values()].map((thing) => ({ ...thing }))
        await answers
        yield seen.slice(0, 5)
        yield seen.slice(5)
      },
    },
    () => nowMs,
  )
})

/** As the SDK ends a request. */
const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const end = () => reject(new DOMException('Request aborted', 'AbortError'))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end)
  })

const findAll = (count: number) => Promise.all(Array.from({ length: count }, (_, i) => lookup.find(`t${i}`, never)))

/** Holds answers until it is called. */
function held(): () => void {
  const gate = new AbortController()
  answers = new Promise((resolve) => gate.signal.addEventListener('abort', () => resolve()))
  return () => gate.abort()
}

describe('many who ask', () => {
  test('at once are answered by one question, and the rest by one list', async () => {
    const found = await findAll(10)
    expect(found.map((thing) => thing?.name)).toEqual(Array.from({ length: 10 }, (_, i) => `t${i}`))
    expect(asked).toEqual(['t0', '*'])
  })

  test('a few are asked for by name', async () => {
    await findAll(4)
    expect(asked).toEqual(['t0', 't1', 't2', 't3'])
  })

  test('after a list are answered by it for a moment, and then no more', async () => {
    await findAll(10)
    nowMs += 900
    expect((await lookup.find('t9', never))?.version).toBe(1)
    expect(await lookup.find('none', never)).toBeUndefined()
    expect(asked).toEqual(['t0', '*'])
    nowMs += 200
    await lookup.find('t9', never)
    expect(asked).toEqual(['t0', '*', 't9'])
  })
})

describe('what we changed ourselves', () => {
  test('is never answered by what was seen before', async () => {
    await findAll(10)
    world.set('t3', { name: 't3', version: 2 })
    nowMs += 1
    lookup.changed('t3')
    nowMs += 1
    expect((await lookup.find('t3', never, 60_000))?.version).toBe(2)
  })

  test('is not answered by a look that was under way', async () => {
    const release = held()
    const before = lookup.find('t3', never)
    world.set('t3', { name: 't3', version: 2 })
    nowMs += 1
    lookup.changed('t3')
    nowMs += 1
    const after = lookup.find('t3', never)
    release()
    expect((await before)?.version).toBe(1)
    expect((await after)?.version).toBe(2)
  })
})

test('an answer may be as old as who asks says', async () => {
  await lookup.find('t1', never)
  nowMs += 100
  await lookup.find('t1', never, 200)
  expect(asked).toEqual(['t1'])
  await lookup.find('t1', never, 50)
  expect(asked).toEqual(['t1', 't1'])
})

/** How many of ten who ask at once are refused. */
const refusals = async () => {
  nowMs += 2_000
  const all = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => lookup.find(`t${i}`, never)))
  return all.filter(({ status }) => status === 'rejected').length
}

describe('a list', () => {
  test('that is refused is done without', async () => {
    listFails = denied('you may look at some names only')
    expect((await findAll(10))[9]?.name).toBe('t9')
    await findAll(10)
    expect(asked.filter((name) => name === '*')).toHaveLength(1)
  })

  test('that fails as a whole fails who asked, and the next are asked for by name', async () => {
    listFails = unavailable('one bad thing in it')
    expect(await refusals()).toBe(9)
    expect(await refusals()).toBe(0)
  })

  test('that takes too long says so, and is asked again when it may have come back', async () => {
    const timeout = AbortSignal.timeout.bind(AbortSignal)
    const soon = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(20))
    onTestFinished(() => soon.mockRestore())
    listHangs = true
    await expect(findAll(10)).rejects.toMatchObject({ code: 'unavailable' })
    listHangs = false
    nowMs += 60_000
    await findAll(10)
    expect(asked.filter((name) => name === '*')).toHaveLength(2)
  })

  test('that is throttled is asked again: names would be more of what is too much', async () => {
    listFails = throttled(1000, 'too much')
    expect(await refusals()).toBe(9)
    expect(await refusals()).toBe(9)
  })
})

test('a name that is refused fails who asked for it, and nobody else; it is asked for again', async () => {
  const release = held()
  badNames.add('t1')
  const first = lookup.find('t0', never)
  const together = Promise.allSettled(['t1', 't2', 't3'].map((name) => lookup.find(name, never)))
  release()
  await first
  expect(await together).toMatchObject([
    { status: 'rejected', reason: { code: 'invalid' } },
    { status: 'fulfilled', value: { name: 't2' } },
    { status: 'fulfilled', value: { name: 't3' } },
  ])
  badNames.clear()
  expect((await lookup.find('t1', never, 60_000))?.name).toBe('t1')
})

test('who gives up gets its reason, and the others their answer', async () => {
  const release = held()
  const stop = new AbortController()
  const given = lookup.find('t1', stop.signal)
  const waiting = lookup.find('t1', never)
  stop.abort(new Error('enough'))
  await expect(given).rejects.toThrow('enough')
  release()
  expect((await waiting)?.name).toBe('t1')
})
