/**
 * What is served here, in the words of discovery: the older documents for each group and version, and the aggregated one
 * that newer clients fetch in two requests. Pure functions over the resource table.
 */
import type { JsonObject } from '../base/json.ts'
import { formatApiVersion } from '../machinery/object.ts'
import type { Kind, Resource } from '../machinery/shape.ts'

export type Aggregation = 'v2' | 'v2beta1'

/** What discovery tells of a resource. */
export type DiscoveredResource = Pick<
  Resource,
  | 'group'
  | 'version'
  | 'kind'
  | 'resource'
  | 'singular'
  | 'namespaced'
  | 'verbs'
  | 'shortNames'
  | 'categories'
  | 'subresources'
>

/** A group and version that another server serves, by an APIService. */
export interface RemoteVersion {
  readonly group: string
  readonly version: string
  /** As last seen. */
  readonly resources: readonly DiscoveredResource[]
  /** The server does not answer now. */
  readonly isStale: boolean
}

interface Version {
  readonly version: string
  readonly resources: readonly DiscoveredResource[]
  readonly isStale: boolean
}

interface Group {
  readonly name: string
  /** The preferred one first. */
  readonly versions: readonly Version[]
}

/** Groups and versions in the order of their first appearance, which is the order that clients are to prefer. Ours come first. */
function groupsOf(resources: readonly DiscoveredResource[], remote: readonly RemoteVersion[]): Group[] {
  const groups = new Map<string, Map<string, DiscoveredResource[]>>()
  const versionsOf = (group: string): Map<string, DiscoveredResource[]> =>
    getOrMake(groups, group, () => new Map<string, DiscoveredResource[]>())
  for (const resource of resources) {
    getOrMake(versionsOf(resource.group), resource.version, (): DiscoveredResource[] => []).push(resource)
  }
  const stale = new Set<DiscoveredResource[]>()
  for (const { group, version, resources: theirs, isStale } of remote) {
    const list = [...theirs]
    if (isStale) stale.add(list)
    versionsOf(group).set(version, list)
  }
  return [...groups].map(([name, versions]) => ({
    name,
    versions: [...versions].map(([version, list]) => ({ version, resources: list, isStale: stale.has(list) })),
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
  const core = groupsOf(resources, []).find((group) => group.name === '')
  return {
    kind: 'APIVersions',
    versions: (core?.versions ?? []).map(({ version }) => version),
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  }
}

/** `/apis`. */
export function groupList(resources: readonly Resource[], remote: readonly RemoteVersion[] = []): JsonObject {
  const groups = groupsOf(resources, remote).filter((group) => group.name !== '')
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(describeGroup) }
}

/** `/apis/GROUP`; undefined for a group that is not served. */
export function singleGroup(
  resources: readonly Resource[],
  name: string,
  remote: readonly RemoteVersion[] = [],
): JsonObject | undefined {
  const group = groupsOf(resources, remote).find((group) => group.name === name)
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

function describeResource(resource: DiscoveredResource): JsonObject[] {
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
function foreignKind(kind: Kind, resource: DiscoveredResource): JsonObject {
  return kind.group === resource.group && kind.version === resource.version
    ? {}
    : { group: kind.group, version: kind.version }
}

/** `/api` and `/apis` in one document each. `core` picks the nameless group, or all the others. */
export function aggregated(
  resources: readonly Resource[],
  options: { readonly core: boolean; readonly as: Aggregation; readonly remote?: readonly RemoteVersion[] },
): JsonObject {
  const groups = groupsOf(resources, options.remote ?? []).filter((group) => (group.name === '') === options.core)
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${options.as}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: { ...(group.name !== '' && { name: group.name }), creationTimestamp: null },
      versions: group.versions.map(({ version, resources, isStale }) => ({
        version,
        resources: resources.map(aggregateResource),
        freshness: isStale ? 'Stale' : 'Current',
      })),
    })),
  }
}

function aggregateResource(resource: DiscoveredResource): JsonObject {
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
