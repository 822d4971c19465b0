/** Which resource an API serves for a kind that is known only at run time: a manifest names kinds, calls name resources. */
import { isObject, type Json } from '../base/json.ts'
import type { Transport } from '../machinery/call.ts'
import { isNotFound } from '../machinery/status.ts'

export interface ServedKind {
  /** The plural. */
  readonly resource: string
  readonly namespaced: boolean
}

export interface ServedKinds {
  /** Undefined where the API has no such kind, or `apiVersion` is none; only what is found is remembered. */
  find(apiVersion: string, kind: string, signal?: AbortSignal): Promise<ServedKind | undefined>
  /** To be called when the API answers 404: the kind may have gone. */
  forget(apiVersion: string, kind: string): void
}

/** It becomes a path, and tenants may have written it: with more in it, it would be another question, asked by the hub's own rights. */
const API_VERSION = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\/)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/

export function createServedKinds(transport: Pick<Transport, 'raw'>): ServedKinds {
  const kinds = new Map<string, ServedKind>()
  return {
    async find(apiVersion, kind, signal) {
      if (!API_VERSION.test(apiVersion)) return undefined
      const key = `${apiVersion} ${kind}`
      const known = kinds.get(key)
      if (known) return known
      const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
      const found = findKind(await transport.raw(path, signal).catch(noneIfNotFound), kind)
      if (found) kinds.set(key, found)
      return found
    },
    forget(apiVersion, kind) {
      kinds.delete(`${apiVersion} ${kind}`)
    },
  }
}

function findKind(list: Json | undefined, kind: string): ServedKind | undefined {
  const resources = isObject(list) && Array.isArray(list['resources']) ? (list['resources'] as readonly Json[]) : []
  for (const each of resources) {
    if (!isObject(each) || each['kind'] !== kind) continue
    const name = each['name']
    if (typeof name === 'string' && !name.includes('/'))
      return { resource: name, namespaced: each['namespaced'] === true }
  }
  return undefined
}

function noneIfNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}
