/** Services that are there before their instance, and who may have one without a class. */
import { namespaceType } from '@larder/engine/client/builtin'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { backendKind } from '../../model/backend.ts'
import { classKind } from '../../model/class.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import type { TestHub } from '../testing/hub.ts'
import { instanceGone, instanceReady } from '../testing/instances.ts'
import type { Shelf } from '../testing/shelf-driver.ts'
import { shelfHub } from '../testing/shelf-hub.ts'

const HOME = 'larder-instances'
let shelf: Shelf
let hub: TestHub

beforeEach(async () => {
  ;({ hub, shelf } = await shelfHub())
  shelf.placeForeign('jar-1')
})

afterEach(() => hub.stop())

const instances = () => hub.admin.of(instanceKind)
const make = (spec: Partial<Instance['spec']>, namespace = HOME) =>
  instances().create({
    metadata: { name: 'mine', namespace },
    spec: { backendRef: { name: 'shelf' }, type: 'jar', externalID: 'jar-1', ...spec },
  })
const ready = (namespace = HOME) => instanceReady(hub, 'mine', namespace)
const causeOf = (reason: string, namespace = HOME) => hub.cause(instanceKind, 'mine', namespace, reason)
const gone = () => instanceGone(hub, 'mine', HOME)
const removed = async () => {
  await instances().delete('mine', { namespace: HOME })
  await gone()
}
const changes = () => shelf.calls.filter((call) => /^(create|update|delete|wipe) /.test(call))

describe('a service that exists outside', () => {
  test('is left alone by an instance that says nothing of it', async () => {
    await make({})
    expect(await causeOf('NameTaken')).toMatchObject({ message: 'it is of somebody else', heals: false })
    await removed()
    expect(shelf.services.size).toBe(1)
    expect(changes()).toEqual([])
  })

  test('is adopted as it is, changed as asked, and stays when the instance goes', async () => {
    await make({ existing: 'Adopt' })
    await ready()
    expect(shelf.created.size).toBe(0)
    await instances().patch('mine', { spec: { parameters: { lid: 'red' } } }, { namespace: HOME })
    await hub.until('the change', () =>
      JSON.stringify(shelf.services.get('jar-1')?.parameters) === '{"lid":"red"}' ? true : undefined,
    )
    await ready()
    await removed()
    expect(shelf.services.size).toBe(1)
  })

  test('goes with an adopting instance that says Delete', async () => {
    await make({ existing: 'Adopt', reclaimPolicy: 'Delete' })
    await ready()
    await removed()
    expect(shelf.services.size).toBe(0)
  })

  test('is only looked at by an instance that observes', async () => {
    await make({ existing: 'Observe', parameters: { lid: 'red' }, reclaimPolicy: 'Delete' })
    await ready()
    shelf.seen = () => ({ phase: 'failed', reason: 'Cracked', message: 'in two', usable: false, retry: 'recreate' })
    shelf.changed('jar-1')
    expect(await causeOf('ProvisioningFailed')).toMatchObject({ message: 'Cracked: in two' })
    shelf.seen = undefined
    shelf.changed('jar-1')
    await ready()
    await removed()
    expect(shelf.services.size).toBe(1)
    expect(changes()).toEqual([])
  })
})

describe('a service that does not exist outside', () => {
  test.each(['Adopt', 'Observe'] as const)('is not made for %s', async (existing) => {
    await make({ existing, externalID: 'jar-2' })
    expect(await causeOf('ServiceNotFound')).toMatchObject({
      message: `spec.existing ${existing}: the backend has no service jar-2`,
      actor: 'platform',
      heals: false,
    })
    expect(changes()).toEqual([])
    await removed()
  })

  test('is made for AdoptOrCreate, and an existing one is taken', async () => {
    await make({ existing: 'AdoptOrCreate', externalID: 'jar-2' })
    await ready()
    expect(shelf.created.get('jar-2')).toBe(1)
    await removed()
    await make({ existing: 'AdoptOrCreate' })
    await ready()
    expect(shelf.created.get('jar-1')).toBeUndefined()
  })
})

describe('an instance without a class', () => {
  test('needs a Backend that is open to its namespace; what is not and what is absent sound the same', async () => {
    const spec = { externalID: 'jar-3' }
    await make(spec, 'shop')
    const closed = await causeOf('BackendNotFound', 'shop')
    expect(closed.message).toBe('spec.backendRef: there is no Backend "shelf" for namespace shop')
    await instances().create({
      metadata: { name: 'other', namespace: 'shop' },
      spec: { backendRef: { name: 'nowhere' }, type: 'jar' },
    })
    const absent = await hub.until('a cause', async () => (await instances().get('other', 'shop')).status?.cause)
    expect(absent.message).toBe(closed.message.replace('shelf', 'nowhere'))
    expect(shelf.services.has('jar-3')).toBe(false)

    const selector = { matchLabels: { tier: 'gold' } }
    await hub.admin.of(backendKind).patch('shelf', { spec: { consumers: { selector } } })
    await hub.admin.of(namespaceType).patch('shop', { metadata: { labels: { tier: 'gold' } } })
    await ready('shop')
    await hub.admin.of(backendKind).patch('shelf', { spec: { consumers: null } })
    await causeOf('BackendNotFound', 'shop')
    expect(shelf.services.has('jar-3')).toBe(true)
    await hub.admin.of(backendKind).patch('shelf', { spec: { consumers: { namespaces: ['shop'] } } })
    await ready('shop')
  })

  test('has its recipe checked as that of a class is', async () => {
    await make({ externalID: 'jar-3', recipe: { colour: 7 } })
    expect(await causeOf('RecipeInvalid')).toMatchObject({ message: expect.stringContaining('spec.recipe.colour') })
    expect(changes()).toEqual([])
  })
})

describe('an instance in the namespace of a tenant', () => {
  test('has no class that is closed to it', async () => {
    const jars = await hub.service('jars', { consumers: { namespaces: ['bank'] } })
    const { revision = '' } = (
      await hub.until('the class', async () => {
        const found = await hub.admin.of(classKind).get(jars.metadata.name)
        return found.status?.revision ? found : undefined
      })
    ).status!
    await instances().create({ metadata: { name: 'mine', namespace: 'shop' }, spec: { className: 'jars', revision } })
    expect((await causeOf('ClassNotFound', 'shop')).message).toBe(
      'spec.className: there is no class "jars" for namespace shop',
    )
  })
})
