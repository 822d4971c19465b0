/** What every Kubernetes object has. Objects are immutable here: the store, caches and readers share one frozen copy. */
import type { Json, JsonObject } from '../base/json.ts'

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly generateName?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  readonly finalizers?: readonly string[]
}

/** Any object of the API. Typed kinds extend it with `spec` and `status`. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

/** An object whose kind is known only at run time. */
export interface DynamicObject extends KubeObject {
  readonly [field: string]: Json | ObjectMeta | undefined
}

export interface KubeList<T> {
  readonly metadata: {
    readonly resourceVersion: string
    readonly continue?: string
    readonly remainingItemCount?: number
  }
  readonly items: readonly T[]
}

/** The object as plain JSON. The cast is safe: every field of an object is JSON. */
export function asJson(object: KubeObject): JsonObject {
  return object as unknown as JsonObject
}

/** Splits `apps/v1` or `v1` into group and version; the core group is ''. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/')
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) }
}

export function formatApiVersion(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`
}

/** `widgets.example.com`, or `secrets` in the core group: how errors and CRD names write a resource. */
export function formatResource(resource: string, group: string): string {
  return group === '' ? resource : `${resource}.${group}`
}
