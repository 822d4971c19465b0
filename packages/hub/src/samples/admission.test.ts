import { clusterRoleType } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import type { KubeObject } from '@larder/engine/machinery/object'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testHub, type TestHub } from '../controllers/testing/hub.ts'
import { claimKind } from '../model/claim.ts'
import { GROUP } from '../model/kind.ts'
import { instanceKind, type Instance } from '../model/instance.ts'
import { hubUser } from './rbac.ts'

const ORIGIN = { door: 'larder', namespace: 'blue' }
const CLAIM_REF = { namespace: 'shop', name: 'mine', uid: '1' }

let hub: TestHub
/** May write instances and claims everywhere, and nothing of what the policies ask for. */
let operator: Client
let asHub: Client
beforeAll(async () => {
  hub = await testHub({ drivers: [] })
  await hub.admin.of(clusterRoleType).create({
    metadata: { name: 'operator' },
    rules: [
      { apiGroups: [GROUP], resources: ['instances', 'claims'], verbs: ['create', 'update', 'patch', 'get', 'delete'] },
    ],
  })
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'operator' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'operator' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
  }
  const target = { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterrolebindings' }
  await hub.admin.transport.call({ verb: 'create', target, body: binding })
  operator = hub.clientOf({ name: 'ann', groups: ['system:authenticated'] })
  asHub = hub.clientOf(hubUser)
})
afterAll(() => hub.stop())

const instance = (name: string, spec: Partial<Instance['spec']> = {}, namespace = 'shop') => ({
  metadata: { name, namespace },
  spec: { backendRef: { name: 'nothing' }, type: 'none', ...spec },
})
const record = (name: string) => ({
  metadata: { name, namespace: 'larder-instances' },
  spec: { resourceRef: { apiVersion: 'v1', kind: 'Secret', namespace: 'blue', name: 'vault' } },
})
const masterNamed = (name: string) => hub.clientOf({ name, groups: ['system:masters', 'system:authenticated'] })
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'allowed',
    (error: Error) => error.message,
  )
const in_ = { namespace: 'shop' }
const erase = (name: string) => refusal(hub.admin.of(instanceKind).delete(name, in_))

describe('an operator who may write every instance and claim', () => {
  test('writes what belongs to people', async () => {
    await operator.of(instanceKind).create(instance('own'))
    await operator.of(instanceKind).patch('own', { spec: { paused: true } }, in_)
    await operator.of(claimKind).create({ metadata: { name: 'own', namespace: 'shop' }, spec: { className: 'x' } })
  })

  test.each<[string, () => Promise<KubeObject>]>([
    ['by creation', () => operator.of(instanceKind).create(instance('a', { origin: ORIGIN }))],
    ['by change', () => operator.of(instanceKind).patch('own', { spec: { origin: ORIGIN } }, in_)],
    [
      'of a claim',
      () => {
        const metadata = { name: 'a', namespace: 'shop' }
        return operator.of(claimKind).create({ metadata, spec: { className: 'x', origin: ORIGIN } })
      },
    ],
  ])('cannot say that it came from elsewhere, %s', async (_, write) => {
    expect(await refusal(write())).toContain(
      "ValidatingAdmissionPolicy 'larder-origin' with binding 'larder-origin' denied request: spec.origin says",
    )
  })

  test.each<[string, () => Promise<KubeObject>]>([
    ['by creation', () => operator.of(instanceKind).create(instance('a', { claimRef: CLAIM_REF }))],
    ['by change', () => operator.of(instanceKind).patch('own', { spec: { claimRef: CLAIM_REF } }, in_)],
    ['by a record', () => operator.of(instanceKind).create(record('r-1'))],
  ])('cannot hold a service, %s', async (_, write) => {
    expect(await refusal(write())).toContain(
      "ValidatingAdmissionPolicy 'larder-hold' with binding 'larder-hold' denied request: spec.claimRef",
    )
  })

  test('may change the rest of what is held, and take nothing off', async () => {
    await asHub.of(instanceKind).create(instance('held', { claimRef: CLAIM_REF, origin: ORIGIN }))
    await operator.of(instanceKind).patch('held', { spec: { paused: true } }, in_)
    expect(await refusal(operator.of(instanceKind).patch('held', { spec: { claimRef: null } }, in_))).toContain(
      'larder-hold',
    )
    expect(await refusal(operator.of(instanceKind).patch('held', { spec: { origin: null } }, in_))).toContain(
      'larder-origin',
    )
  })
})

test('a restore by an administrator brings origins and holds back', async () => {
  await hub.admin.of(instanceKind).create(instance('restored', { claimRef: CLAIM_REF, origin: ORIGIN }))
  await hub.admin.of(instanceKind).create(record('r-2'))
})

describe('the deletion of an instance', () => {
  test('that a claim holds is refused also to an administrator: by the name of the claim, and with what to do', async () => {
    await hub.admin.of(instanceKind).create(instance('used', { claimRef: CLAIM_REF }))
    const refused = await erase('used')
    expect(refused).toContain("'larder-in-use' with binding 'larder-in-use' denied request: claim shop/mine holds")
    expect(refused).toContain('delete the claim first')
    const emergency = `kubectl patch instances.larder.dev used -n shop --type=merge -p '{"spec":{"claimRef":null}}'`
    expect(refused).toContain(emergency)
    // What the refusal says opens the way.
    const patch = JSON.parse(/-p '(.*)'/.exec(emergency)![1]!) as object
    await hub.admin.of(instanceKind).patch('used', patch, in_)
    expect(await erase('used')).toBe('allowed')
  })

  test('that claims share says how many, and waits for none once they are gone', async () => {
    await hub.admin.of(instanceKind).create(instance('many', { sharing: 'Shared' }))
    await hub.admin.of(instanceKind).patchStatus('many', { status: { claims: 2 } }, in_)
    expect(await erase('many')).toContain('claims share this instance, 2 of them: delete these first')
    await hub.admin.of(instanceKind).patchStatus('many', { status: { claims: 0 } }, in_)
    expect(await erase('many')).toBe('allowed')
  })

  test.each([
    ['the hub', () => asHub, 'allowed'],
    [
      'a restore as a ServiceAccount that may do everything',
      () => masterNamed('system:serviceaccount:backup:restore'),
      'allowed',
    ],
    ['an administrator of a cluster that calls him so', () => masterNamed('system:admin'), 'holds this instance'],
    ['a program without the right to hold', () => operator, 'denied request'],
  ])('that is in use, by %s', async (_, who, answer) => {
    await hub.admin.of(instanceKind).create(instance('busy', { claimRef: CLAIM_REF }))
    expect(await refusal(who().of(instanceKind).delete('busy', in_))).toContain(answer)
    if (answer !== 'allowed') await asHub.of(instanceKind).delete('busy', in_)
  })
})
