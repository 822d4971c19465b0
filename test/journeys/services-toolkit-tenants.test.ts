/**
 * What claims, queries and messages of Services Toolkit tell a tenant of another namespace: nothing of what no policy lets it claim. For each
 * policy all that the tenant can read is the same whether the thing is not there, is there, or is held by somebody; and a claim that waits
 * is not even written again while the thing comes and goes.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient, type Client } from '@larder/engine/client/client'
import { httpsTransport } from '@larder/engine/client/https'
import { loadKubeconfig } from '@larder/engine/client/kubeconfig'
import { eventType, secretType } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import type { Transport } from '@larder/engine/machinery/call'
import type { KubeObject } from '@larder/engine/machinery/object'
import { findCondition } from '@larder/engine/runtime/conditions'
import {
  classClaimType,
  resourceClaimPolicyType,
  resourceClaimType,
  type ResourceClaimPolicy,
} from '../../packages/hub/src/dialects/services-toolkit/kinds.ts'
import { claimKind } from '../../packages/hub/src/model/claim.ts'
import { newHub, type Hub } from '../testing/hub.ts'
import { eventually } from '../testing/processes.ts'
import { tenantKubeconfig } from '../testing/tenant.ts'

const PASSWORD = 'correct-horse-battery'
const HOME = 'vault-keepers'
const VAULT = 'vault-7f3a'
/** May have what is in the vault. */
const HOLDERS = 'holders'

let hub: Hub
/** Who may do everything. */
let admin: Client
/** ServiceAccount with the role `edit` in namespace `red`, over HTTPS with its token. */
let tenant: Client
let kubeconfig: string
const opened: Transport[] = []

async function clientOf(path: string): Promise<Client> {
  const transport = httpsTransport(await loadKubeconfig({ path }))
  opened.push(transport)
  return createClient(transport)
}

beforeAll(async () => {
  hub = await newHub()
  await hub.start('--no-samples')
  for (const namespace of ['red', HOME, HOLDERS]) await hub.ok(['create', 'namespace', namespace])
  await hub.ok(['apply', '-f', '-'], { stdin: PLATFORM })
  await hub.ok(['wait', '--for=condition=Ready', 'clusterinstanceclass/caches', '--timeout=30s'])
  kubeconfig = await tenantKubeconfig(hub, 'red', 'edit')
  admin = await clientOf(hub.kubeconfig)
  tenant = await clientOf(kubeconfig)
})
afterAll(async () => {
  for (const transport of opened) await transport.close()
  await hub.remove()
})

const PLATFORM = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: stk-secret-reader, labels: {servicebinding.io/controller: "true"}}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}]
---
apiVersion: services.apps.tanzu.vmware.com/v1alpha1
kind: ClusterInstanceClass
metadata: {name: caches}
spec: {description: {short: Caches}, pool: {kind: Secret, labelSelector: {matchLabels: {offer: caches}}}}
---
apiVersion: services.apps.tanzu.vmware.com/v1alpha1
kind: ResourceClaimPolicy
metadata: {name: for-holders, namespace: ${HOME}}
spec: {consumingNamespaces: [${HOLDERS}], subject: {group: "", kind: Secret, resourceNames: [${VAULT}]}}
`

type PolicySpec = ResourceClaimPolicy['spec']
const forRed = (subject: Partial<NonNullable<PolicySpec['subject']>>): PolicySpec => ({
  consumingNamespaces: ['red'],
  subject: { group: '', kind: 'Secret', ...subject },
})

/** None of them lets `red` claim what is in the vault. */
const POLICIES: Readonly<Record<string, PolicySpec | undefined>> = {
  'no policy': undefined,
  'a policy for others': { consumingNamespaces: ['green'], subject: { group: '', kind: 'Secret' } },
  'a policy for other labels': forRed({ selector: { matchLabels: { offer: 'tents' } } }),
  'a policy for what lacks a label that it has': forRed({
    selector: { matchExpressions: [{ key: 'private', operator: 'DoesNotExist' }] },
  }),
  'a policy for other names': forRed({ resourceNames: ['elsewhere'] }),
  'a policy for another kind': forRed({ kind: 'ConfigMap' }),
}

const STATES = ['is not there', 'is there', 'is held', 'is held at home', 'is gone again'] as const

async function bring(state: (typeof STATES)[number]): Promise<void> {
  if (state === 'is there') {
    await admin.of(secretType).create({
      metadata: { name: VAULT, namespace: HOME, labels: { offer: 'caches', private: 'yes' } },
      type: 'servicebinding.io/redis',
      stringData: { type: 'redis', password: PASSWORD },
    })
    await probe('there', true)
  }
  if (state === 'is held') await hold(HOLDERS)
  if (state === 'is held at home') {
    await release(HOLDERS)
    await hold(HOME)
  }
  if (state === 'is gone again') {
    await release(HOME)
    await admin.of(secretType).delete(VAULT, { namespace: HOME })
    await probe('gone', false)
  }
}

async function hold(namespace: string): Promise<void> {
  const ref = { apiVersion: 'v1', kind: 'Secret', name: VAULT, namespace: HOME }
  await admin.of(resourceClaimType).create({ metadata: { name: 'holder', namespace }, spec: { ref } })
  await readyReason(admin, 'holder', namespace, 'Ready')
  await probe('held', true)
}

async function release(namespace: string): Promise<void> {
  await admin.of(resourceClaimType).delete('holder', { namespace })
  await eventually('the holder to go', async () => !(await admin.of(resourceClaimType).find('holder', namespace)))
}

const readyReason = (client: Client, name: string, namespace: string, reason: string) =>
  eventually(`${name} to say ${reason}`, async () => {
    const { status, metadata } = await client.of(resourceClaimType).get(name, namespace)
    const isCurrent = status?.observedGeneration === metadata.generation
    return isCurrent && findCondition(status?.conditions, 'Ready')?.reason === reason ? metadata : undefined
  })

/** Resolves when the hub has seen what the vault is now: somebody at home asks for it. */
async function probe(name: string, isThere: boolean): Promise<void> {
  const ref = { apiVersion: 'v1', kind: 'Secret', name: VAULT }
  await admin.of(resourceClaimType).create({ metadata: { name, namespace: HOME }, spec: { ref } })
  await eventually(`the hub to see that it is ${name}`, async () => {
    const { status } = await admin.of(resourceClaimType).get(name, HOME)
    const reason = findCondition(status?.conditions, 'Ready')?.reason
    return isThere ? reason === 'Ready' || reason === 'ResourceAlreadyClaimed' : reason === 'ResourceNotFound'
  })
  await admin.of(resourceClaimType).delete(name, { namespace: HOME })
  await eventually('the probe to go', async () => !(await admin.of(resourceClaimType).find(name, HOME)))
}

let tries = 0

/** All that the tenant can find out with new claims and with queries, with the names that it chose itself taken out. */
async function told(): Promise<string> {
  const name = `try-${++tries}`
  const metadata = { name, namespace: 'red' }
  const spec = { ref: { apiVersion: 'v1', kind: 'Secret', name: VAULT, namespace: HOME } }
  await tenant.of(resourceClaimType).create({ metadata, spec })
  await tenant.of(classClaimType).create({ metadata, spec: { classRef: { name: 'caches' } } })
  await readyReason(tenant, name, 'red', 'NoMatchingResourceClaimPolicy')
  await eventually('the class claim to have looked', async () => {
    const { status } = await tenant.of(classClaimType).get(name, 'red')
    return findCondition(status?.conditions, 'Ready')?.reason === 'NoClaimableInstances'
  })
  const events = await eventsOf(name)
  const lists = await Promise.all([
    tenant.of(resourceClaimType).list({ namespace: 'red' }),
    tenant.of(classClaimType).list({ namespace: 'red' }),
    tenant.of(claimKind).list({ namespace: 'red' }),
  ])
  const objects = lists.flatMap(({ items }) => items as readonly KubeObject[])
  const secrets = (await tenant.of(secretType).list({ namespace: 'red' })).items.map(({ metadata }) => metadata.name)
  const asked = await Promise.all([instanceQuery(), claimableQuery()])
  const text = [...objects.map(plain).sort(byText), ...events, secrets.join(), ...asked].join('\n')
  expect(text).not.toContain(PASSWORD)
  await leave(name)
  return text.replaceAll(name, 'TRY')
}

const byText = (a: string, b: string) => (a < b ? -1 : 1)

/** What differs each time and says nothing: ids, times, and names that are made of ids. */
const plain = ({ metadata: { name, labels, ownerReferences }, ...rest }: KubeObject): string =>
  JSON.stringify({ ...rest, name, labels, ownerReferences })
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/waiting-\d+/g, 'WAITING')
    .replaceAll(/try-(\d+)-[0-9a-f]{10}/g, 'try-$1-HASH')

/** Of its claims, once they have come: they are told on the side. */
const eventsOf = (name: string) =>
  eventually('the events', async () => {
    const { items } = await tenant.of(eventType).list({ namespace: 'red' })
    const told = items
      .filter(({ regarding }) => regarding?.name === name)
      .map(({ regarding, reason, note, type }) => `${regarding?.kind} ${type} ${reason} ${note}`)
    const isWhole = told.some((each) => each.includes(' NoMatchingResourceClaimPolicy '))
    return isWhole ? [...new Set(told)].sort(byText) : undefined
  })

const create = async (query: object): Promise<string> => {
  const args = ['create', '--validate=false', '-o', 'jsonpath={.status}', '-f', '-', '--kubeconfig', kubeconfig]
  return hub.ok(args, { stdin: JSON.stringify(query) })
}
const instanceQuery = () =>
  create({
    apiVersion: 'claimable.services.apps.tanzu.vmware.com/v1alpha1',
    kind: 'InstanceQuery',
    metadata: { namespace: 'red', name: 'q' },
    spec: { class: 'caches' },
  })
const claimableQuery = () =>
  create({ apiVersion: 'query.larder.dev/v1alpha1', kind: 'ClaimableQuery', metadata: { namespace: 'red' }, spec: {} })

async function leave(name: string): Promise<void> {
  const types: readonly ResourceType[] = [resourceClaimType, classClaimType]
  for (const type of types) {
    await tenant.of(type).delete(name, { namespace: 'red' })
    await eventually('the claims to go', async () => !(await tenant.of(type).find(name, 'red')))
  }
}

const answers: string[] = []

describe.each(Object.entries(POLICIES))('with %s', (_, spec) => {
  beforeAll(async () => {
    if (spec) await admin.of(resourceClaimPolicyType).create({ metadata: { name: 'some', namespace: HOME }, spec })
  })
  afterAll(async () => {
    if (spec) await admin.of(resourceClaimPolicyType).delete('some', { namespace: HOME })
  })

  test('a tenant is told the same whether it is there, is held, or is not', async () => {
    const waiting = `waiting-${answers.length}`
    const ref = { apiVersion: 'v1', kind: 'Secret', name: VAULT, namespace: HOME }
    await tenant.of(resourceClaimType).create({ metadata: { name: waiting, namespace: 'red' }, spec: { ref } })
    await readyReason(tenant, waiting, 'red', 'NoMatchingResourceClaimPolicy')
    const versions = new Set<string | undefined>()
    const here: string[] = []
    for (const state of STATES) {
      await bring(state)
      here.push(await told())
      versions.add((await tenant.of(resourceClaimType).get(waiting, 'red')).metadata.resourceVersion)
    }
    for (const other of here) expect(other).toBe(here[0])
    expect(versions.size).toBe(1)
    // A kind that a policy opens and nobody may look at is told to whom it is opened.
    answers.push(here[0]!.replace(/"missing":\[[^\]]*\],/, ''))
    await tenant.of(resourceClaimType).delete(waiting, { namespace: 'red' })
    await eventually('it to go', async () => !(await tenant.of(resourceClaimType).find(waiting, 'red')))
  })
})

test('which policies there are for others is told as little', () => {
  expect(answers).toHaveLength(Object.keys(POLICIES).length)
  for (const other of answers) expect(other).toBe(answers[0])
})
