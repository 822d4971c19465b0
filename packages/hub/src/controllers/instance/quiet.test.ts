/** Instances in every state that lasts: each says why it is not Ready, and none writes while nothing changes. */
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { isReason } from '../../model/reasons.ts'
import type { TestHub } from '../testing/hub.ts'
import type { Shelf } from '../testing/shelf-driver.ts'
import { shelfHub } from '../testing/shelf-hub.ts'

const HOME = 'larder-instances'
let shelf: Shelf
let hub: TestHub

beforeEach(async () => {
  ;({ hub, shelf } = await shelfHub())
})

afterEach(() => hub.stop())

const states: Readonly<Record<string, { spec: Partial<Instance['spec']>; reason: string; edited?: object }>> = {
  ready: { spec: {}, reason: 'Ready' },
  adopted: { spec: { existing: 'Adopt', externalID: 'found' }, reason: 'Ready' },
  observed: { spec: { existing: 'Observe', externalID: 'found' }, reason: 'Ready' },
  free: { spec: { reclaimPolicy: 'Recycle' }, reason: 'Ready' },
  paused: { spec: { paused: true }, reason: 'Paused' },
  taken: { spec: { externalID: 'foreign' }, reason: 'NameTaken' },
  absent: { spec: { existing: 'Adopt', externalID: 'nowhere' }, reason: 'ServiceNotFound' },
  secretless: {
    spec: { parametersFrom: [{ secretKeyRef: { name: 'no', key: 'no' }, at: '/no' }] },
    reason: 'SecretNotFound',
  },
  penniless: { spec: { credentialsRef: { name: 'no' } }, reason: 'CredentialsNotFound' },
  nowhere: { spec: { backendRef: { name: 'nowhere' } }, reason: 'BackendNotFound' },
  odd: { spec: { recipe: { colour: 7 } }, reason: 'RecipeInvalid' },
  losing: { spec: { parameters: { lid: 'red' } }, reason: 'ChangeLosesData', edited: { parameters: { lid: 'black' } } },
}

const instances = () => hub.admin.of(instanceKind)

async function settled(name: string, reason: string): Promise<Instance> {
  return hub.until(`${name} to be ${reason}`, async () => {
    const instance = await instances().get(name, HOME)
    const current = instance.status?.observedGeneration === instance.metadata.generation
    const ready = findCondition(instance.status?.conditions, 'Ready')
    return current && ready?.reason === reason ? instance : undefined
  })
}

const make = (name: string, spec: Partial<Instance['spec']>) =>
  instances().create({
    metadata: { name, namespace: HOME },
    spec: { backendRef: { name: 'shelf' }, type: 'jar', externalID: name, ...spec },
  })

test('each says why, whose move it is and what to do; woken again, none writes', async () => {
  shelf.placeForeign('found')
  shelf.placeForeign('foreign')
  shelf.planned = ({ parameters, changed }) => ({
    parameters,
    errors: [],
    effects: changed.length > 0 ? [{ kind: 'destroy', what: 'parameters', message: 'the lid breaks' }] : [],
  })
  for (const [name, { spec, edited }] of Object.entries(states)) {
    await make(name, spec)
    if (!edited) continue
    await settled(name, 'Ready')
    await instances().patch(name, { spec: edited }, { namespace: HOME })
  }
  for (const [name, { reason }] of Object.entries(states)) {
    const { status } = await settled(name, reason)
    expect(isReason(reason)).toBe(true)
    const ready = findCondition(status?.conditions, 'Ready')
    if (reason === 'Ready') expect(status?.cause).toBeUndefined()
    else {
      expect(status?.cause).toMatchObject({ reason, message: ready?.message, actor: expect.any(String), heals: false })
      expect(status?.cause?.next).toMatch(/\w/)
    }
  }
  const versions = await versionsOf()
  for (const name of [...Object.keys(states), 'found', 'foreign', 'nowhere']) shelf.changed(name)
  // What comes after them in the queue is done after them.
  await make('marker', {})
  await settled('marker', 'Ready')
  shelf.changed('marker')
  expect(await versionsOf()).toEqual(versions)
})

async function versionsOf(): Promise<Record<string, string | undefined>> {
  const { items } = await instances().list({ namespace: HOME })
  const known = items.filter(({ metadata }) => metadata.name in states)
  return Object.fromEntries(known.map(({ metadata }) => [metadata.name, metadata.resourceVersion]))
}
