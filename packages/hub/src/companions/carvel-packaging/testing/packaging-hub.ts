/** A hub with this companion, an account that may install, and words for what tests do over and over. */
import { systemClock } from '@larder/engine/base/clock'
import type { JsonObject } from '@larder/engine/base/json'
import {
  configMapType,
  roleBindingType,
  roleType,
  secretType,
  serviceAccountType,
  type PolicyRule,
} from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import type { Controller } from '@larder/engine/runtime/controller'
import type { Transport } from '@larder/engine/machinery/call'
import type { KubeObject } from '@larder/engine/machinery/object'
import { testHub, type TestHub } from '../../../controllers/testing/hub.ts'
import type { Door } from '../../../door.ts'
import { carvelPackaging } from '../door.ts'
import { appKind, installKind, repositoryKind, type AppSpec } from '../kinds.ts'

export const NAMESPACE = 'shop'
export const at = { namespace: NAMESPACE }

/** What an account needs that installs ConfigMaps and Secrets. */
export const MAY_CONFIGURE: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['get', 'create', 'patch', 'delete'] },
]

interface Told extends KubeObject {
  readonly spec?: unknown
  readonly status?: {
    readonly observedGeneration?: number
    readonly friendlyDescription?: string
    readonly usefulErrorMessage?: string
    readonly version?: string
    readonly conditions?: readonly { readonly type: string; readonly message?: string }[]
  }
}

export interface PackagingHub {
  readonly hub: TestHub
  account(name?: string, rules?: readonly PolicyRule[]): Promise<void>
  grant(rules: readonly PolicyRule[], name?: string): Promise<void>
  /** An App of inline files and plain YAML. */
  app(files: Readonly<Record<string, string>>, spec?: AppSpec, name?: string): Promise<void>
  edit(files: Readonly<Record<string, string | null>>, name?: string): Promise<void>
  repository(files: Readonly<Record<string, string>>, name?: string, namespace?: string): Promise<void>
  values(values: string, name?: string): Promise<void>
  install(spec: JsonObject, name?: string): Promise<void>
  /** The object once it says so of its newest generation. */
  is(type: ResourceType<Told>, condition: string, name?: string, message?: string): Promise<Told>
  told(type: ResourceType<Told>, name?: string): Promise<Told>
  gone(type: ResourceType, name: string, namespace?: string): Promise<true>
  config(name: string, namespace?: string): Promise<Readonly<Record<string, string>> | undefined>
}

export interface PackagingHubOptions {
  readonly doors?: readonly Door[]
  readonly registries?: string
  /** Between the companion and the API, for what it does as ServiceAccounts. */
  readonly asAccount?: (transport: Transport) => Transport
  /** What the companion takes for the time. */
  readonly now?: () => number
  /** News of these objects has not come to the companion's caches yet, and does not come. */
  readonly without?: ResourceType
}

/** A pass that finds nothing of a kind in its cache. */
const blindTo = (controller: Controller, type: ResourceType): Controller => ({
  ...controller,
  reconcile: (pass) => {
    const cache: typeof pass.cache = (wanted) => {
      const all = pass.cache(wanted)
      return (wanted as ResourceType) === type
        ? { ...all, get: () => undefined, list: () => [], byIndex: () => [] }
        : all
    }
    return controller.reconcile(Object.create(pass, { cache: { value: cache } }) as typeof pass)
  },
})

export async function packagingHub({
  doors = [],
  registries,
  asAccount = (transport) => transport,
  now = () => systemClock.now(),
  without,
}: PackagingHubOptions = {}): Promise<PackagingHub> {
  const door = carvelPackaging({ registries })
  const watched: Door = {
    ...door,
    async controllers(context) {
      const all = await door.controllers({
        ...context,
        clock: { ...context.clock, now },
        transportOf: (account) => asAccount(context.transportOf(account)),
      })
      return without === undefined ? all : all.map((one) => blindTo(one, without))
    },
  }
  const hub = await testHub({ drivers: [], doors: [watched, ...doors] })
  await hub.start()
  const { admin } = hub

  async function grant(rules: readonly PolicyRule[], name = 'installer') {
    const metadata = { name, namespace: NAMESPACE }
    await admin.of(roleType).apply({ metadata, rules }, { fieldManager: 'test', force: true })
    await admin.of(roleBindingType).apply(
      {
        metadata,
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
        subjects: [{ kind: 'ServiceAccount', name, namespace: NAMESPACE }],
      },
      { fieldManager: 'test', force: true },
    )
  }

  const told = async (type: ResourceType<Told>, name = 'cache') => await admin.of(type).get(name, NAMESPACE)

  return {
    hub,
    grant,
    told,
    async account(name = 'installer', rules = MAY_CONFIGURE) {
      await admin.of(serviceAccountType).create({ metadata: { name, namespace: NAMESPACE } })
      await grant(rules, name)
    },
    async app(files, spec = {}, name = 'cache') {
      const fetch = [{ inline: { paths: files } }]
      await admin.of(appKind).create({
        metadata: { name, namespace: NAMESPACE },
        spec: { serviceAccountName: 'installer', fetch, template: [], deploy: [{ kapp: {} }], ...spec },
      })
    },
    async edit(files, name = 'cache') {
      const current = await admin.of(appKind).get(name, NAMESPACE)
      const paths = { ...current.spec?.fetch?.[0]?.inline?.paths, ...files }
      const kept = Object.fromEntries(Object.entries(paths).filter(([, content]) => content !== null))
      await admin.of(appKind).patch(name, { spec: { fetch: [{ inline: { paths: kept } }] } }, at)
    },
    async repository(files, name = 'references', namespace = NAMESPACE) {
      await admin
        .of(repositoryKind)
        .create({ metadata: { name, namespace }, spec: { fetch: { inline: { paths: files } } } })
    },
    async values(values, name = 'cache-values') {
      const data = { 'values.yaml': Buffer.from(values).toString('base64') }
      await admin
        .of(secretType)
        .apply({ metadata: { name, namespace: NAMESPACE }, data }, { fieldManager: 'test', force: true })
    },
    async install(spec, name = 'cache') {
      await admin.of(installKind).create({ metadata: { name, namespace: NAMESPACE }, spec: spec as never })
    },
    is: (type, condition, name = 'cache', message) =>
      hub.until(`${type.kind} ${name} to be ${condition} ${message ?? ''}`, async () => {
        const found = await admin.of(type).find(name, NAMESPACE)
        const [one] = found?.status?.conditions ?? []
        const isCurrent = found?.status?.observedGeneration === found?.metadata.generation
        return isCurrent && one?.type === condition && (message === undefined || one.message === message)
          ? found
          : undefined
      }),
    gone: (type, name, namespace = NAMESPACE) =>
      hub.until(`${type.kind} ${name} to be gone`, async () =>
        (await admin.of(type).find(name, type.namespaced ? namespace : undefined)) === undefined ? true : undefined,
      ),
    async config(name, namespace = NAMESPACE) {
      const found = await admin.of(configMapType).find(name, namespace)
      return found && (found.data ?? {})
    },
  }
}

export const configMap = (name: string, data: Readonly<Record<string, string>> = {}, namespace?: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, ...(namespace !== undefined && { namespace }) },
    data,
  })
