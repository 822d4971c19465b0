/** Which kind a pool means: it says no version, so that of the API's is taken, as kubectl would. */
import { isObject, type Json } from '@larder/engine/base/json'
import type { Transport } from '@larder/engine/machinery/call'
import { formatApiVersion, parseApiVersion } from '@larder/engine/machinery/object'
import { isForbidden, isNotFound } from '@larder/engine/machinery/status'

/** The API under the account of claims by resource. */
export type KindReader = Pick<Transport, 'raw' | 'call'>

export interface FoundKind {
  readonly apiVersion: string
  readonly version: string
  /** The plural. */
  readonly resource: string
  readonly namespaced: boolean
}

/** The preferred version of the group that has the kind, or another that does; undefined where none has. */
export async function findKind(api: KindReader, group: string, kind: string): Promise<FoundKind | undefined> {
  for (const version of await versionsOf(api, group)) {
    const apiVersion = formatApiVersion(group, version)
    const found = resourceOf(
      await read(api, group === '' ? `/api/${version}` : `/apis/${encodeURIComponent(group)}/${version}`),
      kind,
    )
    if (found) return { apiVersion, version, ...found }
  }
  return undefined
}

export async function mayList(api: KindReader, { apiVersion, resource }: FoundKind): Promise<boolean> {
  try {
    await api.call({ verb: 'list', target: { ...parseApiVersion(apiVersion), resource }, options: { limit: 1 } })
    return true
  } catch (error) {
    if (isForbidden(error)) return false
    throw error
  }
}

async function versionsOf(api: KindReader, group: string): Promise<readonly string[]> {
  if (group === '') return ['v1']
  const answer = await read(api, `/apis/${encodeURIComponent(group)}`)
  if (!isObject(answer)) return []
  const { preferredVersion, versions } = answer
  const all = [preferredVersion, ...listOf(versions)].flatMap((each) =>
    isObject(each) && typeof each['version'] === 'string' ? [each['version']] : [],
  )
  return [...new Set(all)]
}

function resourceOf(list: Json | undefined, kind: string): Pick<FoundKind, 'resource' | 'namespaced'> | undefined {
  for (const each of isObject(list) ? listOf(list['resources']) : []) {
    if (!isObject(each) || each['kind'] !== kind) continue
    const { name, namespaced } = each
    if (typeof name === 'string' && !name.includes('/')) return { resource: name, namespaced: namespaced === true }
  }
  return undefined
}

const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : [])

async function read(api: KindReader, path: string): Promise<Json | undefined> {
  try {
    return await api.raw(path)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
