import { clusterRoleType, namespaceType } from '@larder/engine/client/builtin'
import type { Call, Transport } from '@larder/engine/machinery/call'
import { createClient } from '@larder/engine/client/client'
import { isForbidden } from '@larder/engine/machinery/status'
import { openMemoryStore } from '@larder/engine/storage/memory/store'
import { beforeEach, describe, expect, test } from 'vitest'
import { testHub, type TestHub } from '../controllers/testing/hub.ts'
import { backendKind } from '../model/backend.ts'
import { claimKind } from '../model/claim.ts'
import { classKind } from '../model/class.ts'
import { instanceKind } from '../model/instance.ts'
import { hubManifests, installHub, installSamples } from './install.ts'
import { hubUser } from './rbac.ts'

const store = openMemoryStore()
let hub: TestHub

beforeEach(async () => {
  hub ??= await testHub({ drivers: [], store })
})

describe('an installation', () => {
  test('writes nothing on a store that has it', async () => {
    await installSamples(hub.admin)
    const before = store.revision
    await installHub(hub.admin)
    await installSamples(hub.admin)
    expect(store.revision).toBe(before)
  })

  test('puts back what was changed of the hub, and leaves labels of others', async () => {
    const roles = hub.admin.of(clusterRoleType)
    await roles.patch('larder:hub', { metadata: { labels: { mine: 'yes' } }, rules: [] })
    await installHub(hub.admin)
    const role = await roles.get('larder:hub')
    expect(role.rules?.length).toBeGreaterThan(3)
    expect(role.metadata.labels).toMatchObject({ mine: 'yes' })
  })

  test('never overwrites a sample that somebody edited', async () => {
    await installSamples(hub.admin)
    await hub.admin.of(classKind).patch('redis', { spec: { description: 'ours' } })
    await installSamples(hub.admin)
    expect((await hub.admin.of(classKind).get('redis')).spec.description).toBe('ours')
  })
})

const refused = async (work: Promise<unknown>) =>
  work.then(
    () => false,
    (error: unknown) => {
      if (isForbidden(error)) return true
      throw error
    },
  )

describe('rights', () => {
  test('the hub is no administrator', async () => {
    const client = hub.clientOf(hubUser)
    expect(await refused(client.of(clusterRoleType).list())).toBe(true)
    expect(await refused(client.of(namespaceType).delete('shop'))).toBe(true)
    expect(await refused(client.of(classKind).delete('redis'))).toBe(true)
    expect(await refused(client.of(claimKind).delete('x', { namespace: 'shop' }))).toBe(true)
    expect(await refused(client.of(backendKind).create({ metadata: { name: 'x' }, spec: { driver: 'x' } }))).toBe(true)
  })

  test('an application team manages claims and sees classes, and no instance and no backend', async () => {
    const binding = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'team', namespace: 'shop' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
    }
    const target = { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'rolebindings', namespace: 'shop' }
    await hub.admin.transport.call({ verb: 'create', target, body: binding })
    const ann = hub.clientOf({ name: 'ann', groups: ['system:authenticated'] })
    await ann.of(claimKind).create({ metadata: { name: 'a', namespace: 'shop' }, spec: { className: 'redis' } })
    expect((await ann.of(classKind).list()).items.length).toBeGreaterThan(0)
    expect(await refused(ann.of(instanceKind).list())).toBe(true)
    expect(await refused(ann.of(instanceKind).list({ namespace: 'shop' }))).toBe(true)
    expect(await refused(ann.of(backendKind).list())).toBe(true)
    expect(await refused(ann.of(claimKind).list({ namespace: 'default' }))).toBe(true)
    await ann.of(claimKind).delete('a', { namespace: 'shop' })
  })
})

test('counting calls: a start on a used store reads each object once', async () => {
  const calls: Call[] = []
  const { transport } = hub.admin
  const counting: Transport = {
    call: (call, signal) => {
      calls.push(call)
      return transport.call(call, signal)
    },
    watch: (target, options, signal) => transport.watch(target, options, signal),
    raw: (path, signal) => transport.raw(path, signal),
    close: () => transport.close(),
  }
  await installHub(createClient(counting))
  expect(calls.filter((call) => call.verb !== 'get')).toEqual([])
  expect(calls).toHaveLength(hubManifests().length)
})
