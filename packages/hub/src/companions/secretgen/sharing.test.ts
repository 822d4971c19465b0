/** SecretExport and SecretImport: two namespaces, one Secret, and nothing beyond what is exported. */
import { namespaceType, secretType, serviceAccountType } from '@larder/engine/client/builtin'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testHub, type TestHub } from '../../controllers/testing/hub.ts'
import { secretgen } from './door.ts'
import { secretExportKind, secretImportKind, type SecretExport } from './kinds.ts'

let hub: TestHub
beforeEach(async () => {
  hub = await testHub({ drivers: [], doors: [secretgen] })
  await hub.start()
  for (const name of ['owner', 'other']) await hub.admin.of(namespaceType).create({ metadata: { name } })
})
afterEach(() => hub.stop())

const base64 = (text: string) => Buffer.from(text).toString('base64')
const offer = (spec: NonNullable<SecretExport['spec']>, name = 'shared') =>
  hub.admin.of(secretExportKind).create({ metadata: { name, namespace: 'owner' }, spec })
const editOffer = (spec: object) => hub.admin.of(secretExportKind).patch('shared', { spec }, { namespace: 'owner' })
const source = (value: string, type = 'Opaque', name = 'shared') =>
  hub.admin.of(secretType).create({ metadata: { name, namespace: 'owner' }, type, data: { value: base64(value) } })
const take = (namespace: string, from = 'owner', name = 'shared') =>
  hub.admin.of(secretImportKind).create({ metadata: { name, namespace }, spec: { fromNamespace: from } })
const label = (name: string, metadata: object) => hub.admin.of(namespaceType).patch(name, { metadata })

const message = (namespace: string, type: string) =>
  hub.until(`${type} in ${namespace}`, async () => {
    const found = await hub.admin.of(secretImportKind).find('shared', namespace)
    const [condition] = found?.status?.conditions ?? []
    return condition?.type === type ? (condition.message ?? '') : undefined
  })
const taken = (namespace: string, value = 'one') =>
  hub.until(`the copy in ${namespace}`, async () =>
    (await hub.secretValues('shared', namespace))?.['value'] === value ? true : undefined,
  )
const withdrawn = (namespace: string) =>
  hub.until(`no copy in ${namespace}`, async () => ((await hub.secretValues('shared', namespace)) ? undefined : true))
const NOTHING = 'No matching export/secret'

describe('a Secret is shared', () => {
  test('with those whom its namespace exports it to, and nobody else; who was left out gets it when named', async () => {
    await source('one', 'mine')
    await offer({ toNamespace: 'shop' })
    await take('shop')
    await take('other')
    await taken('shop')
    expect(await message('shop', 'ReconcileSucceeded')).toBe('')
    const copy = await hub.admin.of(secretType).get('shared', 'shop')
    expect(copy).toMatchObject({
      type: 'mine',
      metadata: { ownerReferences: [{ kind: 'SecretImport', controller: true }] },
    })
    expect(await message('other', 'ReconcileFailed')).toBe(NOTHING)
    expect(await hub.secretValues('shared', 'other')).toBeUndefined()

    await editOffer({ toNamespaces: ['other'] })
    await taken('other')
    await editOffer({ toNamespace: null })
    await withdrawn('shop')
    expect(await message('shop', 'ReconcileFailed')).toBe(NOTHING)
    expect(await hub.secretValues('shared', 'owner')).toEqual({ value: 'one' })
  })

  test('as it is now: edits, another type, its end and its return are followed', async () => {
    await source('one')
    await offer({ toNamespace: '*' })
    await take('shop')
    await taken('shop')
    const secrets = hub.admin.of(secretType)
    await secrets.patch('shared', { data: { value: base64('two'), more: 'eA==' } }, { namespace: 'owner' })
    await taken('shop', 'two')
    await secrets.patch('shared', { data: { value: base64('mine') } }, { namespace: 'shop' })
    await taken('shop', 'two')
    await secrets.delete('shared', { namespace: 'owner' })
    await withdrawn('shop')
    await source('three', 'other')
    await taken('shop', 'three')
    expect((await secrets.get('shared', 'shop')).type).toBe('other')
    await hub.admin.of(secretExportKind).delete('shared', { namespace: 'owner' })
    await withdrawn('shop')
  })

  test('with every namespace but those that must be named', async () => {
    await source('one')
    await label('other', { annotations: { 'secretgen.carvel.dev/excluded-from-wildcard-matching': '' } })
    await offer({ toNamespaces: ['*'] })
    await take('shop')
    await take('other')
    await taken('shop')
    expect(await message('other', 'ReconcileFailed')).toBe(NOTHING)
    await editOffer({ toNamespace: 'other' })
    await taken('other')
  })

  test('with namespaces by what is in them, as long as all requirements hold', async () => {
    await source('one')
    await take('shop')
    await offer({
      dangerousToNamespacesSelector: [
        { key: 'metadata.labels.team', operator: 'In', values: ['red', 'blue'] },
        { key: "metadata.annotations['example.com/no']", operator: 'DoesNotExist' },
        { key: 'metadata.name', operator: 'NotIn', values: ['other'] },
        { key: '.metadata.uid', operator: 'Exists' },
      ],
    })
    expect(await message('shop', 'ReconcileFailed')).toBe(NOTHING)
    await label('shop', { labels: { team: 'red' } })
    await taken('shop')
    await label('shop', { annotations: { 'example.com/no': 'x' } })
    await withdrawn('shop')
  })

  test('with nobody by an export that names nobody, or whose path cannot be read', async () => {
    await source('one')
    await offer({ dangerousToNamespacesSelector: [{ key: 'metadata.labels[', operator: 'DoesNotExist' }] })
    await take('shop')
    expect(await message('shop', 'ReconcileFailed')).toBe(NOTHING)
    const said = await hub.until(
      'the export to say so',
      async () => (await hub.admin.of(secretExportKind).get('shared', 'owner')).status?.conditions?.[0]?.message,
    )
    expect(said).toMatch(/^spec\.dangerousToNamespacesSelector\[0\]\.key: invalid JSONPath /)
    await hub.admin
      .of(secretExportKind)
      .patch('shared', { spec: { dangerousToNamespacesSelector: [] } }, { namespace: 'owner' })
    expect(await hub.secretValues('shared', 'shop')).toBeUndefined()
  })
})

describe('an import', () => {
  test('row 88: that is told to keeps its copy while the Secret is away, and gives it up with the export', async () => {
    await source('one')
    await offer({ toNamespace: '*' })
    await take('other')
    const annotations = { 'larder.dev/keep-without-source': 'true' }
    await hub.admin.of(secretImportKind).create({
      metadata: { name: 'shared', namespace: 'shop', annotations },
      spec: { fromNamespace: 'owner' },
    })
    await Promise.all([taken('shop'), taken('other')])
    await hub.admin.of(secretType).delete('shared', { namespace: 'owner' })
    await withdrawn('other')
    expect(await message('shop', 'ReconcileFailed')).toBe(NOTHING)
    expect(await hub.secretValues('shared', 'shop')).toEqual({ value: 'one' })
    await source('two')
    await Promise.all([taken('shop', 'two'), taken('other', 'two')])
    await hub.admin.of(secretType).delete('shared', { namespace: 'owner' })
    await withdrawn('other')
    await editOffer({ toNamespace: 'other' })
    await withdrawn('shop')
  })

  test("row 89: of an account's token keeps what is in it, as a Secret of no account", async () => {
    const accounts = hub.admin.of(serviceAccountType)
    await accounts.create({ metadata: { name: 'client', namespace: 'owner' } })
    await hub.admin.of(secretType).create({
      metadata: {
        name: 'shared',
        namespace: 'owner',
        annotations: { 'kubernetes.io/service-account.name': 'client' },
      },
      type: 'kubernetes.io/service-account-token',
      data: { value: base64('one') },
    })
    await offer({ toNamespace: 'shop' })
    await take('shop')
    await taken('shop')
    expect(await message('shop', 'ReconcileSucceeded')).toBe('')
    expect(await hub.admin.of(secretType).get('shared', 'shop')).toMatchObject({ type: 'Opaque' })
  })

  test('tells the same of a Secret that is not there and of one that is not exported', async () => {
    await source('one')
    await take('shop')
    await take('other', 'nowhere')
    expect(await message('shop', 'ReconcileFailed')).toBe(await message('other', 'ReconcileFailed'))
  })

  test('without a namespace is told so', async () => {
    await hub.admin.of(secretImportKind).create({ metadata: { name: 'shared', namespace: 'shop' } })
    expect(await message('shop', 'ReconcileFailed')).toBe("Validating 'spec.fromNamespace': Expected to be non-empty")
  })

  test('leaves a Secret of the namespace alone, and takes its copy along when it goes', async () => {
    await source('one')
    await offer({ toNamespace: 'shop' })
    await hub.admin
      .of(secretType)
      .create({ metadata: { name: 'shared', namespace: 'shop' }, data: { value: base64('mine') } })
    await take('shop')
    const why = 'Secret "shared" of this namespace was not made by this SecretImport: delete or rename it'
    // A hub that has not seen the Secret yet is told by the API that the name is taken, and looks again.
    await hub.until('the reason', async () => ((await message('shop', 'ReconcileFailed')) === why ? true : undefined))
    expect(await hub.secretValues('shared', 'shop')).toEqual({ value: 'mine' })
    await hub.admin.of(secretType).delete('shared', { namespace: 'shop' })
    await taken('shop')
    await hub.admin.of(secretImportKind).delete('shared', { namespace: 'shop' })
    await withdrawn('shop')
  })

  test('in sync, also of a Secret without keys, writes nothing', async () => {
    await hub.admin.of(secretType).create({ metadata: { name: 'shared', namespace: 'owner' } })
    await offer({ toNamespace: 'shop' })
    await take('shop')
    await message('shop', 'ReconcileSucceeded')
    await hub.kill()
    await hub.start()
    await source('one', 'Opaque', 'later')
    await offer({ toNamespace: 'shop' }, 'later')
    await take('shop', 'owner', 'later')
    await hub.until('the later copy', () => hub.secretValues('later', 'shop'))
    expect(hub.cut.writes.filter((write) => !write.endsWith(' later'))).toEqual([])
  })
})

test('an export without its Secret says so', async () => {
  await offer({ toNamespace: 'shop' })
  await hub.until('the export to say so', async () => {
    const { status } = await hub.admin.of(secretExportKind).get('shared', 'owner')
    return status?.friendlyDescription === 'Reconcile failed: Missing exported secret' ? true : undefined
  })
  await source('one')
  await hub.until('the export to be well', async () => {
    const { status } = await hub.admin.of(secretExportKind).get('shared', 'owner')
    return status?.friendlyDescription === 'Reconcile succeeded' ? true : undefined
  })
})
