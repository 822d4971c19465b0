/** PackageRepository and PackageInstall: what is brought, what is chosen, with which values, and what becomes of it. Rows 71 to 74. */
import { configMapType, namespaceType, secretType } from '@larder/engine/client/builtin'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { appKind, installKind, metadataKind, packageKind, repositoryKind } from './kinds.ts'
import { cachePackage } from './testing/packages.ts'
import { at, NAMESPACE, packagingHub, type PackagingHub } from './testing/packaging-hub.ts'

let house: PackagingHub
beforeEach(async () => {
  house = await packagingHub()
  await house.account()
})
afterEach(() => house.hub.stop())

const packages = async (namespace = NAMESPACE) =>
  (await house.hub.admin.of(packageKind).list({ namespace })).items.map(({ metadata }) => metadata.name)
const PACKAGE = { refName: 'cache.example.com' }
const install = (more: object = {}) =>
  house.install({
    serviceAccountName: 'installer',
    packageRef: PACKAGE,
    values: [{ secretRef: { name: 'cache-values' } }],
    ...more,
  })
const edit = (spec: object) => house.hub.admin.of(installKind).patch('cache', { spec }, at)
const failure = async (message: string) => (await house.is(installKind, 'ReconcileFailed', 'cache', message)).status

describe('a repository', () => {
  test('row 71: brings what it has, changes with its source, and takes all of it along', async () => {
    await house.repository({
      'packages/a.yml': cachePackage('1.0.0'),
      'packages/b.yml': cachePackage('1.1.0').split('---')[1]!,
    })
    const { status } = await house.is(repositoryKind, 'ReconcileSucceeded', 'references')
    expect(status?.friendlyDescription).toBe('Reconcile succeeded')
    expect(await packages()).toEqual(['cache.example.com.1.0.0', 'cache.example.com.1.1.0'])
    expect((await house.hub.admin.of(metadataKind).get('cache.example.com', NAMESPACE)).spec).toMatchObject({
      displayName: 'Cache',
    })
    const fetch = { inline: { paths: { 'packages/a.yml': null } } }
    await house.hub.admin.of(repositoryKind).patch('references', { spec: { fetch } }, at)
    await house.hub.until('one to go', async () => ((await packages()).length === 1 ? true : undefined))
    await house.hub.admin.of(packageKind).delete('cache.example.com.1.1.0', at)
    await house.hub.until('it to be back', async () => ((await packages()).length === 1 ? true : undefined))
    await house.hub.admin.of(repositoryKind).delete('references', at)
    await house.hub.until('all to go', async () => ((await packages()).length === 0 ? true : undefined))
  })

  test('takes from a package what its source says no more', async () => {
    const name = 'cache.example.com.1.0.0'
    const source = (more: object, labels: object) => {
      const one = JSON.parse(cachePackage('1.0.0', { more }).split('---')[1]!) as object
      return { 'a.yml': JSON.stringify({ ...one, metadata: { name, labels } }) }
    }
    const packageNow = () => house.hub.admin.of(packageKind).get(name, NAMESPACE)
    await house.repository(source({ releaseNotes: 'wrong', licenses: ['x'] }, { a: 'b' }))
    await house.is(repositoryKind, 'ReconcileSucceeded', 'references')
    expect(await packageNow()).toMatchObject({ spec: { releaseNotes: 'wrong' }, metadata: { labels: { a: 'b' } } })
    const fetch = { inline: { paths: source({}, {}) } }
    await house.hub.admin.of(repositoryKind).patch('references', { spec: { fetch } }, at)
    await house.is(repositoryKind, 'ReconcileSucceeded', 'references')
    const { spec, metadata } = await packageNow()
    expect(spec).toMatchObject({ version: '1.0.0' })
    expect([spec?.releaseNotes, spec?.licenses, metadata.labels]).toEqual([undefined, undefined, {}])
  })

  test('takes packages with fields that are not known here, and refuses those that it would have to follow when they are installed', async () => {
    const steps = [{ values: { valuesFrom: [{ downwardAPI: {} }] } }]
    const more = {
      futureField: { a: 'b' },
      template: { spec: { fetch: [{ inline: { paths: {} } }], template: steps, deploy: [{ kapp: {} }] } },
    }
    await house.repository({ 'a.yml': cachePackage('1.0.0', { more }) })
    await house.is(repositoryKind, 'ReconcileSucceeded', 'references')
    await house.install({ serviceAccountName: 'installer', packageRef: PACKAGE })
    const { status } = await house.is(installKind, 'ReconcileFailed')
    expect(status?.usefulErrorMessage).toBe(
      'Reading values: valuesFrom.downwardAPI is not supported: say the values in a Secret',
    )
  })

  test('brings packages alone: nothing else is applied by the rights of the hub', async () => {
    await house.repository({ 'a.yml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: x}' })
    const message =
      'Templating dir: a repository brings Packages and PackageMetadata of data.packaging.carvel.dev/v1alpha1 alone, and this one Secret x'
    await house.is(repositoryKind, 'ReconcileFailed', 'references', message)
    expect(await house.hub.admin.of(secretType).find('x', NAMESPACE)).toBeUndefined()
  })

  test('leaves a package alone that is there already and is another; the same one may come twice', async () => {
    await house.repository({ 'a.yml': cachePackage('1.0.0') })
    await house.is(repositoryKind, 'ReconcileSucceeded', 'references')
    await house.repository({ 'a.yml': cachePackage('1.0.0') }, 'same')
    await house.is(repositoryKind, 'ReconcileSucceeded', 'same')
    await house.repository({ 'a.yml': cachePackage('1.0.0', { content: 'other: content' }) }, 'other')
    await house.is(
      repositoryKind,
      'ReconcileFailed',
      'other',
      'Deploying: Package cache.example.com.1.0.0 is there already, with other content and not from this repository',
    )
  })

  test('a package whose name is not its refName and version is refused by the API, which says the rule', async () => {
    const spec = { refName: 'cache.example.com', version: '1.0.0' }
    const create = (name: string, more: object = {}) =>
      house.hub.admin.of(packageKind).create({ metadata: { name, ...at }, spec: { ...spec, ...more } })
    await expect(create('cache.example.com.2.0.0')).rejects.toThrow(
      'metadata.name must be spec.refName, a dot and spec.version',
    )
    await expect(create('cache.1.0.0', { refName: 'cache' })).rejects.toThrow('at least three parts between dots')
  })
})

describe('an install', () => {
  beforeEach(async () => {
    await house.repository({
      'packages/a.yml': cachePackage('1.0.0'),
      'packages/b.yml': cachePackage('1.1.0').split('---')[1]!,
    })
    await house.is(repositoryKind, 'ReconcileSucceeded', 'references')
    await house.values('name: one\nsize: 3\ntags: [{key: a, value: b}]')
  })

  test('row 72: makes an App of its name with the values, and says its version', async () => {
    await install()
    const { status } = await house.is(installKind, 'ReconcileSucceeded')
    expect(status).toMatchObject({
      version: '1.1.0',
      lastAttemptedVersion: '1.1.0',
      friendlyDescription: 'Reconcile succeeded',
    })
    const app = await house.hub.admin.of(appKind).get('cache', NAMESPACE)
    expect(app.metadata).toMatchObject({
      annotations: {
        'packaging.carvel.dev/package-ref-name': 'cache.example.com',
        'packaging.carvel.dev/package-version': '1.1.0',
      },
      ownerReferences: [{ kind: 'PackageInstall', name: 'cache', controller: true }],
    })
    expect(app.spec?.template?.[0]?.values).toMatchObject({
      valuesFrom: [{ secretRef: { name: 'cache-values' } }],
      schema: { properties: { size: { default: 1 } } },
    })
    expect(await house.config('one')).toEqual({
      size: 'of 3',
      tags: '[{"key":"a","value":"b"}] for $(.creds.data.password)',
    })
  })

  test('new values reach what is installed, defaults where they say nothing; wrong ones change nothing and are named', async () => {
    await install()
    await house.is(installKind, 'ReconcileSucceeded')
    await house.values('name: one')
    await house.hub.until('the default', async () =>
      (await house.config('one'))?.['size'] === 'of 1' ? true : undefined,
    )
    await house.values('name: one\nsize: 9\npassword: s3cret\ntags: s3cret')
    const { status } = await house.is(installKind, 'ReconcileFailed')
    expect(status?.usefulErrorMessage?.split('\n')).toEqual([
      'values.password: Forbidden: unknown field; allowed: labels, name, size, tags',
      'values.size: Invalid value: values.size in body should be less than or equal to 5',
      'values.tags: Invalid value: values.tags in body must be of type array: "string"',
    ])
    expect(JSON.stringify(status)).not.toContain('s3cret')
    expect((await house.config('one'))?.['size']).toBe('of 1')
  })

  test('values that are no YAML, or not there, are said without being quoted', async () => {
    await house.values('name: [s3cret')
    await install()
    const { status } = await house.is(installKind, 'ReconcileFailed')
    expect(status?.usefulErrorMessage).toMatch(
      /^Reading values: key values.yaml of Secret "cache-values" is no YAML: [A-Z_]+$/,
    )
    expect(JSON.stringify(status)).not.toContain('s3cret')
    // A password that begins with a star is an alias of nothing, and the parser's error quotes it.
    await house.values('name: *s3cret')
    await failure('Reading values: key values.yaml of Secret "cache-values" is no YAML: BAD_ALIAS')
    await house.values(
      `a: &a [x, x, x, x, x, x, x, x, x, x, x]\nname: &b [${'*a,'.repeat(11)}]\nc: [${'*b,'.repeat(11)}]`,
    )
    await failure('Reading values: key values.yaml of Secret "cache-values" is no YAML: BAD_ALIAS')
    await edit({ values: [{ secretRef: { name: 'nowhere' } }] })
    await failure('Reading values: secrets "nowhere" not found')
    await edit({ values: [{ secretRef: { name: 'cache-values', key: 'no.yaml' } }] })
    await failure('Reading values: Secret "cache-values" has no key "no.yaml"')
  })

  test('a new version is installed when it comes, within what is allowed; none goes back unless that is said', async () => {
    await install({ packageRef: { ...PACKAGE, versionSelection: { constraints: '<2.0.0' } } })
    await house.is(installKind, 'ReconcileSucceeded')
    const paths = {
      'packages/c.yml': cachePackage('1.2.0').split('---')[1]!,
      'packages/d.yml': cachePackage('2.0.0').split('---')[1]!,
    }
    await house.hub.admin.of(repositoryKind).patch('references', { spec: { fetch: { inline: { paths } } } }, at)
    const version = (wanted: string) =>
      house.hub.until(`version ${wanted}`, async () => {
        const { status } = await house.told(installKind)
        return status?.version === wanted && status.conditions?.[0]?.type === 'ReconcileSucceeded' ? true : undefined
      })
    await version('1.2.0')
    await edit({ packageRef: { ...PACKAGE, versionSelection: { constraints: '1.0.0' } } })
    await failure(
      'Package cache.example.com: version 1.0.0 is lower than 1.2.0, which is installed: annotate with packaging.carvel.dev/downgradable="" to go back',
    )
    await house.hub.admin
      .of(installKind)
      .patch('cache', { metadata: { annotations: { 'packaging.carvel.dev/downgradable': '' } } }, at)
    await version('1.0.0')
  })

  test('a package or a version that is not there is told, and installed once it comes', async () => {
    await install({ packageRef: { refName: 'queue.example.com' } })
    await failure('Package queue.example.com not found')
    await edit({ packageRef: { ...PACKAGE, versionSelection: { constraints: '>=3' } } })
    await failure('Package cache.example.com has no version that satisfies ">=3": there are 1.0.0, 1.1.0')
    const paths = { 'packages/c.yml': cachePackage('3.0.0').split('---')[1]! }
    await house.hub.admin.of(repositoryKind).patch('references', { spec: { fetch: { inline: { paths } } } }, at)
    await house.is(installKind, 'ReconcileSucceeded')
  })

  test('row 73: a pre-release is installed by its exact version, and by no other constraint', async () => {
    const paths = { 'packages/c.yml': cachePackage('2.0.0-alpha').split('---')[1]! }
    await house.hub.admin.of(repositoryKind).patch('references', { spec: { fetch: { inline: { paths } } } }, at)
    await install({ packageRef: { ...PACKAGE, versionSelection: { constraints: '>=1.0.0' } } })
    expect((await house.is(installKind, 'ReconcileSucceeded')).status?.version).toBe('1.1.0')
    await edit({ packageRef: { ...PACKAGE, versionSelection: { constraints: '2.0.0-alpha' } } })
    await house.hub.until('the pre-release', async () =>
      (await house.told(installKind)).status?.version === '2.0.0-alpha' ? true : undefined,
    )
  })

  test('packages of a global namespace can be installed everywhere, those of another namespace cannot', async () => {
    for (const name of ['tanzu-package-repo-global', 'elsewhere']) {
      await house.hub.admin.of(namespaceType).create({ metadata: { name } })
      const refName = name === 'elsewhere' ? 'theirs.example.com' : 'global.example.com'
      await house.repository({ 'a.yml': cachePackage('1.0.0', { refName }) }, 'more', name)
    }
    await install({ packageRef: { refName: 'global.example.com' } })
    await house.is(installKind, 'ReconcileSucceeded')
    await edit({ packageRef: { refName: 'theirs.example.com' } })
    await failure('Package theirs.example.com not found')
  })

  test('says what failed in what it installs, in full where upstream points to it', async () => {
    await house.grant([{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }])
    await install()
    const status = await failure('Error (see .status.usefulErrorMessage for details)')
    expect(status?.friendlyDescription).toBe('Reconcile failed: Error (see .status.usefulErrorMessage for details)')
    expect(status?.usefulErrorMessage).toContain('cannot patch resource "configmaps"')
  })

  test('row 74: deleted, it takes all that it installed along, and stays until that is gone', async () => {
    await install()
    await house.is(installKind, 'ReconcileSucceeded')
    await house.hub.admin.of(configMapType).patch('one', { metadata: { finalizers: ['example.com/slow'] } }, at)
    await house.hub.admin.of(installKind).delete('cache', at)
    await house.is(installKind, 'Deleting', 'cache', 'waiting for ConfigMap shop/one to be gone')
    await house.hub.admin.of(configMapType).patch('one', { metadata: { finalizers: null } }, at)
    await house.gone(installKind, 'cache')
    expect(await house.hub.admin.of(appKind).find('cache', NAMESPACE)).toBeUndefined()
    expect(await house.config('one')).toBeUndefined()
    expect(await house.hub.admin.of(secretType).find('cache-values', NAMESPACE)).toBeDefined()
  })

  test('with noopDelete, said a moment before, what it installed stays', async () => {
    await install()
    await house.is(installKind, 'ReconcileSucceeded')
    await edit({ noopDelete: true })
    await house.hub.admin.of(installKind).delete('cache', at)
    await house.gone(installKind, 'cache')
    await house.gone(appKind, 'cache')
    expect(await house.config('one')).toBeDefined()
  })

  test('paused, nothing of it changes', async () => {
    await install({ packageRef: { ...PACKAGE, versionSelection: { constraints: '1.0.0' } } })
    await house.is(installKind, 'ReconcileSucceeded')
    await edit({ paused: true })
    await house.hub.until('the pause', async () =>
      (await house.hub.admin.of(appKind).get('cache', NAMESPACE)).spec?.paused ? true : undefined,
    )
    await house.values('name: other')
    await edit({ paused: null })
    await house.hub.until('the other', () => house.config('other'))
    await house.gone(configMapType, 'one')
  })
})

test('values that came a moment before their install are there, though news of their Secret has not come yet', async () => {
  await house.hub.stop()
  house = await packagingHub({ without: secretType })
  await house.account()
  await house.repository({ 'packages/a.yml': cachePackage('1.0.0') })
  await house.is(repositoryKind, 'ReconcileSucceeded', 'references')
  await house.values('name: one\nsize: 3')
  await install()
  await house.is(installKind, 'ReconcileSucceeded')
  expect((await house.config('one'))?.['size']).toBe('of 3')
})
