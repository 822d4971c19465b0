/**
 * One typed client for every kind, over whichever transport it is given.
 *
 *     const secrets = client.of(secretType)
 *     const secret = await secrets.find('db', 'team-a')   // undefined when absent
 *     await secrets.patch('db', { metadata: { labels: { a: 'b' } } }, { namespace: 'team-a' })
 *
 * The kind is a value (`ResourceType`), not a class per kind: the hub has dozens of kinds, some of them known only at run
 * time, and generated clients would be the largest part of the program while saying nothing.
 */
import type {
  DeleteOptions as DeleteCallOptions,
  ListOptions as ListCallOptions,
  PatchType,
  Target,
  Transport,
  WatchEvent,
  WatchOptions as WatchCallOptions,
  WriteOptions,
} from '../machinery/call.ts'
import { asJson, formatApiVersion, type KubeList, type KubeObject, type ObjectMeta } from '../machinery/object.ts'
import { isAlreadyExists, isApiError, isConflict, isNotFound } from '../machinery/status.ts'
import { copyJson, isEmpty, mergePatchBetween } from './merge-patch.ts'
import type { ResourceType } from './types.ts'

/** An object on its way to be created: apiVersion and kind come from its `ResourceType`. */
export type New<T extends KubeObject> = Omit<T, 'apiVersion' | 'kind' | 'metadata'> & {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: Partial<ObjectMeta>
}

export interface InNamespace {
  /** Absent for cluster-scoped kinds; for a list or a watch it means every namespace. */
  readonly namespace?: string | undefined
}

export type ListOptions = InNamespace & Omit<ListCallOptions, 'continue'>
export type WatchOptions = InNamespace & WatchCallOptions
export type DeleteOptions = InNamespace & DeleteCallOptions
export type PatchOptions = InNamespace &
  WriteOptions & {
    /** `merge` unless told. */
    readonly type?: 'merge' | 'json' | 'strategic'
  }

export type ApplyOptions = WriteOptions & { readonly fieldManager: string }

export interface Page<T extends KubeObject> {
  readonly list: KubeList<T>
  /** The server forgot the revision of the pages before: this one has everything, and they count no more. */
  readonly isWhole: boolean
}

export interface ResourceClient<T extends KubeObject> {
  readonly type: ResourceType<T>
  /** Rejects with NotFound when it is absent. */
  get(name: string, namespace?: string): Promise<T>
  /** Like `get`, but undefined when it is absent. */
  find(name: string, namespace?: string): Promise<T | undefined>
  /** The whole list: pages (of `limit`, 500 unless told) are followed. */
  list(options?: ListOptions): Promise<KubeList<T>>
  /** The same page by page, for who need not have it all at once. */
  pages(options?: ListOptions): AsyncIterable<Page<T>>
  create(object: New<T>, options?: WriteOptions): Promise<T>
  /** Replaces; rejects with Conflict when `metadata.resourceVersion` is not the newest. */
  update(object: T, options?: WriteOptions): Promise<T>
  updateStatus(object: T, options?: WriteOptions): Promise<T>
  /** `body` is a merge patch, or for `json` a list of operations. A `metadata.resourceVersion` in it is a precondition. */
  patch(name: string, body: object, options?: PatchOptions): Promise<T>
  patchStatus(name: string, body: object, options?: PatchOptions): Promise<T>
  /**
   * Server-side apply: says what part of the object should be, and owns it as `fieldManager`. Creates it where it is absent. Rejects
   * with Conflict where others own what would change, unless `force` takes it over.
   */
  apply(object: New<T>, options: ApplyOptions): Promise<T>
  applyStatus(object: New<T>, options: ApplyOptions): Promise<T>
  /** False when there was nothing to delete. True says that the deletion is on its way: finalizers may hold the object. */
  delete(name: string, options?: DeleteOptions): Promise<boolean>
  watch(options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent<T>>
}

export interface Client {
  readonly transport: Transport
  of<T extends KubeObject>(type: ResourceType<T>): ResourceClient<T>
}

const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const satisfies Record<string, PatchType>

const PAGE_SIZE = 500

export function createClient(transport: Transport): Client {
  return { transport, of: (type) => resourceClient(transport, type) }
}

export function targetOf(type: ResourceType, name?: string, namespace?: string, subresource?: string): Target {
  return {
    group: type.group,
    version: type.version,
    resource: type.resource,
    ...(type.namespaced && namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    ...(subresource !== undefined && { subresource }),
  }
}

function resourceClient<T extends KubeObject>(transport: Transport, type: ResourceType<T>): ResourceClient<T> {
  const apiVersion = formatApiVersion(type.group, type.version)
  const nameIn = (namespace: string | undefined, name: string): [string, string | undefined] => {
    // Over HTTPS the path of no name is that of the collection, and a deletion would be of everything in it.
    if (name === '') throw new TypeError(`${type.kind} ${JSON.stringify(name)} has no name`)
    if (type.namespaced && (namespace === undefined || namespace === '')) {
      throw new TypeError(`${type.kind} ${JSON.stringify(name)} is namespaced, and no namespace was given`)
    }
    return [name, namespace]
  }

  const get = async (name: string, namespace?: string): Promise<T> =>
    (await transport.call({ verb: 'get', target: targetOf(type, ...nameIn(namespace, name)) })) as unknown as T

  const put = async (object: T, subresource: string | undefined, options: WriteOptions | undefined): Promise<T> => {
    const { name, namespace } = object.metadata
    const target = targetOf(type, ...nameIn(namespace, name), subresource)
    return (await transport.call({
      verb: 'update',
      target,
      body: copyJson(object),
      ...(options && { options }),
    })) as unknown as T
  }

  const patch = async (name: string, body: object, options: PatchOptions, subresource?: string): Promise<T> => {
    const { namespace, type: form = 'merge', ...rest } = options
    const target = targetOf(type, ...nameIn(namespace, name), subresource)
    const patchType = PATCH_TYPES[form]
    return (await transport.call({
      verb: 'patch',
      target,
      patchType,
      body: copyJson(body),
      options: rest,
    })) as unknown as T
  }

  const apply = async (object: New<T>, options: ApplyOptions, subresource?: string): Promise<T> => {
    const { name = '', namespace } = object.metadata
    const target = targetOf(type, ...nameIn(namespace, name), subresource)
    const body = copyJson({ ...object, apiVersion, kind: type.kind })
    const patchType = 'application/apply-patch+yaml'
    return (await transport.call({ verb: 'patch', target, patchType, body, options })) as unknown as T
  }

  return {
    type,
    get,
    find: (name, namespace) =>
      get(name, namespace).catch((error: unknown) => {
        if (isNotFound(error)) return undefined
        throw error
      }),
    list: (options = {}) => listAll(transport, type, options),
    pages: (options = {}) => pagesOf(transport, type, options),
    async create(object, options) {
      const body = copyJson({ ...object, apiVersion, kind: type.kind })
      const target = targetOf(type, undefined, object.metadata.namespace)
      return (await transport.call({ verb: 'create', target, body, ...(options && { options }) })) as unknown as T
    },
    update: (object, options) => put(object, undefined, options),
    updateStatus: (object, options) => put(object, 'status', options),
    patch: (name, body, options = {}) => patch(name, body, options),
    patchStatus: (name, body, options = {}) => patch(name, body, options, 'status'),
    apply: (object, options) => apply(object, options),
    applyStatus: (object, options) => apply(object, options, 'status'),
    async delete(name, options = {}) {
      const { namespace, ...rest } = options
      try {
        await transport.call({ verb: 'delete', target: targetOf(type, ...nameIn(namespace, name)), options: rest })
        return true
      } catch (error) {
        if (isNotFound(error)) return false
        throw error
      }
    },
    watch({ namespace, ...options }, signal) {
      return transport.watch(targetOf(type, undefined, namespace), options, signal) as AsyncIterable<WatchEvent<T>>
    },
  }
}

async function listAll<T extends KubeObject>(
  transport: Transport,
  type: ResourceType<T>,
  options: ListOptions,
): Promise<KubeList<T>> {
  let items: T[] = []
  let last: KubeList<T> | undefined
  for await (const { list, isWhole } of pagesOf(transport, type, options)) {
    if (isWhole) items = []
    for (const item of list.items) items.push(item)
    last = list
  }
  return { ...last!, items }
}

async function* pagesOf<T extends KubeObject>(
  transport: Transport,
  type: ResourceType<T>,
  { namespace, ...options }: ListOptions,
): AsyncGenerator<Page<T>> {
  const target = targetOf(type, undefined, namespace)
  const list = async (more: ListCallOptions): Promise<KubeList<T>> =>
    withKinds(type, (await transport.call({ verb: 'list', target, options: more })) as unknown as KubeList<T>)

  const limit = options.limit ?? PAGE_SIZE
  let page = await list({ ...options, limit })
  yield { list: page, isWhole: false }
  while (page.metadata.continue) {
    const { resourceVersion: _, resourceVersionMatch: __, ...unversioned } = options
    try {
      page = await list({ ...unversioned, limit, continue: page.metadata.continue })
    } catch (error) {
      if (!isApiError(error, 'Expired')) throw error
      // Compaction overtook the pages. A list in one piece shows one revision, which the pages no longer can.
      yield { list: await list({ ...options, limit: 0 }), isWhole: true }
      return
    }
    yield { list: page, isWhole: false }
  }
}

/** kube-apiserver leaves apiVersion and kind out of the items of a list. */
function withKinds<T extends KubeObject>(type: ResourceType<T>, list: KubeList<T>): KubeList<T> {
  const items = list.items ?? []
  if (items[0] === undefined || items[0].kind) return { ...list, items }
  const kind = { apiVersion: formatApiVersion(type.group, type.version), kind: type.kind }
  return { ...list, items: items.map((item) => ({ ...kind, ...item, ...kind })) }
}

const ENSURE_ATTEMPTS = 8

export interface EnsureOptions<T> {
  /** What a cache holds: spares the read of the first attempt, so that an object in sync costs no call. */
  readonly cached?: T | undefined
  readonly fieldManager?: string
}

/**
 * Makes an object be as `desired` says: created when absent, else patched by what differs (nothing differs: no write).
 * `desired` gets the object as it is, or undefined, and returns it as it should be; a concurrent writer makes it run again.
 */
export async function ensure<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  at: { readonly name: string; readonly namespace?: string },
  desired: (current: T | undefined) => New<T>,
  { cached, ...options }: EnsureOptions<T> = {},
): Promise<T> {
  const resources = client.of(type)
  let current = cached ?? (await resources.find(at.name, at.namespace))
  for (let attempt = 1; ; attempt++) {
    const wanted = desired(current)
    try {
      if (current === undefined) {
        const metadata = { ...wanted.metadata, ...at }
        return await resources.create({ ...wanted, metadata }, options)
      }
      const whole = { ...wanted, apiVersion: current.apiVersion, kind: current.kind } as unknown as KubeObject
      const patch = mergePatchBetween(asJson(current), asJson(whole))
      if (isEmpty(patch)) return current
      const metadata = {
        ...(patch['metadata'] as object | undefined),
        resourceVersion: current.metadata.resourceVersion,
      }
      return await resources.patch(at.name, { ...patch, metadata }, { ...options, namespace: at.namespace })
    } catch (error) {
      const overtaken = isConflict(error) || isAlreadyExists(error) || (current !== undefined && isNotFound(error))
      if (!overtaken || attempt === ENSURE_ATTEMPTS) throw error
    }
    current = await resources.find(at.name, at.namespace)
  }
}
