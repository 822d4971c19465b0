/** What the API takes of these kinds, and in which words it refuses what means nothing. */
import type { New } from '@larder/engine/client/client'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testHub, type TestHub } from '../../controllers/testing/hub.ts'
import { servicesToolkit } from './door.ts'
import {
  classClaimType,
  instanceClassType,
  isMirror,
  mirrorName,
  resourceClaimPolicyType,
  resourceClaimType,
  STK_API_VERSION,
} from './kinds.ts'

let hub: TestHub
beforeAll(async () => {
  hub = await testHub({ drivers: [], doors: [servicesToolkit] })
})
afterAll(() => hub.stop())

let made = 0
async function created<T extends KubeObject>(type: ResourceType<T>, spec: unknown): Promise<T> {
  const metadata = { name: `tried-${++made}`, ...(type.namespaced && { namespace: 'shop' }) }
  return hub.admin.of(type).create({ metadata, spec } as unknown as New<T>)
}
const refusal = (type: ResourceType, spec: unknown) =>
  created(type, spec).then(
    () => 'was taken',
    (error: Error) => error.message,
  )

describe('a ClusterInstanceClass', () => {
  const crossplane = { compositeResourceDefinition: 'xredis.example.com' }

  test('row 2: of the walkthrough is taken as it is, without a group', async () => {
    const spec = {
      description: { short: 'AWS Elasticache instances' },
      pool: {
        kind: 'Secret',
        labelSelector: { matchLabels: { 'services.apps.tanzu.vmware.com/class': 'aws-elasticache' } },
      },
    }
    expect((await created(instanceClassType, spec)).spec).toEqual(spec)
  })

  test.each([
    [{ pool: { group: '', kind: 'Secret', fieldSelector: 'type=connection.crossplane.io/v1alpha1' } }],
    [{ pool: { group: 'rabbitmq.com', kind: 'RabbitmqCluster' } }],
    [{ provisioner: { crossplane } }],
  ])('%j is taken as it is', async (spec) => {
    expect((await created(instanceClassType, spec)).spec).toEqual(spec)
  })

  test.each([
    ['pool and provisioner', { pool: { kind: 'Secret' }, provisioner: { crossplane } }],
    ['neither', { description: { short: 'nothing' } }],
  ])('row 5: with %s it is refused', async (_, spec) => {
    expect(await refusal(instanceClassType, spec)).toContain('exactly one of spec.pool and spec.provisioner is needed')
  })

  test.each([
    ['v1', 'spec.pool.group is the name of an API group, without a version; that of Secret is "", or leave it out'],
    ['example.com/v1', 'spec.pool.group is the name of an API group, without a version: "example.com"'],
  ])('with %s for a group it is refused', async (group, message) => {
    expect(await refusal(instanceClassType, { pool: { group, kind: 'Secret' } })).toContain(message)
  })
})

describe('a ResourceClaimPolicy', () => {
  const consumingNamespaces = ['default']
  const subject = { kind: 'Secret', group: '', selector: { matchLabels: { class: 'aws-elasticache' } } }

  test('row 11: of the walkthrough is taken as it is', async () => {
    const spec = { subject, consumingNamespaces }
    expect((await created(resourceClaimPolicyType, spec)).spec).toEqual(spec)
  })

  test('is taken in the form of later documents, without subject', async () => {
    const spec = { ...subject, consumingNamespaces: ['*'] }
    expect((await created(resourceClaimPolicyType, spec)).spec).toEqual(spec)
  })

  test.each([
    ['group: v1', { subject: { ...subject, group: 'v1' } }, 'subject.group is the name of an API group, without a'],
    ['name', { subject: { ...subject, name: 'one' } }, 'spec.subject.name does not exist; write resourceNames: [..]'],
    ['names', { subject: { ...subject, names: ['one'] } }, 'spec.subject.names does not exist; write resourceNames'],
    [
      'apiVersion',
      { subject: { ...subject, apiVersion: 'v1' } },
      'spec.subject.apiVersion does not exist; write group',
    ],
    ['neither form', {}, 'exactly one of spec.subject and'],
    ['both forms', { subject, ...subject }, 'exactly one of spec.subject and'],
    ['half of each', { subject, resourceNames: ['one'] }, 'group, selector and resourceNames stand in spec.subject'],
    [
      'a pattern of namespaces',
      { subject, consumingNamespaces: ['team-*'] },
      'spec.consumingNamespaces[0]: Invalid value: "string": a namespace by its name, or "*" alone for all',
    ],
    ['the flat form and a name', { ...subject, name: 'one' }, 'spec.name does not exist; write resourceNames'],
  ])('with %s it is refused, and told what to write', async (_, spec, message) => {
    expect(await refusal(resourceClaimPolicyType, { consumingNamespaces, ...spec })).toContain(message)
  })
})

test.each([
  ['a ResourceClaim without ref', resourceClaimType, {}, 'spec.ref'],
  ['a ResourceClaim without kind', resourceClaimType, { ref: { apiVersion: 'v1', name: 'one' } }, 'spec.ref.kind'],
  ['a ClassClaim without classRef', classClaimType, {}, 'spec.classRef'],
])('%s is refused by the field', async (_, type, spec, field) => {
  expect(await refusal(type, spec)).toContain(`${field}: Required value`)
})

test('row 6: columns of a class are those that are documented', () => {
  const columns = servicesToolkit.definitions().flatMap(({ metadata, ...definition }) => {
    const { versions } = definition['spec'] as unknown as {
      versions: { additionalPrinterColumns: { name: string; priority?: number }[] }[]
    }
    const shown = versions[0]!.additionalPrinterColumns.filter(({ priority = 0 }) => priority === 0)
    return [[metadata.name, ['NAME', ...shown.map(({ name }) => name.toUpperCase())].join(' ')]]
  })
  expect(Object.fromEntries(columns)).toEqual({
    'clusterinstanceclasses.services.apps.tanzu.vmware.com': 'NAME DESCRIPTION READY REASON',
    'resourceclaims.services.apps.tanzu.vmware.com': 'NAME READY REASON AGE',
    'resourceclaimpolicies.services.apps.tanzu.vmware.com': 'NAME READY REASON AGE',
    'classclaims.services.apps.tanzu.vmware.com': 'NAME CLASS READY REASON AGE',
  })
})

test('the ResourceClaim under a ClassClaim is told by owner and name together', () => {
  const owner = { apiVersion: STK_API_VERSION, kind: 'ClassClaim', name: 'cache', uid: 'u-1', controller: true }
  const mirror = { metadata: { name: mirrorName(owner), ownerReferences: [owner] } }
  expect(isMirror(mirror)).toBe(true)
  expect(isMirror({ metadata: { ...mirror.metadata, name: 'cache' } })).toBe(false)
  expect(isMirror({ metadata: { name: mirror.metadata.name } })).toBe(false)
  const other = { ...owner, apiVersion: 'example.com/v1' }
  expect(isMirror({ metadata: { ...mirror.metadata, ownerReferences: [other] } })).toBe(false)
})
