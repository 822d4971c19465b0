import { equalJson, isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import { copyJson } from '@larder/engine/client/merge-patch'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mappingFor, readMapping } from './mapping.ts'
import { projectWorkload, unprojectWorkload, type WorkloadBinding } from './project-workload.ts'

const mapping = mappingFor('deployments.apps', 'v1', undefined)
const binding: WorkloadBinding = { uid: 'u1', name: 'cache', secret: 'cache-secret', mapping }

const deployment = (containers: readonly Json[], pod: JsonObject = {}): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'app', namespace: 'shop' },
  spec: { template: { spec: { containers, ...pod } } },
})

/** What is at `spec.template.spec`. */
const podOf = (workload: JsonObject) => {
  const { spec } = (workload['spec'] as unknown as { template: { spec: Pod } }).template
  return spec
}
interface Pod {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly volumes?: readonly { readonly name: string }[]
}
interface Container {
  readonly name: string
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: JsonObject }[]
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
}

const ROOT = { name: 'SERVICE_BINDING_ROOT', value: '/bindings' }

test('the Secret is a volume, mounted in each container below a root that is set where there is none', () => {
  const app = deployment([{ name: 'app' }, { name: 'side', env: [{ name: 'SERVICE_BINDING_ROOT', value: '/own/' }] }], {
    initContainers: [{ name: 'init' }],
  })
  const pod = podOf(projectWorkload(app, binding))
  expect(pod.volumes).toEqual([
    {
      name: 'servicebinding-u1',
      projected: { defaultMode: 420, sources: [{ secret: { name: 'cache-secret' } }] },
    },
  ])
  const mount = { name: 'servicebinding-u1', mountPath: '/bindings/cache', readOnly: true }
  expect(pod.containers).toEqual([
    { name: 'app', env: [ROOT], volumeMounts: [mount] },
    {
      name: 'side',
      env: [{ name: 'SERVICE_BINDING_ROOT', value: '/own/' }],
      volumeMounts: [{ ...mount, mountPath: '/own/cache' }],
    },
  ])
  expect(pod.initContainers).toEqual([{ name: 'init', env: [ROOT], volumeMounts: [mount] }])
})

const fieldPath = (mark: string) => `metadata.annotations['projector.servicebinding.io/${mark}-u1']`

test('type and provider that are overridden are files from annotations of the pod, and variables too', () => {
  const env = [
    { name: 'KIND', key: 'type' },
    { name: 'HOST', key: 'host' },
  ]
  const bound = projectWorkload(deployment([{ name: 'app' }]), { ...binding, type: 'redis', provider: 'us', env })
  const file = (path: string) => ({
    downwardAPI: { items: [{ path, fieldRef: { apiVersion: 'v1', fieldPath: fieldPath(path) } }] },
  })
  expect(podOf(bound).volumes).toMatchObject([
    { projected: { sources: [{ secret: { name: 'cache-secret' } }, file('type'), file('provider')] } },
  ])
  expect(podOf(bound).containers[0]!.env).toEqual([
    ROOT,
    { name: 'HOST', valueFrom: { secretKeyRef: { name: 'cache-secret', key: 'host' } } },
    { name: 'KIND', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: fieldPath('type') } } },
  ])
  expect(bound).toMatchObject({
    spec: {
      template: {
        metadata: {
          annotations: {
            'projector.servicebinding.io/secret-u1': 'cache-secret',
            'projector.servicebinding.io/type-u1': 'redis',
            'projector.servicebinding.io/provider-u1': 'us',
          },
        },
      },
    },
  })
})

test('only containers that are named are bound', () => {
  const app = deployment([{ name: 'app' }, { name: 'side' }], { initContainers: [{ name: 'init' }] })
  const pod = podOf(projectWorkload(app, { ...binding, containers: ['side', 'init', 'nobody'] }))
  expect(pod.containers.map(({ volumeMounts = [] }) => volumeMounts.length)).toEqual([0, 1])
  expect(pod.initContainers![0]!.volumeMounts).toHaveLength(1)
})

test('a variable that the container sets itself is not touched, neither by binding nor by unbinding', () => {
  const same = { name: 'HOST', valueFrom: { secretKeyRef: { name: 'cache-secret', key: 'host' } } }
  const app = deployment([
    { name: 'app', env: [ROOT, same] },
    { name: 'side', env: [ROOT] },
  ])
  const asked = { ...binding, env: [{ name: 'HOST', key: 'host' }] }
  const bound = projectWorkload(app, asked)
  expect(podOf(bound).containers.map(({ env }) => env)).toEqual([
    [ROOT, same],
    [ROOT, same],
  ])
  expect(unprojectWorkload(bound, asked)).toEqual(app)
})

test('a mapping says for the version of the workload, else for all, else there are the paths of a Deployment', () => {
  const written = {
    apiVersion: 'servicebinding.io/v1',
    kind: 'ClusterWorkloadResourceMapping',
    metadata: { name: 'widgets.example.com' },
    spec: {
      versions: [
        { version: '*', volumes: '.spec.any' },
        { version: 'v2', volumes: '.spec.two' },
      ],
    },
  }
  const volumes = (version: string, mapping: typeof written | undefined = written) =>
    mappingFor('widgets.example.com', version, mapping).volumes
  expect([volumes('v2'), volumes('v1')]).toEqual(['.spec.two', '.spec.any'])
  expect(mappingFor('widgets.example.com', 'v1', undefined).volumes).toBe('.spec.template.spec.volumes')
  const [, two] = written.spec.versions
  expect(volumes('v1', { ...written, spec: { versions: [two!] } })).toBe('.spec.template.spec.volumes')
  expect(mappingFor('widgets.example.com', 'v2', written)).toEqual({
    annotations: '.spec.template.metadata.annotations',
    containers: ['initContainers', 'containers'].map((field) => ({
      path: `.spec.template.spec.${field}[*]`,
      name: '.name',
      env: '.env',
      volumeMounts: '.volumeMounts',
    })),
    volumes: '.spec.two',
  })
})

test('a mapping is used as it was when the workload was bound', () => {
  const cron = mappingFor('cronjobs.batch', 'v1', undefined)
  const app = {
    kind: 'CronJob',
    spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: 'app' }] } } } } },
  }
  const bound = projectWorkload(app, { ...binding, mapping: cron })
  expect(JSON.stringify(bound)).toContain('servicebinding-u1')
  const elsewhere = {
    annotations: '.spec.marks',
    volumes: '.spec.volumes',
    containers: [{ path: '.spec.jobTemplate.spec.template.spec.containers[*]', env: '.env', volumeMounts: '.mounts' }],
  }
  const moved = projectWorkload(bound, { ...binding, mapping: elsewhere })
  expect(moved).toEqual(projectWorkload(withRoot(app), { ...binding, mapping: elsewhere }))
})

/** As it is after any binding: the root is all that stays. */
const withRoot = (app: JsonObject) =>
  unprojectWorkload(
    projectWorkload(app, { ...binding, mapping: mappingFor('cronjobs.batch', 'v1', undefined) }),
    binding,
  )

test.each([
  ['a kind without containers there', { kind: 'Widget', spec: {} }, 'the Widget has no container at .spec.template'],
  [
    'a root from elsewhere',
    deployment([{ name: 'app', env: [{ name: 'SERVICE_BINDING_ROOT', valueFrom: {} }] }]),
    'SERVICE_BINDING_ROOT',
  ],
  [
    'a folder that is taken',
    deployment([{ name: 'app', volumeMounts: [{ name: 'v', mountPath: '/bindings/cache' }] }]),
    'container "app" has volume "v" at /bindings/cache already',
  ],
  ['a list that is none', deployment([{ name: 'app', env: {} }]), '.env is no list'],
])('%s is refused with what to do', (_, workload, message) => {
  expect(() => projectWorkload(workload, binding)).toThrow(message)
})

test('a record that somebody has broken is no record', () => {
  for (const text of ['{', '[]', '{"annotations":1}', '{"annotations":".a","volumes":".b","containers":[{}]}'])
    expect(readMapping(text)).toBeUndefined()
})

describe('for any workload and bindings', () => {
  test('what was projected is taken away without a trace but SERVICE_BINDING_ROOT', () => {
    fc.assert(
      fc.property(workloads, bindings('u1'), (workload, asked) => {
        const former = unprojectWorkload(projectWorkload(workload, asked), asked)
        expect(withoutRoot(former)).toEqual(withoutRoot(workload))
      }),
    )
  })

  test('projecting twice is projecting once, and a later binding takes the place of the earlier', () => {
    fc.assert(
      fc.property(workloads, bindings('u1'), bindings('u1'), (workload, before, after) => {
        const once = projectWorkload(workload, after)
        expect(projectWorkload(once, after)).toEqual(once)
        expect(projectWorkload(projectWorkload(rooted(workload), before), after)).toEqual(
          projectWorkload(rooted(workload), after),
        )
      }),
    )
  })

  test('two bindings do not touch each other, and their order does not matter', () => {
    fc.assert(
      fc.property(workloads, bindings('u1'), bindings('u2'), (workload, one, two) => {
        const app = rooted(workload)
        const both = projectWorkload(projectWorkload(app, one), two)
        expect(equalJson(both, projectWorkload(projectWorkload(app, two), one))).toBe(true)
        expect(unprojectWorkload(both, one)).toEqual(projectWorkload(app, two))
        expect(unprojectWorkload(both, two)).toEqual(projectWorkload(app, one))
      }),
    )
  })

  test('what is given stays as it is', () => {
    fc.assert(
      fc.property(workloads, bindings('u1'), (workload, asked) => {
        const before = JSON.stringify(workload)
        projectWorkload(workload, asked)
        expect(JSON.stringify(workload)).toBe(before)
      }),
    )
  })
})

const names = fc.constantFrom('A', 'B', 'C', 'HOST')
const keys = fc.constantFrom('host', 'type', 'provider', 'x')
const secrets = fc.constantFrom('s1', 's2')
const variable = fc.oneof(
  fc.record({ name: names, value: fc.constantFrom('1', '2') }),
  fc.record({ name: fc.constant('SERVICE_BINDING_ROOT'), value: fc.constantFrom('/r', '/') }),
  fc
    .tuple(names, secrets, keys)
    .map(([name, secret, key]) => ({ name, valueFrom: { secretKeyRef: { name: secret, key } } })),
)
const few = <T>(of: fc.Arbitrary<T>, by: (value: T) => unknown) =>
  fc.uniqueArray(of, { minLength: 1, maxLength: 3, selector: by })
const container = (name: string) =>
  fc.record(
    {
      name: fc.constant(name),
      env: few(variable, ({ name }) => name),
      volumeMounts: few(
        fc.record({ name: fc.constantFrom('v', 'w'), mountPath: fc.constantFrom('/v', '/w') }),
        (m) => m.name,
      ),
      image: fc.constant('app'),
    },
    { requiredKeys: ['name'] },
  )
const workloads: fc.Arbitrary<JsonObject> = fc
  .record({
    containers: fc.tuple(container('app'), container('side')),
    pod: fc.record(
      {
        initContainers: fc.tuple(container('init')),
        volumes: few(fc.record({ name: fc.constantFrom('v', 'w', 'servicebinding-mine') }), ({ name }) => name),
      },
      { requiredKeys: [] },
    ),
    annotations: fc.option(fc.constant({ mine: 'yes' }), { nil: undefined }),
  })
  .map(({ containers, pod, annotations }) => {
    const app = deployment(containers, pod)
    const template = {
      ...(app['spec'] as { template: JsonObject }).template,
      ...(annotations && { metadata: { annotations } }),
    }
    return copyJson({ ...app, spec: { template } }) as JsonObject
  })

/** Those of different uids have different folders. */
const bindings = (uid: string): fc.Arbitrary<WorkloadBinding> =>
  fc
    .record({
      name: fc.constantFrom(`cache-${uid}`, `db-${uid}`),
      secret: secrets,
      type: fc.option(fc.constant('redis'), { nil: undefined }),
      provider: fc.option(fc.constant('us'), { nil: undefined }),
      env: fc.uniqueArray(fc.record({ name: names, key: keys }), { maxLength: 3, selector: ({ name }) => name }),
      containers: fc.option(fc.subarray(['app', 'side', 'init', 'gone']), { nil: undefined }),
    })
    .map((asked) => ({ ...asked, uid, mapping }))

/** As every container is after a binding that named all of them. */
const rooted = (workload: JsonObject): JsonObject => {
  const asked = { ...binding, uid: 'u0' }
  return unprojectWorkload(projectWorkload(workload, asked), asked)
}

/** Without the variable, and without what it alone was in. */
function withoutRoot(value: Json): Json {
  if (Array.isArray(value)) {
    const list: readonly Json[] = value
    return list.filter((each) => !(isObject(each) && each['name'] === 'SERVICE_BINDING_ROOT')).map(withoutRoot)
  }
  if (!isObject(value)) return value
  const entries = Object.entries(value).map(([key, each]) => [key, withoutRoot(each)] as const)
  return Object.fromEntries(
    entries.filter(([key, each]) => !(key === 'env' && Array.isArray(each) && each.length === 0)),
  )
}
