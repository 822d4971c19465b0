/**
 * Empties namespaces whose deletion has begun, then lets them go.
 *
 * Everything in the namespace is deleted by the ordinary verb. What carries finalizers stays until their owners are done;
 * each deletion in the namespace wakes us to look again. Conditions say what is left; their types, reasons and texts are
 * upstream's, since people and tools search for them.
 */
import type { Json, JsonObject } from '../../base/json.ts'
import type { Clock } from '../../base/clock.ts'
import { asJson } from '../../machinery/object.ts'
import type { Resource } from '../../machinery/shape.ts'
import { formatResource } from '../../machinery/object.ts'
import { isNotFound } from '../../machinery/status.ts'
import type { Store, StoreEvent } from '../../storage/store.ts'
import type { Resources } from '../api.ts'
import type { SystemCall } from '../bootstrap.ts'
import { finalizersOf } from '../core/habits/namespaces.ts'
import { collectionOf, NAMESPACES, namespaceKey } from '../core/keys.ts'
import { timestamp } from '../core/metadata.ts'
import { KeyedWorker, type KeyedWorkerOptions } from './keyed-worker.ts'

export interface ControllerContext {
  readonly store: Store
  readonly resources: Resources
  readonly call: SystemCall
  readonly clock: Clock
  readonly log: KeyedWorkerOptions['log']
}

export interface BuiltinController {
  /** Resolves when nothing is left to do now. */
  idle(): Promise<void>
  close(): Promise<void>
}

const KUBERNETES = 'kubernetes'

/** What stands between a namespace and its end. */
interface Remains {
  /** `widgets.example.com` to how many there are. */
  readonly counts: ReadonlyMap<string, number>
  /** Finalizer to how many objects carry it. */
  readonly finalizers: ReadonlyMap<string, number>
  readonly failures: readonly string[]
}

export function startNamespaceDeletion(context: ControllerContext): BuiltinController {
  const { store } = context
  const terminating = new Set<string>()
  const worker = new KeyedWorker({
    ...context,
    name: 'namespace',
    work: async (name) => {
      if (!(await finish(context, name))) return
      terminating.delete(name)
    },
  })
  const begin = (name: string): void => {
    terminating.add(name)
    worker.wake(name)
  }
  const onEvent = (event: StoreEvent): void => {
    if (event.key.startsWith(NAMESPACES)) {
      const name = event.key.slice(NAMESPACES.length)
      if (event.type === 'delete') terminating.delete(name)
      else if (event.index.fields?.['status.phase'] === 'Terminating') begin(name)
    } else if (terminating.size > 0 && event.type === 'delete') {
      const name = event.key.split('/')[3]!
      if (terminating.has(name)) worker.wake(name)
    }
  }
  const stop = store.watch({ prefix: '/', after: store.revision }, (events) => events.forEach(onEvent))
  for (const { key, index } of store.list({ prefix: NAMESPACES }).entries) {
    if (index.fields?.['status.phase'] === 'Terminating') begin(key.slice(NAMESPACES.length))
  }
  return {
    idle: () => worker.idle(),
    close: () => {
      stop()
      return worker.close()
    },
  }
}

/** True when there is nothing left for us to do. */
async function finish(context: ControllerContext, name: string): Promise<boolean> {
  const namespace = read(context.store, name)
  if (!namespace || !finalizersOf(namespace).includes(KUBERNETES)) return true
  const failures = await deleteContent(context, name)
  const remains = { ...countContent(context, name), failures }
  const isEmpty = remains.counts.size === 0 && failures.length === 0
  await reportConditions(context, name, remains)
  if (!isEmpty) {
    if (failures.length > 0) throw new Error(`namespace ${name}: ${failures.join('; ')}`)
    return false
  }
  const kept = finalizersOf(namespace).filter((finalizer) => finalizer !== KUBERNETES)
  const target = { group: '', version: 'v1', resource: 'namespaces', name, subresource: 'finalize' }
  const body = { metadata: { name }, spec: { finalizers: kept } }
  await unlessGone(context.call({ verb: 'update', target, body }))
  return true
}

function read(store: Store, name: string): JsonObject | undefined {
  const entry = store.get(namespaceKey(name))
  return entry && asJson(entry.document.object)
}

/** One resource for each collection of namespaced objects. */
function contentResources({ resources }: ControllerContext): readonly Resource[] {
  const byCollection = new Map<string, Resource>()
  for (const resource of resources.all()) {
    if (!resource.namespaced || !resource.verbs.includes('deletecollection')) continue
    const collection = collectionOf(resource)
    if (!byCollection.has(collection)) byCollection.set(collection, resource)
  }
  return [...byCollection.values()]
}

async function deleteContent(context: ControllerContext, namespace: string): Promise<readonly string[]> {
  const failures: string[] = []
  for (const { group, version, resource, storage } of contentResources(context)) {
    if (context.store.count(`/${storage.group}/${storage.resource}/${namespace}/`) === 0) continue
    try {
      await context.call({ verb: 'deletecollection', target: { group, version, resource, namespace } })
    } catch (error) {
      failures.push(`${formatResource(resource, group)}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return failures
}

function countContent(context: ControllerContext, namespace: string): Pick<Remains, 'counts' | 'finalizers'> {
  const counts = new Map<string, number>()
  const finalizers = new Map<string, number>()
  for (const resource of contentResources(context)) {
    const { entries } = context.store.list({ prefix: `${collectionOf(resource)}${namespace}/` })
    if (entries.length === 0) continue
    counts.set(formatResource(resource.resource, resource.group), entries.length)
    for (const { document } of entries) {
      for (const finalizer of document.object.metadata.finalizers ?? []) {
        finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1)
      }
    }
  }
  return { counts, finalizers }
}

type Finding = readonly [type: string, status: boolean, reason: string, message: string]

function listOf(items: ReadonlyMap<string, number>, has: string): string {
  const sorted = [...items].sort(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map(([name, count]) => `${name} ${has} ${count} resource instances`).join(', ')
}

function failureText(failures: readonly string[]): string {
  return `Failed to delete all resource types, ${failures.length} remaining: ${[...failures].sort().join(', ')}`
}

function findings({ counts, finalizers, failures }: Remains): readonly Finding[] {
  return [
    ['NamespaceDeletionDiscoveryFailure', false, 'ResourcesDiscovered', 'All resources successfully discovered'],
    [
      'NamespaceDeletionGroupVersionParsingFailure',
      false,
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ],
    failures.length > 0
      ? ['NamespaceDeletionContentFailure', true, 'ContentDeletionFailed', failureText(failures)]
      : [
          'NamespaceDeletionContentFailure',
          false,
          'ContentDeleted',
          'All content successfully deleted, may be waiting on finalization',
        ],
    counts.size > 0
      ? [
          'NamespaceContentRemaining',
          true,
          'SomeResourcesRemain',
          `Some resources are remaining: ${listOf(counts, 'has')}`,
        ]
      : ['NamespaceContentRemaining', false, 'ContentRemoved', 'All content successfully removed'],
    finalizers.size > 0
      ? [
          'NamespaceFinalizersRemaining',
          true,
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${listOf(finalizers, 'in')}`,
        ]
      : ['NamespaceFinalizersRemaining', false, 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
  ]
}

async function reportConditions(context: ControllerContext, name: string, remains: Remains): Promise<void> {
  const namespace = read(context.store, name)
  if (!namespace) return
  const status = (namespace['status'] ?? {}) as JsonObject
  const old = (status['conditions'] ?? []) as readonly JsonObject[]
  const found = findings(remains)
  // A namespace that was empty from the start needs no five conditions on its last day.
  if (old.length === 0 && remains.counts.size === 0 && remains.failures.length === 0) return
  const now = timestamp(context.clock.now())
  const conditions: Json[] = found.map(([type, isTrue, reason, message]) => {
    const before = old.find((one) => one['type'] === type)
    const value = isTrue ? 'True' : 'False'
    const lastTransitionTime = before?.['status'] === value ? (before['lastTransitionTime'] ?? now) : now
    return { type, status: value, lastTransitionTime, reason, message }
  })
  const foreign = old.filter((one) => !found.some(([type]) => type === one['type']))
  const target = { group: '', version: 'v1', resource: 'namespaces', name, subresource: 'status' }
  const body = { status: { conditions: [...foreign, ...conditions] } }
  await unlessGone(context.call({ verb: 'patch', target, patchType: 'application/merge-patch+json', body }))
}

async function unlessGone(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
