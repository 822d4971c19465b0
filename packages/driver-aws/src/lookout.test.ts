/** Who hears of what changes in AWS. */
import { expect, test } from 'vitest'
import { createLookup } from './lookup.ts'
import { Lookout } from './lookout.ts'

interface Thing {
  readonly name: string
  readonly text: string
}

test('who has a name still hears of it when another, who wanted the same name, is gone', async () => {
  const world = new Map<string, Thing>([['shared', { name: 'shared', text: 'one' }]])
  const lookup = createLookup<Thing>(
    {
      nameOf: ({ name }) => name,
      one: async (name) => world.get(name),
      all: async function* () {
        yield [...world.values()]
      },
    },
    Date.now,
  )
  const lookout = new Lookout(5)
  const follow = (id: string) => lookout.follow(lookup, ({ name }) => name, 'shared', id)
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
