/**
 * Who may do what: the four RBAC kinds, compiled in memory and kept current from the store's events.
 *
 * A grant counts from the next call on: events arrive before the call that wrote the role or binding returns. The hub's own
 * controllers are judged like everybody else; only `system:masters` is not asked, as upstream.
 *
 * Rejected: a cache of decisions. The usual user has a handful of rules, and a stale decision is a security hole.
 */
import type { KubeObject } from '../machinery/object.ts'
import { ApiError, forbidden } from '../machinery/status.ts'
import type { Store, StoreEvent } from '../storage/store.ts'
import type { User } from './api.ts'
import { RuleSet, type PolicyRule } from './rbac-rules.ts'

/** A question about a resource. An absent namespace means all of them, or a cluster-scoped resource. */
export interface Attributes {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource?: string | undefined
  readonly namespace?: string | undefined
  readonly name?: string | undefined
}

export interface Decision {
  readonly allowed: boolean
  /** Names the binding and the role that allow it. */
  readonly reason: string
}

interface Subject {
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

export interface RoleReference {
  readonly kind: string
  readonly name: string
}

/** A RoleBinding or a ClusterRoleBinding. */
export interface RoleBinding extends KubeObject {
  readonly subjects?: readonly Subject[]
  readonly roleRef: RoleReference
}

interface Role extends KubeObject {
  readonly rules?: readonly PolicyRule[]
}

interface Grant {
  /** '' for a ClusterRoleBinding. */
  readonly namespace: string
  /** Key of the role in the store. */
  readonly role: string
  readonly subjects: readonly string[]
  readonly text: string
}

const GROUP = '/rbac.authorization.k8s.io/'
const CLUSTER_ROLES = `${GROUP}clusterroles/`
const ROLES = `${GROUP}roles/`
const CLUSTER_BINDINGS = `${GROUP}clusterrolebindings/`
const BINDINGS = `${GROUP}rolebindings/`
const MASTERS = 'system:masters'

export class Rbac {
  /** Keys of roles to their rules. */
  readonly #rules = new Map<string, RuleSet>()
  /** Keys of bindings. */
  readonly #grants = new Map<string, Grant>()
  readonly #bySubject = new Map<string, Set<Grant>>()
  readonly #stops: (() => void)[]

  constructor(store: Store) {
    for (const prefix of [CLUSTER_ROLES, ROLES, CLUSTER_BINDINGS, BINDINGS]) {
      for (const { key, document } of store.list({ prefix }).entries) this.#put(key, document.object)
    }
    const onEvents = (events: readonly StoreEvent[]) => events.forEach((event) => this.#apply(event))
    const after = store.revision
    this.#stops = [CLUSTER_ROLES, ROLES, CLUSTER_BINDINGS, BINDINGS].map((prefix) =>
      store.watch({ prefix, after }, onEvents),
    )
  }

  close(): void {
    for (const stop of this.#stops) stop()
  }

  /** Throws ApiError 403. */
  authorize(user: User, attributes: Attributes): void {
    if (!this.decide(user, attributes).allowed) throw denied(user, attributes)
  }

  /** Throws ApiError 403. */
  authorizePath(user: User, verb: string, path: string): void {
    if (this.decidePath(user, verb, path).allowed) return
    throw new ApiError(403, 'Forbidden', `forbidden: User ${quote(user.name)} cannot ${verb} path ${quote(path)}`)
  }

  decide(user: User, attributes: Attributes): Decision {
    return this.#first(user, attributes.namespace, (rules) => rules.allows(attributes))
  }

  decidePath(user: User, verb: string, path: string): Decision {
    return this.#first(user, undefined, (rules) => rules.allowsPath(verb, path))
  }

  /** What the user may do in the namespace, or (undefined) everywhere, as the rules that say so. */
  rulesFor(user: User, namespace: string | undefined): readonly PolicyRule[] {
    if (user.groups.includes(MASTERS)) {
      return [
        { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
        { verbs: ['*'], nonResourceURLs: ['*'] },
      ]
    }
    return [...this.#grantsOf(user, namespace)].flatMap(({ role }) => this.#rules.get(role)?.rules ?? [])
  }

  /** What a binding in the namespace, or (undefined) a ClusterRoleBinding, to the role grants; undefined: there is no such role. */
  rulesOfRole(role: RoleReference, namespace: string | undefined): readonly PolicyRule[] | undefined {
    return this.#rules.get(roleKey(role, namespace ?? ''))?.rules
  }

  #first(user: User, namespace: string | undefined, allows: (rules: RuleSet) => boolean): Decision {
    if (user.groups.includes(MASTERS)) return { allowed: true, reason: `RBAC: member of ${MASTERS}` }
    for (const { role, text } of this.#grantsOf(user, namespace)) {
      const rules = this.#rules.get(role)
      if (rules && allows(rules)) return { allowed: true, reason: text }
    }
    return { allowed: false, reason: '' }
  }

  *#grantsOf(user: User, namespace: string | undefined): Iterable<Grant> {
    yield* this.#grantsTo(`User:${user.name}`, namespace)
    for (const group of user.groups) yield* this.#grantsTo(`Group:${group}`, namespace)
  }

  *#grantsTo(subject: string, namespace: string | undefined): Iterable<Grant> {
    for (const grant of this.#bySubject.get(subject) ?? []) {
      if (grant.namespace === '' || grant.namespace === namespace) yield grant
    }
  }

  #apply(event: StoreEvent): void {
    if (event.type === 'put') this.#put(event.key, event.document.object)
    else {
      this.#rules.delete(event.key)
      this.#dropGrant(event.key)
    }
  }

  #put(key: string, object: KubeObject): void {
    if (key.startsWith(CLUSTER_ROLES) || key.startsWith(ROLES)) {
      this.#rules.set(key, new RuleSet((object as Role).rules ?? []))
      return
    }
    this.#dropGrant(key)
    const grant = grantOf(object as RoleBinding)
    this.#grants.set(key, grant)
    for (const subject of grant.subjects) {
      const grants = this.#bySubject.get(subject) ?? new Set()
      this.#bySubject.set(subject, grants.add(grant))
    }
  }

  #dropGrant(key: string): void {
    const grant = this.#grants.get(key)
    if (!grant) return
    this.#grants.delete(key)
    for (const subject of grant.subjects) {
      const grants = this.#bySubject.get(subject)
      grants?.delete(grant)
      if (grants?.size === 0) this.#bySubject.delete(subject)
    }
  }
}

function grantOf(binding: RoleBinding): Grant {
  const { namespace = '', name } = binding.metadata
  const { kind, name: roleName } = binding.roleRef
  const place = namespace === '' ? quote(name) : quote(`${name}/${namespace}`)
  const bindingKind = namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding'
  return {
    namespace,
    role: roleKey(binding.roleRef, namespace),
    subjects: (binding.subjects ?? []).map((subject) => subjectKey(subject, namespace)),
    text: `RBAC: allowed by ${bindingKind} ${place} of ${kind} ${quote(roleName)}`,
  }
}

function roleKey({ kind, name }: RoleReference, namespace: string): string {
  return kind === 'ClusterRole' ? `${CLUSTER_ROLES}${name}` : `${ROLES}${namespace}/${name}`
}

function subjectKey({ kind, name, namespace }: Subject, bindingNamespace: string): string {
  if (kind === 'ServiceAccount') return `User:system:serviceaccount:${namespace ?? bindingNamespace}:${name}`
  return `${kind}:${name}`
}

function denied(user: User, { verb, group, resource, subresource, namespace, name }: Attributes): ApiError {
  const what = subresource === undefined || subresource === '' ? resource : `${resource}/${subresource}`
  const where =
    namespace === undefined || namespace === '' ? 'at the cluster scope' : `in the namespace ${quote(namespace)}`
  const why = `User ${quote(user.name)} cannot ${verb} resource ${quote(what)} in API group ${quote(group)} ${where}`
  return forbidden({ group, resource }, name ?? '', why)
}

const quote = (text: string): string => JSON.stringify(text)
