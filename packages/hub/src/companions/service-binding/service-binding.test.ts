/** Rows 51 to 61 and 80 to 83 of the table in docs/reference/services-toolkit-compatibility.md, each by its number. */
import { clusterRoleType, customResourceDefinitionType, namespaceType, secretType } from '@larder/engine/client/builtin'
import type { Json, JsonObject } from '@larder/engine/base/json'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimKind } from '../../model/claim.ts'
import { bindingType, mappingType, type ServiceBinding } from '../../model/projection/service-binding.ts'
import {
  bindingHub,
  cronJobType,
  deploymentType,
  mountsOf,
  podOf,
  widgetType,
  type BindingHub,
  type Workload,
} from './testing/binding-hub.ts'

let hub: BindingHub
beforeEach(async () => {
  hub = await bindingHub()
  await hub.start()
})
afterEach(() => hub.stop())

const deployed = (name: string) => hub.admin.of(deploymentType).get(name, 'shop')

/** Resolves with the Deployment once it has, or has not, anything of a binding. */
const isBound = (name: string, expected: boolean) =>
  hub.until(`${name} to be ${expected ? '' : 'un'}bound`, async () => {
    const workload = await deployed(name)
    return (podOf(workload).volumes ?? []).length > 0 === expected ? workload : undefined
  })

const conditionsOf = ({ status }: ServiceBinding) =>
  Object.fromEntries((status?.conditions ?? []).map(({ type, status: is, reason }) => [type, `${is} ${reason}`]))
const messageOf = ({ status }: ServiceBinding) => findCondition(status?.conditions, 'Ready')!.message

/** Without what any write changes, and without the variable that stays. */
function content(workload: Workload): Json {
  const { metadata, spec } = workload
  const text = JSON.stringify({ annotations: metadata.annotations, spec })
  const root = ',?"env":\\[\\{"name":"SERVICE_BINDING_ROOT","value":"/bindings"\\}\\]'
  return JSON.parse(text.replaceAll(new RegExp(root, 'g'), '')) as Json
}

test('row 51: a ServiceBinding is served at v1, v1beta1 and v1alpha3', async () => {
  await hub.claim('cache')
  await hub.deployment('app')
  const at = (version: string) => hub.admin.of({ ...bindingType, version })
  const service = { apiVersion: 'larder.dev/v1alpha1', kind: 'Claim', name: 'cache' }
  const workload = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' }
  await at('v1alpha3').create({ metadata: { name: 'app-db', namespace: 'shop' }, spec: { service, workload } })
  await hub.is('app-db', 'True')
  for (const version of ['v1', 'v1beta1', 'v1alpha3'])
    expect(await at(version).get('app-db', 'shop')).toMatchObject({
      apiVersion: `servicebinding.io/${version}`,
      spec: { workload },
    })
  const definition = await hub.admin.of(customResourceDefinitionType).get('servicebindings.servicebinding.io')
  expect(definition.spec.versions.map(({ name, served }) => [name, served])).toEqual([
    ['v1', true],
    ['v1beta1', true],
    ['v1alpha3', true],
  ])
})

test('row 52: a binding to a Claim is Ready, and names its Secret', async () => {
  await hub.claim('cache')
  await hub.deployment('app')
  await hub.bind('cache', {})
  const bound = await hub.is('cache', 'True', 'ServiceBound')
  expect(bound.status).toMatchObject({
    binding: { name: 'cache-secret' },
    observedGeneration: bound.metadata.generation,
  })
  expect(conditionsOf(bound)).toEqual({
    Ready: 'True ServiceBound',
    ServiceAvailable: 'True ResolvedBindingSecret',
    WorkloadProjected: 'True WorkloadProjected',
  })
})

test('row 53: files, variables, type and provider are projected, and a root of the workload stays', async () => {
  await hub.claim('cache')
  const root = { name: 'SERVICE_BINDING_ROOT', value: '/elsewhere' }
  await hub.deployment('app', [{ name: 'app', image: 'app', env: [root] }])
  await hub.bind('cache', { name: 'db', type: 'valkey', provider: 'us', env: [{ name: 'HOST', key: 'host' }] })
  const { uid } = (await hub.is('cache', 'True')).metadata
  const app = await deployed('app')
  expect(mountsOf(app)).toEqual([['/elsewhere/db']])
  expect(podOf(app).containers[0]!.env).toEqual([
    root,
    { name: 'HOST', valueFrom: { secretKeyRef: { name: 'cache-secret', key: 'host' } } },
  ])
  const marks = {
    [`projector.servicebinding.io/type-${uid}`]: 'valkey',
    [`projector.servicebinding.io/provider-${uid}`]: 'us',
  }
  expect(app.spec).toMatchObject({ template: { metadata: { annotations: marks } } })
})

test('row 53: a Secret is bound directly', async () => {
  await hub.claim('cache')
  await hub.deployment('app')
  await hub.bind('direct', { service: { apiVersion: 'v1', kind: 'Secret', name: 'cache-secret' } })
  expect((await hub.is('direct', 'True')).status?.binding).toEqual({ name: 'cache-secret' })
  expect(mountsOf(await deployed('app'))).toEqual([['/bindings/direct']])
})

test('row 54: only containers that are named are bound, init containers among them', async () => {
  await hub.claim('cache')
  const containers = ['app', 'side'].map((name) => ({ name, image: name }))
  await hub.deployment('app', containers)
  const spec = { template: { spec: { initContainers: [{ name: 'init', image: 'init' }] } } }
  await hub.admin.of(deploymentType).patch('app', { spec }, { namespace: 'shop' })
  const workload = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app', containers: ['side', 'init', 'nobody'] }
  await hub.bind('cache', { workload })
  await hub.is('cache', 'True')
  const app = await deployed('app')
  expect(mountsOf(app)).toEqual([[], ['/bindings/cache']])
  expect(podOf(app).initContainers![0]!.volumeMounts).toHaveLength(1)
  await hub.admin.of(bindingType).patch('cache', { spec: { workload: { containers: null } } }, { namespace: 'shop' })
  await hub.until('all containers to be bound', async () =>
    mountsOf(await deployed('app')).flat().length === 2 ? true : undefined,
  )
})

const label = (name: string, tier: string | null) =>
  hub.admin.of(deploymentType).patch(name, { metadata: { labels: { tier } } }, { namespace: 'shop' })

describe('row 55: workloads by selector', () => {
  const selecting = { apiVersion: 'apps/v1', kind: 'Deployment', selector: { matchLabels: { tier: 'web' } } }
  test('those that match are bound, those that come to match later too, and who ceases to match is left', async () => {
    await hub.claim('cache')
    await hub.deployment('one', undefined, { tier: 'web' })
    const other = await hub.deployment('other', undefined, { tier: 'db' })
    await hub.bind('cache', { workload: selecting })
    await hub.is('cache', 'True')
    await isBound('one', true)
    await hub.deployment('late', undefined, { tier: 'web' })
    await isBound('late', true)
    await label('other', 'web')
    await isBound('other', true)
    await label('other', 'db')
    const left = await isBound('other', false)
    expect(content(left)).toEqual(content(other))
    await isBound('one', true)
  })

  test('nothing to match yet is nothing to wait for', async () => {
    await hub.claim('cache')
    await hub.bind('cache', { workload: selecting })
    await hub.is('cache', 'True')
    await hub.deployment('late', undefined, { tier: 'web' })
    await isBound('late', true)
  })

  test('one that cannot be bound is named, and the others are bound', async () => {
    await hub.claim('cache')
    await hub.deployment('good', undefined, { tier: 'web' })
    const env = [{ name: 'SERVICE_BINDING_ROOT', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }]
    await hub.deployment('odd', [{ name: 'app', image: 'app', env }], { tier: 'web' })
    await hub.bind('cache', { workload: selecting })
    expect(messageOf(await hub.is('cache', 'False', 'WorkloadUnfit'))).toMatch(/^odd: .*SERVICE_BINDING_ROOT/)
    await isBound('good', true)
  })
})

test('row 56: a deleted binding leaves no trace but SERVICE_BINDING_ROOT, and other bindings alone', async () => {
  await hub.claim('cache')
  const before = await hub.deployment('app')
  await hub.bind('cache', { env: [{ name: 'HOST', key: 'host' }], type: 'redis' })
  await hub.bind('stays', { service: { apiVersion: 'v1', kind: 'Secret', name: 'cache-secret' } })
  await Promise.all([hub.is('cache', 'True'), hub.is('stays', 'True')])
  await hub.admin.of(bindingType).delete('cache', { namespace: 'shop' })
  await gone('cache')
  expect(mountsOf(await deployed('app'))).toEqual([['/bindings/stays']])
  await hub.admin.of(bindingType).delete('stays', { namespace: 'shop' })
  await gone('stays')
  const after = await deployed('app')
  expect(content(after)).toEqual(content(before))
  expect(podOf(after).containers[0]!.env).toEqual([{ name: 'SERVICE_BINDING_ROOT', value: '/bindings' }])
})

const gone = (name: string) =>
  hub.until(`${name} to be gone`, async () => ((await hub.admin.of(bindingType).find(name, 'shop')) ? undefined : true))

test('row 56: a binding that names another workload leaves the former', async () => {
  await hub.claim('cache')
  const before = await hub.deployment('app')
  await hub.deployment('next')
  await hub.bind('cache', {})
  await isBound('app', true)
  await hub.admin.of(bindingType).patch('cache', { spec: { workload: { name: 'next' } } }, { namespace: 'shop' })
  await isBound('next', true)
  expect(content(await isBound('app', false))).toEqual(content(before))
})

const widget = { apiVersion: 'example.com/v1', kind: 'Widget', name: 'w' }
const create = (body: JsonObject) =>
  hub.admin.of(widgetType).create({ metadata: { name: 'w', namespace: 'shop' }, spec: {}, ...body })

describe('row 57: what is missing is said, and heals', () => {
  test('the service', async () => {
    await hub.deployment('app')
    await hub.bind('cache', {})
    const waiting = await hub.is('cache', 'False', 'ServiceNotFound')
    expect(messageOf(waiting)).toBe('the service was not found: there is no Claim "cache"')
    expect(conditionsOf(waiting)).toMatchObject({ ServiceAvailable: 'False ServiceNotFound' })
    await hub.claim('cache')
    await hub.is('cache', 'True')
  })

  test('its binding, and then the Secret', async () => {
    await hub.deployment('app')
    await hub.admin
      .of(claimKind)
      .create({ metadata: { name: 'cache', namespace: 'shop' }, spec: { className: 'redis' } })
    await hub.bind('cache', { env: [{ name: 'HOST', key: 'host' }] })
    await hub.is('cache', 'False', 'ServiceMissingBinding')
    await hub.admin
      .of(claimKind)
      .patchStatus('cache', { status: { binding: { name: 'creds' } } }, { namespace: 'shop' })
    await hub.is('cache', 'False', 'SecretNotFound')
    await hub.admin.of(secretType).create({ metadata: { name: 'creds', namespace: 'shop' }, data: {} })
    const bound = await hub.is('cache', 'True')
    expect(messageOf(bound)).toContain('no key "type"')
    expect(messageOf(bound)).toContain('no key "host", which variable HOST asks for')
    await hub.admin.of(secretType).patch('creds', { data: { type: 'cg==', host: 'aA==' } }, { namespace: 'shop' })
    await hub.until('nothing to be missing', async () =>
      messageOf(await hub.is('cache', 'True')) === '' ? true : undefined,
    )
  })

  test('the workload', async () => {
    await hub.claim('cache')
    await hub.bind('cache', {})
    const waiting = await hub.is('cache', 'False', 'WorkloadNotFound')
    expect(conditionsOf(waiting)).toMatchObject({ ServiceAvailable: 'True ResolvedBindingSecret' })
    await hub.deployment('app')
    await hub.is('cache', 'True')
  })

  test('a kind, of the service and of the workload', async () => {
    await hub.bind('cache', { service: widget, workload: widget })
    expect(messageOf(await hub.is('cache', 'False', 'ServiceNotFound'))).toContain('is no kind that this API serves')
  })

  test('the right to read the service, which heals when it is given and degrades when it is taken', async () => {
    await hub.defineWidgets()
    await hub.claim('cache')
    await hub.deployment('app')
    await create({ status: { binding: { name: 'cache-secret' } } })
    await hub.bind('cache', { service: widget })
    const forbidden = await hub.is('cache', 'False', 'ServiceForbidden')
    expect(messageOf(forbidden)).toContain('may not get widgets.example.com')
    await hub.role('widgets', { 'servicebinding.io/controller': 'true' }, ['widgets'], ['get', 'list', 'watch'])
    await hub.is('cache', 'True')
    await hub.admin.of(clusterRoleType).delete('widgets')
    await hub.is('cache', 'False', 'ServiceForbidden')
  })

  test('the right to watch the service is not needed', async () => {
    await hub.defineWidgets()
    await hub.claim('cache')
    await hub.deployment('app')
    await hub.role('widgets', { 'service.binding/controller': 'true' }, ['widgets'], ['get', 'list'])
    await create({})
    await hub.bind('cache', { service: widget })
    await hub.is('cache', 'False', 'ServiceMissingBinding')
    await hub.admin.of(widgetType).patch('w', { status: { binding: { name: 'cache-secret' } } }, { namespace: 'shop' })
    await hub.is('cache', 'True')
  })

  test('the right to write the workload', async () => {
    await hub.defineWidgets()
    await hub.claim('cache')
    await hub.role('reads', { 'servicebinding.io/controller': 'true' }, ['widgets'], ['get', 'list', 'watch'])
    await create({ spec: { template: { spec: { containers: [{ name: 'app' }] } } } })
    await hub.bind('cache', { workload: widget })
    const forbidden = await hub.is('cache', 'False', 'WorkloadForbidden')
    expect(messageOf(forbidden)).toContain('permission to update the workloads')
    await hub.role('writes', { 'servicebinding.io/controller': 'true' }, ['widgets'], ['update'])
    await hub.is('cache', 'True')
    expect(mountsOf(await hub.admin.of(widgetType).get('w', 'shop'))).toEqual([['/bindings/cache']])
  })
})

test('row 80: a service that is no Provisioned Service is told in every condition', async () => {
  await hub.defineWidgets()
  await hub.role('widgets', { 'servicebinding.io/controller': 'true' }, ['widgets'], ['get', 'list', 'watch'])
  await hub.deployment('app')
  await create({ status: { phase: 'Running' } })
  await hub.bind('cache', { service: widget })
  const waiting = await hub.is('cache', 'False', 'ServiceMissingBinding')
  expect(conditionsOf(waiting)).toEqual({
    Ready: 'False ServiceMissingBinding',
    ServiceAvailable: 'False ServiceMissingBinding',
    WorkloadProjected: 'False ServiceMissingBinding',
  })
  expect(waiting.status?.observedGeneration).toBe(waiting.metadata.generation)
})

test('row 81: whatever is not found is named by its kind and name', async () => {
  await hub.bind('cache', {})
  const waiting = await hub.is('cache', 'False', 'ServiceNotFound')
  expect(Object.fromEntries((waiting.status?.conditions ?? []).map(({ type, message }) => [type, message]))).toEqual({
    Ready: 'the service was not found: there is no Claim "cache"',
    ServiceAvailable: 'the service was not found: there is no Claim "cache"',
    WorkloadProjected: 'the workload was not found: there is no Deployment "app"',
  })
})

test('row 82: bindings that are broken in every way hold nobody up, also not on the same workload', async () => {
  await hub.defineWidgets()
  await hub.claim('cache')
  await hub.deployment('app')
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment' }
  await hub.admin.of(mappingType).create({
    metadata: { name: 'cronjobs.batch' },
    spec: { versions: [{ version: '*', containers: [{ path: '.spec.[?(@' }] }] },
  })
  await cronJob()
  await hub.bind('no-service', { service: { ...widget, name: 'nobody' } })
  await hub.bind('no-kind', { workload: { apiVersion: 'nowhere.example.com/v1', kind: 'Thing', name: 'app' } })
  await hub.bind('no-right', { workload: widget })
  await hub.bind('no-mapping', { workload: { apiVersion: 'batch/v1', kind: 'CronJob', name: 'job' } })
  const matchExpressions = [{ key: 'tier', operator: 'In' as const, values: [] }]
  await hub.bind('no-selector', { workload: { ...deployment, selector: { matchExpressions } } })
  await hub.bind('good', {})
  await hub.is('good', 'True')
  expect(mountsOf(await deployed('app'))).toEqual([['/bindings/good']])
  await hub.is('no-service', 'False', 'ServiceForbidden')
  await hub.is('no-kind', 'False', 'WorkloadNotFound')
  await hub.is('no-right', 'False', 'WorkloadForbidden')
  await hub.is('no-mapping', 'False', 'MappingInvalid')
  expect(messageOf(await hub.is('no-selector', 'False', 'SelectorInvalid'))).toBe(
    'spec.workload.selector.matchExpressions[0].values: operator In needs values; until then nothing is selected',
  )
})

test('row 83: a workload that somebody else writes at the same moment is a conflict, of which nobody is told', async () => {
  await hub.claim('cache')
  await hub.deployment('app')
  hub.interfere(() =>
    hub.admin.of(deploymentType).patch('app', { metadata: { labels: { theirs: 'x' } } }, { namespace: 'shop' }),
  )
  await hub.bind('cache', {})
  await hub.is('cache', 'True')
  const app = await deployed('app')
  expect([mountsOf(app), app.metadata.labels]).toEqual([[['/bindings/cache']], { theirs: 'x' }])
  expect(hub.writes().filter((write) => write === 'update deployments app')).toHaveLength(2)
  expect(new Set(hub.told('cache'))).toEqual(new Set(['True ServiceBound']))
})

test('row 58: a binding whose service or Secret goes is not Ready any more, and its workload is left as it is', async () => {
  await hub.claim('cache')
  await hub.deployment('app')
  await hub.bind('cache', {})
  await hub.is('cache', 'True')
  const { resourceVersion } = (await deployed('app')).metadata
  await hub.admin.of(secretType).delete('cache-secret', { namespace: 'shop' })
  await hub.is('cache', 'False', 'SecretNotFound')
  await hub.admin.of(claimKind).delete('cache', { namespace: 'shop' })
  const fallen = await hub.is('cache', 'False', 'ServiceNotFound')
  expect(conditionsOf(fallen)).toMatchObject({
    ServiceAvailable: 'False ServiceNotFound',
    WorkloadProjected: 'True WorkloadProjected',
  })
  expect((await deployed('app')).metadata.resourceVersion).toBe(resourceVersion)
})

test('row 58: a service that names another Secret is projected anew', async () => {
  await hub.claim('cache')
  await hub.deployment('app')
  await hub.bind('cache', { env: [{ name: 'HOST', key: 'host' }] })
  await hub.is('cache', 'True')
  await hub.claim('next')
  await hub.admin
    .of(claimKind)
    .patchStatus('cache', { status: { binding: { name: 'next-secret' } } }, { namespace: 'shop' })
  await hub.until('the other Secret to be projected', async () => {
    const text = JSON.stringify((await deployed('app')).spec)
    return text.includes('next-secret') && !text.includes('cache-secret') ? true : undefined
  })
})

test('row 59: what a user drops from the workload comes back', async () => {
  await hub.claim('cache')
  const before = await hub.deployment('app')
  await hub.bind('cache', {})
  await hub.is('cache', 'True')
  const bound = await deployed('app')
  const { annotations: _, ...metadata } = bound.metadata
  await hub.admin.of(deploymentType).update({ ...bound, metadata, spec: before.spec })
  const again = await isBound('app', true)
  expect(mountsOf(again)).toEqual([['/bindings/cache']])
})

const cronJob = () => {
  const spec = { containers: [{ name: 'app', image: 'app' }], restartPolicy: 'Never' }
  const jobTemplate = { spec: { template: { spec } } }
  return hub.admin
    .of(cronJobType)
    .create({ metadata: { name: 'job', namespace: 'shop' }, spec: { schedule: '* * * * *', jobTemplate } })
}

describe('row 60: a mapping', () => {
  const pod = '.spec.jobTemplate.spec.template'

  test('of CronJobs is known, and one that is written takes its place: what it says no longer is cleaned', async () => {
    await hub.claim('cache')
    await cronJob()
    await hub.bind('cache', { workload: { apiVersion: 'batch/v1', kind: 'CronJob', name: 'job' } })
    const { uid } = (await hub.is('cache', 'True')).metadata
    const mark = `projector.servicebinding.io/secret-${uid}`
    const placesOf = async () => {
      const job = await hub.admin.of(cronJobType).get('job', 'shop')
      const template = job.spec['jobTemplate'] as unknown as {
        metadata?: Marks
        spec: { template: { metadata?: Marks } }
      }
      return [template.metadata?.annotations?.[mark], template.spec.template.metadata?.annotations?.[mark]]
    }
    expect(await placesOf()).toEqual([undefined, 'cache-secret'])
    const containers = [{ path: `${pod}.spec.containers[*]`, name: '.name' }]
    const version = {
      version: '*',
      annotations: '.spec.jobTemplate.metadata.annotations',
      containers,
      volumes: `${pod}.spec.volumes`,
    }
    await hub.admin.of(mappingType).create({ metadata: { name: 'cronjobs.batch' }, spec: { versions: [version] } })
    await hub.until('the annotations to be elsewhere', async () =>
      (await placesOf())[0] === 'cache-secret' ? true : undefined,
    )
    expect(await placesOf()).toEqual(['cache-secret', undefined])
  })
  interface Marks {
    readonly annotations?: Readonly<Record<string, string>>
  }

  test('with two sets of paths for one version is refused', async () => {
    const versions = [{ version: 'v1' }, { version: 'v1' }]
    const twice = hub.admin.of(mappingType).create({ metadata: { name: 'deployments.apps' }, spec: { versions } })
    await expect(twice).rejects.toThrow('Duplicate value')
  })

  test('whose path is no field is refused, and one whose path is no JSONPath is named', async () => {
    const mapping = (version: JsonObject) =>
      hub.admin.of(mappingType).create({
        metadata: { name: 'deployments.apps' },
        spec: { versions: [{ version: '*', ...version }] },
      })
    await expect(mapping({ volumes: '.spec.volumes[0]' })).rejects.toThrow('spec.versions[0].volumes')
    await hub.claim('cache')
    await hub.deployment('app')
    await mapping({ containers: [{ path: '.spec.[?(@' }] })
    await hub.bind('cache', {})
    expect(messageOf(await hub.is('cache', 'False', 'MappingInvalid'))).toContain('.spec.[?(@')
  })
})

describe('row 61: a ServiceBinding is refused', () => {
  const workload = { apiVersion: 'apps/v1', kind: 'Deployment' }
  test.each([
    [
      'with name and selector',
      { workload: { ...workload, name: 'a', selector: {} } },
      'exactly one of name and selector',
    ],
    ['with neither', { workload }, 'exactly one of name and selector'],
    ['with a name that is no folder', { name: '..' }, 'must not be . or ..'],
    ['with a name of other letters', { name: 'Main_DB' }, 'spec.name'],
    ['with a name that is too long', { name: 'a'.repeat(254) }, 'spec.name'],
    ['with an empty name', { name: '' }, 'spec.name'],
    ['with a variable that no container can have', { env: [{ name: 'A=B', key: 'a' }] }, 'spec.env[0].name'],
    ['with a variable twice', { env: ['a', 'b'].map((key) => ({ name: 'A', key })) }, 'Duplicate value'],
  ])('%s', async (_, spec, message) => {
    await expect(hub.bind('cache', spec)).rejects.toThrow(message)
  })

  test.each(['apiVersion', 'kind'])('a change of the %s of its workload', async (field) => {
    await hub.bind('cache', {})
    const change = hub.admin
      .of(bindingType)
      .patch('cache', { spec: { workload: { [field]: 'other/v1' } } }, { namespace: 'shop' })
    await expect(change).rejects.toThrow(
      `Workload ${field} is immutable. Delete and recreate the ServiceBinding to update.`,
    )
  })
})

test('in sync: a controller that starts again writes nothing', async () => {
  await hub.claim('cache')
  await hub.deployment('app', undefined, { tier: 'web' })
  await hub.bind('one', { env: [{ name: 'HOST', key: 'host' }] })
  await hub.bind('two', {
    workload: { apiVersion: 'apps/v1', kind: 'Deployment', selector: { matchLabels: { tier: 'web' } } },
  })
  await Promise.all([hub.is('one', 'True'), hub.is('two', 'True')])
  await hub.pause()
  const before = hub.writes().length
  await hub.start()
  // One that comes last is done after the others were looked at.
  await hub.bind('last', {})
  await hub.is('last', 'True')
  const writes = hub
    .writes()
    .slice(before)
    .filter((write) => !/events|last|deployments app/.test(write))
  expect(writes).toEqual([])
  expect(
    hub
      .writes()
      .slice(before)
      .filter((write) => write === 'update deployments app'),
  ).toHaveLength(1)
})

test('two bindings of one folder: the second says so, and takes its place when the first goes', async () => {
  await hub.claim('cache')
  await hub.deployment('app')
  await hub.bind('one', { name: 'db' })
  await hub.is('one', 'True')
  await hub.bind('two', { name: 'db' })
  expect(messageOf(await hub.is('two', 'False', 'WorkloadUnfit'))).toContain('at /bindings/db already')
  await hub.admin.of(bindingType).delete('one', { namespace: 'shop' })
  await hub.is('two', 'True')
  expect(mountsOf(await deployed('app'))).toEqual([['/bindings/db']])
})

test('a namespace that goes is not kept by its bindings', async () => {
  await hub.claim('cache')
  await hub.deployment('app')
  await hub.bind('cache', {})
  await hub.is('cache', 'True')
  await hub.admin.of(namespaceType).delete('shop')
  await hub.until('the namespace to be gone', async () =>
    (await hub.admin.of(namespaceType).find('shop')) ? undefined : true,
  )
})

describe.each(['before', 'after'] as const)('a death %s a write', (when) => {
  test.each([
    ['that adds the finalizer', 'hub', 1],
    ['of the workload', 'bindings', 1],
    ['of the status', 'hub', 2],
  ] as const)('%s is healed by the next life', async (_, who, write) => {
    await hub.claim('cache')
    await hub.deployment('app')
    await hub.pause()
    await hub.start({ who, write, when })
    await hub.bind('cache', {})
    await hub.died()
    await hub.start()
    await hub.is('cache', 'True')
    expect(mountsOf(await deployed('app'))).toEqual([['/bindings/cache']])
  })

  test.each([
    ['that leaves the workload', 'bindings'],
    ['that removes the finalizer', 'hub'],
  ] as const)('%s leaves no trace in the next life', async (_, who) => {
    await hub.claim('cache')
    const before = await hub.deployment('app')
    await hub.bind('cache', { env: [{ name: 'HOST', key: 'host' }] })
    await hub.is('cache', 'True')
    await hub.pause()
    await hub.start({ who, write: 1, when })
    await hub.admin.of(bindingType).delete('cache', { namespace: 'shop' })
    await hub.died()
    await hub.start()
    await gone('cache')
    expect(content(await deployed('app'))).toEqual(content(before))
  })
})

test('a binding sees nothing of other namespaces', async () => {
  await hub.claim('cache', 'other')
  const labels = { tier: 'web' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'app' }] } }
  const spec = { selector: { matchLabels: labels }, template }
  const theirs = await hub.admin
    .of(deploymentType)
    .create({ metadata: { name: 'app', namespace: 'other', labels }, spec })
  const workload = { apiVersion: 'apps/v1', kind: 'Deployment' }
  await hub.bind('by-name', { workload: { ...workload, name: 'app' } })
  const waiting = await hub.is('by-name', 'False', 'ServiceNotFound')
  expect(conditionsOf(waiting)).toMatchObject({
    ServiceAvailable: 'False ServiceNotFound',
    WorkloadProjected: 'False WorkloadNotFound',
  })
  await hub.claim('cache')
  await hub.bind('by-label', { workload: { ...workload, selector: { matchLabels: labels } } })
  await hub.is('by-label', 'True')
  await hub.is('by-name', 'False', 'WorkloadNotFound')
  const after = await hub.admin.of(deploymentType).get('app', 'other')
  expect(after.metadata.resourceVersion).toBe(theirs.metadata.resourceVersion)
})
