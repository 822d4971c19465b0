/** Rows of docs/reference/services-toolkit-compatibility.md that are about a ClusterInstanceClass. */
import { findCondition } from '@larder/engine/runtime/conditions'
import { secretType } from '@larder/engine/client/builtin'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { noopDriver } from '../../../drivers/noop/driver.ts'
import { poolDriver } from '../../../drivers/pool/driver.ts'
import { backendKind } from '../../../model/backend.ts'
import { claimKind } from '../../../model/claim.ts'
import { classKind } from '../../../model/class.ts'
import { classClaimType, instanceClassType, type ClusterInstanceClass } from '../kinds.ts'
import { grantRedis, redis, servedKind } from '../testing/redis-kind.ts'
import { CLASS_LABEL, messageOf, stkHub, WRITER, type StkHub } from '../testing/stk-hub.ts'

let hub: StkHub
beforeEach(async () => {
  hub = await stkHub({ drivers: [poolDriver(), noopDriver()] })
  await hub.start()
})
afterEach(() => hub.stop())

/** That of the document. */
const ELASTICACHE = {
  description: { short: 'AWS Elasticache instances' },
  pool: { kind: 'Secret', labelSelector: { matchLabels: { [CLASS_LABEL]: 'aws-elasticache' } } },
}

const classes = () => hub.admin.of(instanceClassType)
const says = (status: 'True' | 'False', reason: string, name = 'aws-elasticache') =>
  hub.until(`class ${name} to say ${status} ${reason}`, async () => {
    const found = await classes().find(name)
    const ready = findCondition(found?.status?.conditions, 'Ready')
    const isCurrent = found?.status?.observedGeneration === found?.metadata.generation
    return isCurrent && ready?.status === status && ready.reason === reason ? found : undefined
  })
const ready = (name?: string) => says('True', 'Ready', name)

describe('a class of a pool', () => {
  test('rows 2 and 3: that of the document becomes Ready, and says what its instances are', async () => {
    await hub.grant()
    await hub.instanceClass('aws-elasticache', ELASTICACHE)
    const { status } = await ready()
    expect(status?.instanceType).toEqual({ kind: 'Secret', version: 'v1' })
    expect(status?.conditions?.map(({ type }) => type)).toEqual(['Ready'])
  })

  test('is a Class of the core, which hands out what claims by resource may read', async () => {
    await hub.grant()
    await hub.instanceClass('aws-elasticache', ELASTICACHE)
    await ready()
    await hub.secret(WRITER.name, 'shop')
    await hub.claim('native', { className: 'stk-aws-elasticache' })
    expect((await hub.ready('native')).status?.resourceRef).toMatchObject({ name: WRITER.name })
    await hub.resourceClaim('claim', { apiVersion: 'v1', kind: 'Secret', name: WRITER.name })
    await hub.refused('claim', 'ResourceAlreadyClaimed')
  })

  test('with a field selector has what both selectors match', async () => {
    await hub.grant()
    await hub.instanceClass('aws-elasticache', {
      pool: { ...ELASTICACHE.pool, group: '', fieldSelector: 'type=servicebinding.io/redis' },
    })
    await ready()
    await hub.admin.of(secretType).create({
      metadata: { name: 'a-opaque', namespace: 'shop', labels: { [CLASS_LABEL]: 'aws-elasticache' } },
    })
    await hub.secret('b-other', 'shop', { other: 'label' })
    await hub.secret('c-redis', 'shop')
    for (const name of ['one', 'two']) await hub.claim(name, { className: 'stk-aws-elasticache' })
    const named = async (name: string) => (await hub.admin.of(claimKind).get(name, 'shop')).status?.resourceRef?.name
    await hub.until('one of the two to be Ready', async () => (await named('one')) ?? (await named('two')))
    expect([await named('one'), await named('two')].filter((name) => name !== undefined)).toEqual(['c-redis'])
  })

  test('whose field selector the API does not know says so', async () => {
    await hub.grant()
    await hub.instanceClass('aws-elasticache', { pool: { kind: 'Secret', fieldSelector: 'data.password=x' } })
    expect(messageOf(await says('False', 'PooledResourceNotFound'))).toBe(
      'spec.pool.fieldSelector: the API refuses to list objects of kind Secret by it; kubectl get secrets -A --field-selector "data.password=x" says why',
    )
  })

  test('whose label selector lacks values says so', async () => {
    await hub.grant()
    const labelSelector = { matchExpressions: [{ key: 'offer', operator: 'NotIn' as const }] }
    await hub.instanceClass('aws-elasticache', { pool: { kind: 'Secret', labelSelector } })
    expect(messageOf(await says('False', 'PooledResourceNotFound'))).toBe(
      'spec.pool.labelSelector.matchExpressions[0].values: operator NotIn needs values; until then nothing is selected',
    )
  })

  test('may have the longest name that there is', async () => {
    await hub.grant()
    await hub.secret(WRITER.name, 'shop')
    const name = 'x'.repeat(253)
    await hub.instanceClass(name, ELASTICACHE)
    await ready(name)
    await hub.admin
      .of(classClaimType)
      .create({ metadata: { name: 'claim', namespace: 'shop' }, spec: { classRef: { name } } })
    await hub.until('the claim to be Ready', async () => {
      const { status } = await hub.admin.of(classClaimType).get('claim', 'shop')
      return findCondition(status?.conditions, 'Ready')?.status === 'True' ? status : undefined
    })
  })

  test('row 4: of a kind that does not exist is not Ready, and becomes it with the kind', async () => {
    await grantRedis(hub)
    await hub.instanceClass('redises', { pool: { group: 'example.com', kind: 'Redis' } })
    const found = await says('False', 'PooledResourceNotFound', 'redises')
    expect(messageOf(found)).toBe('spec.pool.kind: this cluster has no kind Redis in the API group example.com')
    expect(found.status?.instanceType).toBeUndefined()
    await servedKind(hub)
    expect((await ready('redises')).status?.instanceType).toEqual({
      group: 'example.com',
      kind: 'Redis',
      version: 'v1',
    })
    await hub.secret('creds', 'shop')
    await hub.grant()
    await redis(hub, 'one', 'shop', 'creds')
    await hub.claim('cache', { className: 'stk-redises' })
    expect((await hub.ready('cache')).status?.resourceRef).toMatchObject({ kind: 'Redis', name: 'one' })
  })

  test('of a kind that is in no namespace says that it cannot be claimed', async () => {
    await hub.instanceClass('nodes', { pool: { kind: 'Namespace' } })
    expect(messageOf(await says('False', 'PooledResourceNotFound', 'nodes'))).toBe(
      'spec.pool.kind: objects of kind Namespace are in no namespace, and cannot be claimed',
    )
  })

  test('row 8: without the ClusterRole it says what is missing, and becomes Ready with it', async () => {
    await hub.instanceClass('aws-elasticache', ELASTICACHE)
    expect(messageOf(await says('False', 'PooledResourceNotFound'))).toBe(
      'objects of kind Secret may not be read: a ClusterRole with the label servicebinding.io/controller: "true" that allows get, list and watch on secrets lets them be',
    )
    await hub.grant()
    await ready()
    await hub.revoke()
    // It looks around by itself; an edit makes it look now.
    await classes().patch('aws-elasticache', { metadata: { labels: { look: 'now' } } })
    await says('False', 'PooledResourceNotFound')
    await hub.grant()
    await ready()
  })

  test('edited to a kind that does not exist offers nothing meanwhile', async () => {
    await hub.grant()
    await hub.instanceClass('aws-elasticache', ELASTICACHE)
    await ready()
    await classes().patch('aws-elasticache', { spec: { pool: { kind: 'Nope' } } })
    await says('False', 'PooledResourceNotFound')
    expect((await hub.admin.of(classKind).get('stk-aws-elasticache')).spec.offered).toBe(false)
    await classes().patch('aws-elasticache', { spec: { pool: { kind: 'Secret' } } })
    await ready()
    expect((await hub.admin.of(classKind).get('stk-aws-elasticache')).spec.offered).toBeUndefined()
  })

  test('leaves the Class of somebody else alone, and goes on when that is gone', async () => {
    await hub.grant()
    await hub.admin.of(classKind).create({
      metadata: { name: 'stk-aws-elasticache' },
      spec: { type: 'none', backendRef: { name: 'absent' } },
    })
    await hub.instanceClass('aws-elasticache', ELASTICACHE)
    expect(messageOf(await says('False', 'PooledResourceNotFound'))).toContain('Class stk-aws-elasticache exists')
    await hub.admin.of(classKind).delete('stk-aws-elasticache')
    await ready()
  })

  test('takes its Class along when it goes', async () => {
    await hub.grant()
    await hub.instanceClass('aws-elasticache', ELASTICACHE)
    await ready()
    await classes().delete('aws-elasticache')
    await hub.gone(classKind, 'stk-aws-elasticache')
  })

  test('in sync, nothing is written', async () => {
    await hub.grant()
    await hub.instanceClass('aws-elasticache', ELASTICACHE)
    await ready()
    await hub.kill()
    await hub.start()
    await classes().patch('aws-elasticache', { metadata: { labels: { touched: 'yes' } } })
    await hub.admin.of(classKind).patch('stk-aws-elasticache', { metadata: { labels: { touched: 'yes' } } })
    await hub.instanceClass('marker', { pool: { kind: 'Nope' } })
    await says('False', 'PooledResourceNotFound', 'marker')
    // A Backend tells the time of its last probe; in the list of pools stands the marker.
    const writes = hub.cut.writes.filter(
      (write) => !write.includes('marker') && !/^patch (backends\/status|configmaps) /.test(write),
    )
    expect(writes).toEqual([])
  })
})

const provisioned = (compositeResourceDefinition: string, more: object = {}): ClusterInstanceClass['spec'] => ({
  provisioner: { crossplane: { compositeResourceDefinition, ...more } },
})
const made = async () => {
  await hub.backend('nothing', { driver: 'noop' })
  await hub.service('xredis.example.com', {
    backendRef: { name: 'nothing' },
    parameters: { openAPIV3Schema: { type: 'object', properties: { colour: { type: 'string' } } } },
  })
}

describe('a class of a provisioner', () => {
  test('is Ready with the Class of that name, and tells its parameters', async () => {
    await hub.instanceClass('redis', provisioned('xredis.example.com'))
    expect(messageOf(await says('False', 'CompositeResourceDefinitionNotFound', 'redis'))).toBe(
      'spec.provisioner.crossplane.compositeResourceDefinition: there is no Class "xredis.example.com"',
    )
    await made()
    const { status } = await ready('redis')
    expect(status?.claimParameters?.openAPIV3Schema).toEqual({
      type: 'object',
      properties: { colour: { type: 'string' } },
    })
    expect(status?.instanceType).toEqual({ group: 'larder.dev', version: 'v1alpha1', kind: 'Instance' })
  })

  test('follows its Class: not Ready, a pool, gone', async () => {
    await made()
    await hub.instanceClass('redis', provisioned('xredis.example.com'))
    await ready('redis')
    await hub.admin.of(backendKind).patch('nothing', { spec: { config: { no: 'such' } } })
    await says('False', 'CompositeResourceDefinitionNotReady', 'redis')
    await hub.admin.of(classKind).patch('xredis.example.com', { spec: { reclaimPolicy: 'Release' } })
    await says('False', 'CompositeResourceDefinitionNotValid', 'redis')
    await hub.admin.of(classKind).delete('xredis.example.com')
    const { status } = await says('False', 'CompositeResourceDefinitionNotFound', 'redis')
    expect(status?.claimParameters).toBeUndefined()
  })

  test.each([
    ['compositionSelector', { compositionSelector: { matchLabels: { a: 'b' } } }],
    ['compositionRef', { compositionRef: { name: 'one' } }],
    ['compositionUpdatePolicy', { compositionUpdatePolicy: 'Automatic' }],
  ])('with %s is refused by name, since it would choose nothing', async (field, more) => {
    await made()
    await hub.instanceClass('redis', provisioned('xredis.example.com', more))
    const refused = await says('False', 'CompositeResourceDefinitionNotValid', 'redis')
    expect(messageOf(refused)).toContain(`spec.provisioner.crossplane.${field}: `)
    await classes().patch('redis', { spec: { provisioner: { crossplane: { [field]: null } } } })
    await ready('redis')
  })

  test('that was one of a pool leaves no Class behind', async () => {
    await hub.grant()
    await made()
    await hub.instanceClass('aws-elasticache', ELASTICACHE)
    await ready()
    await classes().patch('aws-elasticache', { spec: { pool: null, ...provisioned('xredis.example.com') } })
    await ready()
    await hub.gone(classKind, 'stk-aws-elasticache')
  })
})
