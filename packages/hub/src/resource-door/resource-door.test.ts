/** A small dialect over a shelf: what every dialect of one object for each resource relies on. */
import type { JsonObject } from '@larder/engine/base/json'
import { clusterRoleType, configMapType, namespaceType, secretType } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { findCondition } from '@larder/engine/runtime/conditions'
import { watching } from '@larder/engine/runtime/controller'
import { openMemoryStore } from '@larder/engine/storage/memory/store'
import type { Store } from '@larder/engine/storage/store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testHub, type TestHub } from '../controllers/testing/hub.ts'
import { Shelf, shelfDriver } from '../controllers/testing/shelf-driver.ts'
import { momentsOf, surviving } from '../controllers/testing/surviving.ts'
import type { Door } from '../door.ts'
import { backendKind } from '../model/backend.ts'
import { instanceKind } from '../model/instance.ts'
import { resourceController } from './controller.ts'
import type { ResourceDialect } from './resource-door.ts'
import { resourceDoorRules } from './rules.ts'

interface Jar extends KubeObject {
  readonly spec: {
    readonly lid?: string
    readonly label?: string
    /** A jar that must be there first. */
    readonly under?: string
    readonly keep?: boolean
    readonly region?: string
    readonly wax?: string
    /** The namespace whose words stand on it. */
    readonly words?: string
  }
  readonly output?: JsonObject
  readonly status?: { readonly says?: string; readonly id?: string }
}

const jarType: ResourceType<Jar> = {
  group: 'jars.example',
  version: 'v1',
  resource: 'jars',
  kind: 'Jar',
  namespaced: true,
}

const dialect: ResourceDialect<Jar> = {
  door: 'jars',
  driver: 'shelf',
  type: jarType,
  finalizer: 'jars.example/jar',
  sides: [configMapType],
  watches: [
    watching(jarType, ({ metadata }, informers) =>
      informers
        .of(jarType)
        .list(metadata.namespace)
        .filter(({ spec }) => spec.under === metadata.name)
        .map(({ metadata: { name, namespace } }) => ({ name, namespace })),
    ),
  ],
  want({ spec, metadata }, { cache }) {
    if (spec.under !== undefined && !cache(jarType).get(spec.under, metadata.namespace)?.status?.id)
      return { blocked: { reason: 'Missing', message: `jar ${spec.under} is not there` } }
    return {
      type: 'jar',
      recipe: {},
      ...(spec.region !== undefined && { place: { region: spec.region } }),
      parameters: { lid: spec.lid ?? 'none' },
      ...(spec.words !== undefined && { contentFrom: { what: `the text in ${spec.words}`, namespace: spec.words } }),
      ...(spec.wax !== undefined && {
        parametersFrom: [
          { secretKeyRef: { name: spec.wax, namespace: metadata.namespace ?? '', key: 'wax' }, at: '/wax' },
        ],
      }),
    }
  },
  reclaimPolicy: ({ spec }, namespace) =>
    spec.keep === true || namespace?.metadata.annotations?.['jars.example/keep'] === 'true' ? 'Retain' : 'Delete',
  beside: ({ spec, metadata }, { instance }) =>
    spec.label !== undefined && instance?.status?.applied
      ? [
          {
            type: configMapType,
            name: `${metadata.name}-${spec.label}`,
            content: { data: { lid: spec.lid ?? 'none' } },
          },
        ]
      : [],
  report(_jar, { instance, blocked, isCurrent, taken, isDeleting }) {
    const ready = findCondition(instance?.status?.conditions, 'Ready')
    const says =
      blocked?.message ??
      (isDeleting ? 'going' : taken.length > 0 ? taken.join() : !isCurrent ? 'waiting' : (ready?.reason ?? 'waiting'))
    const id = instance?.spec.externalID
    return { status: { says, ...(id !== undefined && { id }) }, fields: { output: { maps: null } } }
  },
}

const any = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
const jars: Door = {
  name: 'jars',
  definitions: () => [
    {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'jars.jars.example' },
      spec: {
        group: 'jars.example',
        scope: 'Namespaced',
        names: { plural: 'jars', singular: 'jar', kind: 'Jar', listKind: 'JarList' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            subresources: { status: {} },
            schema: { openAPIV3Schema: { type: 'object', properties: { spec: any, output: any, status: any } } },
          },
        ],
      },
    },
  ],
  rules: resourceDoorRules([jarType], [configMapType]),
  roles: [],
  controllers: (context) => [resourceController(context, dialect)],
}

let shelf: Shelf
let hub: TestHub

async function begin(isEmbedded = true, store = openMemoryStore()): Promise<void> {
  shelf = new Shelf()
  hub = await testHub({ drivers: [shelfDriver(shelf)], doors: [jars], isEmbedded, store })
  await hub.start()
}
beforeEach(() => begin())
afterEach(() => hub.stop())

/** From `hold` on watches of these keys say nothing more. */
function slowStore(keys: string): { readonly store: Store; readonly hold: () => void } {
  let isHeld = false
  const store = openMemoryStore()
  const watch: Store['watch'] = (range, listener) =>
    store.watch(range, (events) => {
      if (!isHeld || range.prefix !== keys) listener(events)
    })
  const slow = new Proxy(store, {
    get(target, name) {
      if (name === 'watch') return watch
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  return { store: slow, hold: () => void (isHeld = true) }
}

const all = () => hub.admin.of(jarType)
const jar = (name: string, spec: Jar['spec'] = {}, annotations = {}) =>
  all().create({ metadata: { name, namespace: 'shop', annotations }, spec })
const instances = async () => (await hub.admin.of(instanceKind).list()).items
const says = (name: string, what: string) =>
  hub.until(`jar ${name} to say ${what}`, async () => {
    const found = await all().find(name, 'shop')
    return found?.status?.says?.includes(what) ? found : undefined
  })
const gone = async (name: string) => {
  await all().delete(name, { namespace: 'shop' })
  await hub.until(`jar ${name} to go`, async () => ((await all().find(name, 'shop')) ? undefined : true))
}
const edit = (name: string, spec: object) => all().patch(name, { spec }, { namespace: 'shop' })

const backendOf = async () => (await instances())[0]?.spec.backendRef?.name
const maps = async () =>
  (await hub.admin.of(configMapType).list({ namespace: 'shop' })).items
    .filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt')
    .map(({ metadata, data }) => [metadata.name, data?.['lid']])
const mapsAre = (wanted: unknown) =>
  hub.until(`maps ${JSON.stringify(wanted)}`, async () =>
    JSON.stringify(await maps()) === JSON.stringify(wanted) ? true : undefined,
  )

describe('an object', () => {
  test('is one Instance with its origin, says what that says, and in sync writes nothing', async () => {
    const { metadata } = await jar('a', { lid: 'red' })
    const { output } = await says('a', 'Ready')
    const [instance] = await instances()
    expect(instance?.metadata.name).toMatch(/^d-[0-9a-f]{40}$/)
    expect(instance?.spec).toMatchObject({
      parameters: { lid: 'red' },
      externalID: metadata.uid,
      origin: { door: 'jars', kind: 'Jar', namespace: 'shop', name: 'a', uid: metadata.uid },
    })
    expect(output).toEqual({ maps: null })
    expect(shelf.services.get(metadata.uid!)?.parameters).toEqual({ lid: 'red' })
    const writes = hub.cut.writes.length
    await all().patch('a', { metadata: { labels: { a: 'b' } } }, { namespace: 'shop' })
    await jar('b')
    await says('b', 'Ready')
    const own = [' a', ` ${instance?.metadata.name}`]
    expect(hub.cut.writes.slice(writes).filter((write) => own.some((name) => write.endsWith(name)))).toEqual([])
    expect(hub.cut.writes.slice(writes).some((write) => write.endsWith(' b'))).toBe(true)
  })

  test('owns what is wanted: an edit of the Instance is undone, a hold and a pause are not', async () => {
    const { metadata } = await jar('a', { lid: 'red' })
    await says('a', 'Ready')
    const [instance] = await instances()
    await hub.admin
      .of(instanceKind)
      .patch(
        instance!.metadata.name,
        { spec: { parameters: { lid: 'mine' }, paused: true } },
        { namespace: 'larder-instances' },
      )
    await hub.until('the edit to be undone', async () => {
      const [now] = await instances()
      return now?.spec.parameters?.['lid'] === 'red' && now.spec.paused === true ? true : undefined
    })
    expect(shelf.services.get(metadata.uid!)?.parameters).toEqual({ lid: 'red' })
  })

  test('changes its service with itself', async () => {
    const { metadata } = await jar('a', { lid: 'red' })
    await says('a', 'Ready')
    await edit('a', { lid: 'black' })
    await hub.until('the black lid', () =>
      JSON.stringify(shelf.services.get(metadata.uid!)?.parameters) === '{"lid":"black"}' ? true : undefined,
    )
  })

  test('waits for what it names, and says for what', async () => {
    await jar('top', { under: 'base' })
    await says('top', 'jar base is not there')
    expect(await instances()).toEqual([])
    await jar('base')
    await says('top', 'Ready')
  })

  test('hands secrets on by reference: the value is in no spec and no status', async () => {
    await hub.admin
      .of(secretType)
      .create({ metadata: { name: 'seal', namespace: 'shop' }, stringData: { wax: 'very-secret' } })
    const { metadata } = await jar('a', { wax: 'seal' })
    await says('a', 'Ready')
    expect(shelf.services.get(metadata.uid!)?.parameters).toEqual({ lid: 'none', wax: 'very-secret' })
    expect(JSON.stringify(hub.everything().filter(({ kind }) => kind !== 'Secret'))).not.toContain('very-secret')
  })
})

describe('when it goes', () => {
  test('the service goes first', async () => {
    await jar('a')
    await says('a', 'Ready')
    await gone('a')
    expect(shelf.services.size).toBe(0)
    expect(await instances()).toEqual([])
  })

  test('the service stays where the object says so, also when that was said last', async () => {
    const { metadata } = await jar('a')
    await says('a', 'Ready')
    await edit('a', { keep: true })
    await gone('a')
    expect(shelf.services.has(metadata.uid!)).toBe(true)
    expect(await instances()).toEqual([])
  })

  test('the service stays where its namespace says so, also when the hub has not heard of that yet', async () => {
    await hub.stop()
    const { store, hold } = slowStore('//namespaces/')
    await begin(true, store)
    const { metadata } = await jar('a')
    await says('a', 'Ready')
    hold()
    await hub.admin.of(namespaceType).patch('shop', { metadata: { annotations: { 'jars.example/keep': 'true' } } })
    await gone('a')
    expect(shelf.services.has(metadata.uid!)).toBe(true)
  })

  test('an Instance that is gone already, or never was, holds nothing up', async () => {
    await jar('top', { under: 'nothing' })
    await says('top', 'not there')
    await gone('top')
    expect(shelf.calls.filter((call) => !call.startsWith('probe'))).toEqual([])
  })

  test('it waits for a backend that does not answer, and goes on when it does', async () => {
    await jar('a')
    await says('a', 'Ready')
    shelf.fail = (verb) => (verb === 'delete' ? new Error('away') : undefined)
    await all().delete('a', { namespace: 'shop' })
    await says('a', 'going')
    expect(shelf.services.size).toBe(1)
    shelf.fail = () => undefined
    await hub.until('the jar to go', async () => ((await all().find('a', 'shop')) ? undefined : true))
    expect(shelf.services.size).toBe(0)
  })
})

describe('objects beside it', () => {
  test('are owned, updated, put right, renamed, and gone with it', async () => {
    const { metadata } = await jar('a', { label: 'x', lid: 'red' })
    await mapsAre([['a-x', 'red']])
    const map = await hub.admin.of(configMapType).get('a-x', 'shop')
    expect(map.metadata.ownerReferences).toMatchObject([
      { kind: 'Jar', name: 'a', uid: metadata.uid, controller: true },
    ])
    await edit('a', { lid: 'black' })
    await mapsAre([['a-x', 'black']])
    await hub.admin.of(configMapType).patch('a-x', { data: { lid: 'edited' } }, { namespace: 'shop' })
    await mapsAre([['a-x', 'black']])
    await edit('a', { label: 'y' })
    await mapsAre([['a-y', 'black']])
    await gone('a')
    await mapsAre([])
  })

  test('that somebody else has made are left alone and told', async () => {
    await hub.admin.of(configMapType).create({ metadata: { name: 'a-x', namespace: 'shop' }, data: { lid: 'theirs' } })
    await jar('a', { label: 'x', lid: 'red' })
    await says('a', 'ConfigMap a-x')
    expect(await maps()).toEqual([['a-x', 'theirs']])
    await hub.admin.of(configMapType).delete('a-x', { namespace: 'shop' })
    await edit('a', { lid: 'blue' })
    await mapsAre([['a-x', 'blue']])
  })
})

/** Takes a right of the hub away. Returns what gives it back. */
async function without(resource: string, verb: string): Promise<() => Promise<unknown>> {
  const roles = hub.admin.of(clusterRoleType)
  const { rules = [] } = await roles.get('larder:hub')
  const fewer = rules.map((rule) =>
    rule.resources?.includes(resource) ? { ...rule, verbs: rule.verbs.filter((each) => each !== verb) } : rule,
  )
  await roles.patch('larder:hub', { rules: fewer.filter(({ verbs }) => verbs.length > 0) })
  return () => roles.patch('larder:hub', { rules })
}

describe('what the API refuses is told, and tried again', () => {
  test.each(['backends', 'instances'])('of what it needs: %s', async (resource) => {
    const giveBack = await without(resource, 'create')
    await jar('a')
    const { status } = await says('a', 'the API refuses: ')
    expect(status?.says).toContain(`cannot create resource "${resource}"`)
    await giveBack()
    await says('a', 'Ready')
  })

  test('of what stands beside it, which costs nothing else that it says', async () => {
    const giveBack = await without('configmaps', 'create')
    await jar('a', { label: 'x', lid: 'red' })
    const { output, status } = await says('a', 'the API refuses: ')
    expect(status?.says).toContain('cannot create resource "configmaps"')
    expect(output).toEqual({ maps: null })
    await giveBack()
    await mapsAre([['a-x', 'red']])
    await says('a', 'Ready')
  })

  test('of its end', async () => {
    await jar('a')
    await says('a', 'Ready')
    const giveBack = await without('instances', 'delete')
    await all().delete('a', { namespace: 'shop' })
    await says('a', 'cannot delete resource "instances"')
    await giveBack()
    await hub.until('the jar to go', async () => ((await all().find('a', 'shop')) ? undefined : true))
    expect(shelf.services.size).toBe(0)
  })
})

describe('the Backend', () => {
  const consumers = { selector: {} }

  test('is the one that the door keeps for the environment of the hub, where nobody has written one', async () => {
    await jar('a')
    await says('a', 'Ready')
    expect(await backendOf()).toBe('aws-shelf')
    expect((await hub.admin.of(backendKind).get('aws-shelf')).spec).toEqual({ driver: 'shelf', consumers })
  })

  test('is the one that is open to the namespace; of several nobody guesses', async () => {
    await hub.backend('shelf', { consumers: { namespaces: ['shop'] } })
    await hub.backend('closed', { consumers: { namespaces: ['elsewhere'] } })
    await jar('a')
    await says('a', 'Ready')
    expect(await backendOf()).toBe('shelf')
    await hub.backend('second', { consumers })
    await jar('b')
    await says(
      'b',
      'several Backends of driver shelf for namespace shop: second, shelf; annotation larder.dev/backend says which',
    )
    await all().patch('b', { metadata: { annotations: { 'larder.dev/backend': 'second' } } }, { namespace: 'shop' })
    await says('b', 'Ready')
    await jar('c', {}, { 'larder.dev/backend': 'closed' })
    await says('c', 'there is no Backend "closed"')
    await hub.admin.of(namespaceType).patch('shop', { metadata: { annotations: { 'larder.dev/backend': 'shelf' } } })
    await jar('d')
    await says('d', 'Ready')
  })

  test('of a region is kept too, and what was made in one stays there', async () => {
    await jar('a', { region: 'eu-west-1' })
    await hub.until('a Backend of the region', () => hub.admin.of(backendKind).find('aws-shelf-eu-west-1'))
    expect((await hub.admin.of(backendKind).get('aws-shelf-eu-west-1')).spec.config).toEqual({ region: 'eu-west-1' })
    await says('a', 'Ready')
    expect(await backendOf()).toBe('aws-shelf-eu-west-1')
    await edit('a', { region: 'eu-west-2' })
    await says('a', 'the service was made in region eu-west-1 of account unknown, and stays there')
  })

  test('wakes what it was made for when it is opened to what that is made of, or is in the right place again', async () => {
    await hub.backend('shelf', { consumers: { namespaces: ['shop'] } })
    await jar('a')
    await says('a', 'Ready')
    await edit('a', { words: 'library' })
    await says('a', 'the text in library is not used: Backend shelf is not open to namespace library')
    await hub.admin.of(backendKind).patch('shelf', { spec: { consumers: { namespaces: ['shop', 'library'] } } })
    await says('a', 'Ready')
    await edit('a', { region: 'eu-west-1' })
    await says('a', 'stays there')
    await hub.admin.of(backendKind).patch('shelf', { spec: { config: { region: 'eu-west-1' } } })
    await says('a', 'Ready')
  })

  test('whose service nobody has asked for yet is told as such', async () => {
    await hub.backend('far', { driver: 'shelf', config: { region: 'eu-west-1' }, consumers })
    shelf.fail = (verb) => (verb === 'observe' ? new Error('away') : undefined)
    await jar('a', { region: 'eu-west-1' })
    await hub.until('an instance', async () => (await backendOf()) === 'far' || undefined)
    await edit('a', { region: 'eu-west-2' })
    await says('a', 'was to be made in region eu-west-1 of account unknown and nothing of it is there yet')
    expect(shelf.services.size).toBe(0)
  })

  test('on a cluster is nobody’s until the platform opens it', async () => {
    await hub.stop()
    await begin(false)
    await jar('a')
    await says('a', 'there is no Backend of driver shelf for namespace shop')
    expect((await hub.admin.of(backendKind).get('aws-shelf')).spec).toEqual({ driver: 'shelf' })
    await hub.admin.of(backendKind).patch('aws-shelf', { spec: { consumers } })
    await says('a', 'Ready')
  })
})

test.each(momentsOf(6))('killed at write %i, %s it: one service, and no other', async (write, when) => {
  hub.cut.dieAt(hub.cut.writes.length + write, when)
  const { metadata } = await jar('a', { label: 'x' })
  expect(await surviving(hub, () => says('a', 'Ready'))).toBe(true)
  expect([...shelf.created]).toEqual([[metadata.uid, 1]])
  expect(await instances()).toHaveLength(1)
})
