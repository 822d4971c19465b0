/** A claim by resource of a kind that the cluster does not have yet. */
import { secretType } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimKind } from '../../model/claim.ts'
import { instanceKind } from '../../model/instance.ts'
import type { TestHub } from '../testing/hub.ts'
import { poolHub } from '../testing/pool.ts'

interface Widget extends KubeObject {
  readonly status?: { readonly binding?: { readonly name: string } }
}

const widgetType: ResourceType<Widget> = {
  group: 'example.com',
  version: 'v1',
  resource: 'widgets',
  kind: 'Widget',
  namespaced: true,
}

const crd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

let hub: TestHub

beforeEach(async () => {
  hub = await poolHub()
})

afterEach(() => hub.stop())

const create = (group: string, resource: string, body: object) =>
  hub.admin.transport.call({
    verb: 'create',
    target: { group, version: 'v1', resource },
    body: body as never,
  })

test('waits, says so, and goes on by itself when the kind is installed, the object made and its Secret there', async () => {
  await create('rbac.authorization.k8s.io', 'clusterroles', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'widgets', labels: { 'servicebinding.io/controller': 'true' } },
    rules: [
      { apiGroups: ['example.com'], resources: ['widgets'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] },
    ],
  })
  await hub.claim('gear', { resourceRef: { apiVersion: 'example.com/v1', kind: 'Widget', name: 'cog' } })
  expect(await hub.cause(claimKind, 'gear', 'shop', 'BackendBlocked')).toMatchObject({
    message: 'this cluster has no kind Widget in example.com/v1: install what serves it, or name another',
    heals: true,
  })
  await create('apiextensions.k8s.io', 'customresourcedefinitions', crd)
  await hub.cause(claimKind, 'gear', 'shop', 'ResourceNotFound')
  const widgets = hub.admin.of(widgetType)
  await widgets.create({ metadata: { name: 'cog', namespace: 'shop' } })
  await hub.until('the claim to wait for its Secret', async () => {
    const { status } = await hub.admin.of(claimKind).get('gear', 'shop')
    return status?.cause?.reason === 'ResourceNotReady' ? true : undefined
  })
  await widgets.patchStatus('cog', { status: { binding: { name: 'cog-keys' } } }, { namespace: 'shop' })
  await hub.admin
    .of(secretType)
    .create({ metadata: { name: 'cog-keys', namespace: 'shop' }, stringData: { key: 'k1' } })
  await hub.ready('gear')
  expect(await hub.secretValues('gear')).toEqual({ key: 'k1' })

  await hub.admin.of(secretType).patch('cog-keys', { stringData: { key: 'k2' } }, { namespace: 'shop' })
  await hub.until('the rotation', async () => ((await hub.secretValues('gear'))?.['key'] === 'k2' ? true : undefined))

  const target = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' }
  await hub.admin.transport.call({ verb: 'delete', target: { ...target, name: crd.metadata.name } })
  await hub.until('the claim to degrade', async () => {
    const { status } = await hub.admin.of(claimKind).get('gear', 'shop')
    return status?.cause === undefined ? undefined : true
  })
  expect((await hub.admin.of(instanceKind).list()).items).toHaveLength(1)
  await hub.admin.of(claimKind).delete('gear', { namespace: 'shop' })
  await hub.until('the claim to go', async () =>
    (await hub.admin.of(claimKind).find('gear', 'shop')) ? undefined : true,
  )
})
