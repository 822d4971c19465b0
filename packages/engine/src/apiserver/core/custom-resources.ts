/**
 * Serves what the CRDs of the store define, and takes it away with them.
 *
 * Serving follows the store's events, in the same turn: see catalog.ts. Taking away is work: a CRD whose deletion has begun is
 * held by a finalizer until its objects are gone, and objects may have finalizers of their own.
 */
import { equalJson, isObject, type Json, type JsonObject } from '../../base/json.ts'
import { loadSchemaEngines, resourcesOfCrd } from '../../machinery/crd.ts'
import { compileJsonPath } from '../../machinery/jsonpath.ts'
import { asJson } from '../../machinery/object.ts'
import { isNotFound } from '../../machinery/status.ts'
import type { StoreEvent } from '../../storage/store.ts'
import type { User } from '../api.ts'
import type { SystemCall } from '../bootstrap.ts'
import { KeyedWorker } from '../builtin-controllers/keyed-worker.ts'
import type { CustomState, ScalePaths } from './catalog.ts'
import type { Core, Request } from './core.ts'
import { CLEANUP_FINALIZER, isEstablished } from './habits/custom-resource-definitions.ts'
import { CUSTOM_RESOURCE_DEFINITIONS } from './keys.ts'
import { deleteCollection } from './verbs/deletecollection.ts'

export interface CustomResources {
  /** Resolves when no clean-up is under way. */
  idle(): Promise<void>
  close(): Promise<void>
}

/** Resolves when the CRDs of the store are served. */
export async function serveCustomResources(core: Core, user: User, call: SystemCall): Promise<CustomResources> {
  const { store } = core
  const publisher = new Publisher(core, user, call)
  for (const { key, document, revision } of store.list({ prefix: CUSTOM_RESOURCE_DEFINITIONS }).entries) {
    const crd = asJson(document.object)
    await loadSchemaEngines(crd)
    publisher.serve(nameOf(key), crd, revision)
  }
  const after = store.revision
  const stops = [
    store.watch({ prefix: CUSTOM_RESOURCE_DEFINITIONS, after }, (events) => publisher.onDefinitions(events)),
    store.watch({ prefix: '/', after }, (events) => publisher.onDeletions(events)),
  ]
  return {
    idle: () => publisher.worker.idle(),
    close: () => {
      for (const stop of stops) stop()
      return publisher.worker.close()
    },
  }
}

const nameOf = (key: string): string => key.slice(CUSTOM_RESOURCE_DEFINITIONS.length)

class Publisher {
  readonly worker: KeyedWorker
  readonly #core: Core
  /** Collections of CRDs that are being deleted, to the CRD's name: each object that goes is a reason to look again. */
  readonly #terminating = new Map<string, string>()

  constructor(core: Core, user: User, call: SystemCall) {
    const { clock, log } = core
    this.#core = core
    this.worker = new KeyedWorker({
      name: 'custom-resources',
      clock,
      log,
      work: (key) => (key === ALL_NAMES ? acceptNames(core, call) : cleanUp(core, user, call, key)),
    })
  }

  serve(name: string, crd: JsonObject, revision: number): void {
    publish(this.#core, name, crd, revision)
    if (!isTerminating(crd)) return
    this.#terminating.set(prefixOfObjects(crd), name)
    this.worker.wake(name)
  }

  onDefinitions(events: readonly StoreEvent[]): void {
    for (const { type, key, document, revision } of events) {
      const crd = asJson(document.object)
      if (type === 'put') this.serve(nameOf(key), crd, revision)
      else {
        this.#core.catalog.replace(nameOf(key), undefined)
        this.#terminating.delete(prefixOfObjects(crd))
        this.worker.wake(ALL_NAMES)
      }
    }
  }

  onDeletions(events: readonly StoreEvent[]): void {
    if (this.#terminating.size === 0) return
    for (const { type, key } of events) {
      const collection = key.slice(0, key.indexOf('/', key.indexOf('/', 1) + 1) + 1)
      const name = type === 'delete' ? this.#terminating.get(collection) : undefined
      if (name !== undefined) this.worker.wake(name)
    }
  }
}

/** Wakes the worker to look at names again; no CRD is called so, for want of a dot. */
const ALL_NAMES = 'names'

function isTerminating(crd: JsonObject): boolean {
  return (crd['metadata'] as JsonObject)['deletionTimestamp'] !== undefined
}

const specOf = (crd: JsonObject): JsonObject => crd['spec'] as JsonObject

function prefixOfObjects(crd: JsonObject): string {
  const { group, names } = specOf(crd)
  return `/${String(group)}/${String((names as JsonObject)['plural'])}/`
}

function publish(core: Core, name: string, crd: JsonObject, revision: number): void {
  if (!isEstablished(crd)) {
    core.catalog.replace(name, undefined)
    return
  }
  const served = withAcceptedNames(crd)
  const before = core.catalog.definition(name)
  const isSame = before !== undefined && equalJson(specOf(before.state.definition), specOf(served))
  const { resources, problems } = isSame ? { resources: before.resources, problems: [] } : resourcesOfCrd(served)
  for (const { path, detail } of problems) core.log.error('a CRD cannot be served', { crd: name, path, detail })
  const state: CustomState = {
    name,
    definition: served,
    schemaSince: isSame ? before.state.schemaSince : revision,
    terminating: isTerminating(crd),
    scale: scalePathsOf(served),
  }
  core.catalog.replace(name, { state, resources })
}

/** What is served are the names that were accepted, which a later change of spec may have left. */
function withAcceptedNames(crd: JsonObject): JsonObject {
  const status = isObject(crd['status']) ? crd['status'] : {}
  const accepted = isObject(status['acceptedNames']) ? status['acceptedNames'] : {}
  const spec = specOf(crd)
  return { ...crd, spec: { ...spec, names: { ...(spec['names'] as JsonObject), ...accepted } } }
}

function scalePathsOf(crd: JsonObject): ReadonlyMap<string, ScalePaths> {
  const paths = new Map<string, ScalePaths>()
  for (const version of specOf(crd)['versions'] as readonly JsonObject[]) {
    const subresources = isObject(version['subresources']) ? version['subresources'] : {}
    const { scale } = subresources
    if (!isObject(scale)) continue
    paths.set(String(version['name']), {
      specReplicas: fieldsOf(scale['specReplicasPath']) ?? [],
      statusReplicas: fieldsOf(scale['statusReplicasPath']) ?? [],
      selector: fieldsOf(scale['labelSelectorPath']),
    })
  }
  return paths
}

function fieldsOf(path: Json | undefined): readonly string[] | undefined {
  return typeof path === 'string' && path !== '' ? compileJsonPath(path).fields : undefined
}

/** Deletes the objects of a CRD that is being deleted; when none is left, lets the CRD go. */
async function cleanUp(core: Core, user: User, call: SystemCall, name: string): Promise<void> {
  const entry = core.store.get(CUSTOM_RESOURCE_DEFINITIONS + name)
  if (!entry) return
  const crd = asJson(entry.document.object)
  const finalizers = entry.document.object.metadata.finalizers ?? []
  if (!isTerminating(crd) || !finalizers.includes(CLEANUP_FINALIZER)) return
  if (isEstablished(crd)) {
    await deleteObjects(core, user, crd, name)
    if (core.store.count(prefixOfObjects(crd)) > 0) return
  }
  const target = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions', name }
  const body = { metadata: { finalizers: finalizers.filter((one) => one !== CLEANUP_FINALIZER) } }
  await unlessGone(call({ verb: 'patch', target, patchType: 'application/merge-patch+json', body }))
}

/** Past the catalog: the objects must go also when no version of them is served any more. */
async function deleteObjects(core: Core, user: User, crd: JsonObject, name: string): Promise<void> {
  if (core.store.count(prefixOfObjects(crd)) === 0) return
  const state = core.catalog.custom(name)
  const resource = resourcesOfCrd(allServed(withAcceptedNames(crd))).resources.find(
    (one) => one.version === one.storage.version,
  )
  if (!resource) throw new Error(`CRD ${name} has no storage version that can be read`)
  const request: Request = {
    user,
    served: { resource, ...(state && { custom: state }) },
    resource,
    target: { group: resource.group, version: resource.version, resource: resource.resource },
    context: {},
  }
  await deleteCollection(core, request, { verb: 'deletecollection', target: request.target })
}

function allServed(crd: JsonObject): JsonObject {
  const spec = specOf(crd)
  const versions = (spec['versions'] as readonly JsonObject[]).map((version) => ({ ...version, served: true }))
  return { ...crd, spec: { ...spec, versions } }
}

/** Names may have become free: CRDs that waited for them are written again, which judges them anew. */
async function acceptNames(core: Core, call: SystemCall): Promise<void> {
  for (const { document } of core.store.list({ prefix: CUSTOM_RESOURCE_DEFINITIONS }).entries) {
    if (!isWaitingForNames(asJson(document.object))) continue
    const { name } = document.object.metadata
    const target = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions', name }
    await unlessGone(call({ verb: 'patch', target, patchType: 'application/merge-patch+json', body: {} }))
  }
}

function isWaitingForNames(crd: JsonObject): boolean {
  const status = isObject(crd['status']) ? crd['status'] : {}
  const conditions = (status['conditions'] ?? []) as readonly JsonObject[]
  return conditions.some(({ type, status: value }) => type === 'NamesAccepted' && value === 'False')
}

async function unlessGone(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
