/** Every built-in kind, created over HTTPS as JSON and as the protobuf of client-go: what is stored is the same. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../base/json.ts'
import { KINDS, type KindEntry } from '../../machinery/types/kinds.ts'
import { encodeBody } from '../../machinery/types/testing/encode.ts'
import { startHarness, type Harness, type TestClient } from './testing/harness.ts'
import { MANIFESTS } from './testing/manifests.ts'

let harness: Harness
let admin: TestClient

beforeAll(async () => {
  harness = await startHarness()
  admin = harness.h1()
})
afterAll(() => harness.close())

const stored = KINDS.filter(({ verbs }) => !verbs || verbs.includes('get'))
const keyOf = ({ group, resource }: KindEntry) => (group === '' ? resource : `${resource}.${group}`)

function collectionOf({ group, version, resource, scope }: KindEntry): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  return `${root}${scope === 'Namespaced' ? '/namespaces/default' : ''}/${resource}`
}

function manifest(kind: KindEntry, name: string): JsonObject {
  const { group, version, type, resource } = kind
  const full = FULL_NAMES[resource]?.(name) ?? name
  const body = JSON.parse(JSON.stringify(MANIFESTS[keyOf(kind)]).replaceAll('NAME', name)) as JsonObject
  return {
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind: type.slice(type.lastIndexOf('.') + 1),
    metadata: { name: full, labels: { a: '' }, annotations: { note: 'ü' } },
    ...body,
  }
}

/** Kinds whose name says what they are of. */
const FULL_NAMES: Readonly<Record<string, (name: string) => string>> = {
  customresourcedefinitions: (name) => `${name}.example.com`,
  apiservices: (name) => `${name}.example.org`,
}

/** What is stored, without what tells two objects of one manifest apart. */
async function readBack(kind: KindEntry, name: string): Promise<unknown> {
  const full = FULL_NAMES[kind.resource]?.(name) ?? name
  const { code, json } = await admin.ask({ path: `${collectionOf(kind)}/${full}` })
  expect(code).toBe(200)
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, ...metadata } = json.metadata
  const text = JSON.stringify({ ...json, metadata })
    .replaceAll(name, 'NAME')
    .replaceAll(SERVER_MADE, 'MADE')
  return JSON.parse(text)
}

/** An address that the server chose, a time at which it looked or wrote. */
const SERVER_MADE = /(?<="clusterIPs?":\[?")10\.[\d.]+|(?<="(?:lastTransitionTime|time)":")[^"]+/g

async function create(kind: KindEntry, name: string, form: 'json' | 'protobuf'): Promise<void> {
  const object = manifest(kind, name)
  const answer = await admin.ask({
    method: 'POST',
    path: collectionOf(kind),
    body: form === 'json' ? object : encodeBody(kind.type, object),
    headers: { 'content-type': form === 'json' ? 'application/json' : 'application/vnd.kubernetes.protobuf' },
  })
  expect(answer.code, answer.bytes.toString()).toBe(201)
}

test('every served kind has a manifest', () => {
  expect(Object.keys(MANIFESTS).sort()).toEqual([...new Set(stored.map(keyOf))].sort())
})

describe.each(stored.map((kind) => [`${keyOf(kind)} ${kind.version}`, kind] as const))('%s', (_, kind) => {
  const name = (form: string) => `x${kind.group.length}${kind.version}${form}`

  test('is stored equal from JSON and from protobuf', async () => {
    await create(kind, name('j'), 'json')
    await create(kind, name('p'), 'protobuf')
    expect(await readBack(kind, name('p'))).toEqual(await readBack(kind, name('j')))
  })
})

const ZEROS: readonly (readonly [resource: string, path: readonly string[], zero: unknown, absent: unknown])[] = [
  ['deployments.apps', ['spec', 'replicas'], 0, 1],
  ['deployments.apps', ['spec', 'revisionHistoryLimit'], 0, 10],
  ['replicasets.apps', ['spec', 'replicas'], 0, 1],
  ['statefulsets.apps', ['spec', 'replicas'], 0, 1],
  ['daemonsets.apps', ['spec', 'revisionHistoryLimit'], 0, 10],
  ['replicationcontrollers', ['spec', 'replicas'], 0, 1],
  ['jobs.batch', ['spec', 'backoffLimit'], 0, 6],
  ['jobs.batch', ['spec', 'ttlSecondsAfterFinished'], 0, undefined],
  ['cronjobs.batch', ['spec', 'successfulJobsHistoryLimit'], 0, 3],
  ['cronjobs.batch', ['spec', 'suspend'], false, false],
  ['cronjobs.batch', ['spec', 'startingDeadlineSeconds'], 0, undefined],
  ['pods', ['spec', 'terminationGracePeriodSeconds'], 0, 30],
  ['pods', ['spec', 'automountServiceAccountToken'], false, undefined],
  ['leases.coordination.k8s.io', ['spec', 'leaseTransitions'], 0, undefined],
  ['storageclasses.storage.k8s.io', ['allowVolumeExpansion'], false, undefined],
  ['poddisruptionbudgets.policy', ['spec', 'minAvailable'], 0, undefined],
  ['secrets', ['immutable'], false, undefined],
  ['persistentvolumeclaims', ['spec', 'storageClassName'], '', undefined],
  ['csidrivers.storage.k8s.io', ['spec', 'attachRequired'], false, true],
]

describe.each(['json', 'protobuf'] as const)('zero and absent are told apart in %s:', (form) => {
  test.each(ZEROS)('%s %j', async (resource, path, zero, absent) => {
    const kind = stored.find((one) => keyOf(one) === resource)!
    const name = `z-${form}-${path.at(-1)!.toLowerCase()}`
    await create(kind, name, form)
    const at = (object: JsonObject) => path.reduce<any>((inner, key) => inner?.[key], object)
    expect(at((await admin.ask({ path: `${collectionOf(kind)}/${name}` })).json)).toBe(zero)

    const without = manifest(kind, `${name}-none`)
    delete path.slice(0, -1).reduce<any>((inner, key) => inner[key], without)[path.at(-1)!]
    const headers = { 'content-type': form === 'json' ? 'application/json' : 'application/vnd.kubernetes.protobuf' }
    const body = form === 'json' ? without : encodeBody(kind.type, without)
    const answer = await admin.ask({ method: 'POST', path: collectionOf(kind), body, headers })
    expect(answer.code, answer.bytes.toString()).toBe(201)
    expect(at((await admin.ask({ path: `${collectionOf(kind)}/${name}-none` })).json)).toBe(absent)
  })
})
