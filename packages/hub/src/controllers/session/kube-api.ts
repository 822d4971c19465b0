/**
 * This cluster as a driver sees it: under the ServiceAccount of its Backend and by nothing more than that may. What the account may not
 * do fails here, whatever the hub itself may.
 *
 * Kinds are found by discovery, since a driver names what no program was written for. Errors are those of the kit: what an API says
 * may quote an object, and drivers' errors reach status.
 */
import type { Clock } from '@larder/engine/base/clock'
import type { Json } from '@larder/engine/base/json'
import { createServedKinds, type ServedKind } from '@larder/engine/client/served-kinds'
import type { Target, Transport } from '@larder/engine/machinery/call'
import { parseApiVersion, type KubeList, type KubeObject } from '@larder/engine/machinery/object'
import { ApiError, isApiError, isNotFound } from '@larder/engine/machinery/status'
import { blocked, denied, DriverError, throttled, unavailable, type KubeApi, type Query, type Ref } from '@larder/kit'

/** A watch outlives the right to it; so it is asked for again, and a right that was taken away ends it within this time. */
const WATCH_MS = 20_000
const THROTTLED_MS = 1000
const MAX_FIELDS = 5

export interface Account {
  readonly namespace: string
  readonly name: string
}

export interface KubeApiParts {
  /** Acts as the account of the Backend. */
  readonly transport: Transport
  readonly clock: Clock
}

export function createKubeApi({ transport, clock }: KubeApiParts): KubeApi {
  const kinds = createServedKinds(transport)

  async function servedKind(apiVersion: string, kind: string): Promise<ServedKind> {
    const found = await kinds.find(apiVersion, kind)
    if (!found)
      throw blocked(`this cluster has no kind ${kind} in ${apiVersion}: install what serves it, or name another`)
    return found
  }

  async function targetOf({ apiVersion, kind, namespace }: Query, name?: string): Promise<Target> {
    const { resource, namespaced } = await servedKind(apiVersion, kind)
    return {
      ...parseApiVersion(apiVersion),
      resource,
      ...(namespaced && namespace !== undefined && { namespace }),
      ...(name !== undefined && { name }),
    }
  }

  /** In words of our own: of what the API says only the verdict, because it may quote what was read or written. */
  async function asking<T>(verb: string, what: Query, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      if (isApiError(error) && error.code === 404) kinds.forget(what.apiVersion, what.kind)
      throw driverErrorOf(error, `${verb} ${what.kind} of ${what.apiVersion}${where(what)}`)
    }
  }

  async function list(q: Query): Promise<KubeList<KubeObject>> {
    const options = selection(q)
    return (await transport.call({ verb: 'list', target: await targetOf(q), options })) as KubeList<KubeObject>
  }

  async function follow(
    q: Query,
    changed: (r: Ref) => void,
    signal: AbortSignal,
    listed: () => void = () => undefined,
  ): Promise<void> {
    /** By namespace and name. */
    let there = new Map<string, Ref>()
    /** Also of what went meanwhile: no list shows it, and of a revision that is forgotten no event comes. */
    const tellAll = async (): Promise<string> => {
      const { items, metadata: of } = await list(q)
      const now = new Map(items.map(({ metadata }) => [placeOf(metadata), refOf(q, metadata)]))
      for (const [place, ref] of there) if (!now.has(place)) changed(ref)
      for (const ref of now.values()) changed(ref)
      there = now
      listed()
      return of.resourceVersion
    }
    let resourceVersion = await tellAll()
    while (!signal.aborted) {
      const turn = new AbortController()
      const end = () => turn.abort()
      signal.addEventListener('abort', end)
      const cancel = clock.after(WATCH_MS, end)
      try {
        const options = { ...selection(q), resourceVersion, allowWatchBookmarks: true }
        for await (const { type, object } of transport.watch(await targetOf(q), options, turn.signal)) {
          resourceVersion = object.metadata.resourceVersion ?? resourceVersion
          if (type === 'BOOKMARK') continue
          const ref = refOf(q, object.metadata)
          if (type === 'DELETED') there.delete(placeOf(ref))
          else there.set(placeOf(ref), ref)
          changed(ref)
        }
      } catch (error) {
        if (!isApiError(error) || error.code !== 410) throw error
        resourceVersion = await tellAll()
      } finally {
        cancel()
        signal.removeEventListener('abort', end)
      }
    }
  }

  return {
    get: (r) =>
      asking('get', r, async () => {
        const target = await targetOf(r, r.name)
        return (await transport.call({ verb: 'get', target }).catch(noneIfNotFound)) as Json | undefined
      }),
    list: (q) => asking('list', q, async () => (await list(q)).items.map((item) => withKind(q, item))),
    apply(o, manager) {
      const { apiVersion, kind, metadata } = o as unknown as KubeObject
      const what = { apiVersion, kind, ...(metadata.namespace !== undefined && { namespace: metadata.namespace }) }
      return asking('apply', what, async () => {
        const target = await targetOf(what, metadata.name)
        const options = { fieldManager: manager, force: true }
        const patchType = 'application/apply-patch+yaml'
        return (await transport.call({ verb: 'patch', target, patchType, body: o, options })) as unknown as Json
      })
    },
    delete: (r) =>
      asking('delete', r, async () => {
        const options = r.uid === undefined ? {} : { preconditions: { uid: r.uid } }
        await transport.call({ verb: 'delete', target: await targetOf(r, r.name), options }).catch(noneIfNotFound)
      }),
    watch: (q, changed, signal, listed) => asking('watch', q, () => follow(q, changed, signal, listed)),
  }
}

const placeOf = ({ namespace = '', name }: { readonly namespace?: string; readonly name: string }) =>
  `${namespace}/${name}`

const where = ({ namespace }: Query) => (namespace === undefined ? '' : ` in namespace ${namespace}`)

const selection = ({ labels, fields }: Query) => ({
  ...(labels !== undefined && { labelSelector: labels }),
  ...(fields !== undefined && { fieldSelector: fields }),
})

const refOf = ({ apiVersion, kind }: Query, { namespace, name, uid }: KubeObject['metadata']): Ref => ({
  apiVersion,
  kind,
  name,
  ...(namespace !== undefined && { namespace }),
  ...(uid !== undefined && { uid }),
})

/** kube-apiserver leaves both out of the items of a list. */
const withKind = ({ apiVersion, kind }: Query, item: KubeObject): Json =>
  ({ ...item, apiVersion, kind }) as unknown as Json

function noneIfNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}

const MAY_NOT_ACT =
  'the hub may not act as the account of the backend: let it impersonate that account, by a Role beside it'

/** Where it is wrong, and not in which words: those may quote a value. */
function fieldsOf({ details }: ApiError): string {
  const fields = new Set(
    (details?.causes ?? []).flatMap(({ field }) => (field === undefined || field === '' ? [] : [field])),
  )
  return fields.size === 0 ? '' : ` at ${[...fields].slice(0, MAX_FIELDS).join(', ')}`
}

/**
 * What server-side apply says of a field that the schema does not have is answered with 500, as if it could be well later. It names items of
 * lists by their values, which are left out.
 */
const undeclared = ({ message }: ApiError): readonly string[] =>
  [...message.matchAll(/((?:\.[\w-]+|\[[^\]]*\])+): field not declared in schema/g)]
    .map(([, path]) => path!.replaceAll(/\[[^\]]*\]/g, '[]'))
    .slice(0, MAX_FIELDS)

/** Never which account it is: tenants, who may not know it, read what becomes of their claims. */
function driverErrorOf(error: unknown, what: string): unknown {
  if (error instanceof DriverError) return error
  if (!(error instanceof ApiError)) {
    const unreachable = error instanceof Error && error.name === 'Unreachable'
    return unreachable ? unavailable(`cannot ${what}: the API does not answer`) : error
  }
  switch (error.code) {
    case 403:
      // Not the account lacks a right then: the hub may not be taken for it.
      if (error.message.includes(' cannot impersonate resource ')) return denied(`${MAY_NOT_ACT}, to ${what}`)
      return denied(`the account of the backend may not ${what}`)
    case 429:
      return throttled(THROTTLED_MS, `cannot ${what}: the API asks to come later`)
    case 400:
    case 422:
      return new DriverError(
        'invalid',
        `cannot ${what}: the API refuses the request (${error.reason})${fieldsOf(error)}`,
        {
          path: 'recipe',
        },
      )
    default:
      if (error.code === 500 && undeclared(error).length > 0) {
        const message = `cannot ${what}: the kind has no field ${undeclared(error).join(', ')}`
        return new DriverError('invalid', message, { path: 'recipe' })
      }
      return unavailable(`cannot ${what}: the API answers ${error.code} ${error.reason}`)
  }
}
