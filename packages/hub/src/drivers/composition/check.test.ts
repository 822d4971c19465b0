/** What is said of a recipe before anything is made by it. */
import type { Json } from '@larder/kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Life, names } from './testing/life.ts'
import { CACHE_DEFINITION, silent, world, type World } from './testing/stage.ts'

let there: World
beforeAll(async () => {
  there = await world([CACHE_DEFINITION])
})
afterAll(() => there.hub.stop())

const cache = (id: string, spec: Json, more: object = {}): Json => ({
  id,
  template: { apiVersion: 'example.com/v1', kind: 'Cache', metadata: { name: id }, spec },
  ...more,
})
const map = (id: string, data: Json, more: object = {}): Json => ({
  id,
  template: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: id }, data },
  ...more,
})
const secret = (id: string, data: Json): Json => ({
  id,
  template: { apiVersion: 'v1', kind: 'Secret', metadata: { name: id }, stringData: data },
})

async function told(recipe: Json): Promise<readonly string[]> {
  const { errors } = await new Life(there.connect(), recipe).plan()
  return errors.map(({ message }) => message)
}

const GROUP = cache('group', { size: 1 })

describe('refused, with the place and what is wrong', () => {
  test.each<[string, Json, string]>([
    [
      'an id that nothing has',
      { resources: [cache('a', { group: '${gruop.spec.group}' })] },
      'spec.recipe.resources[0].template.spec.group: ${gruop.spec.group}: Unknown variable: gruop',
    ],
    [
      'a field that the kind of what it reads does not have',
      { resources: [GROUP, cache('a', { group: '${group.status.endpoint.adress}' })] },
      'spec.recipe.resources[1].template.spec.group: ${group.status.endpoint.adress}: No such key: adress',
    ],
    [
      'a field that its own kind does not have',
      { resources: [cache('a', { sise: 1 })] },
      'spec.recipe.resources[0].template.spec.sise: is no field of this kind; there are: group, members, size',
    ],
    [
      'an expression of another type than the field',
      { resources: [GROUP, cache('a', { size: '${group.metadata.name}' })] },
      'spec.recipe.resources[1].template.spec.size: ${group.metadata.name} is string, and must be integer',
    ],
    [
      'a list for one of its items',
      { resources: [GROUP, cache('a', { group: '${group.spec.members}' })] },
      'spec.recipe.resources[1].template.spec.group: ${group.spec.members} is list<string>, and must be string',
    ],
    [
      'text in place of a number',
      { resources: [cache('a', { size: 'big' })] },
      'spec.recipe.resources[0].template.spec.size: must be integer',
    ],
    [
      'types that do not go together',
      { resources: [GROUP, cache('a', { size: '${group.spec.size + group.metadata.name}' })] },
      'spec.recipe.resources[1].template.spec.size: ${group.spec.size + group.metadata.name}: no such overload: int + string',
    ],
    [
      'a condition that is no condition',
      { resources: [cache('a', {}, { readyWhen: ['a.status.state'] })] },
      'spec.recipe.resources[0].readyWhen[0]: ${a.status.state} is string, and must be boolean',
    ],
    [
      'a condition in the braces that texts need',
      { resources: [cache('a', {}, { readyWhen: ["${a.status.state == 'up'}"] })] },
      'spec.recipe.resources[0].readyWhen[0]: is CEL as it stands: leave out ${ and }',
    ],
    [
      'readiness by another resource',
      { resources: [GROUP, cache('a', {}, { readyWhen: ["group.status.state == 'up'"] })] },
      `spec.recipe.resources[1].readyWhen[0]: \${group.status.state == 'up'} may not read group here; it may read: parameters, plan, instance, origin, a`,
    ],
    [
      'a circle',
      { resources: [map('x', {}), map('a', { of: '${b.data.of}' }), map('b', { of: '${a.data.of}' })] },
      'spec.recipe.resources[1]: what it reads goes round in a circle: a reads b reads a',
    ],
    [
      'itself',
      { resources: [map('a', { of: '${a.data.of}' })] },
      'spec.recipe.resources[0]: what it reads goes round in a circle: a reads a',
    ],
    [
      'a name that is known only later',
      { resources: [GROUP, { id: 'a', template: { ...body('${group.spec.group}') } }] },
      'spec.recipe.resources[1].template.metadata.name: ${group.spec.group} may not read group here; it may read: parameters, plan, instance, origin',
    ],
    [
      'the values of a Secret where everybody reads',
      { resources: [secret('creds', { password: 'x' }), map('a', { p: '${creds.data.password}' })] },
      'spec.recipe.resources[1].template.data.p: ${creds.data.password} reads the values of Secret creds: only `binding` and templates of Secrets may',
    ],
    [
      'outputs of what was asked for',
      { resources: [GROUP], outputs: { group: '${group.spec.group}' } },
      'spec.recipe.outputs.group: ${group.spec.group} outputs may read status and metadata of group, and data of ConfigMaps',
    ],
    [
      'outputs of parameters',
      { resources: [GROUP], outputs: { token: '${parameters.token}' } },
      'spec.recipe.outputs.token: ${parameters.token} may not read parameters here; it may read: plan, instance, origin, group',
    ],
    [
      'an id twice',
      { resources: [map('a', {}), map('a', {})] },
      'spec.recipe.resources[1].id: a is the id of another resource',
    ],
    [
      'an id that is a word',
      { resources: [map('plan', {})] },
      'spec.recipe.resources[0].id: plan means something else in expressions',
    ],
    [
      'what no bracket ends',
      { resources: [map('a', { x: 'a ${instance.name' })] },
      'spec.recipe.resources[0].template.data.x: ${ has no } that ends it',
    ],
    [
      'what is no CEL',
      { resources: [map('a', { x: '${1 +}' })] },
      'spec.recipe.resources[0].template.data.x: ${1 +}: Unexpected token: EOF',
    ],
    [
      'nothing to make',
      { resources: [{ id: 'a', externalRef: { apiVersion: 'v1', kind: 'Secret', name: 'x' } }] },
      'spec.recipe.resources: none of them has a template, so that nothing would be made',
    ],
    [
      'one name for all claims',
      { resources: [GROUP], bindingResources: [secret('creds', {})] },
      'spec.recipe.bindingResources[0].template.metadata.name: must have ${credential.name} in it: each claim has one of its own',
    ],
    [
      'data that only a claim would have',
      { resources: [GROUP], bindingResources: [cache('own', {}, { holdsData: true })].map(ofClaims) },
      'spec.recipe.bindingResources[0].holdsData: is for `resources`: what is made for a claim is made again when it is gone, so let it hold no data',
    ],
  ])('%s', async (_situation, recipe, message) => {
    expect(await told(recipe)).toEqual([message])
    await expect(new Life(there.connect(), recipe).settle()).rejects.toThrow()
    expect([...(await names(there, 'Cache')), ...(await names(there, 'ConfigMap'))]).toEqual([])
  })
})

const ofClaims = (entry: Json): Json =>
  JSON.parse(
    JSON.stringify(entry).replace(/"metadata":\{"name":"\w+"/, '"metadata":{"name":"${credential.name}"'),
  ) as Json
const body = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })

test('a kind that nobody serves is waited for, by name', async () => {
  const recipe = { resources: [{ id: 'a', template: { ...body('a'), apiVersion: 'example.org/v1', kind: 'Nothing' } }] }
  await expect(told(recipe)).rejects.toThrow(
    'spec.recipe.resources[0]: this cluster has no kind Nothing in example.org/v1',
  )
})

test('where nothing says a namespace it is missed before anybody claims', async () => {
  const recipe = { resources: [map('a', {})], bindingResources: [map('b', {}, {})].map(ofClaims) }
  const session = there.connect(silent, {})
  const { errors } = await new Life(session, recipe).plan()
  const missing = 'name one there, in recipe.namespace or in config.namespace of the Backend'
  expect(errors.map(({ message }) => message)).toEqual([
    `spec.recipe.resources[0].template.metadata.namespace: a has no namespace: ${missing}`,
    `spec.recipe.bindingResources[0].template.metadata.namespace: b has no namespace: ${missing}`,
  ])
  expect((await new Life(session, { ...recipe, namespace: 'services' }).plan()).errors).toEqual([])
})

test('what a recipe may say is not refused', async () => {
  const recipe: Json = {
    namespace: 'services',
    resources: [
      GROUP,
      cache('a', {
        size: '${parameters.size}',
        group: 'of-${group.metadata.name}-${group.spec.size}',
        members: "${group.status.conditions.filter(c, c.status == 'True').map(c, c.type)}",
      }),
      cache('b', { members: '${parameters.?members.orValue([])}', size: "${plan.name == 'big' ? 2 : 1}" }),
      map('braces', { json: '${toJson({"a": {"b": group.status.endpoint}})}', text: "${'}'}" }),
      secret('creds', { password: '${parameters.password}' }),
      secret('copy', { password: '${decodeBase64(creds.data.password)}' }),
      map('named', { of: '${creds.metadata.name}' }),
    ],
    bindingResources: [
      { ...(secret('mine', {}) as object), template: { ...body('${credential.name}'), kind: 'Secret' } },
    ],
    outputs: { address: '${a.status.endpoint.address}', where: 'in ${instance.namespace}', of: '${named.data.of}' },
    binding: { host: '${a.status.endpoint.address}', port: '${a.status.endpoint.port}', key: '${mine.data.key}' },
    roles: { reader: { binding: { username: 'reader-${claim.namespace}-${credential.role}' } } },
  }
  expect(await told(recipe)).toEqual([])
})
