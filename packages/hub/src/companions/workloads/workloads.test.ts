/** Row 78 of docs/reference/services-toolkit-compatibility.md, and what its Workload needs around it. */
import { secretType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testHub, type TestHub } from '../../controllers/testing/hub.ts'
import { bindingType } from '../../model/projection/service-binding.ts'
import { EXTENSION_ANNOTATION, workloadKind, type WorkloadSpec } from '../../model/workload/kind.ts'
import { deploymentType, type Deployment } from '../../model/workload/parts.ts'
import { serviceBinding } from '../service-binding/door.ts'
import { workloads } from './door.ts'

let hub: TestHub
beforeEach(async () => {
  hub = await testHub({ drivers: [], doors: [workloads, serviceBinding] })
  await hub.start()
  const data = { type: 'cmVkaXM=' }
  for (const name of ['creds', 'others'])
    await hub.admin.of(secretType).create({ metadata: { name, namespace: 'shop' }, data })
})
afterEach(() => hub.stop())

const at = { namespace: 'shop' }
const db = { name: 'db', ref: { apiVersion: 'v1', kind: 'Secret', name: 'creds' } }
const make = (spec: WorkloadSpec, metadata: object = {}) =>
  hub.admin.of(workloadKind).create({ metadata: { name: 'my-workload', ...at, ...metadata }, spec })
const edit = (spec: object) => hub.admin.of(workloadKind).patch('my-workload', { spec }, at)
const deployed = () => hub.admin.of(deploymentType).find('my-workload', 'shop')
const bindings = async () => (await hub.admin.of(bindingType).list(at)).items

/** The Workload once Ready has that reason, for its newest generation. */
const is = (reason: string) =>
  hub.until(`the workload to be ${reason}`, async () => {
    const found = await hub.admin.of(workloadKind).get('my-workload', 'shop')
    const ready = findCondition(found.status?.conditions, 'Ready')
    return ready?.reason === reason && found.status?.observedGeneration === found.metadata.generation
      ? ready
      : undefined
  })

interface Pod {
  readonly containers: readonly [
    {
      readonly image: string
      readonly env?: readonly { readonly name: string; readonly value?: string }[]
      readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
    },
  ]
  readonly volumes?: readonly {
    readonly name: string
    readonly projected: { readonly sources: readonly [{ readonly secret: object }] }
  }[]
}
const podOf = (deployment: Deployment | undefined) =>
  (deployment!.spec as unknown as { template: { spec: Pod } }).template.spec

test('row 78: a Workload with service claims has a Deployment and a ServiceBinding my-workload-db, whose files are below /bindings/db', async () => {
  await make({ image: 'app:1', serviceClaims: [db], env: [{ name: 'A', value: 'b' }] })
  await is('Ready')
  const [binding] = await bindings()
  expect(binding).toMatchObject({
    metadata: {
      name: 'my-workload-db',
      labels: { 'app.kubernetes.io/component': 'run', 'carto.run/workload-name': 'my-workload' },
    },
    spec: { name: 'db', service: db.ref, workload: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'my-workload' } },
  })
  const pod = podOf(await deployed())
  expect(pod.containers[0]).toMatchObject({ image: 'app:1' })
  expect(pod.containers[0].env).toContainEqual({ name: 'A', value: 'b' })
  expect(pod.containers[0].volumeMounts?.map(({ mountPath }) => mountPath)).toEqual(['/bindings/db'])
  expect(pod.volumes?.[0]?.projected.sources[0].secret).toMatchObject({ name: 'creds' })
})

test('without an image it is described and bound, runs nothing and says so; with one it runs', async () => {
  await make({ source: { git: { url: 'https://example.com/x', ref: { tag: 'v1' } } }, serviceClaims: [db] })
  expect((await is('ImageMissing')).message).toContain('Larder builds no images')
  await hub.until('the projection', async () => podOf(await deployed()).volumes)
  expect((await deployed())?.spec).toMatchObject({ replicas: 0 })
  await edit({ image: 'app:1' })
  await is('Ready')
  expect((await deployed())?.spec).toMatchObject({ replicas: 1 })
  expect(podOf(await deployed()).containers[0].image).toBe('app:1')
})

test('an edit changes what runs, and a service claim that goes takes its binding with it', async () => {
  const more = { name: 'more', ref: { ...db.ref, name: 'others' } }
  await make({ image: 'app:1', serviceClaims: [db, more], env: [{ name: 'A', value: 'b' }] })
  await is('Ready')
  expect((await bindings()).map(({ metadata }) => metadata.name)).toEqual(['my-workload-db', 'my-workload-more'])
  await edit({ serviceClaims: [more], env: null, image: 'app:2' })
  await hub.until('one binding', async () => ((await bindings()).length === 1 ? true : undefined))
  await is('Ready')
  const [container] = podOf(await deployed()).containers
  expect(container.image).toBe('app:2')
  expect(container.env?.map(({ name }) => name)).toEqual(['SERVICE_BINDING_ROOT'])
  expect(container.volumeMounts?.map(({ mountPath }) => mountPath)).toEqual(['/bindings/more'])
})

test('what somebody changes in the Deployment comes back, and what the binding put there stays', async () => {
  await make({ image: 'app:1', serviceClaims: [db] })
  await is('Ready')
  const template = { spec: { containers: [{ name: 'workload', image: 'other:1' }] } }
  await hub.admin.of(deploymentType).patch('my-workload', { spec: { template } }, { ...at, type: 'strategic' })
  await hub.until('the image to come back', async () =>
    podOf(await deployed()).containers[0].image === 'app:1' ? true : undefined,
  )
  expect(podOf(await deployed()).containers[0].volumeMounts).toHaveLength(1)
})

test('deleted, it takes all of its parts with it', async () => {
  await make({ image: 'app:1', serviceClaims: [db] })
  await is('Ready')
  await hub.admin.of(workloadKind).delete('my-workload', at)
  await hub.until('its parts to go', async () =>
    (await deployed()) === undefined && (await bindings()).length === 0 ? true : undefined,
  )
  expect(await hub.admin.of(secretType).find('creds', 'shop')).toBeDefined()
})

test('a Deployment of that name that somebody else made is left alone, and the status says so', async () => {
  const spec = {
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'x', image: 'y' }] } },
  }
  const before = await hub.admin.of(deploymentType).create({ metadata: { name: 'my-workload', ...at }, spec })
  await make({ image: 'app:1', serviceClaims: [db] })
  expect((await is('NameTaken')).message).toBe(
    'Deployment "my-workload" was not made for this Workload: delete or rename it',
  )
  expect(await deployed()).toEqual(before)
})

test('a service of another namespace is asked for by a ResourceClaim; where nobody serves those, the status says so', async () => {
  const extension = { spec: { serviceClaims: { db: { namespace: 'services' } } } }
  await make(
    { image: 'app:1', serviceClaims: [db] },
    { annotations: { [EXTENSION_ANNOTATION]: JSON.stringify(extension) } },
  )
  expect((await is('ClaimsNotServed')).message).toContain('this API serves no ResourceClaims')
})

test('an annotation that is no JSON is told', async () => {
  await make({ image: 'app:1', serviceClaims: [db] }, { annotations: { [EXTENSION_ANNOTATION]: '{' } })
  expect((await is('WorkloadUnreadable')).message).toBe(`annotation ${EXTENSION_ANNOTATION} is no JSON`)
})

const rested = async () => {
  await is('Ready')
  const [deployment, all] = [(await deployed())!, await bindings()]
  return [deployment, ...all]
}

test('in sync: a hub that starts again writes nothing', async () => {
  await make({ image: 'app:1', serviceClaims: [db] })
  const before = await rested()
  await hub.kill()
  await hub.start()
  await hub.admin.of(workloadKind).create({ metadata: { name: 'later', ...at }, spec: { image: 'app:1' } })
  await hub.until('a later workload', () => hub.admin.of(deploymentType).find('later', 'shop'))
  expect(hub.cut.writes.filter((write) => write.includes('my-workload'))).toEqual([])
  expect(await rested()).toEqual(before)
})

describe('killed after each write, it ends in the same state', () => {
  test.each([1, 2, 3, 4])('write %i', async (write) => {
    await hub.kill()
    await hub.start()
    hub.cut.dieAt(write, 'after')
    await make({ image: 'app:1', serviceClaims: [db] })
    await hub.until('the hub to die, or to have no more to write', async () => {
      if (hub.cut.dead) return true
      const { status } = await hub.admin.of(workloadKind).get('my-workload', 'shop')
      return findCondition(status?.conditions, 'Ready')?.status === 'True' ? true : undefined
    })
    await hub.kill()
    await hub.start()
    await is('Ready')
    expect((await bindings()).map(({ metadata }) => metadata.name)).toEqual(['my-workload-db'])
    expect(podOf(await deployed()).containers[0].volumeMounts?.map(({ mountPath }) => mountPath)).toEqual([
      '/bindings/db',
    ])
  })
})
