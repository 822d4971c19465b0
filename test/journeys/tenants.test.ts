/**
 * Two tenants on one hub, over HTTPS with stock kubectl: whoever may edit one namespace reaches nothing of the other's, by no verb,
 * and no refusal tells them what is there.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'
import { kubectl, kubectlFor } from '../testing/kubectl.ts'
import type { Finished } from '../testing/processes.ts'

const PASSWORD = 'correct-horse-battery'

let hub: Hub
/** kubectl with nothing but the token of ServiceAccount `robot` in namespace `red`, who has the role `edit` there. */
let robot: (args: readonly string[], stdin?: string) => Promise<Finished>

beforeAll(async () => {
  hub = await newHub()
  await hub.start('--no-samples')
  for (const namespace of ['red', 'blue']) await hub.ok(['create', 'namespace', namespace])
  await hub.ok(['create', 'serviceaccount', 'robot', '-n', 'red'])
  await hub.ok(['create', 'rolebinding', 'robot', '--clusterrole=edit', '--serviceaccount=red:robot', '-n', 'red'])
  await hub.ok(['create', 'secret', 'generic', 'vault', `--from-literal=password=${PASSWORD}`, '-n', 'blue'])
  await hub.ok(['create', 'secret', 'generic', 'mine', '--from-literal=a=b', '-n', 'red'])
  await hub.ok(['apply', '-f', '-'], { stdin: JSON.stringify(claim('blue')) })
  await hub.ok(['apply', '-f', '-'], { stdin: JSON.stringify(event('blue')) })
  robot = await withToken(hub, (await hub.ok(['create', 'token', 'robot', '-n', 'red'])).trim())
})
afterAll(() => hub.remove())

const claim = (namespace: string) => ({
  apiVersion: 'larder.dev/v1alpha1',
  kind: 'Claim',
  metadata: { name: 'vault', namespace },
  spec: { className: 'none' },
})
const event = (namespace: string) => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'vault', namespace },
  involvedObject: { kind: 'Secret', name: 'vault', namespace },
  reason: 'Hidden',
  message: PASSWORD,
})

async function withToken(hub: Hub, token: string): Promise<typeof robot> {
  const { kubeconfig } = hub
  const config = JSON.parse(await hub.ok(['config', 'view', '--raw', '-o', 'json'])) as Record<string, unknown> & {
    users: { name: string; user: unknown }[]
    contexts: { context: { namespace?: string } }[]
  }
  const users = config.users.map(({ name }) => ({ name, user: { token } }))
  const file = join(kubeconfig, '..', 'robot.kubeconfig')
  writeFileSync(file, JSON.stringify({ ...config, users }))
  const call = kubectlFor((await kubectl()).path, file, join(kubeconfig, '..', 'robot-cache'))
  return (args, stdin) => call(args, { timeoutMs: 20_000, ...(stdin !== undefined && { stdin }) })
}

/** What was said; fails when the command did not. */
async function refused(args: readonly string[], stdin?: string): Promise<string> {
  const { code, stdout, stderr } = await robot(args, stdin)
  expect([args.join(' '), code === 0, stdout]).toEqual([args.join(' '), false, expect.not.stringContaining(PASSWORD)])
  expect(stderr).not.toContain(PASSWORD)
  return stderr
}

const IN_BLUE = ['-n', 'blue']
const RESOURCES = ['secrets', 'claims.larder.dev', 'events'] as const

test('the tenant works in their own namespace', async () => {
  expect((await robot(['get', 'secrets', '-n', 'red', '-o', 'name'])).stdout).toContain('secret/mine')
  expect((await robot(['create', 'configmap', 'a', '-n', 'red'])).code).toBe(0)
  expect(await robot(['apply', '-f', '-'], JSON.stringify({ ...claim('red') }))).toMatchObject({ code: 0 })
  expect((await robot(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'])).stdout).toBe(
    'system:serviceaccount:red:robot',
  )
  expect((await robot(['auth', 'can-i', 'get', 'secrets', '-n', 'red'])).stdout.trim()).toBe('yes')
  expect((await robot(['auth', 'can-i', 'get', 'secrets', ...IN_BLUE])).stdout.trim()).toBe('no')
})

describe.each(RESOURCES)('%s of another namespace', (resource) => {
  test.each<[string, readonly string[]]>([
    ['list', ['get', resource, ...IN_BLUE]],
    ['list everywhere', ['get', resource, '-A']],
    ['a field selector everywhere', ['get', resource, '-A', '--field-selector=metadata.namespace=red']],
    ['a field selector of one name', ['get', resource, ...IN_BLUE, '--field-selector=metadata.name=vault']],
    ['a label selector', ['get', resource, ...IN_BLUE, '-l', 'a!=b']],
    ['a watch', ['get', resource, ...IN_BLUE, '--watch-only', '--request-timeout=5s']],
    ['a watch everywhere', ['get', resource, '-A', '--watch-only', '--request-timeout=5s']],
    ['delete all', ['delete', resource, '--all', ...IN_BLUE]],
    ['as the administrator', ['get', resource, ...IN_BLUE, '--as=larder-admin', '--as-group=system:masters']],
    ['as a ServiceAccount there', ['get', resource, ...IN_BLUE, '--as=system:serviceaccount:blue:default']],
    ['as the hub', ['get', resource, ...IN_BLUE, '--as=system:serviceaccount:larder-system:larder']],
  ])('is reached by no %s', async (_, args) => {
    // Where already discovery is refused, kubectl keeps the text to itself.
    expect(await refused(args)).toMatch(
      /is forbidden: User "system:serviceaccount:red:robot" cannot |^Error from server \(Forbidden\): unknown$/m,
    )
  })

  test('answers alike, whether it is there or not', async () => {
    const attempts: readonly ((name: string) => readonly [args: readonly string[], stdin?: string])[] = [
      (name) => [['get', resource, name, ...IN_BLUE]],
      (name) => [['describe', resource, name, ...IN_BLUE]],
      (name) => [['delete', resource, name, ...IN_BLUE]],
      (name) => [['patch', resource, name, ...IN_BLUE, '--type=merge', '-p', '{"metadata":{"labels":{"a":"b"}}}']],
      (name) => [['label', resource, name, ...IN_BLUE, 'a=b']],
      (name) => [['wait', '--for=delete', `${resource}/${name}`, ...IN_BLUE, '--timeout=5s']],
    ]
    for (const attempt of attempts) {
      const answers = []
      for (const name of ['vault', 'nothing']) answers.push((await refused(...attempt(name))).replaceAll(name, 'NAME'))
      expect(answers[0]).toBe(answers[1])
      expect(answers[0]).toContain('is forbidden')
    }
  })

  test('cannot be written', async () => {
    const manifest = JSON.stringify(
      resource === 'events' ? event('blue') : resource === 'secrets' ? secret() : claim('blue'),
    )
    for (const verb of ['create', 'replace', 'apply'])
      expect(await refused([verb, '-f', '-'], manifest)).toContain('is forbidden')
  })
})

const secret = () => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'vault', namespace: 'blue' } })

test.each<[string, readonly string[], RegExp]>([
  [
    'a token of an account there',
    ['create', 'token', 'default', ...IN_BLUE],
    /cannot create resource "serviceaccounts\/token"/,
  ],
  [
    'a role there',
    ['create', 'role', 'r', '--verb=get', '--resource=secrets', ...IN_BLUE],
    /cannot create resource "roles"/,
  ],
  [
    'a binding of their own',
    ['create', 'rolebinding', 'r', '--clusterrole=edit', '--serviceaccount=red:robot', ...IN_BLUE],
    /cannot create resource "rolebindings"/,
  ],
  [
    'a binding everywhere',
    ['create', 'clusterrolebinding', 'r', '--clusterrole=edit', '--serviceaccount=red:robot'],
    /cannot create resource "clusterrolebindings"/,
  ],
  ['the namespaces', ['get', 'namespaces'], /cannot list resource "namespaces"/],
  ['the instances behind claims', ['get', 'instances.larder.dev', '-A'], /cannot list resource "instances"/],
  ['the metrics', ['get', '--raw', '/metrics'], /cannot get path/],
  [
    'a Table of Secrets',
    ['get', '--raw', '/api/v1/secrets?includeObject=Object&limit=1'],
    /cannot list resource "secrets"/,
  ],
  [
    'the old way to watch',
    ['get', '--raw', '/api/v1/watch/namespaces/blue/secrets/vault'],
    /cannot watch resource "secrets"/,
  ],
  [
    'a page of somebody else',
    ['get', '--raw', '/api/v1/namespaces/blue/secrets?continue=e30'],
    /cannot list resource "secrets"/,
  ],
])('%s is refused', async (_, args, told) => {
  expect(await refused(args)).toMatch(told)
})

test('may not ask about others', async () => {
  const spec = { user: 'larder-admin', resourceAttributes: { namespace: 'blue', verb: 'get', resource: 'secrets' } }
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec }
  expect(await refused(['create', '--validate=false', '-f', '-'], JSON.stringify(review))).toContain(
    'cannot create resource "subjectaccessreviews"',
  )
  const tokenReview = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'x' } }
  expect(await refused(['create', '--validate=false', '-f', '-'], JSON.stringify(tokenReview))).toContain(
    'cannot create resource "tokenreviews"',
  )
})

test('an object of theirs that names another namespace’s as its owner neither holds nor reaches it', async () => {
  const uid = await hub.ok(['get', 'secret', 'vault', ...IN_BLUE, '-o', 'jsonpath={.metadata.uid}'])
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Secret', name: 'vault', uid, blockOwnerDeletion: true }]
  const manifest = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'parasite', namespace: 'red', ownerReferences },
  }
  await robot(['create', '-f', '-'], JSON.stringify(manifest))
  await hub.ok(['delete', 'secret', 'vault', ...IN_BLUE, '--cascade=foreground', '--timeout=20s'])
  await hub.ok(['wait', '--for=delete', 'configmap/parasite', '-n', 'red', '--timeout=20s'])
})

test('all this time nothing of the other namespace was changed', async () => {
  expect(await hub.ok(['get', 'claims.larder.dev,events', ...IN_BLUE, '-o', 'name'])).toContain(
    'claim.larder.dev/vault',
  )
  expect(await hub.ok(['get', 'claim', 'vault', ...IN_BLUE, '-o', 'jsonpath={.metadata.labels}'])).toBe('')
})
