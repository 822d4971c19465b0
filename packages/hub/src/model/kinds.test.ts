import { describe, expect, test } from 'vitest'
import { asJson } from '@larder/engine/machinery/object'
import { crdDefaults, loadSchemaEngines, resourcesOfCrd, validateCrd } from '@larder/engine/machinery/crd'
import type { JsonObject } from '@larder/engine/base/json'
import { crdOf } from './kind.ts'
import { kinds } from './kinds.ts'

const byName = Object.fromEntries(kinds.map((kind) => [kind.kind, kind]))

async function shapeOf(kind: string) {
  const crd = crdDefaults(asJson(crdOf(byName[kind]!)))
  await loadSchemaEngines(crd)
  return resourcesOfCrd(crd).resources[0]!.shape
}

/** What the API would say to a creation, or to an update of `old`. */
async function problemsOf(kind: string, spec: JsonObject, oldSpec?: JsonObject) {
  const shape = await shapeOf(kind)
  const whole = (of: JsonObject): JsonObject => ({
    apiVersion: 'larder.dev/v1alpha1',
    kind,
    metadata: { name: 'x' },
    spec: of,
  })
  const { object, problems, unknown } = shape.normalize(whole(spec))
  const old = oldSpec && shape.normalize(whole(oldSpec)).object
  const validated = shape.validate(object, old)
  return [...unknown, ...[...problems, ...validated].map((p) => `${p.path}: ${p.detail}`)]
}

describe.each(kinds.map((kind) => [kind.kind, kind] as const))('%s', (name, kind) => {
  test('has a definition that an API server serves', async () => {
    const crd = crdDefaults(asJson(crdOf(kind)))
    await loadSchemaEngines(crd)
    expect(validateCrd(crd, undefined)).toEqual([])
    expect(resourcesOfCrd(crd).resources.map((r) => [r.resource, ...r.shortNames, ...r.categories])).toEqual([
      [kind.resource, kind.shortName, 'larder'],
    ])
  })

  test('has an example that it takes as it stands', async () => {
    expect(await problemsOf(name, kind.example['spec'] as JsonObject)).toEqual([])
  })

  test('describes every field', () => {
    expect(undescribed(kind.spec.schema, 'spec')).toEqual([])
    expect(undescribed(kind.status.schema, 'status')).toEqual([])
  })
})

test('what can be bound to workloads says so to tools that look for it', () => {
  const label = 'servicebinding.io/provisioned-service'
  const bindable = kinds.filter((kind) => crdOf(kind).metadata.labels?.[label] === 'true')
  expect(bindable.map(({ kind }) => kind)).toEqual(['Claim'])
})

function undescribed(schema: JsonObject, path: string): string[] {
  const own = typeof schema['description'] === 'string' && schema['description'].length > 4 ? [] : [path]
  const properties = Object.entries((schema['properties'] ?? {}) as JsonObject)
  const items = schema['items'] as JsonObject | undefined
  return [
    ...own,
    ...properties.flatMap(([name, field]) => undescribed(field as JsonObject, `${path}.${name}`)),
    ...(items ? undescribed(items, `${path}[]`) : []),
  ]
}

const noted = (rule: string) => expect.stringContaining(rule)

describe('rules that hold on any cluster', () => {
  const ref = { namespace: 'a', name: 'b' }

  test.each([
    ['none', {}],
    ['two', { className: 'redis', instanceRef: ref }],
  ])('a claim of %s is refused', async (_, spec) => {
    expect(await problemsOf('Claim', spec)).toEqual([
      noted('exactly one of className, instanceRef and resourceRef is needed'),
    ])
  })

  test('a claim cannot move to another class, nor from a class to an instance', async () => {
    const message = 'className cannot be changed; delete the claim and make another'
    expect(await problemsOf('Claim', { className: 'b' }, { className: 'a' })).toEqual([noted(message)])
    expect(await problemsOf('Claim', { instanceRef: ref }, { className: 'a' })).toEqual([noted(message)])
    expect(await problemsOf('Claim', { className: 'a', role: 'reader' }, { className: 'a' })).toEqual([])
  })

  test('plan and parameters stand beside className', async () => {
    expect(await problemsOf('Claim', { instanceRef: ref, plan: 'small' })).toEqual([noted('stand beside className')])
  })

  test('the driver of a backend stays', async () => {
    expect(await problemsOf('Backend', { driver: 'b' }, { driver: 'a' })).toEqual([
      noted('the driver of a backend cannot be changed'),
    ])
  })

  test('an instance comes from one place, and stays what it is', async () => {
    const external = { backendRef: { name: 'x' }, type: 'redis' }
    expect(await problemsOf('Instance', {})).not.toEqual([])
    expect(await problemsOf('Instance', external)).toEqual([])
    expect(
      await problemsOf('Instance', { className: 'a', resourceRef: { apiVersion: 'v1', kind: 'Secret', name: 's' } }),
    ).toEqual([])
    expect(await problemsOf('Instance', { backendRef: { name: 'x' } })).toEqual([noted('backendRef needs type')])
    expect(await problemsOf('Instance', { className: 'a', recipe: {} })).toEqual([
      noted('type and recipe stand beside backendRef'),
    ])
    expect(await problemsOf('Instance', { ...external, type: 'other' }, external)).toEqual([
      noted('type cannot be changed'),
    ])
  })

  test('an external id is stamped once', async () => {
    const unstamped = { className: 'a' }
    const stamped = { className: 'a', externalID: '1' }
    expect(await problemsOf('Instance', stamped, unstamped)).toEqual([])
    for (const later of [unstamped, { className: 'a', externalID: '2' }]) {
      expect(await problemsOf('Instance', later, stamped)).toEqual([
        noted('externalID cannot be changed once it is set'),
      ])
    }
  })

  test('a class has at most one default plan and one default role', async () => {
    const base = { type: 'redis', backendRef: { name: 'local' } }
    const two = [
      { name: 'a', default: true },
      { name: 'b', default: true },
    ]
    expect(await problemsOf('Class', { ...base, plans: two })).toEqual([noted('at most one plan may be the default')])
    expect(await problemsOf('Class', { ...base, roles: two })).toEqual([noted('at most one role may be the default')])
    expect(await problemsOf('Class', { ...base, roles: [two[0]!, { name: 'b' }] })).toEqual([])
  })

  test('an unknown field is named', async () => {
    expect(await problemsOf('Claim', { className: 'a', plna: 'small' })).toEqual(['spec.plna'])
  })
})

const problemsOfLabels = (labels: JsonObject) => problemsOf('Claim', { className: 'redis', binding: { labels } })

test('labels that no Secret could have are refused on the claim, by name', async () => {
  expect(await problemsOfLabels({ team: 'red', 'example.com/cost-center': 'a_1.b', empty: '' })).toEqual([])
  expect(await problemsOfLabels({ 'no key': 'red' })).toEqual([
    expect.stringMatching(/^spec\.binding\.labels: .*keys must be label keys/),
  ])
  expect(await problemsOfLabels({ team: 'not a value' })).toEqual([
    expect.stringMatching(/^spec\.binding\.labels\.team: /),
  ])
})
