/**
 * What is served here, in the words of discovery: the older documents for each group and version, and the aggregated one
 * that newer clients fetch in two requests. Pure functions over the resource table.
 */
import type { JsonObject } from '../base/json.ts'
import { formatApiVersion } from '../machinery/object.ts'
import type { Kind, Resource } from '../machinery/shape.ts'

export type Aggregation = 'v2' | 'v2beta1'

interface Version {
  readonly version: string
  readonly resources: readonly Resource[]
}

interface Group {
  readonly name: string
  /** The preferred one first. */
  readonly versions: readonly Version[]
}

/** Groups and versions in the order of their first appearance, which is the order that clients are to prefer. */
function groupsOf(resources: readonly Resource[]): Group[] {
  const groups = new Map<string, Map<string, Resource[]>>()
  for (const resource of resources) {
    const versions = getOrMake(groups, resource.group, () => new Map<string, Resource[]>())
    getOrMake(versions, resource.version, (): Resource[] => []).push(resource)
  }
  return [...groups].map(([name, versions]) => ({
    name,
    versions: [...versions].map(([version, list]) => ({ version, resources: list })),
  }))
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}

/** `/api`. */
export function coreVersions(resources: readonly Resource[], serverAddress: string): JsonObject {
  const core = groupsOf(resources).find((group) => group.name === '')
  return {
    kind: 'APIVersions',
    versions: (core?.versions ?? []).map(({ version }) => version),
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  }
}

/** `/apis`. */
export function groupList(resources: readonly Resource[]): JsonObject {
  const groups = groupsOf(resources).filter((group) => group.name !== '')
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(describeGroup) }
}

/** `/apis/GROUP`; undefined for a group that is not served. */
export function singleGroup(resources: readonly Resource[], name: string): JsonObject | undefined {
  const group = groupsOf(resources).find((group) => group.name === name)
  return group && { kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(group) }
}

function describeGroup(group: Group): JsonObject {
  const versions = group.versions.map(({ version }) => ({
    groupVersion: formatApiVersion(group.name, version),
    version,
  }))
  return { name: group.name, versions, preferredVersion: versions[0]! }
}

/** `/api/v1` and `/apis/GROUP/VERSION`; undefined for what is not served. */
export function resourceList(
  resources: readonly Resource[],
  of: { readonly group: string; readonly version: string },
): JsonObject | undefined {
  const served = resources.filter((r) => r.group === of.group && r.version === of.version)
  if (served.length === 0) return undefined
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: formatApiVersion(of.group, of.version),
    resources: served.flatMap(describeResource),
  }
}

function describeResource(resource: Resource): JsonObject[] {
  const itself = {
    name: resource.resource,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: resource.verbs,
    ...(resource.shortNames.length > 0 && { shortNames: resource.shortNames }),
    ...(resource.categories.length > 0 && { categories: resource.categories }),
  }
  const subresources = resource.subresources.map((sub) => ({
    name: `${resource.resource}/${sub.name}`,
    singularName: '',
    namespaced: resource.namespaced,
    ...foreignKind(sub.kind, resource),
    kind: sub.kind.kind,
    verbs: sub.verbs,
  }))
  return [itself, ...subresources]
}

/** A subresource names group and version only where they differ from its list's: `autoscaling/v1 Scale`. */
function foreignKind(kind: Kind, resource: Resource): JsonObject {
  return kind.group === resource.group && kind.version === resource.version
    ? {}
    : { group: kind.group, version: kind.version }
}

/** `/api` and `/apis` in one document each. `core` picks the nameless group, or all the others. */
export function aggregated(
  resources: readonly Resource[],
  options: { readonly core: boolean; readonly as: Aggregation },
): JsonObject {
  const groups = groupsOf(resources).filter((group) => (group.name === '') === options.core)
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${options.as}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: { ...(group.name !== '' && { name: group.name }), creationTimestamp: null },
      versions: group.versions.map(({ version, resources }) => ({
        version,
        resources: resources.map(aggregateResource),
        freshness: 'Current',
      })),
    })),
  }
}

function aggregateResource(resource: Resource): JsonObject {
  const subresources = resource.subresources.map((sub) => ({
    subresource: sub.name,
    responseKind: responseKind(sub.kind),
    verbs: sub.verbs,
  }))
  return {
    resource: resource.resource,
    responseKind: responseKind(resource),
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(resource.shortNames.length > 0 && { shortNames: resource.shortNames }),
    ...(resource.categories.length > 0 && { categories: resource.categories }),
    ...(subresources.length > 0 && { subresources }),
  }
}

/** Clients drop a resource without one. */
function responseKind(kind: Kind): JsonObject {
  return { group: kind.group, version: kind.version, kind: kind.kind }
}
