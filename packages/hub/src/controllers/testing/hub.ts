/**
 * A whole hub: the real API on a store in memory, and the real controllers under the hub's own rights. A right that
 * is missing fails here as in a cluster.
 */
import { randomBytes } from 'node:crypto'
import { systemClock } from '@larder/engine/base/clock'
import { randomIds } from '@larder/engine/base/ids'
import { silentLog, type Log } from '@larder/engine/base/log'
import { createApi } from '@larder/engine/apiserver/core/api'
import type { User } from '@larder/engine/apiserver/api'
import { inProcessTransport } from '@larder/engine/apiserver/in-process'
import { createClient, type Client, type New } from '@larder/engine/client/client'
import { findCondition } from '@larder/engine/runtime/conditions'
import { createManager, type Manager } from '@larder/engine/runtime/manager'
import { namespaceType, secretType, type Condition } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Transport } from '@larder/engine/machinery/call'
import type { Store } from '@larder/engine/storage/store'
import { openMemoryStore } from '@larder/engine/storage/memory/store'
import type { Document } from '@larder/engine/machinery/document'
import type { Driver } from '@larder/kit'
import { backendKind, type Backend } from '../../model/backend.ts'
import { claimKind, type Claim } from '../../model/claim.ts'
import { classKind, type Class } from '../../model/class.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { SYSTEM_NAMESPACE } from '../../model/names.ts'
import type { Cause } from '../../model/shared-fields.ts'
import { installHub } from '../../samples/install.ts'
import { hubAccount, hubUser } from '../../samples/rbac.ts'
import type { Door } from '../../door.ts'
import { embeddedQuery, hubQueries } from '../../main/queries.ts'
import { claimAdmission, claimBirth, readThrough } from '../claim/admission.ts'
import { createClaimableDesk } from '../claimable/desk.ts'
import { hubControllers } from '../hub.ts'
import type { Account } from '../session/kube-api.ts'
import { cutTransport, type Cut } from './cut.ts'
import { entranceOf, testTokens } from './transports.ts'

const ADMIN: User = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }
const PATIENCE_MS = 20_000

export interface TestHub {
  readonly admin: Client
  /** Of the hub that runs. */
  readonly cut: Cut
  clientOf(user: User): Client
  start(): Promise<void>
  /** A second hub over the same API, with nothing between them but that. Returns its end. */
  startAnother(): Promise<() => Promise<void>>
  /** Kills the hub where it stands; nothing of it writes afterwards. */
  kill(): Promise<void>
  stop(): Promise<void>
  backend(name: string, spec?: Partial<Backend['spec']>): Promise<Backend>
  service(name: string, spec?: Partial<Class['spec']>): Promise<Class>
  claim(name: string, spec: Claim['spec'], namespace?: string): Promise<Claim>
  /** The claim once it is Ready. */
  ready(name: string, namespace?: string): Promise<Claim>
  /** A cluster-scoped object once the hub has looked at it. */
  seen<T extends WithCause>(type: ResourceType<T>, name: string): Promise<T>
  /** The cause of an object once it has one, of that reason if one is named. */
  cause<T extends WithCause>(type: ResourceType<T>, name: string, namespace?: string, reason?: string): Promise<Cause>
  /** Every version of every object that the store still has. */
  everything(): readonly KubeObject[]
  instanceOf(claim: Claim): Promise<Instance | undefined>
  secretValues(name: string, namespace?: string): Promise<Record<string, string> | undefined>
  /** Polls until the answer is not undefined, and says what was waited for when it never is. */
  until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T>
}

type WithCause = KubeObject & {
  readonly status?: {
    readonly cause?: Cause
    readonly conditions?: readonly Condition[]
    readonly observedGeneration?: number
  }
}

export interface TestHubOptions {
  readonly drivers: readonly Driver[]
  /** Shared by hubs of several lives, for tests of a second start. */
  readonly store?: Store
  readonly log?: Log
  readonly admission?: boolean
  readonly doors?: readonly Door[]
  /** As doors are told. */
  readonly isEmbedded?: boolean
}

async function until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`waited ${PATIENCE_MS} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

export async function testHub(options: TestHubOptions): Promise<TestHub> {
  const {
    drivers,
    log = silentLog,
    admission = false,
    store = openMemoryStore(),
    doors = [],
    isEmbedded = true,
  } = options
  const versions: Document[] = []
  store.watch({ prefix: '/', after: store.revision }, (events) => {
    for (const { document } of events) versions.push(document)
  })
  let admin!: Client
  const plugin = claimAdmission(readThrough(() => admin))
  const desk = createClaimableDesk()
  const tokens = testTokens(store)
  const api = await createApi({
    store,
    ...(tokens && { tokens: tokens.authority }),
    clock: systemClock,
    ids: randomIds,
    log,
    admission: admission ? [plugin] : [],
    mutations: admission ? [{ ...claimBirth, name: 'larder-claims', user: hubUser }] : [],
    queries: hubQueries(desk, doors, systemClock).map(embeddedQuery),
  })
  admin = createClient(inProcessTransport(api, ADMIN))
  await installHub(admin, doors)
  await admin.of(namespaceType).create({ metadata: { name: 'shop' } })

  const entrance = await entranceOf(api, store, tokens)
  const transportOf = (account: Account) => entrance.as(account)
  let manager: Manager | undefined
  let cut = cutTransport(entrance.as(hubAccount))

  async function run(client: Client, own = (transport: Transport) => transport): Promise<Manager> {
    const started = createManager({ client, clock: systemClock, log })
    desk.follow(started.informers)
    const named = new Map(drivers.map((driver) => [driver.name, driver]))
    for (const controller of hubControllers({ client, drivers: named, clock: systemClock, log, transportOf, desk })) {
      started.add(controller)
    }
    // Accounts of the hub's own namespace are its other hands.
    const asOwn = (account: Account) =>
      account.namespace === SYSTEM_NAMESPACE ? own(transportOf(account)) : transportOf(account)
    const context = { client, clock: systemClock, log, isEmbedded, randomBytes, transportOf: asOwn }
    for (const door of doors) for (const controller of await door.controllers(context)) started.add(controller)
    started.start()
    await started.ready()
    return started
  }

  /** Created, and seen by the hub if one runs: over HTTPS news of one kind may overtake those of another. */
  async function known<T extends WithCause>(type: ResourceType<T>, object: New<T>): Promise<T> {
    const created = await admin.of(type).create(object)
    return manager ? hub.seen(type, created.metadata.name) : created
  }

  const hub: TestHub = {
    admin,
    until,
    get cut() {
      return cut
    },
    clientOf: (user) => createClient(inProcessTransport(api, user)),
    async start() {
      cut = cutTransport(entrance.as(hubAccount))
      manager = await run(createClient(cut.transport), (transport) => cut.also(transport))
    },
    async startAnother() {
      const other = await run(createClient(entrance.as(hubAccount)))
      return () => other.stop()
    },
    async kill() {
      cut.dieAt(cut.writes.length + 1, 'before')
      await manager?.stop(0)
      manager = undefined
    },
    async stop() {
      await manager?.stop()
      manager = undefined
      await api.close()
      await entrance.close()
    },
    backend: (name, spec) => known(backendKind, { metadata: { name }, spec: { driver: 'shelf', ...spec } }),
    service: (name, spec) =>
      known(classKind, { metadata: { name }, spec: { type: 'jar', backendRef: { name: 'shelf' }, ...spec } }),
    claim: (name, spec, namespace = 'shop') => admin.of(claimKind).create({ metadata: { name, namespace }, spec }),
    ready: (name, namespace = 'shop') =>
      until(`claim ${name} to be Ready`, async () => {
        const claim = await admin.of(claimKind).find(name, namespace)
        const ready = findCondition(claim?.status?.conditions, 'Ready')
        const current = claim?.status?.observedGeneration === claim?.metadata.generation
        return ready?.status === 'True' && current ? claim : undefined
      }),
    seen: (type, name) =>
      until(`${type.kind} ${name} to be looked at`, async () => {
        const found = await admin.of(type).find(name)
        return found?.status?.observedGeneration === undefined ? undefined : found
      }),
    cause: (type, name, namespace, reason) =>
      until(`${type.kind} ${name} to have a cause`, async () => {
        const object = await admin.of(type).find(name, namespace)
        const cause =
          object?.status?.observedGeneration === object?.metadata.generation ? object?.status?.cause : undefined
        return reason === undefined || cause?.reason === reason ? cause : undefined
      }),
    everything: () => versions.map((document) => document.object),
    async instanceOf({ metadata }) {
      const { items } = await admin.of(instanceKind).list()
      return items.find((i) => i.spec.claimRef?.uid === metadata.uid)
    },
    async secretValues(name, namespace = 'shop') {
      const secret = await admin.of(secretType).find(name, namespace)
      if (!secret) return undefined
      const entries = Object.entries(secret.data ?? {})
      return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
    },
  }
  return hub
}
