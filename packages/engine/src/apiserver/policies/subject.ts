/** What a request is about, as policies and webhooks look at it: by rules, selectors and names, at any version of its kind. */
import type { JsonObject } from '../../base/json.ts'
import { Document } from '../../machinery/document.ts'
import { asJson, type KubeObject } from '../../machinery/object.ts'
import { labelSelectorOf } from '../../machinery/selectors.ts'
import type { Resource } from '../../machinery/shape.ts'
import type { Store } from '../../storage/store.ts'
import type { AdmissionRequest, AdmissionVerb } from '../admission.ts'
import type { Catalog } from '../core/catalog.ts'
import { namespaceKey } from '../core/keys.ts'
import type { Versions } from '../core/versions.ts'
import { matchedResource, type Asked, type MatchResources, type Operation } from './matching.ts'

export interface SubjectContext {
  readonly store: Store
  readonly catalog: Catalog
  readonly versions: Versions
}

export interface Subject {
  readonly request: AdmissionRequest
  readonly asked: Asked
  /** Of the request; for a Namespace that exists its own name. */
  readonly namespace: string | undefined
}

const OPERATIONS: Readonly<Record<AdmissionVerb, Operation>> = { create: 'CREATE', update: 'UPDATE', delete: 'DELETE' }
/** Otherwise a policy could forbid its own removal. */
const EXEMPT = new Set(['validatingadmissionpolicies', 'validatingadmissionpolicybindings'])

/** Questions are exempt too: they are no writes, and who could forbid them could blind the API. */
function isExempt({ group, resource, verbs }: Resource): boolean {
  const isPolicy = group === 'admissionregistration.k8s.io' && EXEMPT.has(resource)
  return isPolicy || (verbs.length === 1 && verbs[0] === 'create')
}

const isNamespaces = ({ group, resource }: Resource): boolean => group === '' && resource === 'namespaces'

export class Subjects {
  readonly #context: SubjectContext

  constructor(context: SubjectContext) {
    this.#context = context
  }

  of(request: AdmissionRequest): Subject {
    const { resource, verb, subresource = '', object, old } = request
    const name = (object ?? old)?.metadata.name ?? ''
    const asked = { operation: OPERATIONS[verb], subresource, name, resources: this.#equivalents(resource) }
    const namespace = isNamespaces(resource) && verb !== 'create' ? name : (object ?? old)?.metadata.namespace
    return { request, asked, namespace }
  }

  /** The resource at which the request matches: its own, or one that shows the same objects. */
  matched(match: MatchResources, subject: Subject): Resource | undefined {
    const at = matchedResource(match, subject.asked)
    return at && this.#namespaceMatches(match, subject) && objectMatches(match, subject) ? at : undefined
  }

  /** False: no request of this kind can match. Names and selectors differ from request to request and are looked at there. */
  mayMatch(match: MatchResources, resource: Resource, verb: AdmissionVerb, subresource: string): boolean {
    if (isExempt(resource)) return false
    const resourceRules = (match.resourceRules ?? []).map((rule) => ({ ...rule, resourceNames: [] }))
    const asked = { operation: OPERATIONS[verb], subresource, name: '', resources: this.#equivalents(resource) }
    return matchedResource({ ...match, resourceRules, excludeResourceRules: [] }, asked) !== undefined
  }

  /** The object in the version at which the request matched; null where there is none. */
  shownAt(at: Resource, resource: Resource, object: KubeObject | undefined): JsonObject | null {
    if (!object) return null
    if (at === resource) return asJson(object)
    const { catalog, versions, store } = this.#context
    const document = Document.fromObject(versions.toStored(resource, asJson(object)) as unknown as KubeObject)
    const served = catalog.lookup(at.group, at.version, at.resource)!
    return asJson(versions.view(served, { revision: store.revision, document }).object)
  }

  /** Null for what is in no namespace, and for a Namespace itself. */
  namespaceObject({ request, namespace }: Subject): JsonObject | null {
    if (namespace === undefined || isNamespaces(request.resource)) return null
    const entry = this.#context.store.get(namespaceKey(namespace))
    return entry ? asJson(entry.document.object) : null
  }

  #equivalents(resource: Resource): [Resource, ...Resource[]] {
    const { group, resource: plural } = resource.storage
    const others = this.#context.catalog
      .all()
      .filter((one) => one !== resource && one.storage.group === group && one.storage.resource === plural)
    return [resource, ...others]
  }

  #namespaceMatches({ namespaceSelector }: MatchResources, { request, namespace }: Subject): boolean {
    const { resource, verb, object } = request
    if (namespace === undefined && !isNamespaces(resource)) return true
    const selector = labelSelectorOf(namespaceSelector ?? {})
    if (selector.everything) return true
    // A Namespace that is being written is judged by what it is going to be.
    if (isNamespaces(resource) && verb !== 'delete') return selector.matches(object?.metadata.labels)
    const entry = this.#context.store.get(namespaceKey(namespace!))
    return entry !== undefined && selector.matches(entry.index.labels)
  }
}

function objectMatches({ objectSelector }: MatchResources, { request: { object, old } }: Subject): boolean {
  const selector = labelSelectorOf(objectSelector ?? {})
  if (selector.everything) return true
  return [object, old].some((one) => one !== undefined && selector.matches(one.metadata.labels))
}

/** Which of many are about a kind of request: worked out once for each, since every write asks. */
export class ByResource<T> {
  readonly #catalog: Catalog
  readonly #isAbout: (one: T, resource: Resource, verb: AdmissionVerb, subresource: string) => boolean
  readonly #found = new Map<string, readonly T[]>()
  #all: readonly T[] = []
  #generation = -1

  constructor(
    catalog: Catalog,
    isAbout: (one: T, resource: Resource, verb: AdmissionVerb, subresource: string) => boolean,
  ) {
    this.#catalog = catalog
    this.#isAbout = isAbout
  }

  set(all: readonly T[]): void {
    this.#all = all
    this.#found.clear()
  }

  about(resource: Resource, verb: AdmissionVerb, subresource = ''): readonly T[] {
    if (this.#all.length === 0) return this.#all
    if (this.#catalog.generation !== this.#generation) {
      this.#generation = this.#catalog.generation
      this.#found.clear()
    }
    const key = `${resource.group}/${resource.version}/${resource.resource}/${subresource} ${verb}`
    let found = this.#found.get(key)
    if (!found) {
      found = this.#all.filter((one) => this.#isAbout(one, resource, verb, subresource))
      this.#found.set(key, found)
    }
    return found
  }
}
