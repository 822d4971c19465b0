/** Who hears of what changes in AWS. */
import { expect, test } from 'vitest'
import { Refusal } from './account/call.ts'
import { createLookup } from './lookup.ts'
import { Lookout, lookoutOf } from './lookout.ts'

interface Thing {
  readonly name: string
  readonly text: string
}

const nameOf = ({ name }: Thing) => name

/** An account with these things; `list` may fail. */
function account(world: Map<string, Thing>, list: () => void = () => undefined) {
  return createLookup<Thing>(
    {
      nameOf,
      one: async (name) => world.get(name),
      all: async function* () {
        list()
        yield [...world.values()]
      },
    },
    Date.now,
  )
}

test('who has a name still hears of it when another, who wanted the same name, is gone', async () => {
  const world = new Map<string, Thing>([['shared', { name: 'shared', text: 'one' }]])
  const lookup = account(world)
  const lookout = new Lookout(5)
  const follow = (id: string) => lookout.follow(lookup, nameOf, 'shared', id)
  follow('owner')
  follow('rival')
  const ending = new AbortController()
  const told: string[] = []
  void lookout.watch((id) => told.push(id), ending.signal)
  try {
    await expect.poll(() => told).toEqual(['owner', 'rival'])
    lookout.forget('rival')
    world.set('shared', { name: 'shared', text: 'two' })
    await expect.poll(() => told).toEqual(['owner', 'rival', 'owner'])
  } finally {
    ending.abort()
  }
})

const refuse = () => {
  throw new Refusal('elasticache:DescribeUsers', 'AccessDenied', 'you may not list users')
}

test('an account that refuses its list silences no other, and is said', async () => {
  const world = new Map<string, Thing>([['cache', { name: 'cache', text: 'one' }]])
  const lookout = new Lookout(5)
  lookout.follow(account(world, refuse), nameOf, 'cache', 'refused')
  lookout.follow(account(world), nameOf, 'cache', 'served')
  const told: string[] = []
  await expect(lookout.watch((id) => told.push(id), new AbortController().signal)).rejects.toMatchObject({
    name: 'DriverError',
    message: expect.stringContaining('you may not list users'),
  })
  expect(told).toEqual(['served'])
})

test('who goes to another account is followed there alone, and where nobody is left nothing is listed', async () => {
  const world = new Map<string, Thing>([['cache', { name: 'cache', text: 'one' }]])
  const listed: string[] = []
  const before = account(world, () => listed.push('before'))
  const after = account(world, () => listed.push('after'))
  const lookout = new Lookout(5)
  lookout.follow(before, nameOf, 'cache', 'mover')
  lookout.follow(after, nameOf, 'cache', 'mover')
  const ending = new AbortController()
  const told: string[] = []
  void lookout.watch((id) => told.push(id), ending.signal)
  try {
    await expect.poll(() => listed.length).toBeGreaterThan(1)
    expect(listed).not.toContain('before')
    expect(told).toEqual(['mover'])
  } finally {
    ending.abort()
  }
})

test.each(['600h', '0s'])('lookAgain of %s does not list an account back to back', async (lookAgain) => {
  const world = new Map<string, Thing>()
  const ending = new AbortController()
  const countedOf = (lookout: Lookout) => {
    const counted = { lists: 0 }
    lookout.follow(
      account(world, () => counted.lists++),
      nameOf,
      'cache',
      'id',
    )
    void lookout.watch(() => undefined, ending.signal)
    return counted
  }
  try {
    const odd = countedOf(lookoutOf({ lookAgain }))
    const usual = countedOf(lookoutOf({ lookAgain: '100ms' }))
    await expect.poll(() => usual.lists).toBeGreaterThan(2)
    expect(odd.lists).toBeLessThanOrEqual(usual.lists + 1)
  } finally {
    ending.abort()
  }
})
