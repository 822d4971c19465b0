import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isObject, type JsonObject } from '../../base/json.ts'
import { forbidden } from '../../machinery/status.ts'
import { openMemoryStore } from '../../storage/memory/store.ts'
import type { AdmissionPlugin } from '../admission.ts'
import {
  at,
  CRDS,
  eventually,
  openWorld,
  refusal,
  widget,
  widgetCrd,
  WIDGETS,
  type World,
} from '../core/testing/world.ts'

let world: World
beforeEach(async () => {
  world = await openWorld({ caCertificate: 'PEM 1' })
})
afterEach(() => world.close())

const team = at('namespaces', undefined, 'team')
const conditionsOf = (object: JsonObject): Record<string, string> => {
  const status = isObject(object['status']) ? object['status'] : {}
  const list = (status['conditions'] ?? []) as readonly Record<string, string>[]
  return Object.fromEntries(list.map((one) => [one['type']!, `${one['status']} ${one['reason']}: ${one['message']}`]))
}

describe('namespaces', () => {
  beforeEach(async () => {
    await world.admin.create(at('namespaces'), { metadata: { name: 'team' } })
  })

  test('are active, held and labelled from the start', async () => {
    expect(await world.admin.get(team)).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'team' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    })
    await world.admin.patch(team, { metadata: { labels: null }, spec: { finalizers: null } })
    expect(await world.admin.get(team)).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'team' } },
      spec: { finalizers: ['kubernetes'] },
    })
  })

  test('go with everything in them', async () => {
    await world.admin.create(at('secrets', 'team'), { metadata: { name: 's' } })
    await world.admin.create(at('apps/v1/controllerrevisions', 'team'), { metadata: { name: 'c' }, revision: 1 })
    const marked = await world.admin.one({ verb: 'delete', target: team })
    expect(marked).toMatchObject({
      status: { phase: 'Terminating' },
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
    })
    await eventually(() => world.store.get('//namespaces/team') === undefined)
    expect(world.store.count('//secrets/team/')).toBe(0)
    expect(world.store.count('/apps/controllerrevisions/team/')).toBe(0)
    expect(world.store.count('//serviceaccounts/team/')).toBe(0)
  })

  test('that hold a blocked object say so, take nothing new, and go when it is released', async () => {
    await world.admin.create(at(CRDS), widgetCrd())
    await world.admin.create(at(WIDGETS, 'team'), widget('w', {}, { finalizers: ['example.com/x'] }))
    const deleting = world.admin.call({ verb: 'delete', target: team })
    const refused = world.admin
      .create(at('secrets', 'team'), { metadata: { name: 'late' } })
      .catch((error: unknown) => error)
    expect(await refused).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'secrets "late" is forbidden: unable to create new content in namespace team because it is being terminated',
      details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
    })
    await deleting
    const blocked = await eventually(async () => {
      const namespace = await world.admin.get(team)
      return Object.keys(conditionsOf(namespace)).length > 0 && namespace
    })
    expect(conditionsOf(blocked)).toEqual({
      NamespaceDeletionDiscoveryFailure: 'False ResourcesDiscovered: All resources successfully discovered',
      NamespaceDeletionGroupVersionParsingFailure:
        'False ParsedGroupVersions: All legacy kube types successfully parsed',
      NamespaceDeletionContentFailure:
        'False ContentDeleted: All content successfully deleted, may be waiting on finalization',
      NamespaceContentRemaining:
        'True SomeResourcesRemain: Some resources are remaining: widgets.example.com has 1 resource instances',
      NamespaceFinalizersRemaining:
        'True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/x in 1 resource instances',
    })
    await world.admin.patch(at(WIDGETS, 'team', 'w'), { spec: { size: 3 } })
    expect(await refusal(world.admin.create(at('secrets', 'team'), { metadata: { name: 'late' } }))).toMatch(/^403 /)
    await world.admin.patch(at(WIDGETS, 'team', 'w'), { metadata: { finalizers: null } })
    await eventually(() => world.store.get('//namespaces/team') === undefined)
  })

  test('whose content may not be deleted say why, and go once it may', async () => {
    let isGuarded = true
    const guard: AdmissionPlugin = {
      name: 'guard',
      handles: ({ resource }, verb) => resource === 'secrets' && verb === 'delete',
      review: ({ resource, old }) => {
        if (isGuarded) throw forbidden(resource, old!.metadata.name, 'guarded')
      },
    }
    const guarded = await openWorld({ admission: [guard] })
    await guarded.admin.create(at('namespaces'), { metadata: { name: 'team' } })
    await guarded.admin.create(at('secrets', 'team'), { metadata: { name: 's' } })
    await guarded.admin.call({ verb: 'delete', target: team })
    const failed = await eventually(async () => {
      const found = conditionsOf(await guarded.admin.get(team))
      return found['NamespaceDeletionContentFailure']?.startsWith('True') && found
    })
    expect(failed).toMatchObject({
      NamespaceDeletionContentFailure:
        'True ContentDeletionFailed: Failed to delete all resource types, 1 remaining: secrets: secrets "s" is forbidden: guarded',
      NamespaceContentRemaining:
        'True SomeResourcesRemain: Some resources are remaining: secrets has 1 resource instances',
    })
    isGuarded = false
    await eventually(async () => {
      await guarded.clock.advance(1000)
      return guarded.store.get('//namespaces/team') === undefined
    })
    await guarded.close()
  })

  test('that are needed may not be deleted', async () => {
    for (const name of ['default', 'kube-system', 'kube-public']) {
      expect(await refusal(world.admin.call({ verb: 'delete', target: at('namespaces', undefined, name) }))).toBe(
        `403 namespaces "${name}" is forbidden: this namespace may not be deleted`,
      )
    }
  })

  test('with a finalizer in metadata are emptied and wait for its owner', async () => {
    await world.admin.patch(team, { metadata: { finalizers: ['example.com/x'] } })
    await world.admin.call({ verb: 'delete', target: team })
    await eventually(async () => (await world.admin.get(team)) && world.store.count('//serviceaccounts/team/') === 0)
    const kept = await eventually(async () => {
      const namespace = await world.admin.get(team)
      return JSON.stringify(namespace['spec']) === '{}' && namespace
    })
    expect(kept).toMatchObject({ status: { phase: 'Terminating' } })
    await world.admin.patch(team, { metadata: { finalizers: null } })
    expect(await refusal(world.admin.get(team))).toBe('404 namespaces "team" not found')
  })

  test('whose deletion a stop has interrupted go after the next start', async () => {
    const store = openMemoryStore()
    const first = await openWorld({ store, controllers: false })
    await first.admin.create(at('namespaces'), { metadata: { name: 'team' } })
    await first.admin.create(at('secrets', 'team'), { metadata: { name: 's' } })
    await first.admin.call({ verb: 'delete', target: team })
    await first.close()
    const second = await openWorld({ store })
    await eventually(() => store.get('//namespaces/team') === undefined)
    expect(store.count('//secrets/team/')).toBe(0)
    await second.close()
  })

  test('a creation that races with the deletion is refused or goes with the rest', async () => {
    const creations = Array.from({ length: 200 }, (_, i) =>
      world.admin.create(at('secrets', 'team'), { metadata: { name: `s${i}` } }).catch(() => undefined),
    )
    const deletion = world.admin.call({ verb: 'delete', target: team })
    await Promise.all([...creations, deletion])
    await eventually(() => world.store.get('//namespaces/team') === undefined)
    expect(world.store.count('//secrets/team/')).toBe(0)
  })
})

describe('default objects', () => {
  const account = at('serviceaccounts', 'default', 'default')
  const rootCa = at('configmaps', 'default', 'kube-root-ca.crt')

  test('are there when the API is ready, and in every new namespace', async () => {
    await world.admin.get(account)
    expect(await world.admin.get(rootCa)).toMatchObject({ data: { 'ca.crt': 'PEM 1' } })
    await world.admin.create(at('namespaces'), { metadata: { name: 'team' } })
    await eventually(() => world.store.get('//configmaps/team/kube-root-ca.crt'))
    expect(world.store.get('//serviceaccounts/team/default')).toBeDefined()
  })

  test('come back when they are deleted or spoilt', async () => {
    const { metadata } = await world.admin.get(account)
    await world.admin.call({ verb: 'delete', target: account })
    const again = await eventually(() => world.store.get('//serviceaccounts/default/default'))
    expect(again.index.uid).not.toBe(metadata.uid)
    await world.admin.patch(rootCa, { data: { 'ca.crt': 'forged' } })
    await eventually(
      async () => ((await world.admin.get(rootCa)) as unknown as { data: JsonObject }).data['ca.crt'] === 'PEM 1',
    )
  })
})

describe('a start on a used store', () => {
  test('writes nothing', async () => {
    const store = openMemoryStore()
    await (await openWorld({ store, caCertificate: 'PEM 1' })).close()
    const { revision } = store
    await (await openWorld({ store, caCertificate: 'PEM 1' })).close()
    expect(store.revision).toBe(revision)
    const renewed = await openWorld({ store, caCertificate: 'PEM 2' })
    expect(await renewed.admin.get(at('configmaps', 'kube-system', 'kube-root-ca.crt'))).toMatchObject({
      data: { 'ca.crt': 'PEM 2' },
    })
    await renewed.close()
  })

  test('without controllers makes no default objects', async () => {
    const bare = await openWorld({ controllers: false })
    expect(await bare.admin.list(at('serviceaccounts'))).toEqual([])
    expect(await bare.admin.list(at('namespaces'))).toEqual([
      'default',
      'kube-node-lease',
      'kube-public',
      'kube-system',
    ])
    await bare.close()
  })
})

test('events live for an hour after their last write', async () => {
  const events = at('events', 'default')
  const involvedObject = { kind: 'Pod', namespace: 'default', name: 'p' }
  await world.admin.create(events, { metadata: { name: 'a' }, involvedObject })
  await world.admin.create(events, { metadata: { name: 'b' }, involvedObject })
  await world.clock.advance(50 * 60_000)
  await world.admin.patch({ ...events, name: 'b' }, { count: 2 })
  await world.clock.advance(11 * 60_000)
  await eventually(async () => (await world.admin.list(events)).length === 1)
  expect(await world.admin.list(events)).toEqual(['b'])
  await world.clock.advance(60 * 60_000)
  await eventually(async () => (await world.admin.list(events)).length === 0)
})

test('a labelled ClusterRole adds to view, and through it to edit and admin', async () => {
  const roles = 'rbac.authorization.k8s.io/v1/clusterroles'
  const rule = { apiGroups: ['example.com'], resources: ['widgets'], verbs: ['get'] }
  await world.admin.create(at(roles), {
    metadata: { name: 'widget-viewer', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
    rules: [rule],
  })
  for (const name of ['view', 'edit', 'admin']) {
    await eventually(async () =>
      JSON.stringify((await world.admin.get(at(roles, undefined, name)))['rules']).includes('widgets'),
    )
  }
  await world.admin.call({ verb: 'delete', target: at(roles, undefined, 'widget-viewer') })
  await eventually(
    async () => !JSON.stringify((await world.admin.get(at(roles, undefined, 'admin')))['rules']).includes('widgets'),
  )
})
