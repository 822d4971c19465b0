/** The hub is killed at every write of a change, before it and after it: the change is made, once is enough, and nothing is lost. */
import { secretType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { instanceKind } from '../../model/instance.ts'
import { testHub, type TestHub } from '../testing/hub.ts'
import { Shelf, shelfDriver } from '../testing/shelf-driver.ts'

const HOME = 'larder-instances'
const MOMENTS = [1, 2, 3, 4].flatMap((write) => [[write, 'before'] as const, [write, 'after'] as const])
let shelf: Shelf
let hub: TestHub

beforeEach(async () => {
  shelf = new Shelf()
  hub = await testHub({ drivers: [shelfDriver(shelf)] })
  await hub.start()
  await hub.backend('shelf')
  shelf.placeForeign('jar-1')
})

afterEach(() => hub.stop())

const instances = () => hub.admin.of(instanceKind)
const seal = (wax: string) => ({ stringData: { wax } })

async function settled(parameters: object): Promise<true | undefined> {
  const { metadata, status } = await instances().get('mine', HOME)
  const made = JSON.stringify(shelf.services.get('jar-1')?.parameters) === JSON.stringify(parameters)
  const ready = findCondition(status?.conditions, 'Ready')?.status === 'True'
  return made && ready && status?.observedGeneration === metadata.generation ? true : undefined
}

/** Until the world is as asked, whether the hub died on the way or not. */
async function surviving(parameters: object): Promise<void> {
  await hub.until('the end, or the death of the hub', async () => (hub.cut.dead ? true : settled(parameters)))
  if (hub.cut.dead) {
    await hub.kill()
    await hub.start()
  }
  await hub.until('the end', () => settled(parameters))
}

test.each(MOMENTS)('an adoption with a secret parameter, killed at write %i, %s it', async (write, when) => {
  await hub.admin.of(secretType).create({ metadata: { name: 'seal', namespace: HOME }, ...seal('red') })
  hub.cut.dieAt(hub.cut.writes.length + write, when)
  await instances().create({
    metadata: { name: 'mine', namespace: HOME },
    spec: {
      backendRef: { name: 'shelf' },
      type: 'jar',
      externalID: 'jar-1',
      existing: 'Adopt',
      parametersFrom: [{ secretKeyRef: { name: 'seal', key: 'wax' }, at: '/wax' }],
    },
  })
  await surviving({ wax: 'red' })
  hub.cut.dieAt(hub.cut.writes.length + write, when)
  await hub.admin.of(secretType).patch('seal', seal('blue'), { namespace: HOME })
  await surviving({ wax: 'blue' })
  expect(shelf.created.size).toBe(0)
  expect(shelf.count('delete')).toBe(0)
})
