/** Who hears of what changes in AWS. */
import { expect, test } from 'vitest'
import { createLookup } from './lookup.ts'
import { Lookout } from './lookout.ts'

interface Thing {
  readonly name: string
  readonly text: string
}

/** What changes there is told to instances, once for each. */
async function* newsOf(lookout: Lookout, signal: AbortSignal): AsyncGenerator<string> {
  const told: string[] = []
  let wake = () => {}
  void lookout.watch((id) => {
    told.push(id)
    wake()
  }, signal)
  for (;;) {
    const next = told.shift()
    if (next === undefined) await new Promise<void>((resolve) => (wake = resolve))
    else yield next
  }
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
  const news = newsOf(lookout, ending.signal)
  try {
    const both = [(await news.next()).value, (await news.next()).value]
    expect(both).toEqual(['owner', 'rival'])
    lookout.forget('rival')
    world.set('shared', { name: 'shared', text: 'two' })
    expect((await news.next()).value).toBe('owner')
  } finally {
    ending.abort()
  }
})
