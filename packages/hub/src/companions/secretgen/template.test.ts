/** Rows 66 to 69 and 87 of docs/reference/services-toolkit-compatibility.md. */
import { roleBindingType, roleType, secretType, customResourceDefinitionType } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testHub, type TestHub } from '../../controllers/testing/hub.ts'
import { secretgen } from './door.ts'
import { passwordKind, secretTemplateKind, type SecretTemplate } from './kinds.ts'

const GROUP = 'elasticache.services.k8s.aws'
const RBAC = 'rbac.authorization.k8s.io'
interface ReplicationGroup extends KubeObject {
  readonly status?: JsonObject
}
const groupType: ResourceType<ReplicationGroup> = {
  group: GROUP,
  version: 'v1alpha1',
  resource: 'replicationgroups',
  kind: 'ReplicationGroup',
  namespaced: true,
}
const NAMESPACE = 'shop'

let hub: TestHub
beforeEach(async () => {
  hub = await testHub({ drivers: [], doors: [secretgen] })
  await hub.start()
})
afterEach(() => hub.stop())

/** The kind of a cloud's operator, as far as the template reads it. */
async function replicationGroups() {
  const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  await hub.admin.of(customResourceDefinitionType).create({
    metadata: { name: `replicationgroups.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { plural: 'replicationgroups', singular: 'replicationgroup', kind: 'ReplicationGroup' },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: anything, status: anything } } },
        },
      ],
    },
  })
}

const endpoint = (address: string): JsonObject => ({ nodeGroups: [{ primaryEndpoint: { address, port: 6379n } }] })
const groups = () => hub.admin.of(groupType)
const setEndpoint = (address: string) =>
  groups().patchStatus('redis', { status: endpoint(address) }, { namespace: NAMESPACE })

async function account(verbs: readonly string[]) {
  const metadata = { name: 'reader', namespace: NAMESPACE }
  const rules = [
    { apiGroups: [GROUP], resources: ['replicationgroups'], verbs },
    { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
  ]
  await hub.admin.of({ ...secretType, resource: 'serviceaccounts', kind: 'ServiceAccount' }).create({ metadata })
  await hub.admin.of(roleType).create({ metadata, rules })
  await bind()
}
const bind = () =>
  hub.admin.of(roleBindingType).create({
    metadata: { name: 'reader', namespace: NAMESPACE },
    roleRef: { apiGroup: RBAC, kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace: NAMESPACE }],
  })

const password = (value: string) => ({ data: { password: Buffer.from(value).toString('base64') } })
const creds = (value: string, name = 'redis-writer-creds') =>
  hub.admin.of(secretType).create({ metadata: { name, namespace: NAMESPACE }, ...password(value) })
const template = (spec: NonNullable<SecretTemplate['spec']>, name = 'bindable') =>
  hub.admin.of(secretTemplateKind).create({ metadata: { name, namespace: NAMESPACE }, spec })

const reported = (type: string, message?: string, name = 'bindable') =>
  hub.until(`${type} ${message ?? ''}`, async () => {
    const found = await hub.admin.of(secretTemplateKind).find(name, NAMESPACE)
    const [condition] = found?.status?.conditions ?? []
    const isCurrent = found?.status?.observedGeneration === found?.metadata.generation
    return isCurrent && condition?.type === type && (message === undefined || condition.message === message)
      ? found
      : undefined
  })
const failed = (message: string) => reported('ReconcileFailed', message)
const values = () => hub.secretValues('bindable')
const input = (
  name: string,
  ref = name,
): JsonObject & { name: string; ref: { apiVersion: string; kind: string; name: string } } => ({
  name,
  ref: { apiVersion: 'v1', kind: 'Secret', name: ref },
})

/** As the package of the walkthrough has it, with a label of the instance. */
const PACKAGE: NonNullable<SecretTemplate['spec']> = {
  serviceAccountName: 'reader',
  inputResources: [
    { name: 'replicationGroup', ref: { apiVersion: `${GROUP}/v1alpha1`, kind: 'ReplicationGroup', name: 'redis' } },
    { name: 'creds', ref: { apiVersion: 'v1', kind: 'Secret', name: 'redis-writer-creds' } },
  ],
  template: {
    metadata: { labels: { 'services.apps.tanzu.vmware.com/class': 'aws-elasticache' } },
    type: 'servicebinding.io/redis',
    stringData: {
      type: 'redis',
      username: 'writer',
      ssl: 'true',
      host: '$(.replicationGroup.status.nodeGroups[0].primaryEndpoint.address)',
      port: '$(.replicationGroup.status.nodeGroups[0].primaryEndpoint.port)',
    },
    data: { password: '$(.creds.data.password)' },
  },
}

describe('a SecretTemplate over the kind of an operator', () => {
  test('rows 66 and 67: waits for the endpoint, then has the six keys, and follows both sources', async () => {
    await replicationGroups()
    await account(['get', 'list', 'watch'])
    await groups().create({ metadata: { name: 'redis', namespace: NAMESPACE } })
    await creds('s3cret')
    await template(PACKAGE)
    await failed('templating stringData: status is not found')
    expect(await values()).toBeUndefined()

    await setEndpoint('one.example')
    const made = await reported('ReconcileSucceeded')
    expect(made.status).toMatchObject({ secret: { name: 'bindable' }, friendlyDescription: 'Reconcile succeeded' })
    const wanted = {
      type: 'redis',
      username: 'writer',
      ssl: 'true',
      host: 'one.example',
      port: '6379',
      password: 's3cret',
    }
    expect(await values()).toEqual(wanted)
    const secret = await hub.admin.of(secretType).get('bindable', NAMESPACE)
    expect(secret).toMatchObject({
      type: 'servicebinding.io/redis',
      metadata: {
        labels: { 'services.apps.tanzu.vmware.com/class': 'aws-elasticache' },
        ownerReferences: [{ kind: 'SecretTemplate', name: 'bindable', controller: true }],
      },
    })

    await setEndpoint('two.example')
    await hub.until('the new host', async () => ((await values())?.['host'] === 'two.example' ? true : undefined))
    await hub.admin.of(secretType).patch('redis-writer-creds', password('rotated'), { namespace: NAMESPACE })
    await hub.until('the new password', async () => ((await values())?.['password'] === 'rotated' ? true : undefined))

    await hub.admin.of(secretTemplateKind).delete('bindable', { namespace: NAMESPACE })
    await hub.until('the Secret to go', async () => ((await values()) ? undefined : true))
  })

  test('row 67: heals when the kind, the object and the right to get it come, one by one, with no watch', async () => {
    await creds('x')
    await template(PACKAGE)
    await failed(
      `cannot fetch input resource replicationGroup: no matches for kind "ReplicationGroup" in version "${GROUP}/v1alpha1"`,
    )
    await replicationGroups()
    await hub.admin.of({ ...secretType, resource: 'serviceaccounts', kind: 'ServiceAccount' }).create({
      metadata: { name: 'reader', namespace: NAMESPACE },
    })
    await failed(
      'cannot fetch input resource replicationGroup: ServiceAccount shop/reader may not get replicationgroups "redis"',
    )
    await hub.admin.of(secretType).delete('reader', { namespace: NAMESPACE })
    await hub.admin.of(roleType).create({
      metadata: { name: 'reader', namespace: NAMESPACE },
      rules: [
        { apiGroups: [GROUP], resources: ['replicationgroups'], verbs: ['get'] },
        { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
      ],
    })
    await bind()
    await failed('cannot fetch input resource replicationGroup: replicationgroups "redis" not found')
    await groups().create({ metadata: { name: 'redis', namespace: NAMESPACE } })
    await setEndpoint('one.example')
    await reported('ReconcileSucceeded')
  })

  test('row 68: without its RoleBinding it fails and the Secret stays; with it all is well again', async () => {
    await replicationGroups()
    await account(['get', 'list', 'watch'])
    await groups().create({ metadata: { name: 'redis', namespace: NAMESPACE } })
    await setEndpoint('one.example')
    await creds('s3cret')
    await template(PACKAGE)
    await reported('ReconcileSucceeded')
    await hub.admin.of(roleBindingType).delete('reader', { namespace: NAMESPACE })
    await setEndpoint('two.example')
    const { status } = await failed(
      'cannot fetch input resource replicationGroup: ServiceAccount shop/reader may not get replicationgroups "redis"',
    )
    expect(status?.conditions).toHaveLength(1)
    expect((await values())?.['host']).toBe('one.example')
    await bind()
    await reported('ReconcileSucceeded')
    expect((await values())?.['host']).toBe('two.example')
  })

  test('row 68: the rights of the hub are not those of a template: no Secret that the account may not get', async () => {
    await creds('s3cret')
    await hub.admin.of({ ...secretType, resource: 'serviceaccounts', kind: 'ServiceAccount' }).create({
      metadata: { name: 'nobody', namespace: NAMESPACE },
    })
    await template({
      serviceAccountName: 'nobody',
      inputResources: [input('creds', 'redis-writer-creds')],
      template: { data: { password: '$(.creds.data.password)' } },
    })
    await failed(
      'cannot fetch input resource creds: ServiceAccount shop/nobody may not get secrets "redis-writer-creds"',
    )
    expect(await values()).toBeUndefined()
  })
})

describe('a SecretTemplate', () => {
  test('row 69: tells one thing at a time, and a long one cut', async () => {
    await template({ inputResources: [input('creds', 'a-secret-whose-name-is-rather-long-for-one-column')] })
    const message =
      'cannot fetch input resource creds: secrets "a-secret-whose-name-is-rather-long-for-one-column" not found'
    const { status } = await failed(message)
    expect(status).toEqual({
      observedGeneration: 1,
      conditions: [{ type: 'ReconcileFailed', status: 'True', message }],
      friendlyDescription: `Reconcile failed: ${message.slice(0, 80)}...`,
    })
    await creds('x', 'a-secret-whose-name-is-rather-long-for-one-column')
    const healed = await reported('ReconcileSucceeded')
    expect(healed.status?.conditions).toEqual([{ type: 'ReconcileSucceeded', status: 'True' }])
  })

  test('without an account reads Secrets alone, and names them by what it read before', async () => {
    await creds('second', 'first')
    await creds('value', 'creds-of-second')
    await template({
      inputResources: [input('first'), input('second', 'creds-of-$(.first.metadata.labels.next)')],
      template: { data: { it: '$(.second.data.password)' }, stringData: { raw: '<$(.second.metadata.name)>' } },
    })
    await failed('unable to resolve input resource second: labels is not found')
    await hub.admin
      .of(secretType)
      .patch('first', { metadata: { labels: { next: 'second' } } }, { namespace: NAMESPACE })
    await reported('ReconcileSucceeded')
    expect(await values()).toEqual({ it: 'value', raw: '<creds-of-second>' })

    await hub.admin
      .of(secretTemplateKind)
      .patch(
        'bindable',
        { spec: { inputResources: [{ name: 'map', ref: { apiVersion: 'v1', kind: 'ConfigMap', name: 'any' } }] } },
        { namespace: NAMESPACE },
      )
    await failed('cannot fetch input resource map: unable to load non-secrets without a specified serviceaccount')
    expect(await values()).toEqual({ it: 'value', raw: '<creds-of-second>' })
  })

  test('row 87: that is broken harms nobody, and one over passwords that are made at the same moment has them', async () => {
    const broken: Readonly<Record<string, NonNullable<SecretTemplate['spec']>>> = {
      unclosed: { template: { stringData: { it: '$(.creds.data' } } },
      nested: { template: { stringData: { it: '$($(.creds.data.password))' } } },
      nothing: { template: { data: { it: '$(.creds.data.nothing.at.all)' } } },
      empty: {},
    }
    for (const [name, spec] of Object.entries(broken))
      await template({ inputResources: [input('creds', 'one')], ...spec }, name)
    await template({
      inputResources: [input('one'), input('two')],
      template: { data: { one: '$(.one.data.password)' }, stringData: { two: '<$(.two.data.password)>' } },
    })
    for (const name of ['one', 'two'])
      await hub.admin.of(passwordKind).create({ metadata: { name, namespace: NAMESPACE }, spec: { length: 9 } })
    await reported('ReconcileSucceeded')
    const [one, two] = [await hub.secretValues('one'), await hub.admin.of(secretType).get('two', NAMESPACE)]
    expect(await values()).toEqual({ one: one?.['password'], two: `<${two.data?.['password']}>` })
    for (const name of ['unclosed', 'nested', 'nothing']) await reported('ReconcileFailed', undefined, name)
    await reported('ReconcileSucceeded', undefined, 'empty')
  })

  test('reads Secrets of its own namespace only', async () => {
    await hub.admin.of(secretType).create({ metadata: { name: 'theirs', namespace: 'default' }, ...password('x') })
    await template({ inputResources: [input('theirs')] })
    await failed('cannot fetch input resource theirs: secrets "theirs" not found')
  })

  test('owns its Secret whole: labels and keys of others go, and what is deleted comes back', async () => {
    await creds('x')
    const spec = { inputResources: [input('creds', 'redis-writer-creds')], template: { stringData: { a: 'b' } } }
    await template(spec)
    await reported('ReconcileSucceeded')
    const secrets = hub.admin.of(secretType)
    await secrets.patch(
      'bindable',
      { metadata: { labels: { mine: 'yes' }, annotations: { mine: 'yes' } }, data: { more: 'eA==' } },
      { namespace: NAMESPACE },
    )
    await hub.until('the label to go', async () =>
      (await secrets.get('bindable', NAMESPACE)).metadata.labels?.['mine'] === undefined ? true : undefined,
    )
    const found = await secrets.get('bindable', NAMESPACE)
    expect([found.metadata.labels ?? {}, found.metadata.annotations ?? {}]).toEqual([{}, {}])
    expect(await values()).toEqual({ a: 'b' })
    await secrets.delete('bindable', { namespace: NAMESPACE })
    expect(await hub.until('the Secret', values)).toEqual({ a: 'b' })
  })

  test('leaves a Secret of somebody else alone, and its own type cannot change', async () => {
    await creds('mine', 'bindable')
    await template({ template: { stringData: { a: 'b' } } })
    await failed('creating/updating secret: Secret "bindable" was not made by this SecretTemplate: delete or rename it')
    expect(await values()).toEqual({ password: 'mine' })
    await hub.admin.of(secretType).delete('bindable', { namespace: NAMESPACE })
    await reported('ReconcileSucceeded')
    await hub.admin
      .of(secretTemplateKind)
      .patch('bindable', { spec: { template: { type: 'other' } } }, { namespace: NAMESPACE })
    await failed(
      'creating/updating secret: the type of Secret "bindable" cannot change: delete it, and it is made anew with the type of the template',
    )
    await hub.admin.of(secretType).delete('bindable', { namespace: NAMESPACE })
    await reported('ReconcileSucceeded')
    expect((await hub.admin.of(secretType).get('bindable', NAMESPACE)).type).toBe('other')
  })

  test('never tells a secret value: not as a label that the API refuses, not as base64 that is none, not as a name', async () => {
    await creds('s3cret value!')
    const inputResources = [input('creds', 'redis-writer-creds')]
    const edit = (spec: object) =>
      hub.admin.of(secretTemplateKind).patch('bindable', { spec }, { namespace: NAMESPACE })
    await template({ inputResources, template: { metadata: { labels: { it: '$(.creds.data.password)' } } } })
    await failed('creating/updating secret: the API refuses it (Invalid) at metadata.labels')
    await edit({ template: { metadata: null, data: { it: 'x$(.creds.data.password)' } } })
    await failed('failed decoding base64 from a Secret: spec.template.data.it is no base64; texts go to stringData')
    await edit({ inputResources: [...inputResources, input('next', 'of-$(.creds.data.password)')] })
    await failed('cannot fetch input resource next: secrets "of-$(.creds.data.password)" not found')
    const told = JSON.stringify(hub.everything().filter(({ kind }) => kind !== 'Secret'))
    for (const value of ['s3cret value!', password('s3cret value!').data.password]) expect(told).not.toContain(value)
  })

  test('in sync nothing is written', async () => {
    await creds('x')
    await template({
      inputResources: [input('creds', 'redis-writer-creds')],
      template: { metadata: { labels: { a: 'b' } }, data: { it: '$(.creds.data.password)' } },
    })
    await reported('ReconcileSucceeded')
    await hub.kill()
    await hub.start()
    await template({ template: { stringData: { a: 'b' } } }, 'later')
    await reported('ReconcileSucceeded', undefined, 'later')
    expect(hub.cut.writes.filter((write) => !write.endsWith(' later'))).toEqual([])
  })
})
