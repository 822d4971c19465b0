/**
 * Kinds that no program was written for: found by discovery, read and written under the account of service bindings. What that account
 * may is what ClusterRoles with the label `servicebinding.io/controller: "true"` say, and nothing that the hub itself may.
 */
import { isObject, type Json } from '@larder/engine/base/json'
import { createClient, type Client } from '@larder/engine/client/client'
import type { ResourceType } from '@larder/engine/client/types'
import type { Transport } from '@larder/engine/machinery/call'
import { parseApiVersion } from '@larder/engine/machinery/object'
import { isNotFound } from '@larder/engine/machinery/status'

/** What a service or a workload is referred to by. */
export interface KindRef {
  readonly apiVersion: string
  readonly kind: string
}

export interface ClusterKinds {
  readonly client: Client
  /** Undefined when the API serves no such kind. */
  typeOf(ref: KindRef): Promise<ResourceType | undefined>
  /** Looks anew next time: what is not found may be a kind that went. */
  forget(ref: KindRef): void
}

/** A kind whatever its version, which is how objects and references to them are told to belong together. */
export const groupKind = (group: string, kind: string): string => `${group}/${kind}`
export const kindKey = ({ apiVersion, kind }: KindRef): string => groupKind(parseApiVersion(apiVersion).group, kind)

const keyOf = ({ apiVersion, kind }: KindRef) => `${apiVersion} ${kind}`

export function createClusterKinds(transport: Transport): ClusterKinds {
  const known = new Map<string, ResourceType>()
  return {
    client: createClient(transport),
    async typeOf(ref) {
      const key = keyOf(ref)
      const type = known.get(key) ?? (await discover(transport, ref))
      if (type) known.set(key, type)
      return type
    },
    forget: (ref) => void known.delete(keyOf(ref)),
  }
}

async function discover(transport: Transport, { apiVersion, kind }: KindRef): Promise<ResourceType | undefined> {
  const { group, version } = parseApiVersion(apiVersion)
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const answer = await transport.raw(path).catch((error: unknown) => {
    if (isNotFound(error)) return undefined
    throw error
  })
  for (const each of isObject(answer) ? listOf(answer['resources']) : []) {
    if (!isObject(each) || each['kind'] !== kind) continue
    const name = each['name']
    if (typeof name === 'string' && !name.includes('/'))
      return { group, version, kind, resource: name, namespaced: each['namespaced'] === true }
  }
  return undefined
}

const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : [])
