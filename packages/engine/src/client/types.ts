import type { KubeObject } from '../machinery/object.ts'

/** Names a resource for the client, and carries the type of its objects. */
export interface ResourceType<T extends KubeObject = KubeObject> {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
  /** Never set: ties the descriptor to its object type. */
  readonly object?: T
}
