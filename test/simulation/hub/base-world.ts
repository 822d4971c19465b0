/** The furniture of every world: the hub's kinds and rights, two teams, a pool of caches, classes of the yard. */
import { silentLog } from '@larder/engine/base/log'
import { createApi } from '@larder/engine/apiserver/core/api'
import type { User } from '@larder/engine/apiserver/api'
import { inProcessTransport } from '@larder/engine/apiserver/in-process'
import { createClient, type Client } from '@larder/engine/client/client'
import { clusterRoleBindingType, clusterRoleType, namespaceType, secretType } from '@larder/engine/client/builtin'
import { Document } from '@larder/engine/machinery/document'
import type { KubeObject } from '@larder/engine/machinery/object'
import { openMemoryStore } from '@larder/engine/storage/memory/store'
import type { Index, Store } from '@larder/engine/storage/store'
import { backendKind } from '../../../packages/hub/src/model/backend.ts'
import { classKind, type Class } from '../../../packages/hub/src/model/class.ts'
import { claimPolicyKind, type ClaimPolicy } from '../../../packages/hub/src/model/claim-policy.ts'
import { instanceKind, type Instance } from '../../../packages/hub/src/model/instance.ts'
import { INSTANCE_NAMESPACE, SYSTEM_NAMESPACE } from '../../../packages/hub/src/model/names.ts'
import { installHub, installSamples } from '../../../packages/hub/src/samples/install.ts'
import { hubAccount } from '../../../packages/hub/src/samples/rbac.ts'
import { createDice } from './dice.ts'
import { createScheduler } from './scheduler.ts'
import { seededIds } from './ids.ts'
import type { YardService } from './yard.ts'

export const ADMIN: User = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }
export const PROGRAM: User = { ...ADMIN, name: 'system:serviceaccount:backup:restore' }
const START_MS = Date.UTC(2026, 0, 1)

/** Namespaces of teams, who claim. */
export const TEAMS = ['shop', 'bank'] as const
/** The namespace of the pool's members. */
export const POOL = 'services'
export const MEMBERS = ['cache-1', 'cache-2', 'cache-3'] as const

/** In every password of the yard, and nowhere else in the world. */
export const YARD_MARK = 'yardhush'

/** In the account of the yard's Backend. */
export const ACCOUNT_MARK = 'accounthush'

/** In the password of every member of the pool. */
export const POOL_MARK = 'poolhush'

const jars: Class['spec'] = {
  type: 'jar',
  description: 'Jars of the yard',
  backendRef: { name: 'yard' },
  parameters: { openAPIV3Schema: { type: 'object', properties: { lid: { type: 'string' } } } },
  plans: [{ name: 'small', default: true }, { name: 'large' }],
  roles: [{ name: 'writer', default: true }, { name: 'reader' }],
}

/** Without choices, so that one is like the other. */
const plain = (type: string): Class['spec'] => ({
  type,
  description: `${type} of the yard`,
  backendRef: { name: 'yard' },
  roles: [{ name: 'writer', default: true }, { name: 'reader' }],
})

export const CLASSES: Readonly<Record<string, Class['spec']>> = {
  jars,
  mugs: { ...plain('mug'), sharing: 'Shared' },
  keeps: { ...plain('keep'), reclaimPolicy: 'Retain' },
  cycles: { ...plain('cycle'), reclaimPolicy: 'Recycle' },
  caches: {
    type: 'redis',
    description: 'Caches made by hand',
    backendRef: { name: 'pool' },
    recipe: { apiVersion: 'v1', kind: 'Secret', selector: { matchLabels: { offer: 'caches' } } },
    reclaimPolicy: 'Release',
  },
}

export const POLICY: ClaimPolicy['spec'] = {
  consumers: { namespaces: [...TEAMS] },
  subjects: [{ kind: 'Secret', selector: { matchLabels: { offer: 'caches' } } }],
}

/** Made by hand, for whoever claims it by its name. */
export const HOUSES = ['house', 'inn'] as const
const HOUSE: Instance['spec'] = { backendRef: { name: 'yard' }, type: 'house', recipe: {}, reclaimPolicy: 'Retain' }
const house = (name: string): Instance['spec'] => (name === 'inn' ? { ...HOUSE, sharing: 'Shared' } : HOUSE)

export const memberSecret = (name: string, version: number) => ({
  metadata: { name, namespace: POOL, labels: { offer: 'caches' } },
  type: 'example.com/cache',
  stringData: { url: `redis://${name}`, password: `${POOL_MARK}-${name}-${version}` },
})

interface Stored {
  readonly key: string
  readonly index: Index
  readonly object: KubeObject
}

/** What a world begins with. */
export interface Beginning {
  readonly stored: readonly Stored[]
  readonly services: readonly YardService[]
  readonly startMs: number
}

/** The content of a store, to begin others with. */
export const contentOf = (store: Store): readonly Stored[] =>
  store.list({ prefix: '/' }).entries.map(({ key, index, document }) => ({ key, index, object: document.object }))

/** A store of its own with that content. */
export async function storeOf(stored: readonly Stored[]): Promise<Store> {
  const store = openMemoryStore()
  for (const { key, index, object } of stored) {
    const document = (revision: number): Document =>
      Document.fromObject({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } })
    await store.write({ type: 'put', key, expect: 0, index, document })
  }
  return store
}

/** Installed, and no hub has run yet. */
export async function coldBeginning(): Promise<Beginning> {
  const dice = createDice(0)
  const store = openMemoryStore()
  const { clock } = createScheduler({ dice, startMs: START_MS, hurry: 0, leapMs: 0 })
  const api = await createApi({ store, clock, ids: seededIds(dice), log: silentLog })
  await furnish(createClient(inProcessTransport(api, ADMIN, clock)))
  await api.close()
  return { stored: contentOf(store), services: [], startMs: START_MS }
}

async function furnish(admin: Client): Promise<void> {
  await installHub(admin)
  await installSamples(admin)
  for (const name of [...TEAMS, POOL]) await admin.of(namespaceType).create({ metadata: { name } })
  // With a key of chance no two runs of one seed would write the same.
  const key = Buffer.alloc(32, 7).toString('base64')
  await admin.of(secretType).create({
    metadata: { name: 'larder-fingerprint-key', namespace: SYSTEM_NAMESPACE },
    data: { key },
  })
  for (const sample of (await admin.of(classKind).list()).items) await admin.of(classKind).delete(sample.metadata.name)
  for (const { metadata } of (await admin.of(backendKind).list()).items) {
    if (metadata.name !== 'pool') await admin.of(backendKind).delete(metadata.name)
  }
  const account = { namespace: SYSTEM_NAMESPACE, name: 'yard-account' }
  await admin.of(secretType).create({ metadata: account, stringData: { token: `${ACCOUNT_MARK}-1` } })
  await admin.of(backendKind).create({ metadata: { name: 'yard' }, spec: { driver: 'yard', credentialsRef: account } })
  await admin.of(clusterRoleType).create({
    metadata: { name: 'claims-by-resource', labels: { 'servicebinding.io/controller': 'true' } },
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] }],
  })
  const rules = [
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update', 'watch', 'list'] },
  ]
  await admin.of(clusterRoleType).create({ metadata: { name: 'leases' }, rules })
  await admin.of(clusterRoleBindingType).create({
    metadata: { name: 'leases' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'leases' },
    subjects: [{ kind: 'ServiceAccount', ...hubAccount }],
  })
  for (const [name, spec] of Object.entries(CLASSES)) await admin.of(classKind).create({ metadata: { name }, spec })
  for (const name of MEMBERS) await admin.of(secretType).create(memberSecret(name, 0))
  await admin.of(claimPolicyKind).create({ metadata: { name: 'teams', namespace: POOL }, spec: POLICY })
  for (const name of HOUSES) {
    await admin.of(instanceKind).create({ metadata: { name, namespace: INSTANCE_NAMESPACE }, spec: house(name) })
  }
  const subjects = [{ group: 'larder.dev', kind: 'Instance' }]
  await admin.of(claimPolicyKind).create({
    metadata: { name: 'houses', namespace: INSTANCE_NAMESPACE },
    spec: { consumers: { namespaces: [...TEAMS] }, subjects },
  })
}
