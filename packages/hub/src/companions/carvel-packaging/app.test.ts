/** App: what is applied, kept, taken away, and as whom. */
import {
  configMapType,
  customResourceDefinitionType,
  namespaceType,
  secretType,
  serviceAccountType,
} from '@larder/engine/client/builtin'
import type { JsonObject } from '@larder/engine/base/json'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { secretNames } from './app/controller.ts'
import { appKind } from './kinds.ts'
import { at, configMap, MAY_CONFIGURE, NAMESPACE, packagingHub, type PackagingHub } from './testing/packaging-hub.ts'

let house: PackagingHub
beforeEach(async () => {
  house = await packagingHub()
})
afterEach(() => house.hub.stop())

const apps = () => house.hub.admin.of(appKind)
const maps = () => house.hub.admin.of(configMapType)
const remove = () => apps().delete('cache', at)
const betaThing = (name: string) =>
  JSON.stringify({ apiVersion: 'example.com/v1beta1', kind: 'Thing', metadata: { name } })
const secretRef = (name: string) => ({ secretRef: { name } })

describe('an App', () => {
  test('applies what it fetches, remembers it, says so, and takes all of it away again', async () => {
    await house.account()
    const secret = JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { a: 'b' } })
    await house.app({
      'a.yml': `${configMap('one', { a: '1' })}\n---\n${configMap('two')}`,
      'b.yaml': secret,
      'README.md': '# x',
    })
    const { status } = await house.is(appKind, 'ReconcileSucceeded')
    expect(status).toMatchObject({ friendlyDescription: 'Reconcile succeeded', deploy: { finished: true } })
    expect(await house.config('one')).toEqual({ a: '1' })
    expect(await house.hub.secretValues('s')).toEqual({ a: 'b' })
    expect((await apps().get('cache', NAMESPACE)).metadata.finalizers).toEqual(['finalizers.kapp-ctrl.k14s.io/delete'])
    const record = JSON.parse((await house.config('cache.app'))!['spec']!) as { applied: readonly { name: string }[] }
    expect(record.applied.map(({ name }) => name)).toEqual(['one', 'two', 's'])
    await remove()
    await house.gone(appKind, 'cache')
    for (const name of ['one', 'two', 'cache.app']) expect(await house.config(name)).toBeUndefined()
    expect(await house.hub.secretValues('s')).toBeUndefined()
  })

  test('an edit changes, adds and takes away; a key that is said no more goes', async () => {
    await house.account()
    await house.app({ 'one.yml': configMap('one', { a: '1', b: '2' }), 'two.yml': configMap('two') })
    await house.is(appKind, 'ReconcileSucceeded')
    await house.edit({ 'one.yml': configMap('one', { a: '3' }), 'two.yml': null, 'three.yml': configMap('three') })
    await house.is(appKind, 'ReconcileSucceeded')
    expect([await house.config('one'), await house.config('two')]).toEqual([{ a: '3' }, undefined])
    expect(await house.config('three')).toEqual({})
  })

  test('what somebody changes or deletes comes back at the next look', async () => {
    await house.account()
    await house.app({ 'one.yml': configMap('one', { a: '1' }), 'two.yml': configMap('two', { a: '1' }) })
    await house.is(appKind, 'ReconcileSucceeded')
    await maps().patch('one', { data: { a: 'x' } }, at)
    await maps().delete('two', at)
    await apps().patch('cache', { metadata: { annotations: { kick: 'me' } } }, at)
    await house.hub.until('both', async () =>
      (await house.config('one'))?.['a'] === '1' && (await house.config('two'))?.['a'] === '1' ? true : undefined,
    )
  })

  test('what the API writes in words of its own is no change', async () => {
    await house.account('installer', [
      ...MAY_CONFIGURE,
      { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: ['get', 'create', 'patch', 'delete'] },
    ])
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } }
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'disk' }, spec }
    await house.app({ 'disk.yml': JSON.stringify(claim) })
    await house.is(appKind, 'ReconcileSucceeded')
    const type = { ...appKind, group: '', version: 'v1', resource: 'persistentvolumeclaims', kind: claim.kind }
    expect(await house.hub.admin.of(type).get('disk', NAMESPACE)).toMatchObject({
      spec: { resources: { requests: { storage: '1Gi' } } },
    })
    const startedAt = '2026-01-02T03:04:05Z'
    await apps().patchStatus('cache', { status: { deploy: { startedAt, finished: false } } }, at)
    const deployed = await house.hub.until('the next look', async () => {
      const { deploy } = (await apps().get('cache', NAMESPACE)).status ?? {}
      return deploy?.finished ? deploy : undefined
    })
    expect(deployed).toEqual({ startedAt, finished: true })
  })

  test('waits for what it has applied, and says for what', async () => {
    await house.account('installer', [
      ...MAY_CONFIGURE,
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'create', 'patch', 'delete'] },
    ])
    const spec = {
      replicas: 2,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'x', image: 'y' }] } },
    }
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec }
    await house.app({ 'web.yml': JSON.stringify(deployment) })
    await house.is(appKind, 'Reconciling', 'cache', 'Deployment shop/web: 0 of 2 replicas are available')
    const status = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }
    const type = { ...appKind, group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }
    await house.hub.admin.of(type).patchStatus('web', { status }, at)
    await house.is(appKind, 'ReconcileSucceeded')
  })

  test('paused, it changes and deletes nothing, until it goes on', async () => {
    await house.account()
    await house.app({ 'one.yml': configMap('one') }, { paused: true })
    const isPaused = () =>
      house.hub.until('the pause', async () => {
        const { status, metadata } = await house.told(appKind)
        return status?.friendlyDescription === 'Canceled/paused' && status.observedGeneration === metadata.generation
          ? true
          : undefined
      })
    await isPaused()
    expect(await house.config('one')).toBeUndefined()
    await apps().patch('cache', { spec: { paused: null } }, at)
    await house.is(appKind, 'ReconcileSucceeded')
    await apps().patch('cache', { spec: { canceled: true } }, at)
    await isPaused()
    await remove()
    await isPaused()
    expect(await house.config('one')).toEqual({})
    await apps().patch('cache', { spec: { canceled: null } }, at)
    await house.gone(appKind, 'cache')
    expect(await house.config('one')).toBeUndefined()
  })

  test('with noopDelete all that it applied stays, and the next App of its name takes over', async () => {
    await house.account()
    await house.app({ 'one.yml': configMap('one', { a: '1' }) }, { noopDelete: true })
    await house.is(appKind, 'ReconcileSucceeded')
    await remove()
    await house.gone(appKind, 'cache')
    const kept = await maps().get('one', NAMESPACE)
    await house.app({ 'two.yml': configMap('two') })
    await house.is(appKind, 'ReconcileSucceeded')
    expect(kept.data).toEqual({ a: '1' })
    expect(await house.config('one')).toBeUndefined()
  })

  test('does not touch what belongs to another App', async () => {
    await house.account()
    await house.app({ 'one.yml': configMap('one', { a: '1' }) })
    await house.is(appKind, 'ReconcileSucceeded')
    await house.app({ 'one.yml': configMap('one', { a: '2' }) }, {}, 'other')
    const { status } = await house.is(appKind, 'ReconcileFailed', 'other')
    expect(status?.usefulErrorMessage).toBe(
      'Deploying: ConfigMap shop/one belongs to another App (label kapp.k14s.io/app)',
    )
    await apps().delete('other', at)
    await house.gone(appKind, 'other')
    expect(await house.config('one')).toEqual({ a: '1' })
  })

  test('brings a kind and an object of it; the kind goes last', async () => {
    await house.account('installer', MAY_CONFIGURE)
    await house.hub.admin
      .of({ ...namespaceType, group: 'rbac.authorization.k8s.io', resource: 'clusterroles', kind: 'ClusterRole' })
      .create({
        metadata: { name: 'kinds' },
        rules: [
          { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: ['*'] },
          { apiGroups: ['example.com'], resources: ['things'], verbs: ['*'] },
        ],
      } as never)
    await house.hub.admin
      .of({
        ...namespaceType,
        group: 'rbac.authorization.k8s.io',
        resource: 'clusterrolebindings',
        kind: 'ClusterRoleBinding',
      })
      .create({
        metadata: { name: 'kinds' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'kinds' },
        subjects: [{ kind: 'ServiceAccount', name: 'installer', namespace: NAMESPACE }],
      } as never)
    const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    const definition: JsonObject = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'things', singular: 'thing', kind: 'Thing' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: anything } }],
      },
    }
    const thing = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'x' }, spec: { a: 'b' } }
    await house.app({ 'a-thing.yml': JSON.stringify(thing), 'b-kind.yml': JSON.stringify(definition) })
    await house.is(appKind, 'ReconcileSucceeded')
    const type = { ...appKind, group: 'example.com', version: 'v1', resource: 'things', kind: 'Thing' }
    expect(await house.hub.admin.of(type).get('x', NAMESPACE)).toMatchObject({ spec: { a: 'b' } })
    await remove()
    await house.gone(appKind, 'cache')
    await house.gone(customResourceDefinitionType, 'things.example.com')
  })

  test.each(['the same hub', 'the next hub'])(
    'what it applied in a version that is served no more is taken away in another, by %s',
    async (who) => {
      await house.account('installer', [
        ...MAY_CONFIGURE,
        { apiGroups: ['example.com'], resources: ['things'], verbs: ['*'] },
      ])
      const schema = { openAPIV3Schema: { type: 'object' } }
      const served = (name: string, is: boolean) => ({ name, served: is, storage: name === 'v1', schema })
      const definitions = house.hub.admin.of(customResourceDefinitionType)
      const metadata = { name: 'things.example.com' }
      const names = { plural: 'things', singular: 'thing', kind: 'Thing' }
      const versions = [served('v1beta1', true), served('v1', true)]
      await definitions.create({
        metadata,
        spec: { group: 'example.com', scope: 'Namespaced', names, versions },
      } as never)
      await house.app({ 'x.yml': betaThing('x') })
      await house.is(appKind, 'ReconcileSucceeded')
      await house.app({ 'y.yml': betaThing('y') }, {}, 'other')
      await house.is(appKind, 'ReconcileSucceeded', 'other')
      if (who === 'the next hub') await house.hub.kill()
      await definitions.patch(metadata.name, { spec: { versions: [served('v1beta1', false), served('v1', true)] } })
      const beta = { ...appKind, group: 'example.com', version: 'v1beta1', resource: 'things', kind: 'Thing' }
      await house.hub.until('the end of v1beta1', async () =>
        house.hub.admin
          .of(beta)
          .list(at)
          .then(
            () => undefined,
            () => true,
          ),
      )
      if (who === 'the next hub') await house.hub.start()
      const type = { ...beta, version: 'v1' }
      const left = async () => (await house.hub.admin.of(type).list(at)).items.map(({ metadata: { name } }) => name)
      await house.edit({ 'x.yml': null, 'one.yml': configMap('one') })
      await house.is(appKind, 'ReconcileSucceeded')
      expect(await left()).toEqual(['y'])
      await apps().delete('other', at)
      await house.gone(appKind, 'other')
      expect(await left()).toEqual([])
    },
  )
})

describe('the account of an App', () => {
  test('that may not do something: ReconcileFailed says what lacks, and with the right all is well', async () => {
    await house.account('installer', [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create', 'patch', 'delete'] },
    ])
    const secret = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      stringData: { a: 'very-secret' },
    })
    await house.app({ 'a.yml': configMap('one'), 'b.yml': secret })
    const { status } = await house.is(appKind, 'ReconcileFailed')
    expect(status?.usefulErrorMessage).toContain('Deploying: get secrets "s" in namespace shop: ')
    expect(status?.usefulErrorMessage).toContain(
      'User "system:serviceaccount:shop:installer" cannot get resource "secrets" in API group "" in the namespace "shop"',
    )
    expect(JSON.stringify(status)).not.toContain('very-secret')
    await house.grant(MAY_CONFIGURE)
    await house.is(appKind, 'ReconcileSucceeded')
  })

  test('is the only one asked: the rights of the hub are not those of an App', async () => {
    await house.account('installer', [])
    await house.app({ 'one.yml': configMap('one') })
    const { status } = await house.is(appKind, 'ReconcileFailed')
    expect(status?.usefulErrorMessage).toContain('cannot get resource "configmaps"')
    expect(await house.config('one')).toBeUndefined()
  })

  test('that is not there, and that is gone before its App: deletion says so, waits, and ends once it is back', async () => {
    await house.app({ 'one.yml': configMap('one') })
    const missing = 'Preparing kapp: Getting service account: serviceaccounts "installer" not found'
    await house.is(appKind, 'ReconcileFailed', 'cache', missing)
    await house.account()
    await house.is(appKind, 'ReconcileSucceeded')
    await house.hub.admin.of(serviceAccountType).delete('installer', at)
    await remove()
    const { status } = await house.is(appKind, 'DeleteFailed', 'cache', missing)
    expect(status?.friendlyDescription).toBe(`Delete failed: ${missing}`)
    expect(await house.config('one')).toEqual({})
    await house.hub.admin.of(serviceAccountType).create({ metadata: { name: 'installer', ...at } })
    await house.gone(appKind, 'cache')
    expect(await house.config('one')).toBeUndefined()
  })

  test('that goes with its whole namespace does not hold up the namespace', async () => {
    await house.account()
    await house.app({ 'one.yml': configMap('one') })
    await house.is(appKind, 'ReconcileSucceeded')
    await house.hub.admin.of(namespaceType).delete(NAMESPACE)
    await house.gone(namespaceType, NAMESPACE)
  })
})

test('the Secrets that wake an App are those of each place that may name one', () => {
  const inline = (name: string) => ({ pathsFrom: [secretRef(name)] })
  const fetch = [
    { inline: inline('a') },
    { imgpkgBundle: { image: 'x', ...secretRef('b') } },
    { image: { url: 'x', ...secretRef('c') } },
  ]
  const template = [
    { values: { valuesFrom: [secretRef('d')] } },
    { ytt: { valuesFrom: [secretRef('e')], inline: inline('f') } },
  ]
  expect(secretNames({ fetch, template })).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
})

test.each([
  [
    'a source that is not supported',
    { fetch: [{ git: { url: 'x' } }] },
    'Fetching resources: spec.fetch[0].git is not supported: say it as inline, imgpkgBundle or image',
  ],
  [
    'a step that is not supported',
    { template: [{ helmTemplate: {} }] },
    'Templating dir: spec.template[0].helmTemplate is not supported: say ytt, or values with plain YAML',
  ],
  [
    'a path that leads out',
    { fetch: [{ inline: { paths: { '../a.yml': 'x' } } }] },
    'Fetching resources: spec.fetch[0].inline.paths: ../a.yml leads out of its folder',
  ],
  [
    'YAML that is none',
    { fetch: [{ inline: { paths: { 'a.yml': 'a: [1' } } }] },
    'Templating dir: a.yml:1 is no YAML: BAD_INDENT',
  ],
  [
    'no account',
    { serviceAccountName: '' },
    'Preparing kapp: Expected service account or cluster to be specified: set spec.serviceAccountName',
  ],
  [
    'a kind that nobody serves',
    { fetch: [{ inline: { paths: { 'a.yml': '{apiVersion: v9, kind: Nope, metadata: {name: x}}' } } }] },
    'Deploying: no matches for kind "Nope" in version "v9"',
  ],
  [
    'the same object twice',
    { fetch: [{ inline: { paths: { 'a.yml': configMap('one'), 'b.yml': configMap('one') } } }] },
    'Deploying: ConfigMap shop/one is among the manifests twice',
  ],
])('%s is refused by name', async (_, spec, message) => {
  await house.account()
  await house.app({ 'one.yml': configMap('one') }, spec)
  await house.is(appKind, 'ReconcileFailed', 'cache', message)
  expect(await house.hub.admin.of(secretType).find('one', NAMESPACE)).toBeUndefined()
})
