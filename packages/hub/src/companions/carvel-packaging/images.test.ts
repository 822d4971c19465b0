/** Images: pulled by the protocol of registries, from a real server on loopback, and from nowhere that a tenant may not reach. */
import { secretType } from '@larder/engine/client/builtin'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createPuller, type Pull } from './fetch/images.ts'
import { checkUrl, isPublic, namedRegistries, schemeOf } from './fetch/reach.ts'
import { parseReference } from './fetch/reference.ts'
import { startUnpacking, unpackLayer } from './fetch/unpack.ts'
import { appKind, installKind, repositoryKind } from './kinds.ts'
import { cachePackage } from './testing/packages.ts'
import { at, configMap, NAMESPACE, packagingHub, type PackagingHub } from './testing/packaging-hub.ts'
import { layerOf, startRegistry, type RegistryLogin, type TestRegistry } from './testing/registry.ts'

let registry: TestRegistry
const signal = new AbortController().signal
const secret = (data: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'login' },
  data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
})
const pull = async (reference: string, more: Partial<Pull> = {}, named = registry.named) =>
  Object.fromEntries(
    await createPuller(namedRegistries(named)).pull(
      { reference: `${registry.host}/${reference}`, field: 'spec.image', ...more },
      signal,
    ),
  )

describe('an image', () => {
  beforeEach(async () => {
    registry = await startRegistry()
  })
  afterEach(() => registry.close())

  test('is its layers, one over the other, with what they take away', async () => {
    await registry.push(
      'team/bundle',
      '1',
      { './a.yml': 'one', 'dir/b.yml': 'two', 'dir/c.yml': 'three', 'gone/d.yml': 'four' },
      { 'a.yml': 'new', 'dir/.wh.b.yml': '', 'gone/.wh..wh..opq': '' },
    )
    expect(await pull('team/bundle:1')).toEqual({ 'a.yml': 'new', 'dir/c.yml': 'three' })
  })

  test('is found by tag, by digest, by no tag, and through an index', async () => {
    const digest = await registry.push('bundle', 'latest', { 'a.yml': 'x' })
    registry.pushIndex('bundle', 'many', digest)
    for (const name of ['bundle', 'bundle:latest', `bundle@${digest}`, 'bundle:many'])
      expect(await pull(name)).toEqual({ 'a.yml': 'x' })
  })

  test('is the newest of the tags that a constraint allows, on whichever page it is', async () => {
    for (const tag of ['latest', '1.0.0', 'x', '1.2.0', '1.10.0', '2.0.0', '1.11.0-rc1'])
      await registry.push('bundle', tag, { 'a.yml': tag })
    expect(await pull('bundle', { selection: { constraints: '<2.0.0' } })).toEqual({ 'a.yml': '1.10.0' })
    expect(await pull('bundle', { selection: { constraints: '<2.0.0', prereleases: {} } })).toEqual({
      'a.yml': '1.11.0-rc1',
    })
    await expect(pull('bundle', { selection: { constraints: '>5' } })).rejects.toThrow(
      'no tag is a version that satisfies ">5"',
    )
  })

  test.each([
    [{ scheme: 'basic', username: 'me', password: 'p:w' }],
    [{ scheme: 'bearer', username: 'me', password: 'p:w' }],
  ] satisfies [RegistryLogin][])('behind a login ($scheme) is pulled by those who have it', async (login) => {
    const closed = await startRegistry(login)
    try {
      await closed.push('bundle', '1', { 'a.yml': 'x' })
      const from = async (data?: Readonly<Record<string, string>>) =>
        Object.fromEntries(
          await createPuller(namedRegistries(closed.named)).pull(
            { reference: `${closed.host}/bundle:1`, field: 'spec.image', ...(data && { secret: secret(data) }) },
            signal,
          ),
        )
      const auths = { [closed.host]: { auth: Buffer.from('me:p:w').toString('base64') } }
      expect(await from({ '.dockerconfigjson': JSON.stringify({ auths }) })).toEqual({ 'a.yml': 'x' })
      expect(await from({ username: 'me', password: 'p:w' })).toEqual({ 'a.yml': 'x' })
      await expect(from()).rejects.toThrow('name a Secret with')
      await expect(from({ username: 'me', password: 's3cret' })).rejects.toThrow(/does not allow|gives no token/)
      await expect(from({ other: 'key' })).rejects.toThrow('Secret "login" has no login')
    } finally {
      await closed.close()
    }
  })

  test('that is not what its digest says is refused', async () => {
    await registry.push('bundle', '1', { 'a.yml': 'x' })
    registry.spoil()
    await expect(pull('bundle:1')).rejects.toThrow(/what it has as sha256:[0-9a-f]{64} is something else$/)
  })

  test.each([
    ['leads out of the image', { '../../etc/passwd': 'x' }, 'leads out of the image'],
    ['is no archive', Buffer.from('not a tar archive, and long enough to be looked at'.repeat(40)), 'no tar archive'],
  ])('a layer that %s is refused', async (_, layer, message) => {
    await registry.push('bundle', '1', layer)
    await expect(pull('bundle:1')).rejects.toThrow(message)
  })

  test('a layer that is small and unpacks to too much is refused', async () => {
    await registry.push('bundle', '1', await layerOf({ 'a.yml': 'x'.repeat(17 * 1024 * 1024) }))
    await expect(pull('bundle:1')).rejects.toThrow('the image has more than 16777216 bytes')
  })

  test('layers of nothing but names, that are written over, or that are too many, are refused', async () => {
    const names = Object.fromEntries(Array.from({ length: 20_001 }, (_, i) => [`.wh.${i}`, '']))
    await registry.push('names', '1', await layerOf(names))
    await expect(pull('names:1')).rejects.toThrow('the layers of the image have more than 20000 entries')
    const [large, away] = [await layerOf({ a: 'x'.repeat(12 * 1024 * 1024) }), await layerOf({ '.wh.a': '' })]
    await registry.push('over', '1', large, away, large, away, large)
    await expect(pull('over:1')).rejects.toThrow('the layers of the image unpack to more than 33554432 bytes')
    registry.seen.length = 0
    await registry.push('many', '1', ...Array.from({ length: 101 }, () => away))
    await expect(pull('many:1')).rejects.toThrow('the image has more than 100 layers')
    expect(registry.seen).toEqual(['GET /v2/many/manifests/1'])
  })

  test('a layer is not unpacked for a pass that has ended', async () => {
    const ended = startUnpacking(AbortSignal.abort(new Error('the pass has ended')))
    await expect(unpackLayer(await layerOf({ a: 'x' }), ended)).rejects.toThrow('the pass has ended')
    expect(ended.files.size).toBe(0)
  })

  test('what a server answers besides is not told', async () => {
    const error = await pull('nothing:1').catch((one: unknown) => one as Error)
    expect((error as Error).message).toBe(`Fetching resources: spec.image: ${registry.host}/nothing has no 1`)
  })

  test('what a digest names is pulled once, and its manifest is asked for each time, so that rights count', async () => {
    await registry.push('bundle', '1', { 'a.yml': 'x' })
    const puller = createPuller(namedRegistries(registry.named))
    for (let i = 0; i < 3; i++) await puller.pull({ reference: `${registry.host}/bundle:1`, field: 'x' }, signal)
    expect(registry.seen.filter((one) => one.includes('/blobs/'))).toHaveLength(1)
    expect(registry.seen.filter((one) => one.includes('/manifests/'))).toHaveLength(3)
  })

  test('of a registry that is down is told without the inner address', async () => {
    await registry.close()
    await expect(pull('bundle:1')).rejects.toThrow(`${registry.host} cannot be reached: ECONNREFUSED`)
    registry = await startRegistry()
  })
})

describe('where an image may come from', () => {
  beforeEach(async () => {
    registry = await startRegistry()
    await registry.push('bundle', '1', { 'a.yml': 'x' })
  })
  afterEach(() => registry.close())

  test('loopback, a private network and the metadata of a cloud only where the operator has named them, and asked they are not', async () => {
    const why = 'is in no public network, and the operator of the hub has not named it (LARDER_REGISTRIES)'
    await expect(pull('bundle:1', {}, '')).rejects.toThrow(why)
    for (const host of [
      '10.0.0.1',
      '169.254.169.254',
      '[::1]:80',
      '[fd00::1]:443',
      '[::ffff:127.0.0.1]:443',
      '192.168.1.1:5000',
    ])
      expect(() => checkUrl(new URL(`https://${host}/v2/`), namedRegistries(''))).toThrow(why)
    expect(() => checkUrl(new URL('http://8.8.8.8/v2/'), namedRegistries(''))).toThrow('without TLS')
    expect(checkUrl(new URL('https://8.8.8.8/v2/'), namedRegistries(''))).toBe(false)
    expect(registry.seen).toEqual([])
  })

  test('a name that leads there is judged by its address', async () => {
    const [, port] = registry.host.split(':')
    await expect(
      createPuller(namedRegistries('')).pull({ reference: `localhost:${port}/bundle:1`, field: 'x' }, signal),
    ).rejects.toThrow('localhost is in no public network')
    expect(registry.seen).toEqual([])
  })

  test.each([
    ['registry.internal:443', 'registry.internal:443', 'https:'],
    ['registry.internal:443', 'registry.internal', 'https:'],
    ['registry.internal', 'Registry.internal:443', 'https:'],
    ['http://registry.internal:80', 'registry.internal:80', 'http:'],
    ['http://registry.internal', 'registry.internal', 'http:'],
    ['registry.internal:5000', 'registry.internal:5000', 'https:'],
  ])('of what was named %s the image of %s is asked for over %s', (list, host, scheme) => {
    const named = namedRegistries(list)
    expect(schemeOf(host, named)).toBe(scheme)
    expect(checkUrl(new URL(`${scheme}//${host}/v2/`), named)).toBe(true)
  })

  test('another port of a registry that was named is none that was named', () => {
    const named = namedRegistries('registry.internal:443, no host, http://registry.internal:8080')
    expect(schemeOf('registry.internal:80', named)).toBe('https:')
    expect(checkUrl(new URL('https://registry.internal:80/v2/'), named)).toBe(false)
  })

  test('a registry that was named sends nobody to one that was not, and no login to another', async () => {
    const inner = await startRegistry()
    try {
      registry.redirectTo(`http://${inner.host}/secret`)
      await expect(pull('bundle:1')).rejects.toThrow('would be asked without TLS')
      registry.redirectTo(`https://${inner.host}/secret`)
      await expect(pull('bundle:1')).rejects.toThrow('is in no public network')
      expect(inner.seen).toEqual([])
      const login = { secret: secret({ username: 'me', password: 'x' }) }
      registry.redirectTo(`http://${inner.host}/blob`)
      await expect(pull('bundle:1', login, `${registry.named},${inner.named}`)).rejects.toThrow('has no sha256')
      expect(inner.seen).toEqual(['GET /blob'])
    } finally {
      await inner.close()
    }
  })

  test('a login goes neither to where a redirect leads, nor to where the rest of the tags is said to be', async () => {
    const other = await startRegistry({ scheme: 'bearer', username: 'me', password: 'x' })
    try {
      const login = { secret: secret({ username: 'me', password: 'x' }) }
      const both = `${registry.named},${other.named}`
      registry.redirectTo(`http://${other.host}/blob`)
      await expect(pull('bundle:1', login, both)).rejects.toThrow('does not allow')
      expect(other.seen).toEqual(['GET /blob'])
      other.seen.length = 0
      registry.moreTagsAt(`http://${other.host}/tags`)
      await expect(pull('bundle', { ...login, selection: {} }, both)).rejects.toThrow(
        `${registry.host} sends to another server for its tags`,
      )
      expect(other.seen).toEqual([])
    } finally {
      await other.close()
    }
  })

  test.each([
    ['8.8.8.8', true],
    ['172.32.0.1', true],
    ['172.31.255.255', false],
    ['100.64.0.1', false],
    ['0.0.0.0', false],
    ['2600:1f18::1', true],
    ['2002:7f00:1::', false],
    ['64:ff9b::7f00:1', false],
    ['::', false],
    ['fe80::1', false],
  ])('%s: public %s', (address, expected) => expect(isPublic(address)).toBe(expected))

  test.each([
    ['registry.example.com:5000/a/b:1.2', { host: 'registry.example.com:5000', repository: 'a/b', version: '1.2' }],
    ['localhost/a', { host: 'localhost', repository: 'a', version: undefined }],
    ['nginx', { host: 'registry-1.docker.io', repository: 'library/nginx', version: undefined }],
    ['team/app:2', { host: 'registry-1.docker.io', repository: 'team/app', version: '2' }],
    ['example.com/a/../b:1', undefined],
    ['example.com/a?x=1', undefined],
    ['user:pw@example.com/a', undefined],
    ['https://example.com/a', undefined],
    ['example.com/A', undefined],
    ['example.com:port/a', undefined],
    ['', undefined],
  ])('the name %s', (text, expected) => expect(parseReference(text)).toEqual(expected))
})

describe('objects with images', () => {
  let house: PackagingHub
  beforeEach(async () => {
    registry = await startRegistry({ scheme: 'bearer', username: 'me', password: 'pw' })
    house = await packagingHub({ registries: registry.named })
    await house.account()
    const data = secret({ username: 'me', password: 'pw' }).data
    await house.hub.admin.of(secretType).create({ metadata: { name: 'login', ...at }, data })
  })
  afterEach(async () => {
    await house.hub.stop()
    await registry.close()
  })

  test('row 71: a repository from a bundle, and an install whose package is in another bundle, with its images locked', async () => {
    const locked = `${registry.host}/app@sha256:${'1'.repeat(64)}`
    const lock = `apiVersion: imgpkg.carvel.dev/v1alpha1
kind: ImagesLock
images:
- image: ${locked}
  annotations: {kbld.carvel.dev/id: "example.com/app:1"}
`
    const pod =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: $(values.name)}\ndata: {image: "example.com/app:1", size: "$(string(values.size))"}\n'
    await registry.push('package', '1', { 'config/map.yml': pod, '.imgpkg/images.yml': lock })
    const spec = {
      fetch: [{ imgpkgBundle: { image: `${registry.host}/package:1`, secretRef: { name: 'login' } } }],
      template: [{ values: { paths: ['config'] } }, { kbld: { paths: ['-', '.imgpkg/images.yml'] } }],
      deploy: [{ kapp: {} }],
    }
    await registry.push('repository', '0.0.4', {
      'packages/a.yml': cachePackage('1.0.0', { more: { template: { spec } } }),
      '.imgpkg/images.yml': 'images: []',
    })
    await house.hub.admin.of(repositoryKind).create({
      metadata: { name: 'references', ...at },
      spec: {
        fetch: {
          imgpkgBundle: {
            image: `${registry.host}/repository`,
            secretRef: { name: 'login' },
            tagSelection: { semver: {} },
          },
        },
      },
    })
    await house.is(repositoryKind, 'ReconcileSucceeded', 'references')
    await house.values('name: one')
    await house.install({
      serviceAccountName: 'installer',
      packageRef: { refName: 'cache.example.com' },
      values: [{ secretRef: { name: 'cache-values' } }],
    })
    await house.is(installKind, 'ReconcileSucceeded')
    expect(await house.config('one')).toEqual({ image: locked, size: '1' })
  })

  test('a login that is wrong is told, not quoted, and heals with the Secret', async () => {
    await house.hub.admin.of(secretType).patch('login', { stringData: { password: 'wr0ng' } }, at)
    await registry.push('package', '1', { 'map.yml': configMap('one') })
    await house.app({}, { fetch: [{ image: { url: `${registry.host}/package:1`, secretRef: { name: 'login' } } }] })
    const { status } = await house.is(appKind, 'ReconcileFailed')
    expect(status?.usefulErrorMessage).toBe(
      `Fetching resources: spec.fetch[0].image: ${registry.host} gives no token for that login`,
    )
    await house.hub.admin.of(secretType).patch('login', { stringData: { password: 'pw' } }, at)
    await house.is(appKind, 'ReconcileSucceeded')
    expect(await house.config('one', NAMESPACE)).toEqual({})
  })
})
