/** What keeps a service from being changed or removed: protection, a pause, a policy that retains it. */
import { clusterRoleType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { unavailable } from '@larder/kit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimKind } from '../../model/claim.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { leftAnnotation } from '../left-credentials.ts'
import type { TestHub } from '../testing/hub.ts'
import { instanceGone, instanceReady } from '../testing/instances.ts'
import type { Shelf } from '../testing/shelf-driver.ts'
import { shelfHub } from '../testing/shelf-hub.ts'

const HOME = 'larder-instances'
let shelf: Shelf
let hub: TestHub

beforeEach(async () => {
  ;({ hub, shelf } = await shelfHub())
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
const ready = () => instanceReady(hub, 'mine', HOME)
const causeOf = (reason: string) => hub.cause(instanceKind, 'mine', HOME, reason)
const gone = () => instanceGone(hub, 'mine', HOME)

describe('an instance that is protected from deletion', () => {
  test('is not deleted by anybody, and its deletion is refused by name', async () => {
    await make({ deletionProtection: true })
    await ready()
    await expect(remove()).rejects.toThrow(/spec\.deletionProtection is true.*set it to false first/)
    expect((await instances().get('mine', HOME)).metadata.deletionTimestamp).toBeUndefined()
    await edit({ deletionProtection: false })
    await remove()
    await gone()
    expect(shelf.services.size).toBe(0)
  })

  test('keeps its service where a deletion was begun already, says so, and goes when the protection does', async () => {
    await make({ paused: true })
    await causeOf('Paused')
    await remove()
    await edit({ paused: false, deletionProtection: true, externalID: 'jar-1' })
    expect(await causeOf('DeletionProtected')).toMatchObject({
      message: 'spec.deletionProtection: it is true, so that the service is not removed',
      actor: 'platform',
      heals: false,
      next: 'Set spec.deletionProtection of the instance to false, and it goes.',
    })
    await edit({ deletionProtection: false })
    await gone()
  })

  test('of a claim is not deleted by an operator or an administrator while the claim lives', async () => {
    await hub.service('jars', {})
    await hub.claim('jar', { className: 'jars' })
    const { status } = await hub.ready('jar')
    const { name, namespace } = status!.instanceRef!
    await hub.admin.of(clusterRoleType).create({
      metadata: { name: 'operator' },
      rules: [{ apiGroups: ['larder.dev'], resources: ['instances'], verbs: ['get', 'delete'] }],
    })
    const target = { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterrolebindings' }
    const body = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'operator' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'operator' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
    }
    await hub.admin.transport.call({ verb: 'create', target, body })
    const operator = hub.clientOf({ name: 'ann', groups: ['system:authenticated'] })
    for (const who of [operator, hub.admin]) {
      const refused = /claim shop\/jar holds this instance: delete the claim first/
      await expect(who.of(instanceKind).delete(name, { namespace })).rejects.toThrow(refused)
    }
    expect(shelf.services.size).toBe(1)
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

test('credentials that a claim had to leave behind are revoked before the instance goes, also where its service stays', async () => {
  await make({ reclaimPolicy: 'Retain', externalID: 'heirloom' })
  await ready()
  shelf.services.get('heirloom')!.credentials.set('c-1', { role: undefined, password: 'of a claim that is gone' })
  shelf.fail = (verb) => (verb === 'unbind' ? unavailable('the cellar is flooded') : undefined)
  await instances().patch('mine', { metadata: { annotations: leftAnnotation([{ id: 'c-1' }]) } }, { namespace: HOME })
  await causeOf('BackendUnavailable')
  await remove()
  await hub.until('another attempt', () => (shelf.count('unbind') > 1 ? true : undefined))
  shelf.fail = () => undefined
  await gone()
  expect(shelf.accepts('of a claim that is gone')).toBe(false)
  expect([...shelf.services.keys()]).toEqual(['heirloom'])
})

describe('credentials that a claim had to leave behind are revoked', () => {
  const LEFT = 'of a claim that is gone'
  const leave = async (spec: object = {}) => {
    shelf.services.get('heirloom')!.credentials.set('c-1', { role: undefined, password: LEFT })
    const metadata = { annotations: leftAnnotation([{ id: 'c-1' }]) }
    await instances().patch('mine', { metadata, spec }, { namespace: HOME })
  }
  const revoked = () => hub.until('the credentials to be revoked', () => (shelf.accepts(LEFT) ? undefined : true))

  test('while the instance is paused', async () => {
    await make({ externalID: 'heirloom' })
    await ready()
    await leave({ paused: true })
    await revoked()
    await causeOf('Paused')
    expect(shelf.count('update')).toBe(0)
  })

  test('while a change of it is refused', async () => {
    shelf.canUpdate = false
    await hub.backend('stiff')
    await make({ externalID: 'heirloom', backendRef: { name: 'stiff' }, parameters: { lid: 'red' } })
    await ready()
    await edit({ parameters: { lid: 'black' } })
    await causeOf('UpdateNotSupported')
    await leave()
    await revoked()
  })

  test('while its deletion is refused', async () => {
    await make({ externalID: 'heirloom' })
    await ready()
    await edit({ paused: true })
    await causeOf('Paused')
    await remove()
    await edit({ paused: false, deletionProtection: true })
    await causeOf('DeletionProtected')
    await leave()
    await revoked()
    expect(shelf.services.size).toBe(1)
  })
})
