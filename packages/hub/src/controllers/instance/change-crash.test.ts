/** The hub is killed at every write of a change, before it and after it: the change is made, once is enough, and nothing is lost. */
import { secretType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { instanceKind } from '../../model/instance.ts'
import type { TestHub } from '../testing/hub.ts'
import type { Shelf } from '../testing/shelf-driver.ts'
import { shelfHub } from '../testing/shelf-hub.ts'
import { momentsOf, surviving } from '../testing/surviving.ts'

const HOME = 'larder-instances'
let shelf: Shelf
let hub: TestHub

beforeEach(async () => {
  ;({ hub, shelf } = await shelfHub())
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

const survived = (parameters: object) => surviving(hub, () => hub.until('the end', () => settled(parameters)))

test.each(momentsOf(4))('an adoption with a secret parameter, killed at write %i, %s it', async (write, when) => {
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
  await survived({ wax: 'red' })
  hub.cut.dieAt(hub.cut.writes.length + write, when)
  await hub.admin.of(secretType).patch('seal', seal('blue'), { namespace: HOME })
  await survived({ wax: 'blue' })
  expect(shelf.created.size).toBe(0)
  expect(shelf.count('delete')).toBe(0)
})
