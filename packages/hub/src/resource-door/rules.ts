/** What the hub needs of a cluster for a door whose kinds are one object for each resource. */
import type { PolicyRule } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import { GROUP } from '../model/kind.ts'

/** `kinds` are the door's own, of one group; `sides` stand beside its objects. Instances are the hub's in any case. */
export function resourceDoorRules(
  kinds: readonly Pick<ResourceType, 'group' | 'resource'>[],
  sides: readonly ResourceType[],
): readonly PolicyRule[] {
  const apiGroups = [...new Set(kinds.map(({ group }) => group))]
  const resources = kinds.map(({ resource }) => resource)
  return [
    { apiGroups, resources, verbs: ['get', 'list', 'watch', 'patch'] },
    { apiGroups, resources: resources.map((resource) => `${resource}/status`), verbs: ['patch'] },
    // The Backend for the hub's own environment.
    { apiGroups: [GROUP], resources: ['backends'], verbs: ['create'] },
    ...sides.map(({ group, resource }) => ({
      apiGroups: [group],
      resources: [resource],
      verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
    })),
  ]
}
