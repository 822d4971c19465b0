/** Workloads that come after their binding, on an API that asks the door at each write. */
import { clusterRoleType, configMapType, secretType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bindingType, type ServiceBinding } from '../../model/projection/service-binding.ts'
import {
  bindingHub,
  cronJobType,
  deploymentType,
  mountsOf,
  podOf,
  widgetType,
  type BindingHub,
} from './testing/binding-hub.ts'

let hub: BindingHub
beforeEach(async () => {
  hub = await bindingHub({ admission: true })
  await hub.start()
})
afterEach(() => hub.stop())

const selecting = (tier: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', selector: { matchLabels: { tier } } })

/** A binding whose service is there, and that has been looked at. */
async function bound(name: string, spec: Partial<ServiceBinding['spec']> = {}): Promise<ServiceBinding> {
  await hub.bind(name, spec)
  return hub.until(`${name} to be looked at`, async () => {
    const binding = await hub.admin.of(bindingType).get(name, 'shop')
    if (!findCondition(binding.status?.conditions, 'Ready')) return undefined
    return hub.is(name, findCondition(binding.status?.conditions, 'Ready')!.status as 'True' | 'False')
  })
}

const written = () => hub.writes().filter((write) => /^(update|patch) deployments/.test(write))

describe('a workload that comes after its binding is projected in the write that creates it', () => {
  test('by name; the controller finds nothing left to do', async () => {
    await hub.claim('cache')
    await bound('cache', { env: [{ name: 'HOST', key: 'host' }] })
    const made = await hub.deployment('app')
    expect(mountsOf(made)).toEqual([['/bindings/cache']])
    expect(podOf(made).containers[0]!.env).toContainEqual({
      name: 'HOST',
      valueFrom: { secretKeyRef: { name: 'cache-secret', key: 'host' } },
    })
    await hub.is('cache', 'True')
    expect((await hub.admin.of(deploymentType).get('app', 'shop')).metadata.generation).toBe(1)
    expect(written()).toEqual([])
  })

  test('by selector, of every binding that selects it and of none besides', async () => {
    await hub.claim('cache')
    for (const [name, tier] of [
      ['one', 'web'],
      ['two', 'web'],
      ['three', 'db'],
    ] as const)
      await bound(name, { workload: selecting(tier) })
    expect(
      mountsOf(await hub.deployment('app', undefined, { tier: 'web' }))
        .flat()
        .toSorted(),
    ).toEqual(['/bindings/one', '/bindings/two'])
    expect(mountsOf(await hub.deployment('other', undefined, { tier: 'mail' }))).toEqual([[]])
  })

  test('of another kind, by its mapping', async () => {
    await hub.claim('cache')
    await bound('cache', { workload: { apiVersion: 'batch/v1', kind: 'CronJob', name: 'job' } })
    const containers = [{ name: 'app', image: 'app' }]
    const template = { spec: { containers, restartPolicy: 'Never' } }
    const made = await hub.admin.of(cronJobType).create({
      metadata: { name: 'job', namespace: 'shop' },
      spec: { schedule: '* * * * *', jobTemplate: { spec: { template } } },
    })
    expect(JSON.stringify(made.spec)).toContain('/bindings/cache')
  })

  test('shown by a dry run as well', async () => {
    await hub.claim('cache')
    await bound('cache')
    const template = { metadata: { labels: { app: 'app' } }, spec: { containers: [{ name: 'app', image: 'app' }] } }
    const spec = { selector: { matchLabels: { app: 'app' } }, template }
    const shown = await hub.admin
      .of(deploymentType)
      .create({ metadata: { name: 'app', namespace: 'shop' }, spec }, { dryRun: true })
    expect(mountsOf(shown)).toEqual([['/bindings/cache']])
    await hub.is('cache', 'False', 'WorkloadNotFound')
  })
})

test('what an update takes out is in the workload before it is stored, and its other changes too', async () => {
  await hub.claim('cache')
  await bound('cache')
  const before = await hub.deployment('app')
  const { annotations: _, resourceVersion: __, ...metadata } = before.metadata
  const template = { metadata: { labels: { app: 'app' } }, spec: { containers: [{ name: 'app', image: 'next' }] } }
  const after = await hub.admin.of(deploymentType).update({ ...before, metadata, spec: { ...before.spec, template } })
  expect(mountsOf(after)).toEqual([['/bindings/cache']])
  expect(podOf(after).containers[0]).toMatchObject({ image: 'next' })
  await hub.is('cache', 'True')
  expect(written()).toEqual([])
})

test('a workload that is labelled later is projected in that write, and left when the label goes', async () => {
  await hub.claim('cache')
  await bound('cache', { workload: selecting('web') })
  await hub.deployment('app')
  const label = (tier: string | null) =>
    hub.admin.of(deploymentType).patch('app', { metadata: { labels: { tier } } }, { namespace: 'shop' })
  expect(mountsOf(await label('web'))).toEqual([['/bindings/cache']])
  await label(null)
  await hub.until('the workload to be left', async () =>
    mountsOf(await hub.admin.of(deploymentType).get('app', 'shop')).flat().length === 0 ? true : undefined,
  )
})

test('a binding that is deleted, or edited, leaves: nobody puts it back', async () => {
  await hub.claim('cache')
  await bound('cache')
  await hub.deployment('app')
  await hub.admin.of(bindingType).patch('cache', { spec: { name: 'db' } }, { namespace: 'shop' })
  await hub.until('the folder to be another', async () =>
    mountsOf(await hub.admin.of(deploymentType).get('app', 'shop'))
      .flat()
      .join() === '/bindings/db'
      ? true
      : undefined,
  )
  await hub.admin.of(bindingType).delete('cache', { namespace: 'shop' })
  await hub.until('the binding to be gone', async () =>
    (await hub.admin.of(bindingType).find('cache', 'shop')) ? undefined : true,
  )
  const left = await hub.admin.of(deploymentType).get('app', 'shop')
  expect(mountsOf(left)).toEqual([[]])
  expect(left.metadata.annotations).toBeUndefined()
  expect(mountsOf(await hub.admin.of(deploymentType).update(left))).toEqual([[]])
})

describe('a workload is created as its author wrote it', () => {
  test('while the Secret is away, and is projected when it comes', async () => {
    await hub.claim('cache')
    await bound('cache')
    await hub.admin.of(secretType).delete('cache-secret', { namespace: 'shop' })
    await hub.is('cache', 'False', 'SecretNotFound')
    expect(mountsOf(await hub.deployment('app'))).toEqual([[]])
    await hub.admin.of(secretType).create({ metadata: { name: 'cache-secret', namespace: 'shop' }, data: {} })
    await hub.is('cache', 'True')
    expect(mountsOf(await hub.admin.of(deploymentType).get('app', 'shop'))).toEqual([['/bindings/cache']])
  })

  test('where its container has no place for the binding, which the status tells', async () => {
    await hub.claim('cache')
    await bound('cache')
    const volumeMounts = [{ name: 'mine', mountPath: '/bindings/cache' }]
    expect(mountsOf(await hub.deployment('app', [{ name: 'app', image: 'app', volumeMounts }]))).toEqual([
      ['/bindings/cache'],
    ])
    await hub.is('cache', 'False', 'WorkloadUnfit')
  })

  test('where the account of bindings may not change its kind, until it may', async () => {
    await hub.defineWidgets()
    await hub.claim('cache')
    const read = ['get', 'list', 'watch']
    await hub.role('reads', { 'servicebinding.io/controller': 'true' }, ['widgets'], read)
    await bound('cache', { workload: { apiVersion: 'example.com/v1', kind: 'Widget', name: 'w' } })
    const create = () =>
      hub.admin.of(widgetType).create({
        metadata: { name: 'w', namespace: 'shop' },
        spec: { template: { spec: { containers: [{ name: 'app' }] } } },
      })
    expect(mountsOf(await create())).toEqual([[]])
    await hub.is('cache', 'False', 'WorkloadForbidden')
    await hub.admin.of(widgetType).delete('w', { namespace: 'shop' })
    await hub.role('writes', { 'servicebinding.io/controller': 'true' }, ['widgets'], ['update'])
    // The aggregated role has it a moment later.
    await hub.until('the right to be there', async () => {
      const role = await hub.admin.of(clusterRoleType).get('larder:service-binding')
      return JSON.stringify(role.rules).includes('"verbs":["update"]') ? true : undefined
    })
    expect(mountsOf(await create())).toEqual([['/bindings/cache']])
  })
})

test('objects of kinds that no binding is about are shown to nobody', async () => {
  await hub.claim('cache')
  await bound('cache', { workload: { apiVersion: 'batch/v1', kind: 'CronJob', name: 'job' } })
  await hub.admin.of(configMapType).create({ metadata: { name: 'app', namespace: 'shop' } })
  await hub.deployment('app')
  expect(hub.shown()).toEqual([])
})
