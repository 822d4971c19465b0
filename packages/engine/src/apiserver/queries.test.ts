import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../base/json.ts'
import { forbidden } from '../machinery/status.ts'
import { ADMIN, at, openWorld, refusal, type World } from './core/testing/world.ts'
import { startHarness } from './http/testing/harness.ts'
import { resourceOfQuery, type Query } from './queries.ts'

const COUNTS = 'query.example.com/v1/secretcounts'
const asked = (spec: JsonObject): JsonObject => ({
  apiVersion: 'query.example.com/v1',
  kind: 'SecretCount',
  metadata: {},
  spec,
})

/** How many Secrets with a label the asker can see in a namespace. */
const secretCount: Query = {
  group: 'query.example.com',
  version: 'v1',
  kind: 'SecretCount',
  resource: 'secretcounts',
  namespaced: true,
  schema: {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        required: ['label'],
        properties: { label: { type: 'string', minLength: 1 }, limit: { type: 'integer', default: 10 } },
      },
      status: { type: 'object', properties: { count: { type: 'integer' }, asker: { type: 'string' } } },
    },
  },
  async create({ user, transport, namespace }, object) {
    const { label } = object['spec'] as { label: string }
    if (label === 'private') throw forbidden({ group: 'query.example.com', resource: 'secretcounts' }, '', 'not this')
    const target = { ...at('secrets'), namespace: namespace! }
    const answer = await transport.call({ verb: 'list', target, options: { labelSelector: label } })
    return {
      ...object,
      status: { asker: user.name, count: 'items' in answer ? (answer.items as unknown[]).length : -1 },
    }
  },
}

describe('a query of whoever embeds the API', () => {
  let world: World
  beforeEach(async () => {
    world = await openWorld({ queries: [secretCount] })
    await world.admin.create(at('secrets', 'default'), { metadata: { name: 'a', labels: { tier: 'gold' } } })
  })
  afterEach(() => world.close())

  test('is answered with the rights of who asks, and stores nothing', async () => {
    const before = world.store.revision
    expect(await world.admin.create(at(COUNTS, 'default'), asked({ label: 'tier' }))).toEqual({
      apiVersion: 'query.example.com/v1',
      kind: 'SecretCount',
      metadata: { namespace: 'default' },
      spec: { label: 'tier', limit: 10 },
      status: { asker: 'admin', count: 1 },
    })
    expect(world.store.revision).toBe(before)
    const role = { apiGroups: ['query.example.com'], resources: ['secretcounts'], verbs: ['create'] }
    await world.admin.create(at('rbac.authorization.k8s.io/v1/roles', 'default'), {
      metadata: { name: 'asker' },
      rules: [role],
    })
    await world.admin.create(at('rbac.authorization.k8s.io/v1/rolebindings', 'default'), {
      metadata: { name: 'asker' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'asker' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ann' }],
    })
    const ann = world.as({ name: 'ann', groups: ['system:authenticated'] })
    expect(await refusal(ann.create(at(COUNTS, 'default'), asked({ label: 'tier' })))).toMatch(
      /^403 secrets is forbidden: User "ann" cannot list resource "secrets"/,
    )
    expect(await refusal(ann.create(at(COUNTS, 'kube-system'), asked({ label: 'tier' })))).toMatch(
      /^403 secretcounts.query.example.com is forbidden: User "ann" cannot create resource/,
    )
  })

  test('is judged by its schema, and refuses by its own words', async () => {
    const create = (spec: JsonObject, namespace = 'default') =>
      refusal(world.admin.create(at(COUNTS, namespace), asked(spec)))
    expect(await create({})).toMatch(/^422 SecretCount.query.example.com "" is invalid: spec.label: Required value/)
    expect(await create({ label: 5 })).toMatch(/^422 .*spec.label: Invalid value: "integer"/)
    expect(await create({ label: 'private' })).toMatch(/^403 .*not this$/)
    expect(await create({ label: 'tier' }, 'nowhere')).toBe('404 namespaces "nowhere" not found')
    await world.admin.create(at(COUNTS, 'default'), asked({ label: 'tier', labl: 'x' }))
    expect(world.warnings).toEqual(['unknown field "spec.labl"'])
    expect(
      await refusal(
        world.admin.create(at(COUNTS, 'default'), asked({ label: 'tier', labl: 'x' }), { fieldValidation: 'Strict' }),
      ),
    ).toMatch(/^400 .*unknown field "spec.labl"/)
  })

  test('takes no other verb', async () => {
    const target = at(COUNTS, 'default')
    for (const verb of ['list', 'deletecollection'] as const) {
      expect(await refusal(world.admin.call({ verb, target }))).toMatch(/^405 /)
    }
    for (const verb of ['get', 'delete'] as const) {
      expect(await refusal(world.admin.call({ verb, target: { ...target, name: 'a' } }))).toMatch(/^405 /)
    }
    const watch = world.api.watch(ADMIN, target, {}, { events: () => {}, end: () => {} })
    expect(await refusal(watch)).toMatch(/^405 /)
  })

  test('keeps its name from CRDs of its group', async () => {
    const crd = {
      metadata: { name: 'secretcounts.query.example.com' },
      spec: {
        group: 'query.example.com',
        scope: 'Namespaced',
        names: { plural: 'secretcounts', kind: 'SecretCount' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    }
    const made = await world.admin.create(at('apiextensions.k8s.io/v1/customresourcedefinitions'), crd)
    expect(JSON.stringify(made['status'])).toContain('"type":"NamesAccepted","status":"False"')
  })
})

test('a query that no CRD could declare is refused at the start, by field', async () => {
  const schema = { type: 'object', properties: { spec: { type: 'objct' } } }
  await expect(resourceOfQuery({ ...secretCount, schema })).rejects.toThrow(
    /query secretcounts.query.example.com cannot be served: .*properties\[spec\]\.type/,
  )
})

test('a query is in discovery and OpenAPI, so that kubectl create -f finds it', async () => {
  const harness = await startHarness({}, { queries: [secretCount] })
  try {
    const client = harness.h2()
    const list = await client.ask({ path: '/apis/query.example.com/v1' })
    expect(list.json.resources).toEqual([
      {
        name: 'secretcounts',
        singularName: 'secretcount',
        namespaced: true,
        kind: 'SecretCount',
        verbs: ['create'],
      },
    ])
    const { json } = await client.ask({ path: '/openapi/v3/apis/query.example.com/v1' })
    const path = '/apis/query.example.com/v1/namespaces/{namespace}/secretcounts'
    expect(Object.keys(json.paths)).toEqual([path])
    expect(Object.keys(json.paths[path])).toEqual(['parameters', 'post'])
    const answer = await client.ask({
      method: 'POST',
      path: '/apis/query.example.com/v1/namespaces/default/secretcounts',
      body: asked({ label: 'none' }),
    })
    expect([answer.code, answer.json.status]).toEqual([201, { asker: 'larder-admin', count: 0 }])
  } finally {
    await harness.close()
  }
})
