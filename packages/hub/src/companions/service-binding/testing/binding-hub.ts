/** The controller of bindings over a real API, with the rights of an installation and no hub beside it. */
import { createApi } from '@larder/engine/apiserver/core/api'
import { inProcessTransport } from '@larder/engine/apiserver/in-process'
import type { MutatingPlugin } from '@larder/engine/apiserver/mutating-admission'
import { systemClock } from '@larder/engine/base/clock'
import { randomIds } from '@larder/engine/base/ids'
import type { JsonObject } from '@larder/engine/base/json'
import { silentLog } from '@larder/engine/base/log'
import { clusterRoleType, customResourceDefinitionType, namespaceType, secretType } from '@larder/engine/client/builtin'
import { createClient, type Client } from '@larder/engine/client/client'
import type { ResourceType } from '@larder/engine/client/types'
import type { Transport } from '@larder/engine/machinery/call'
import type { KubeObject } from '@larder/engine/machinery/object'
import { findCondition } from '@larder/engine/runtime/conditions'
import { createManager, type Manager } from '@larder/engine/runtime/manager'
import { openMemoryStore } from '@larder/engine/storage/memory/store'
import { cutTransport, type Cut } from '../../../controllers/testing/cut.ts'
import { entranceOf, testTokens } from '../../../controllers/testing/transports.ts'
import { claimKind } from '../../../model/claim.ts'
import { installHub } from '../../../samples/install.ts'
import { accountUser, hubAccount } from '../../../samples/rbac.ts'
import { bindingAdmission } from '../admission.ts'
import { serviceBindingController } from '../controller.ts'
import { serviceBinding } from '../door.ts'
import { BINDING_ACCOUNT } from '../trouble.ts'
import { BINDING_GROUP, bindingType, type ServiceBinding } from '../../../model/projection/service-binding.ts'

const ADMIN = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }
const PATIENCE_MS = 10_000

export interface Workload extends KubeObject {
  readonly spec: JsonObject
}

const workloadType = (group: string, resource: string, kind: string, version = 'v1'): ResourceType<Workload> => ({
  group,
  version,
  resource,
  kind,
  namespaced: true,
})

interface Pod {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly volumes?: readonly { readonly name: string }[]
}
interface Container {
  readonly name: string
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: JsonObject }[]
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
}

/** Of a workload that is like a Deployment. */
export const podOf = ({ spec }: Workload) => (spec['template'] as JsonObject)['spec'] as unknown as Pod
/** By container, where it has volumes. */
export const mountsOf = (workload: Workload) =>
  podOf(workload).containers.map(({ volumeMounts = [] }) => volumeMounts.map(({ mountPath }) => mountPath))

export const deploymentType = workloadType('apps', 'deployments', 'Deployment')
export const cronJobType = workloadType('batch', 'cronjobs', 'CronJob')
export const widgetType = workloadType('example.com', 'widgets', 'Widget')

interface Death {
  readonly who: 'hub' | 'bindings'
  readonly write: number
  readonly when: 'before' | 'after'
}

export interface BindingHub {
  readonly admin: Client
  /** All writes of the controller, as the hub and as the account of bindings. */
  writes(): readonly string[]
  /** What the API has shown the door on its way to the store. */
  shown(): readonly string[]
  /** What `Ready` of a binding of namespace shop has said, from its beginning. */
  told(name: string): readonly string[]
  /** Happens right before the account of bindings updates anything, once. */
  interfere(act: () => Promise<unknown>): void
  /** With a death, the one or the other of its users can do no more from that write on. */
  start(death?: Death): Promise<void>
  /** Resolves when that has come, and the rest of it is gone too. */
  died(): Promise<void>
  pause(): Promise<void>
  stop(): Promise<void>
  until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T>
  /** A Claim that is bound to a Secret, as the hub would have made it. */
  claim(name: string, namespace?: string): Promise<void>
  deployment(name: string, containers?: readonly JsonObject[], labels?: Record<string, string>): Promise<Workload>
  bind(name: string, spec: Partial<ServiceBinding['spec']>): Promise<ServiceBinding>
  /** The binding once Ready has that status, for its newest generation, and that reason if one is named. */
  is(name: string, status: 'True' | 'False', reason?: string): Promise<ServiceBinding>
  /** A kind of nobody's, `widgets.example.com`, whose objects hold anything. */
  defineWidgets(): Promise<void>
  role(
    name: string,
    labels: Record<string, string>,
    resources: readonly string[],
    verbs: readonly string[],
  ): Promise<void>
}

const randomBytes = (size: number) => new Uint8Array(size)

async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`waited ${PATIENCE_MS} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** `admission`: the API is that of `larder up`, which asks the door about what is written while the controller runs. */
export async function bindingHub({ admission = false } = {}): Promise<BindingHub> {
  const mutations: MutatingPlugin[] = []
  const shown: string[] = []
  const told = new Map<string, string[]>()
  let interference: (() => Promise<unknown>) | undefined
  const store = openMemoryStore()
  store.watch({ prefix: `/${BINDING_GROUP}/servicebindings/shop/`, after: store.revision }, (events) => {
    for (const { document } of events) {
      const { metadata, status } = document.object as ServiceBinding
      const ready = findCondition(status?.conditions, 'Ready')
      if (ready) told.set(metadata.name, [...(told.get(metadata.name) ?? []), `${ready.status} ${ready.reason}`])
    }
  })
  const tokens = testTokens(store)
  const api = await createApi({
    store,
    ...(tokens && { tokens: tokens.authority }),
    clock: systemClock,
    ids: randomIds,
    log: silentLog,
    mutations,
  })
  const admin = createClient(inProcessTransport(api, ADMIN))
  await installHub(admin, [serviceBinding])
  for (const name of ['shop', 'other']) await admin.of(namespaceType).create({ metadata: { name } })
  const entrance = await entranceOf(api, store, tokens)
  const cuts: Cut[] = []
  let manager: Manager | undefined
  let death: Death | undefined

  const counted = (account: { readonly namespace: string; readonly name: string }) => {
    const cut = cutTransport(entrance.as(account))
    cuts.push(cut)
    if (death && (account === hubAccount) === (death.who === 'hub')) cut.dieAt(death.write, death.when)
    if (account === hubAccount) return cut.transport
    const { transport } = cut
    const call: Transport['call'] = async (sent, signal) => {
      const act = sent.verb === 'update' ? interference : undefined
      if (act) interference = undefined
      await act?.()
      return transport.call(sent, signal)
    }
    return { ...transport, call }
  }

  return {
    admin,
    until,
    shown: () => shown,
    told: (name) => told.get(name) ?? [],
    interfere: (act) => (interference = act),
    writes: () => cuts.flatMap(({ writes }) => writes),
    async start(planned) {
      death = planned
      const client = createClient(counted(hubAccount))
      const context = { client, clock: systemClock, log: silentLog }
      manager = createManager(context)
      manager.add(
        serviceBindingController(
          { ...context, isEmbedded: true, randomBytes, transportOf: counted },
          { watchSeconds: 2 },
        ),
      )
      manager.start()
      await manager.ready()
      if (!admission) return
      const user = accountUser(BINDING_ACCOUNT)
      const plugin = bindingAdmission(manager.informers)
      const mutate: MutatingPlugin['mutate'] = (object, resource) => {
        shown.push(`${resource.resource} ${object.metadata.name}`)
        return plugin.mutate(object, resource)
      }
      mutations.splice(0, 1, { ...plugin, mutate, name: serviceBinding.name, user })
    },
    async died() {
      await until('a death', () => Promise.resolve(cuts.some(({ dead }) => dead) || undefined))
      await manager?.stop(0)
      manager = undefined
    },
    async pause() {
      await manager?.stop()
      manager = undefined
    },
    async stop() {
      await manager?.stop()
      await api.close()
      await entrance.close()
    },
    async claim(name, namespace = 'shop') {
      const data = { type: 'cmVkaXM=', host: 'MTI3LjAuMC4x' }
      await admin.of(secretType).create({ metadata: { name: `${name}-secret`, namespace }, data })
      await admin.of(claimKind).create({ metadata: { name, namespace }, spec: { className: 'redis' } })
      await admin.of(claimKind).patchStatus(name, { status: { binding: { name: `${name}-secret` } } }, { namespace })
    },
    deployment(name, containers = [{ name: 'app', image: 'app' }], labels = {}) {
      const template = { metadata: { labels: { app: name } }, spec: { containers } }
      const spec = { selector: { matchLabels: { app: name } }, template }
      return admin.of(deploymentType).create({ metadata: { name, namespace: 'shop', labels }, spec })
    },
    bind(name, spec) {
      const service = { apiVersion: 'larder.dev/v1alpha1', kind: 'Claim', name: 'cache' }
      const workload = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' }
      return admin
        .of(bindingType)
        .create({ metadata: { name, namespace: 'shop' }, spec: { service, workload, ...spec } })
    },
    is: (name, status, reason) =>
      until(`${name} to be ${status}${reason === undefined ? '' : `, ${reason}`}`, async () => {
        const binding = await admin.of(bindingType).find(name, 'shop')
        const ready = findCondition(binding?.status?.conditions, 'Ready')
        if (ready?.status !== status || (reason !== undefined && ready.reason !== reason)) return undefined
        if (!binding || binding.status?.observedGeneration !== binding.metadata.generation) return undefined
        // Over HTTPS the news of it may be on their way still.
        await manager?.informers.of(bindingType).seen(binding.metadata.resourceVersion!)
        return binding
      }),
    async defineWidgets() {
      await admin.of(customResourceDefinitionType).create({
        metadata: { name: 'widgets.example.com' },
        spec: {
          group: 'example.com',
          scope: 'Namespaced',
          names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
            },
          ],
        },
      })
      await until('widgets to be served', () =>
        admin
          .of(widgetType)
          .list()
          .catch(() => undefined),
      )
    },
    async role(name, labels, resources, verbs) {
      await admin
        .of(clusterRoleType)
        .create({ metadata: { name, labels }, rules: [{ apiGroups: ['example.com'], resources, verbs }] })
    },
  }
}
