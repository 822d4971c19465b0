/** The components that a set of resources needs, with those of the subresources and of every request. */
import type { JsonObject } from '../../base/json.ts'
import type { Kind, Resource } from '../shape.ts'
import { componentsOfTypes } from '../types/openapi.ts'
import { componentName } from '../types/types.ts'
import { PATCH } from './operations.ts'

/** Kinds that are served only as subresources of others. */
const SUBRESOURCE_TYPES: Readonly<Record<string, string>> = {
  'autoscaling/v1 Scale': 'autoscaling.v1.Scale',
  'authentication.k8s.io/v1 TokenRequest': 'authentication.v1.TokenRequest',
  'policy/v1 Eviction': 'policy.v1.Eviction',
}

const keyOf = ({ group, version, kind }: Kind) => `${group}/${version} ${kind}`

export function subresourceComponent(kind: Kind): string | undefined {
  const type = SUBRESOURCE_TYPES[keyOf(kind)]
  return type === undefined ? undefined : componentName(type)
}

export function componentsOf(resources: readonly Resource[]): Readonly<Record<string, JsonObject>> {
  const components: Record<string, JsonObject> = {
    ...componentsOfTypes(['meta.v1.DeleteOptions', 'meta.v1.Status']),
    [PATCH]: { type: 'object' },
  }
  for (const resource of resources) {
    for (const { kind } of resource.subresources) addSubresource(components, kind)
    Object.assign(components, resource.shape.schemas())
  }
  return Object.fromEntries(Object.entries(components).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function addSubresource(components: Record<string, JsonObject>, kind: Kind): void {
  const type = SUBRESOURCE_TYPES[keyOf(kind)]
  if (type === undefined) return
  const name = componentName(type)
  Object.assign(components, componentsOfTypes([type]))
  const identity = [{ group: kind.group, kind: kind.kind, version: kind.version }]
  components[name] = { ...components[name], 'x-kubernetes-group-version-kind': identity }
}
