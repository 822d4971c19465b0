/** A hub that starts again, and one that is killed at any write of an App, whoever's rights it used. */
import type { Transport } from '@larder/engine/machinery/call'
import { configMapType } from '@larder/engine/client/builtin'
import { afterEach, expect, test } from 'vitest'
import { cutTransport } from '../../controllers/testing/cut.ts'
import { appKind, installKind, packageKind, repositoryKind } from './kinds.ts'
import { configMap, NAMESPACE, packagingHub, at, type PackagingHub } from './testing/packaging-hub.ts'
import { cachePackage } from './testing/packages.ts'

let house: PackagingHub
afterEach(() => house.hub.stop())

const names = async () =>
  (await house.hub.admin.of(configMapType).list(at)).items.map(({ metadata }) => metadata.name).sort()

test('in sync: a hub that starts again writes nothing, neither as itself nor as the account', async () => {
  const writes: string[] = []
  house = await packagingHub({ asAccount: (inner) => noting(inner, writes) })
  await house.account()
  await house.repository({ 'packages/cache.yml': cachePackage('1.0.0') })
  await house.values('name: one\nsize: 3')
  await house.install({
    serviceAccountName: 'installer',
    packageRef: { refName: 'cache.example.com', versionSelection: { constraints: '>= 0.0.0' } },
    values: [{ secretRef: { name: 'cache-values' } }],
  })
  await house.is(installKind, 'ReconcileSucceeded')
  // What an install needs of a repository is there before the repository says so.
  await house.is(repositoryKind, 'ReconcileSucceeded', 'references')
  expect(writes).not.toEqual([])
  await house.hub.kill()
  writes.length = 0
  await house.hub.start()
  await house.app({ 'later.yml': configMap('later') }, {}, 'later')
  await house.is(appKind, 'ReconcileSucceeded', 'later')
  expect(house.hub.cut.writes.filter((write) => !write.endsWith(' later'))).toEqual([])
  expect(writes.filter((write) => !write.includes('later'))).toEqual([])
})

const noting = (inner: Transport, writes: string[]): Transport => ({
  ...inner,
  call(call, signal) {
    if (call.verb !== 'get' && call.verb !== 'list')
      writes.push(`${call.verb} ${call.target.resource} ${call.target.name}`)
    return inner.call(call, signal)
  },
  watch: (...args) => inner.watch(...args),
  raw: (...args) => inner.raw(...args),
  close: () => inner.close(),
})

/** Of the account: the record, two objects, and at the end the deletion of one and the record again. */
const OF_ACCOUNT = [1, 2, 3, 4, 5, 6].flatMap((write) => [[write, 'before'] as const, [write, 'after'] as const])

test.each(OF_ACCOUNT)(
  'an App, its edit and its end, cut off at write %i of the account, %s it',
  async (write, when) => {
    let count = 0
    let died = false
    house = await packagingHub({
      asAccount: (inner) => {
        const cut = cutTransport(inner)
        return {
          ...cut.transport,
          async call(sent, signal) {
            if (died && count < 0) return inner.call(sent, signal)
            if (sent.verb === 'get' || sent.verb === 'list') return cut.transport.call(sent, signal)
            count++
            if (count === write) {
              died = true
              count = -1
              cut.dieAt(cut.writes.length + 1, when)
            }
            return cut.transport.call(sent, signal)
          },
        }
      },
    })
    await house.account()
    await house.app({ 'one.yml': configMap('one', { a: '1' }), 'two.yml': configMap('two') })
    await house.is(appKind, 'ReconcileSucceeded')
    expect(await names()).toEqual(['cache.app', 'one', 'two'])
    await house.edit({ 'two.yml': null, 'three.yml': configMap('three') })
    await house.is(appKind, 'ReconcileSucceeded')
    expect(await names()).toEqual(['cache.app', 'one', 'three'])
    await house.hub.admin.of(appKind).delete('cache', at)
    await house.gone(appKind, 'cache')
    expect(await names()).toEqual([])
    expect(died).toBe(true)
  },
)

test.each([1, 2, 3, 4, 5, 6])(
  'an install, killed at write %i of the hub, is installed and removed by the next',
  async (write) => {
    house = await packagingHub()
    await house.account()
    await house.repository({ 'packages/cache.yml': cachePackage('1.0.0') })
    await house.hub.until('the package', () =>
      house.hub.admin
        .of({ ...appKind, group: 'data.packaging.carvel.dev', resource: 'packages', kind: 'Package' })
        .find('cache.example.com.1.0.0', NAMESPACE),
    )
    await house.values('name: one')
    const dieAndGoOn = async (settled: () => Promise<unknown>) => {
      await house.hub.until('the death of the hub, or the end', async () =>
        house.hub.cut.dead || (await settled()) ? true : undefined,
      )
      await house.hub.kill()
      await house.hub.start()
    }
    house.hub.cut.dieAt(house.hub.cut.writes.length + write, 'after')
    await house.install({
      serviceAccountName: 'installer',
      packageRef: { refName: 'cache.example.com' },
      values: [{ secretRef: { name: 'cache-values' } }],
    })
    const succeeded = async () => (await house.told(installKind)).status?.conditions?.[0]?.type === 'ReconcileSucceeded'
    await dieAndGoOn(succeeded)
    await house.is(installKind, 'ReconcileSucceeded')
    expect(await names()).toEqual(['cache.app', 'one'])
    house.hub.cut.dieAt(house.hub.cut.writes.length + write, 'after')
    await house.hub.admin.of(installKind).delete('cache', at)
    await dieAndGoOn(async () => (await house.hub.admin.of(installKind).find('cache', NAMESPACE)) === undefined)
    await house.gone(installKind, 'cache')
    expect(await names()).toEqual([])
    expect(await house.hub.admin.of(appKind).find('cache', NAMESPACE)).toBeUndefined()
  },
)

test.each([1, 2, 3, 4])(
  'a repository and its edit, killed at write %i of the hub, is whole with the next',
  async (write) => {
    house = await packagingHub()
    const brought = async () => (await house.hub.admin.of(packageKind).list(at)).items.map(({ spec }) => spec?.version)
    const has = async (...versions: readonly string[]) => {
      const all = () =>
        house.hub.until(`versions ${versions.join()}`, async () =>
          (await brought()).join() === versions.join() ? true : undefined,
        )
      await house.hub.until('the death of the hub, or the end', async () =>
        house.hub.cut.dead || (await brought()).join() === versions.join() ? true : undefined,
      )
      await house.hub.kill()
      await house.hub.start()
      await all()
      await house.is(repositoryKind, 'ReconcileSucceeded', 'references')
    }
    house.hub.cut.dieAt(house.hub.cut.writes.length + write, 'after')
    await house.repository({ 'a.yml': cachePackage('1.0.0'), 'b.yml': cachePackage('1.1.0').split('---')[1]! })
    await has('1.0.0', '1.1.0')
    house.hub.cut.dieAt(house.hub.cut.writes.length + write, 'after')
    const paths = { 'b.yml': null, 'c.yml': cachePackage('2.0.0').split('---')[1]! }
    await house.hub.admin.of(repositoryKind).patch('references', { spec: { fetch: { inline: { paths } } } }, at)
    await has('1.0.0', '2.0.0')
  },
)

test('what does not go is waited for, for half a minute; then the next is asked to go as well', async () => {
  let ahead = 0
  house = await packagingHub({ now: () => Date.now() + ahead })
  await house.account()
  await house.app({ 'one.yml': configMap('one'), 'two.yml': configMap('two') })
  await house.is(appKind, 'ReconcileSucceeded')
  const maps = house.hub.admin.of(configMapType)
  for (const name of ['one', 'two']) await maps.patch(name, { metadata: { finalizers: ['example.com/slow'] } }, at)
  await house.hub.admin.of(appKind).delete('cache', at)
  await house.is(appKind, 'Deleting', 'cache', 'waiting for ConfigMap shop/two to be gone')
  expect((await maps.get('one', NAMESPACE)).metadata.deletionTimestamp).toBeUndefined()
  ahead = 32_000
  await house.is(appKind, 'Deleting', 'cache', 'waiting for ConfigMap shop/two, ConfigMap shop/one to be gone')
  for (const name of ['two', 'one']) await maps.patch(name, { metadata: { finalizers: null } }, at)
  await house.gone(appKind, 'cache')
})
