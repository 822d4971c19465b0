/**
 * Reading what one may, and knowing the difference between what is not there and what one may not see.
 *
 * A picture of how objects hang together is drawn for whoever asks, with nobody's rights but theirs: a part that is forbidden stays
 * a blank in it. A reader remembers what it was asked for, so that `live` knows what to follow.
 */
import type { Client } from '@larder/engine/client/client'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { isForbidden, isNotFound } from '@larder/engine/machinery/status'

export type Reading<T> =
  | { readonly state: 'found'; readonly object: T }
  | { readonly state: 'absent' }
  | { readonly state: 'forbidden'; readonly error: unknown }

/** One object that was looked for, or a whole collection when it has no name. */
export interface Place {
  readonly type: ResourceType
  readonly namespace?: string | undefined
  readonly name?: string
}

export interface Reader {
  find<T extends KubeObject>(type: ResourceType<T>, name: string, namespace?: string): Promise<Reading<T>>
  /** Undefined: forbidden. */
  list<T extends KubeObject>(type: ResourceType<T>, namespace?: string): Promise<readonly T[] | undefined>
  /** Everything that was asked for and may be read. */
  readonly places: ReadonlyMap<string, Place>
}

export function createReader(client: Client): Reader {
  const places = new Map<string, Place>()
  const remember = (place: Place): void => void places.set(placeKey(place), place)
  return {
    places,
    async find(type, name, namespace) {
      try {
        const object = await client.of(type).find(name, namespace)
        remember({ type, name, namespace })
        return object ? { state: 'found', object } : { state: 'absent' }
      } catch (error) {
        if (isForbidden(error)) return { state: 'forbidden', error }
        throw error
      }
    },
    async list(type, namespace) {
      try {
        const { items } = await client.of(type).list({ namespace })
        remember({ type, namespace })
        return items
      } catch (error) {
        if (isForbidden(error)) return undefined
        // A kind that this API does not serve has no objects.
        if (isNotFound(error)) return []
        throw error
      }
    },
  }
}

const placeKey = ({ type, namespace = '', name = '' }: Place): string =>
  [type.group, type.resource, namespace, name].join('/')
