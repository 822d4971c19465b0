/**
 * What can be done with a resource, as a list of operations: the common ground of OpenAPI v3 and v2, which say the same in two
 * spellings.
 *
 * Clients look for little in it, but for that they look closely: kubectl finds a kind by `x-kubernetes-group-version-kind` of its
 * operations, leaves validation to the server if the patch operation has a parameter `fieldValidation`, and patches
 * strategically if the operation takes that content type.
 */
import { formatApiVersion } from '../object.ts'
import type { Kind, Resource, Subresource } from '../shape.ts'

export interface Operation {
  /** `/apis/apps/v1/namespaces/{namespace}/deployments/{name}` */
  readonly path: string
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** `x-kubernetes-action`. */
  readonly action: 'get' | 'list' | 'post' | 'put' | 'patch' | 'delete' | 'deletecollection'
  /** Unique in a document: `createAppsV1NamespacedDeployment`. */
  readonly id: string
  /** `apps_v1` */
  readonly tag: string
  readonly kind: Kind
  readonly query: readonly Parameter[]
  /** Of the path, in its order. */
  readonly parameters: readonly Parameter[]
  readonly body:
    | { readonly component: string; readonly types: readonly string[]; readonly required: boolean }
    | undefined
  /** Component of the answer. */
  readonly answer: string
}

export interface Parameter {
  readonly name: string
  readonly type: 'string' | 'integer' | 'boolean'
  readonly description: string
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
export const DELETE_OPTIONS = `${META}.DeleteOptions`
export const PATCH = `${META}.Patch`
export const STATUS = `${META}.Status`

const parameter = (name: string, type: Parameter['type'], description: string): Parameter => ({
  name,
  type,
  description,
})

const NAME = parameter('name', 'string', 'Name of the object.')
const NAMESPACE = parameter('namespace', 'string', 'Namespace of the object.')
const DRY_RUN = parameter('dryRun', 'string', '"All": judge the change and do not make it.')
const FIELD_MANAGER = parameter('fieldManager', 'string', 'Who makes the change.')
const FIELD_VALIDATION = parameter('fieldValidation', 'string', 'Unknown and duplicate fields: Ignore, Warn or Strict.')
const PRETTY = parameter('pretty', 'string', 'Indent the answer.')
const FORCE = parameter('force', 'boolean', 'Take over what others own; only for an apply.')
const WRITE = [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION]
const SELECT = [
  parameter('allowWatchBookmarks', 'boolean', 'Tell from time to time how far a watch has come.'),
  parameter('continue', 'string', 'The token of the page before.'),
  parameter('fieldSelector', 'string', 'Only objects with these field values.'),
  parameter('labelSelector', 'string', 'Only objects with these labels.'),
  parameter('limit', 'integer', 'Length of a page.'),
  parameter('resourceVersion', 'string', 'The version to read or to watch from.'),
  parameter('resourceVersionMatch', 'string', 'How resourceVersion is meant.'),
  parameter('timeoutSeconds', 'integer', 'Life of a watch.'),
  parameter('watch', 'boolean', 'Follow the changes.'),
]
const DELETE = [
  DRY_RUN,
  parameter('gracePeriodSeconds', 'integer', 'Time that the object has to end.'),
  parameter('propagationPolicy', 'string', 'Dependents: Background, Foreground or Orphan.'),
]

const ANY_BODY = ['application/json', 'application/yaml']
const JSON_PATCHES = ['application/json-patch+json', 'application/merge-patch+json']
const STRATEGIC = 'application/strategic-merge-patch+json'
const APPLY = 'application/apply-patch+yaml'

/** Of the kind's list: `io.k8s.api.core.v1.SecretList`. */
export function listComponent({ shape, listKind }: Resource): string {
  return `${shape.schemaName.slice(0, shape.schemaName.lastIndexOf('.') + 1)}${listKind}`
}

/** Where a resource is served, and what its names in ids look like. */
interface Site {
  readonly resource: Resource
  readonly collection: string
  readonly parameters: readonly Parameter[]
  /** `AppsV1NamespacedDeployment` */
  readonly noun: string
}

/** `subresourceComponent` names the component of a subresource that is of another kind, such as Scale. */
export function operationsOf(
  resource: Resource,
  subresourceComponent: (kind: Kind) => string | undefined,
): readonly Operation[] {
  const site = siteOf(resource)
  const operations = [...collectionOperations(site), ...objectOperations(site)]
  if (resource.namespaced && resource.verbs.includes('list')) operations.push(listEverywhere(site))
  for (const sub of resource.subresources) {
    const own = sub.kind.kind === resource.kind && sub.kind.group === resource.group
    const component = own ? resource.shape.schemaName : subresourceComponent(sub.kind)
    if (component !== undefined) operations.push(...subresourceOperations(site, sub, component))
  }
  return operations
}

function rootOf({ group, version }: Kind): string {
  return `/${group === '' ? 'api' : 'apis'}/${formatApiVersion(group, version)}`
}

function siteOf(resource: Resource): Site {
  const { namespaced, group, version } = resource
  const home = namespaced ? `${rootOf(resource)}/namespaces/{namespace}` : rootOf(resource)
  return {
    resource,
    collection: `${home}/${resource.resource}`,
    parameters: namespaced ? [NAMESPACE] : [],
    noun: `${groupNoun(group)}${capital(version)}${namespaced ? 'Namespaced' : ''}${resource.kind}`,
  }
}

/** `rbac.authorization.k8s.io` is `RbacAuthorization`. */
function groupNoun(group: string): string {
  if (group === '') return 'Core'
  return group
    .replace(/\.k8s\.io$/, '')
    .split(/[.-]/)
    .map(capital)
    .join('')
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function tagOf({ group, version }: Kind): string {
  const name =
    group === '' ? 'core' : group.replace(/\.k8s\.io$/, '').replaceAll(/[.-](\w)/g, (_, c: string) => c.toUpperCase())
  return `${name}_${version}`
}

type Draft = Pick<Operation, 'method' | 'action' | 'query' | 'body' | 'answer'> & { readonly verb: string }

function complete(site: Site, path: string, noun: string, kind: Kind, parameters: readonly Parameter[]) {
  return ({ verb, ...draft }: Draft): Operation => ({
    ...draft,
    path,
    id: `${verb}${noun}`,
    tag: tagOf(site.resource),
    kind: { group: kind.group, version: kind.version, kind: kind.kind },
    parameters,
    query: [PRETTY, ...draft.query],
  })
}

function collectionOperations(site: Site): Operation[] {
  const { resource, collection, noun, parameters } = site
  const { schemaName } = resource.shape
  const drafts: Draft[] = []
  if (resource.verbs.includes('list')) drafts.push(list(resource))
  if (resource.verbs.includes('create')) drafts.push(create(schemaName))
  if (resource.verbs.includes('deletecollection')) {
    const query = [...DELETE, ...SELECT.filter(({ name }) => !name.toLowerCase().includes('watch'))]
    drafts.push({ ...removal('deletecollection', 'deleteCollection'), query })
  }
  return drafts.map(complete(site, collection, noun, resource, parameters))
}

function listEverywhere(site: Site): Operation {
  const { resource } = site
  const noun = `${site.noun.replace('Namespaced', '')}ForAllNamespaces`
  return complete(site, `${rootOf(resource)}/${resource.resource}`, noun, resource, [])(list(resource))
}

function objectOperations(site: Site): Operation[] {
  const { resource } = site
  const drafts = [
    ...readAndWrite(resource.shape.schemaName, resource.verbs, resource.shape.strategicMerge !== undefined),
    ...(resource.verbs.includes('delete') ? [removal('delete', 'delete')] : []),
  ]
  return drafts.map(complete(site, `${site.collection}/{name}`, site.noun, resource, [NAME, ...site.parameters]))
}

function subresourceOperations(site: Site, sub: Subresource, component: string): Operation[] {
  const strategic = site.resource.shape.strategicMerge !== undefined
  const drafts = readAndWrite(component, sub.verbs, strategic)
  if (sub.verbs.includes('create')) drafts.push(create(component))
  const path = `${site.collection}/{name}/${sub.name}`
  return drafts.map(complete(site, path, `${site.noun}${capital(sub.name)}`, sub.kind, [NAME, ...site.parameters]))
}

function list(resource: Resource): Draft {
  return {
    verb: 'list',
    method: 'get',
    action: 'list',
    query: SELECT,
    body: undefined,
    answer: listComponent(resource),
  }
}

function create(component: string): Draft {
  const body = { component, types: ANY_BODY, required: true }
  return { verb: 'create', method: 'post', action: 'post', query: WRITE, body, answer: component }
}

function removal(action: 'delete' | 'deletecollection', verb: string): Draft {
  const body = { component: DELETE_OPTIONS, types: ANY_BODY, required: false }
  return { verb, method: 'delete', action, query: DELETE, body, answer: STATUS }
}

function readAndWrite(component: string, verbs: readonly string[], strategic: boolean): Draft[] {
  const drafts: Draft[] = []
  const common = { answer: component }
  if (verbs.includes('get')) {
    drafts.push({ ...common, verb: 'read', method: 'get', action: 'get', query: [], body: undefined })
  }
  if (verbs.includes('update')) {
    const body = { component, types: ANY_BODY, required: true }
    drafts.push({ ...common, verb: 'replace', method: 'put', action: 'put', query: WRITE, body })
  }
  if (verbs.includes('patch')) {
    const types = [...JSON_PATCHES, ...(strategic ? [STRATEGIC] : []), APPLY]
    const body = { component: PATCH, types, required: true }
    drafts.push({ ...common, verb: 'patch', method: 'patch', action: 'patch', query: [...WRITE, FORCE], body })
  }
  return drafts
}
