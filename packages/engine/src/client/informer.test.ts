import { deserialize, serialize } from 'node:v8'
import { expect, test } from 'vitest'
import type { KubeObject } from '../machinery/object.ts'
import { systemClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { eventually, onBothTransports, type World } from '../runtime/testing/worlds.ts'
import { configMapType, type ConfigMap } from './builtin.ts'
import { createInformer } from './informer.ts'
import { createInformers, type Keeper } from './informers.ts'

function informerOf(world: World, more: { namespace?: string; labelSelector?: string } = {}) {
  const told: string[] = []
  const informer = createInformer<ConfigMap>({
    client: world.client,
    type: configMapType,
    clock: systemClock,
    log: silentLog,
    indexes: { color: ({ data }) => (data?.['color'] ? [data['color']] : []) },
    ...more,
  })
  const tell = (what: string) => (object: ConfigMap) => told.push(`${what} ${object.metadata.name}`)
  informer.subscribe({ added: tell('+'), updated: tell('~'), deleted: tell('-') })
  informer.start()
  return { informer, told }
}

/** What is kept survives as bytes alone. */
function shelf() {
  const states = new Map<string, () => unknown>()
  let bytes = new Map<string, Buffer>()
  return {
    keep: (name: string, state: () => unknown) => void states.set(name, state),
    kept(name: string) {
      const found = bytes.get(name)
      bytes.delete(name)
      return found && (deserialize(found) as unknown)
    },
    close() {
      bytes = new Map([...states].map(([name, state]) => [name, serialize(state())]))
      states.clear()
    },
  }
}

/** Tells of what happens from now on. */
function shared(world: World, keeper: Keeper) {
  const told: string[] = []
  const informers = createInformers(world.client, { clock: systemClock, log: silentLog, keeper })
  const informer = informers.of(configMapType)
  informer.addIndex('color', ({ data }) => (data?.['color'] ? [data['color']] : []))
  const tell = (what: string) => (object: ConfigMap) => void told.push(`${what} ${object.metadata.name}`)
  informer.subscribe({ added: tell('+'), updated: tell('~'), deleted: tell('-') }, 'now')
  informers.start()
  return { informer, informers, told }
}

const byName = (a: KubeObject, b: KubeObject) => (a.metadata.name < b.metadata.name ? -1 : 1)
const maps = (world: World) => world.client.of(configMapType)
const make = (world: World, name: string, color = 'red', labels: Record<string, string> = {}) =>
  maps(world).create({ metadata: { name, namespace: 'default', labels }, data: { color } })

function withoutOwners<T extends KubeObject>(object: T): T {
  const { managedFields, ...metadata } = object.metadata as T['metadata'] & { managedFields?: unknown }
  expect(managedFields).toBeDefined()
  return { ...object, metadata }
}

onBothTransports('informer', (world) => {
  test('lists what is there, then follows', async () => {
    const one = await make(world(), 'one')
    const { informer, told } = informerOf(world(), { namespace: 'default' })
    await informer.synced
    expect(informer.get('one', 'default')).toEqual(withoutOwners(one))

    await make(world(), 'two', 'blue')
    const written = await maps(world()).patch('one', { data: { color: 'green' } }, { namespace: 'default' })
    const changed = withoutOwners(written)
    await maps(world()).delete('two', { namespace: 'default' })
    await eventually(() => told.includes('- two'))
    expect(told.filter((line) => /one|two/.test(line))).toEqual(['+ one', '+ two', '~ one', '- two'])
    expect(informer.get('one', 'default')).toEqual(changed)
    expect(informer.byIndex('color', 'red').map((o) => o.metadata.name)).toEqual([])
    expect(informer.byIndex('color', 'green')).toEqual([changed])
    expect(informer.list('default')).toContainEqual(changed)
    expect(informer.list('kube-system')).toEqual([])
    await informer.stop()
  })

  test('who comes later hears of what is there, or of what happens from then on', async () => {
    await make(world(), 'one')
    const { informer } = informerOf(world(), { namespace: 'default' })
    await informer.synced
    const heard: Record<'start' | 'now', string[]> = { start: [], now: [] }
    for (const from of ['start', 'now'] as const)
      informer.subscribe({ added: ({ metadata }) => heard[from].push(metadata.name) }, from)
    await make(world(), 'two')
    await eventually(() => heard.now.includes('two'))
    expect(heard.now).toEqual(['two'])
    expect(heard.start.filter((name) => name !== 'kube-root-ca.crt')).toEqual(['one', 'two'])
    await informer.stop()
  })

  test('shares frozen objects', async () => {
    await make(world(), 'one')
    const { informer } = informerOf(world())
    await informer.synced
    const object = informer.get('one', 'default')!
    expect(Object.isFrozen(object) && Object.isFrozen(object.data)).toBe(true)
    await informer.stop()
  })

  test('sees objects come into its selector and leave it', async () => {
    const { informer, told } = informerOf(world(), { labelSelector: 'on=yes' })
    await informer.synced
    await make(world(), 'one')
    await maps(world()).patch('one', { metadata: { labels: { on: 'yes' } } }, { namespace: 'default' })
    await maps(world()).patch('one', { metadata: { labels: { on: 'no' } } }, { namespace: 'default' })
    await eventually(() => told.length === 2)
    expect(told).toEqual(['+ one', '- one'])
    await informer.stop()
  })

  test('whoever has written can wait until it is seen', async () => {
    const { informer } = informerOf(world())
    await informer.synced
    const { metadata } = await make(world(), 'one')
    await informer.seen(metadata.resourceVersion!)
    expect(informer.get('one', 'default')?.metadata.uid).toBe(metadata.uid)
    await informer.stop()
  })

  test('resumes after a restart of the server and misses nothing', async () => {
    await make(world(), 'one')
    const { informer, told } = informerOf(world(), { namespace: 'default' })
    await informer.synced
    await world().down()
    await world().up()
    await make(world(), 'two')
    await world().down()
    await world().up()
    await maps(world()).delete('one', { namespace: 'default' })
    await eventually(() => told.includes('- one'))
    expect(told.filter((line) => /one|two/.test(line))).toEqual(['+ one', '+ two', '- one'])
    await informer.stop()
  })

  test('lists again when the server has forgotten its revision, and tells only the differences', async () => {
    await make(world(), 'kept')
    await make(world(), 'changed')
    await make(world(), 'gone')
    await make(world(), 'replaced')
    const { informer, told } = informerOf(world(), { namespace: 'default' })
    await informer.synced
    const before = told.length
    // What happens while the informer cannot see it: every call of its own fails.
    let mine = false
    world().intercept = (call) => {
      if (call.verb === 'list' && !mine) throw new TypeError('not now')
    }
    await world().down()
    await world().up()
    await maps(world()).patch('changed', { data: { color: 'blue' } }, { namespace: 'default' })
    await maps(world()).delete('gone', { namespace: 'default' })
    await maps(world()).delete('replaced', { namespace: 'default' })
    await make(world(), 'replaced', 'new')
    await make(world(), 'new')
    await world().down()
    await world().store.compact(world().store.revision)
    await world().up()
    mine = true
    await eventually(() => informer.get('new', 'default') && !informer.get('gone', 'default'))
    const news = told.slice(before).filter((line) => !line.includes('kube-root-ca'))
    expect(news).not.toContain('~ kept')
    expect(news.toSorted()).toEqual(['+ new', '+ replaced', '- gone', '- replaced', '~ changed'])
    await informer.stop()
  })

  test('goes on from what an earlier one kept, without a list', async () => {
    await make(world(), 'kept')
    await make(world(), 'changed')
    await make(world(), 'gone')
    const lists: string[] = []
    world().intercept = ({ verb, target }) => void (verb === 'list' && lists.push(target.resource))
    const keeper = shelf()
    const first = shared(world(), keeper)
    await first.informer.synced
    await first.informers.stop()
    expect(lists).toEqual(['configmaps'])
    const kept = first.informer.list('default')
    keeper.close()

    await maps(world()).patch('changed', { data: { color: 'blue' } }, { namespace: 'default' })
    await maps(world()).delete('gone', { namespace: 'default' })
    const { informer, informers, told } = shared(world(), keeper)
    expect(informer.list('default').toSorted(byName)).toEqual(kept.toSorted(byName))
    await informer.synced
    await make(world(), 'new')
    await eventually(() => told.includes('+ new'))
    expect(told).toEqual(['~ changed', '- gone', '+ new'])
    const names = (color: string) => informer.byIndex('color', color).map(({ metadata }) => metadata.name)
    expect([names('red').sort(), names('blue')]).toEqual([['kept', 'new'], ['changed']])
    expect(lists).toEqual(['configmaps'])
    await informers.stop()
    keeper.close()

    // A revision that the server has forgotten costs a list, as ever.
    await make(world(), 'late')
    await world().store.compact(world().store.revision)
    const third = shared(world(), keeper)
    await eventually(() => third.told.includes('+ late'))
    expect(lists).toEqual(['configmaps', 'configmaps'])
    await third.informers.stop()
  })

  test('waits for a server that is not there yet', async () => {
    await world().down()
    const { informer } = informerOf(world())
    expect(informer.hasSynced).toBe(false)
    await world().up()
    await informer.synced
    expect(informer.hasSynced).toBe(true)
    await informer.stop()
  })

  test('one informer serves all who ask for a kind', async () => {
    const informers = createInformers(world().client, { clock: systemClock, log: silentLog })
    informers.start()
    const informer = informers.of(configMapType)
    expect(informers.of({ ...configMapType })).toBe(informer)
    await informers.synced()
    expect(informer.hasSynced).toBe(true)
    await informers.stop()
  })
})
