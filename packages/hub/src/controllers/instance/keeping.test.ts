/** What keeps a service from being changed or removed: protection, a pause, a policy that retains it. */
import { isNotFound } from '@larder/engine/machinery/status'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimKind } from '../../model/claim.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { testHub, type TestHub } from '../testing/hub.ts'
import { Shelf, shelfDriver } from '../testing/shelf-driver.ts'

const HOME = 'larder-instances'
let shelf: Shelf
let hub: TestHub

beforeEach(async () => {
  shelf = new Shelf()
  hub = await testHub({ drivers: [shelfDriver(shelf)] })
  await hub.start()
  await hub.backend('shelf')
})

afterEach(() => hub.stop())

const instances = () => hub.admin.of(instanceKind)
const make = (spec: Partial<Instance['spec']> = {}) =>
  instances().create({
    metadata: { name: 'mine', namespace: HOME },
    spec: { backendRef: { name: 'shelf' }, type: 'jar', ...spec },
  })
const edit = (spec: object) => instances().patch('mine', { spec }, { namespace: HOME })
const remove = () => instances().delete('mine', { namespace: HOME })
const ready = () =>
  hub.until('the instance to be Ready', async () => {
    const instance = await instances().get('mine', HOME)
    const current = instance.status?.observedGeneration === instance.metadata.generation
    return current && findCondition(instance.status?.conditions, 'Ready')?.status === 'True' ? instance : undefined
  })
const causeOf = (reason: string) =>
  hub.until(`cause ${reason}`, async () => {
    const { cause } = (await instances().get('mine', HOME)).status ?? {}
    return cause?.reason === reason ? cause : undefined
  })
const gone = () =>
  hub.until('the instance to go', () =>
    instances()
      .get('mine', HOME)
      .then(() => undefined)
      .catch((error: unknown) => isNotFound(error) || undefined),
  )

describe('an instance that is protected from deletion', () => {
  test('keeps its service when it is deleted, says so, and goes when the protection does', async () => {
    await make({ deletionProtection: true })
    await ready()
    await remove()
    expect(await causeOf('DeletionProtected')).toMatchObject({
      message: 'spec.deletionProtection: it is true, so that the service is not removed',
      actor: 'platform',
      heals: false,
      next: 'Set spec.deletionProtection of the instance to false, and it goes.',
    })
    expect(shelf.services.size).toBe(1)
    await edit({ deletionProtection: false })
    await gone()
    expect(shelf.services.size).toBe(0)
  })

  test('outlives its claim, whose credentials are revoked, and is not removed when the protection ends', async () => {
    await hub.service('jars', { deletionProtection: true })
    await hub.claim('jar', { className: 'jars' })
    const claim = await hub.ready('jar')
    const { password } = (await hub.secretValues('jar'))!
    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    await hub.until('the claim to go', async () =>
      (await hub.admin.of(claimKind).find('jar', 'shop')) ? undefined : true,
    )
    expect(shelf.accepts(password!)).toBe(false)
    const { name, namespace } = claim.status!.instanceRef!
    await instances().patch(name, { spec: { deletionProtection: false } }, { namespace })
    await hub.until('a pass after the change', async () => {
      const { metadata, status } = await instances().get(name, namespace)
      return status?.observedGeneration === metadata.generation && metadata.generation! > 2 ? true : undefined
    })
    const left = await instances().get(name, namespace)
    expect(left.metadata.deletionTimestamp).toBeUndefined()
    expect(left.spec.claimRef).toBeUndefined()
    expect(shelf.services.size).toBe(1)
  })
})

describe('a paused instance', () => {
  test('is neither changed nor removed until it goes on', async () => {
    await make({ parameters: { lid: 'red' } })
    await ready()
    await edit({ paused: true, parameters: { lid: 'black' } })
    expect(await causeOf('Paused')).toMatchObject({ actor: 'platform', heals: false })
    expect(findCondition((await instances().get('mine', HOME)).status?.conditions, 'Provisioned')?.status).toBe('True')
    expect([...shelf.services.values()][0]?.parameters).toEqual({ lid: 'red' })
    await remove()
    await causeOf('Paused')
    expect(shelf.services.size).toBe(1)
    await edit({ paused: false })
    await gone()
    expect(shelf.services.size).toBe(0)
  })

  test('catches up when the pause ends', async () => {
    await make({ paused: true })
    await causeOf('Paused')
    expect(shelf.calls.filter((call) => !call.startsWith('probe'))).toEqual([])
    await edit({ paused: null })
    await ready()
    expect(shelf.services.size).toBe(1)
  })
})

test('with Retain the deletion of an instance leaves the service where it is', async () => {
  await make({ reclaimPolicy: 'Retain', externalID: 'heirloom' })
  await ready()
  await remove()
  await gone()
  expect([...shelf.services.keys()]).toEqual(['heirloom'])
  expect(shelf.count('delete')).toBe(0)
})
