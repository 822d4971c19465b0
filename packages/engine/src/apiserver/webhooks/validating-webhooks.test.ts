import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../base/json.ts'
import { at, eventually, openWorld, refusal, type World } from '../core/testing/world.ts'
import { startWebhookServer, type WebhookServer } from './testing/webhook-server.ts'

const CONFIGURATIONS = 'admissionregistration.k8s.io/v1/validatingwebhookconfigurations'

let world: World
let hook: WebhookServer
beforeEach(async () => {
  ;[world, hook] = await Promise.all([openWorld(), startWebhookServer('hook.default.svc')])
})
afterEach(async () => {
  await world.close()
  await hook.close()
})

const configMaps = at('configmaps', 'default')
const configMap = (name: string, data: JsonObject = {}): JsonObject => ({ metadata: { name }, data })
const create = (name: string, data?: JsonObject) => refusal(world.admin.create(configMaps, configMap(name, data)))
const denying = (status: JsonObject) => (request: JsonObject) => ({ uid: request['uid']!, allowed: false, status })

const webhook = (change: JsonObject = {}): JsonObject => ({
  name: 'check.example.com',
  clientConfig: { url: `https://127.0.0.1:${hook.port}/check`, caBundle: hook.caBundle },
  rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] }],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...change,
})
const configure = (...webhooks: readonly JsonObject[]) =>
  world.admin.create(at(CONFIGURATIONS), { metadata: { name: 'checks' }, webhooks })

const refused = (change: JsonObject) => refusal(configure(webhook(change)))

describe('a validating webhook', () => {
  test('is asked about each write that its rules name, with old and new, and no credentials', async () => {
    await configure(webhook())
    await world.admin.create(configMaps, configMap('a', { x: '1' }))
    expect(hook.asked).toMatchObject([
      {
        kind: { group: '', version: 'v1', kind: 'ConfigMap' },
        resource: { group: '', version: 'v1', resource: 'configmaps' },
        operation: 'CREATE',
        name: 'a',
        namespace: 'default',
        userInfo: { username: 'admin' },
        object: { metadata: { name: 'a' }, data: { x: '1' } },
        oldObject: null,
        dryRun: false,
      },
    ])
    expect(hook.last).toEqual({ url: '/check?timeout=10s', authorization: undefined, hasCertificate: false })
    await world.admin.patch(at('configmaps', 'default', 'a'), { data: { x: '2' } })
    expect(hook.asked[1]).toMatchObject({
      operation: 'UPDATE',
      oldObject: { data: { x: '1' } },
      object: { data: { x: '2' } },
    })
    await world.admin.call({ verb: 'delete', target: at('configmaps', 'default', 'a') })
    expect(hook.asked[2]).toMatchObject({ operation: 'DELETE', object: null, oldObject: { data: { x: '2' } } })
    await world.admin.create(at('secrets', 'default'), { metadata: { name: 's' } })
    expect(hook.asked).toHaveLength(3)
  })

  test('refuses in its own words, and warns', async () => {
    await configure(webhook())
    hook.answer = denying({ message: 'not today' })
    expect(await create('a')).toBe(
      '403 configmaps "a" is forbidden: admission webhook "check.example.com" denied the request: not today',
    )
    hook.answer = denying({ code: 422, reason: 'Invalid', message: 'wrong shape' })
    expect(await create('a')).toMatch(/^422 .*denied the request: wrong shape$/)
    hook.answer = denying({})
    expect(await create('a')).toMatch(/^403 .*denied the request without explanation$/)
    hook.answer = ({ uid }) => ({ uid: uid!, allowed: true, warnings: ['soon no more'] })
    await world.admin.create(configMaps, configMap('a'))
    expect(world.warnings).toEqual(['soon no more'])
  })

  test('that cannot be asked refuses, or with Ignore lets pass', async () => {
    await configure(webhook())
    hook.answer = () => 'no json'
    expect(await create('a')).toMatch(
      /^500 Internal error occurred: failed calling webhook "check.example.com": failed to call webhook: the answer is not JSON$/,
    )
    hook.answer = () => ({ uid: 'another', allowed: true })
    expect(await create('a')).toMatch(/expected response.uid=/)
    await hook.close()
    expect(await create('a')).toMatch(
      /failed to call webhook: Post "https:\/\/127.0.0.1:\d+\/check\?timeout=10s": connection refused$/,
    )
    await world.admin.patch(at(CONFIGURATIONS, undefined, 'checks'), {
      webhooks: [webhook({ failurePolicy: 'Ignore' })],
    })
    await world.admin.create(configMaps, configMap('a'))
  })

  test('that does not answer is waited for no longer than it says', async () => {
    await configure(webhook({ timeoutSeconds: 3 }))
    hook.answer = () => undefined
    const pending = create('a')
    await eventually(() => hook.asked.length === 1)
    let isOver = false
    void pending.finally(() => (isOver = true))
    await world.clock.advance(2999)
    expect(isOver).toBe(false)
    await world.clock.advance(1)
    expect(await pending).toMatch(/\?timeout=3s": context deadline exceeded$/)
  })

  test('in a cluster is found through its Service', async () => {
    const { url: _, ...bundle } = webhook()['clientConfig'] as JsonObject
    const service = { namespace: 'default', name: 'hook', path: '/inside' }
    await configure(webhook({ clientConfig: { ...bundle, service } }))
    expect(await create('a')).toMatch(/failed to call webhook: service\/hook in "default" is not present$/)
    await world.admin.create(at('services', 'default'), {
      metadata: { name: 'hook' },
      spec: { ports: [{ port: 443 }] },
    })
    await world.admin.create(at('discovery.k8s.io/v1/endpointslices', 'default'), {
      metadata: { name: 'hook-1', labels: { 'kubernetes.io/service-name': 'hook' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.0.0.1'] }],
      ports: [{ port: hook.port }],
    })
    await world.admin.create(configMaps, configMap('a'))
    expect(hook.last?.url).toBe('/inside?timeout=10s')
  })

  test('is asked only where its conditions and selectors hold, and not in a dry run that it does not know', async () => {
    await configure(
      webhook({
        matchConditions: [{ name: 'not-me', expression: 'object.metadata.name != "spared"' }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
      }),
    )
    hook.answer = denying({ message: 'no' })
    await world.admin.create(configMaps, configMap('spared'))
    await world.admin.create(at('configmaps', 'kube-public'), configMap('elsewhere'))
    expect(hook.asked).toEqual([])
    expect(await create('a')).toMatch(/^403 /)
    expect(await refusal(world.admin.create(configMaps, configMap('b'), { dryRun: true }))).toMatch(/^403 /)
    expect(hook.asked[1]).toMatchObject({ dryRun: true, options: { dryRun: ['All'] } })
  })

  test('several are asked at once; the first that refuses is told, and the way back is open', async () => {
    await configure(webhook({ name: 'a.example.com' }), webhook({ name: 'b.example.com' }))
    hook.answer = denying({ message: 'no' })
    expect(await create('a')).toMatch(/admission webhook "a.example.com" denied/)
    expect(hook.asked).toHaveLength(2)
    await world.admin.call({ verb: 'delete', target: at(CONFIGURATIONS, undefined, 'checks') })
    await world.admin.create(configMaps, configMap('a'))
    expect(hook.asked).toHaveLength(2)
  })
})

describe('a configuration', () => {
  test('that makes no sense is refused by field', async () => {
    const { caBundle } = hook
    expect(await refused({ clientConfig: { url: 'http://127.0.0.1/x', caBundle } })).toMatch(
      /^422 .*webhooks\[0\].clientConfig.url: Forbidden: 'https' is the only allowed URL scheme/,
    )
    const withPassword = await refused({ clientConfig: { url: 'https://a:hunter2@127.0.0.1/x', caBundle } })
    expect(withPassword).toMatch(/user information is not permitted/)
    expect(withPassword).not.toContain('hunter2')
    expect(await refused({ admissionReviewVersions: ['v1beta1'] })).toMatch(
      /webhooks\[0\].admissionReviewVersions: .*must include at least one of v1/,
    )
    expect(await refused({ matchConditions: [{ name: 'x', expression: 'object.' }] })).toMatch(
      /webhooks\[0\].matchConditions\[0\].expression: .*compilation failed/,
    )
  })

  test('of mutating webhooks says that they are not called', async () => {
    await world.admin.create(at('admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'), {
      metadata: { name: 'm' },
      webhooks: [webhook()],
    })
    expect(world.warnings).toEqual([
      'this API calls no mutating webhooks: the configuration is stored and has no effect',
    ])
  })
})
