/** Classes and backends while they are in use: edited, deleted, and what they tell of it. */
import { controllerRevisionType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { backendKind } from '../../model/backend.ts'
import { claimKind } from '../../model/claim.ts'
import { classKind } from '../../model/class.ts'
import { instanceKind } from '../../model/instance.ts'
import type { TestHub } from '../testing/hub.ts'
import type { Shelf } from '../testing/shelf-driver.ts'
import { shelfHub } from '../testing/shelf-hub.ts'

let shelf: Shelf
let hub: TestHub

beforeEach(async () => {
  ;({ hub, shelf } = await shelfHub())
  await hub.service('jars', { recipe: { colour: 'red' } })
})

afterEach(() => hub.stop())

const classes = () => hub.admin.of(classKind)
const instances = () => hub.admin.of(instanceKind)

async function claimed(name = 'jar') {
  await hub.claim(name, { className: 'jars' })
  const { status } = await hub.ready(name)
  return status!.instanceRef!
}

async function repaint(colour: string): Promise<string> {
  const before = (await classes().get('jars')).status?.revision
  await classes().patch('jars', { spec: { recipe: { colour } } })
  return hub.until('the new revision', async () => {
    const { metadata, status } = await classes().get('jars')
    return status?.observedGeneration === metadata.generation && status?.revision !== before
      ? status?.revision
      : undefined
  })
}

const ofClass = async () => {
  const { items } = await hub.admin.of(controllerRevisionType).list({ namespace: 'larder-system' })
  return items.filter(({ metadata }) => metadata.labels?.['larder.dev/class'] === 'jars')
}

describe('a class that is edited', () => {
  test('changes no instance, shows who is behind, and changes the one that asks', async () => {
    const red = await claimed()
    const updates = shelf.count('update')
    const revision = await repaint('blue')
    const behind = await hub.until('the instance to be shown as behind', async () => {
      const instance = await instances().get(red.name, red.namespace)
      return instance.status?.newerRevision === revision ? instance : undefined
    })
    expect(behind.spec.revision).not.toBe(revision)
    expect(findCondition(behind.status?.conditions, 'Ready')?.status).toBe('True')
    expect(shelf.count('update')).toBe(updates)

    const blue = await claimed('new')
    expect((await instances().get(blue.name, blue.namespace)).status?.newerRevision).toBeUndefined()

    await instances().patch(red.name, { spec: { revision } }, { namespace: red.namespace })
    await hub.until('the change', async () => {
      const { status } = await instances().get(red.name, red.namespace)
      return status?.applied?.revision === revision && status?.newerRevision === undefined ? true : undefined
    })
    expect(shelf.count('update')).toBe(updates + 1)
    expect(shelf.told).toMatchObject({ changed: ['recipe'], recipe: { colour: 'blue' } })
  })

  test('keeps the revisions that are used, and of the others the newest', async () => {
    const red = await claimed()
    const used = (await instances().get(red.name, red.namespace)).spec.revision
    for (let i = 0; i < 14; i++) await repaint(`shade-${i}`)
    const kept = await hub.until('old revisions to go', async () => {
      const all = await ofClass()
      return all.length <= 12 ? all : undefined
    })
    expect(kept.map(({ metadata }) => metadata.name)).toContain(used)
    expect(kept.map(({ metadata }) => metadata.name)).toContain((await classes().get('jars')).status?.revision)
  })

  test('lends its revisions to no other class', async () => {
    const { name, namespace } = await claimed()
    await hub.service('pots', {})
    const revision = await hub.until('its revision', async () => (await classes().get('pots')).status?.revision)
    await instances().patch(name, { spec: { revision } }, { namespace })
    const cause = await hub.until('a cause', async () => (await instances().get(name, namespace)).status?.cause)
    expect(cause).toMatchObject({ reason: 'RevisionNotFound', message: expect.stringContaining('of class pots') })
  })
})

test('a class whose selector of namespaces is one that Kubernetes refuses says so, also to who is let in by name, and heals', async () => {
  const matchExpressions = [{ key: 'team', operator: 'In' as const, values: [] }]
  const consumers = { namespaces: ['shop'], selector: { matchExpressions } }
  await classes().patch('jars', { spec: { consumers } })
  const cause = await hub.cause(classKind, 'jars', undefined, 'SelectorInvalid')
  expect(cause).toMatchObject({
    actor: 'platform',
    heals: false,
    message:
      'spec.consumers.selector.matchExpressions[0].values: operator In needs values; until then nothing is selected',
  })
  await hub.claim('jar', { className: 'jars' })
  expect((await hub.cause(claimKind, 'jar', 'shop', 'SelectorInvalid')).message).toBe(
    `class jars is not ready: ${cause.message}`,
  )
  await classes().patch('jars', { spec: { consumers: { selector: null } } })
  await hub.ready('jar')
})

test('an instance that people made is of the revision that its class has then; without one it waits, and is told', async () => {
  const at = { namespace: 'larder-instances' }
  const { status } = await hub.seen(classKind, 'jars')
  await instances().create({ metadata: { name: 'by-hand', ...at }, spec: { className: 'jars' } })
  await instances().create({ metadata: { name: 'early', ...at }, spec: { className: 'pots' } })
  await hub.until('the service', () => (shelf.services.size === 1 ? true : undefined))
  expect((await instances().get('by-hand', at.namespace)).spec.revision).toBe(status!.revision)
  const cause = await hub.cause(instanceKind, 'early', at.namespace, 'RevisionNotFound')
  expect(cause.message).toBe('spec.revision: is needed beside spec.className; class pots has none now')
  await hub.service('pots', {})
  await hub.until('the other service', () => (shelf.services.size === 2 ? true : undefined))
})

test('a revision that is taken out of an instance is not taken for the newest', async () => {
  const at = { namespace: 'larder-instances' }
  await instances().create({ metadata: { name: 'by-hand', ...at }, spec: { className: 'jars' } })
  await hub.until('the service', () => (shelf.services.size === 1 ? true : undefined))
  await hub.until('its status', async () => (await instances().get('by-hand', at.namespace)).status?.applied)
  await instances().patch('by-hand', { spec: { revision: null } }, at)
  const cause = await hub.cause(instanceKind, 'by-hand', at.namespace, 'RevisionNotFound')
  const { status } = await classes().get('jars')
  expect(cause.message).toBe(`spec.revision: is needed beside spec.className; class jars has ${status!.revision} now`)
})

const readyClass = (name: string) =>
  hub.until(`class ${name} to be Ready`, async () => {
    const { status } = await classes().get(name)
    return findCondition(status?.conditions, 'Ready')?.status === 'True' ? true : undefined
  })

test('in sync, nothing is written to classes and backends', async () => {
  await readyClass('jars')
  await hub.kill()
  await hub.start()
  const labels = { metadata: { labels: { touched: 'yes' } } }
  await hub.admin.of(backendKind).patch('shelf', labels)
  await classes().patch('jars', labels)
  await hub.backend('marker')
  await hub.service('marker', { backendRef: { name: 'marker' } })
  await readyClass('marker')
  expect(hub.cut.writes.length).toBeGreaterThan(0)
  expect(hub.cut.writes.filter((write) => !write.includes('marker'))).toEqual([])
})

describe('what is in use', () => {
  test('a class waits for its instances, and tells tenants neither who they are nor how many', async () => {
    const { name } = await claimed()
    await claimed('secret-project')
    await classes().delete('jars')
    const cause = await hub.cause(classKind, 'jars')
    expect(cause).toMatchObject({
      reason: 'InUse',
      message: 'claims or instances use it; it takes no new claims and goes with the last',
      next: expect.stringContaining('kubectl get classes,instances,claims -A'),
    })
    // The same for one user as for two.
    const told = JSON.stringify(hub.everything().filter(({ kind }) => kind === 'Class'))
    expect(told).toContain('claims or instances use it')
    for (const word of [name, 'secret-project', 'shop']) expect(told).not.toContain(word)
    for (const claim of ['jar', 'secret-project']) await hub.admin.of(claimKind).delete(claim, { namespace: 'shop' })
    await hub.until('the class to go', async () => ((await classes().find('jars')) ? undefined : true))
  })

  test('a class waits for a retained instance, whose recipe it has', async () => {
    await classes().patch('jars', { spec: { reclaimPolicy: 'Retain' } })
    const { name, namespace } = await claimed()
    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    await hub.until('the claim to go', async () =>
      (await hub.admin.of(claimKind).find('jar', 'shop')) ? undefined : true,
    )
    await classes().delete('jars')
    expect((await hub.cause(classKind, 'jars')).reason).toBe('InUse')
    await instances().delete(name, { namespace })
    await hub.until('the class to go', async () => ((await classes().find('jars')) ? undefined : true))
  })

  test('a backend waits for classes and for instances, also of recipes that their class no longer has, and names them', async () => {
    const { name, namespace } = await claimed()
    await hub.backend('attic')
    await classes().patch('jars', { spec: { backendRef: { name: 'attic' } } })
    await hub.until('the move', async () => (await instances().get(name, namespace)).status?.newerRevision)
    await instances().create({
      metadata: { name: 'by-hand', namespace: 'larder-instances' },
      spec: { backendRef: { name: 'shelf' }, type: 'jar' },
    })
    await hub.admin.of(backendKind).delete('shelf')
    const cause = await hub.until('both users', async () => {
      const { status } = await hub.admin.of(backendKind).get('shelf')
      return status?.cause?.message.includes('by-hand') ? status.cause : undefined
    })
    expect(cause).toMatchObject({
      reason: 'InUse',
      message: `used by Instance larder-instances/by-hand, Instance ${namespace}/${name}`,
    })
    // Tenants read classes, and a claim repeats what its class says: neither names who else is there.
    await hub.service('pots', { backendRef: { name: 'shelf' } })
    await hub.claim('pot', { className: 'pots' })
    expect(await hub.cause(claimKind, 'pot', 'shop', 'InUse')).toMatchObject({
      message: 'class pots is not ready: backend shelf is being deleted',
    })
    const told = JSON.stringify(hub.everything().filter(({ kind }) => kind === 'Class' || kind === 'Claim'))
    expect(told).not.toMatch(/by-hand|used by/)
    await hub.admin.of(claimKind).delete('pot', { namespace: 'shop' })
    await classes().delete('pots')
    await instances().delete('by-hand', { namespace: 'larder-instances' })
    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    await hub.until('the backend to go', async () =>
      (await hub.admin.of(backendKind).find('shelf')) ? undefined : true,
    )
  })
})

test('ids that the backend gave its plans reach the driver, before and after a change of plan', async () => {
  const plans = [
    { name: 'small', default: true, external: { id: 'plan-7' } },
    { name: 'large', external: { id: 'plan-8' } },
  ]
  const external = { id: 'service-3', name: 'jars', definition: { anything: [1] } }
  await classes().patch('jars', { spec: { plans, external } })
  await hub.until('the class', async () => {
    const { metadata, status } = await classes().get('jars')
    return status?.observedGeneration === metadata.generation ? true : undefined
  })
  const { name, namespace } = await claimed()
  expect(shelf.told?.plan).toEqual({ name: 'small', externalId: 'plan-7' })
  expect((await instances().get(name, namespace)).status?.applied?.externalPlanId).toBe('plan-7')
  await hub.admin.of(claimKind).patch('jar', { spec: { plan: 'large' } }, { namespace: 'shop' })
  await hub.until('the change of plan', () => (shelf.told?.plan?.name === 'large' ? true : undefined))
  expect(shelf.told).toMatchObject({
    plan: { externalId: 'plan-8' },
    applied: { plan: 'small', externalPlanId: 'plan-7' },
    changed: ['plan'],
  })
})
