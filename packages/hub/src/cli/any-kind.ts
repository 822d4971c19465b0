/** Kinds beyond our own, as a command names them: `deployment/shop`, `ResourceClaim/cache`, `widgets.example.com/w`. */
import { isObject, type Json } from '@larder/engine/base/json'
import type { ResourceType } from '@larder/engine/client/types'
import type { Transport } from '@larder/engine/machinery/call'
import { formatApiVersion, parseApiVersion } from '@larder/engine/machinery/object'
import { isNotFound } from '@larder/engine/machinery/status'
import { kinds } from '../model/kinds.ts'
import { CommandFailed, EXIT } from './failure.ts'

export interface NamedObject {
  readonly type: ResourceType
  readonly name: string
}

const builtin = (apiVersion: string, kind: string, resource: string, ...names: readonly string[]) => {
  const type: ResourceType = { ...parseApiVersion(apiVersion), kind, resource, namespaced: true }
  return [resource, kind.toLowerCase(), ...names].map((name) => [name, type] as const)
}

const TOOLKIT = 'services.apps.tanzu.vmware.com/v1alpha1'

/** Those that need no look at the API. `resourceclaim` alone is never the one of Kubernetes, which nothing can be bound to. */
const KNOWN: ReadonlyMap<string, ResourceType> = new Map([
  ...builtin('apps/v1', 'Deployment', 'deployments', 'deploy'),
  ...builtin('apps/v1', 'StatefulSet', 'statefulsets', 'sts'),
  ...builtin('apps/v1', 'DaemonSet', 'daemonsets', 'ds'),
  ...builtin('apps/v1', 'ReplicaSet', 'replicasets', 'rs'),
  ...builtin('batch/v1', 'Job', 'jobs'),
  ...builtin('batch/v1', 'CronJob', 'cronjobs', 'cj'),
  ...builtin('v1', 'ReplicationController', 'replicationcontrollers', 'rc'),
  ...builtin('v1', 'Secret', 'secrets'),
  ...builtin(TOOLKIT, 'ResourceClaim', 'resourceclaims'),
  ...builtin(TOOLKIT, 'ClassClaim', 'classclaims'),
  ...kinds.flatMap((kind) => [kind.resource, kind.singular, kind.shortName].map((name) => [name, kind] as const)),
])

/** `KIND/NAME`, or a name alone where there is a `fallback`. Throws CommandFailed for a kind that the API does not serve. */
export async function namedObject(text: string, transport: Pick<Transport, 'raw'>, fallback?: ResourceType) {
  const slash = text.indexOf('/')
  const name = text.slice(slash + 1)
  if (slash < 0 && fallback) return { type: fallback, name } satisfies NamedObject
  if (slash < 1 || name === '')
    throw new CommandFailed(EXIT.usage, `"${text}" names no object`, { next: 'KIND/NAME, such as deployment/shop' })
  const word = text.slice(0, slash)
  const type = KNOWN.get(word.toLowerCase()) ?? (await discovered(word, transport))
  if (!type)
    throw new CommandFailed(EXIT.notFound, `this API serves no kind "${word}"`, {
      next: 'kubectl api-resources shows those that it serves; with its group: widgets.example.com/NAME',
    })
  return { type, name } satisfies NamedObject
}

/** In the group behind the first dot; without one in any, and then it must be in one alone. */
async function discovered(word: string, transport: Pick<Transport, 'raw'>): Promise<ResourceType | undefined> {
  const dot = word.indexOf('.')
  const name = (dot < 0 ? word : word.slice(0, dot)).toLowerCase()
  const group = dot < 0 ? undefined : word.slice(dot + 1)
  const found: ResourceType[] = []
  for (const apiVersion of await apiVersions(transport, group)) {
    const type = await typeIn(transport, apiVersion, name)
    if (type) found.push(type)
  }
  if (found.length < 2) return found[0]
  throw new CommandFailed(EXIT.usage, `"${word}" is a kind of several groups`, {
    why: found.map(({ group: of, version }) => formatApiVersion(of, version)).join(', '),
    next: `say which: ${found[0]!.resource}.${found[0]!.group}/NAME`,
  })
}

/** Of each group the version that it prefers. */
async function apiVersions(transport: Pick<Transport, 'raw'>, wanted: string | undefined): Promise<readonly string[]> {
  const answer = await transport.raw('/apis')
  const versions = itemsOf(answer, 'groups').flatMap((group) => {
    const preferred = isObject(group) && isObject(group['preferredVersion']) ? group['preferredVersion'] : undefined
    const version = preferred?.['groupVersion']
    return typeof version === 'string' ? [version] : []
  })
  const all = ['v1', ...versions]
  return wanted === undefined ? all : all.filter((version) => parseApiVersion(version).group === wanted)
}

async function typeIn(
  transport: Pick<Transport, 'raw'>,
  apiVersion: string,
  name: string,
): Promise<ResourceType | undefined> {
  const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const answer = await transport.raw(path).catch((error: unknown) => {
    // A group that an absent server should serve is no reason to find nothing.
    if (isNotFound(error)) return null
    throw error
  })
  for (const each of itemsOf(answer, 'resources')) {
    if (!isObject(each)) continue
    const { name: resource, kind, singularName, shortNames, namespaced } = each
    if (typeof resource !== 'string' || typeof kind !== 'string' || resource.includes('/')) continue
    const names = [resource, kind.toLowerCase(), singularName, ...(Array.isArray(shortNames) ? shortNames : [])]
    if (names.includes(name)) return { ...parseApiVersion(apiVersion), kind, resource, namespaced: namespaced === true }
  }
  return undefined
}

const itemsOf = (answer: Json, field: string): readonly Json[] => {
  const list = isObject(answer) ? answer[field] : undefined
  return Array.isArray(list) ? list : []
}
