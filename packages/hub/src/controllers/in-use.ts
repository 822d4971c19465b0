import type { KubeObject } from '@larder/engine/machinery/object'

const NAMED = 3

/** `used by Class redis, Instance larder-instances/c-1 and 4 more`: the same for the same objects, in any order. */
export function usedBy(users: readonly KubeObject[]): string {
  const names = users
    .map(
      ({ kind, metadata }) =>
        `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`,
    )
    .sort()
  const shown = names.slice(0, NAMED).join(', ')
  return `used by ${shown}${names.length > NAMED ? ` and ${names.length - NAMED} more` : ''}`
}
