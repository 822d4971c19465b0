/**
 * Nobody grants what they do not hold: who writes a role must hold its rules, or the verb `escalate` on it; who binds a role must
 * hold its rules, or the verb `bind` on it. Otherwise the right to write roles would be the right to everything.
 *
 * Rejected: judging this in `Rbac` at the time of a request. What a role grants must not change because its author lost a right.
 */
import { equalJson, type JsonObject } from '../base/json.ts'
import { asJson, type KubeObject } from '../machinery/object.ts'
import type { Resource } from '../machinery/shape.ts'
import { forbidden, notFound } from '../machinery/status.ts'
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import type { User } from './api.ts'
import { describeRules, missingFrom, quotedList } from './rbac-cover.ts'
import type { PolicyRule } from './rbac-rules.ts'
import type { Rbac, RoleBinding } from './rbac.ts'

const GROUP = 'rbac.authorization.k8s.io'
const ROLES: ReadonlySet<string> = new Set(['roles', 'clusterroles'])
const BINDINGS: ReadonlySet<string> = new Set(['rolebindings', 'clusterrolebindings'])

/** What a selector of ClusterRoles may gather. */
const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

export function escalationCheck(rbac: Rbac): AdmissionPlugin {
  return {
    name: 'escalation-check',
    handles: ({ group, resource }, verb) =>
      group === GROUP && verb !== 'delete' && (ROLES.has(resource) || BINDINGS.has(resource)),
    review(request) {
      const { resource, object, old } = request
      if (!object || (old && changesOnlyLifetime(object, old))) return
      if (ROLES.has(resource.resource)) reviewRole(rbac, request, object)
      else reviewBinding(rbac, request, object as RoleBinding)
    },
  }
}

/** The garbage collector, and whoever else ends an object's life, grants nothing by it. */
function changesOnlyLifetime(object: KubeObject, old: KubeObject): boolean {
  return equalJson(withoutLifetime(asJson(object)), withoutLifetime(asJson(old)))
}

function withoutLifetime(object: JsonObject): JsonObject {
  const {
    ownerReferences: _owners,
    finalizers: _finalizers,
    resourceVersion: _revision,
    managedFields: _managers,
    ...metadata
  } = object['metadata'] as JsonObject
  return { ...object, metadata }
}

function reviewRole(rbac: Rbac, { resource, user, old }: AdmissionRequest, role: KubeObject): void {
  const { name, namespace } = role.metadata
  const attributes = { group: GROUP, resource: resource.resource, namespace, name }
  if (rbac.decide(user, { ...attributes, verb: 'escalate' }).allowed) return
  const rules = (asJson(role)['rules'] ?? []) as unknown as readonly PolicyRule[]
  checkHeld(rbac, { resource, user, name }, namespace, rules)
  if (!aggregates(role) && !(old && aggregates(old))) return
  if (missingFrom(rbac.rulesFor(user, undefined), EVERYTHING).length === 0) return
  throw forbidden(resource, name, 'must have cluster-admin privileges to use the aggregationRule')
}

function aggregates(role: KubeObject): boolean {
  const rule = asJson(role)['aggregationRule'] as JsonObject | null | undefined
  const selectors = rule?.['clusterRoleSelectors']
  return Array.isArray(selectors) && selectors.length > 0
}

function reviewBinding(rbac: Rbac, { resource, user }: AdmissionRequest, binding: RoleBinding): void {
  const { name, namespace } = binding.metadata
  const { kind, name: role } = binding.roleRef
  const roles = kind === 'ClusterRole' ? 'clusterroles' : 'roles'
  if (rbac.decide(user, { verb: 'bind', group: GROUP, resource: roles, namespace, name: role }).allowed) return
  const rules = rbac.rulesOfRole(binding.roleRef, namespace)
  if (!rules) throw notFound({ group: GROUP, resource: roles }, role)
  checkHeld(rbac, { resource, user, name }, namespace, rules)
}

interface Grant {
  readonly resource: Resource
  readonly user: User
  readonly name: string
}

/** Throws ApiError 403 that lists what the user does not hold. */
function checkHeld(
  rbac: Rbac,
  { resource, user, name }: Grant,
  namespace: string | undefined,
  rules: readonly PolicyRule[],
): void {
  const missing = missingFrom(rbac.rulesFor(user, namespace), rules)
  if (missing.length === 0) return
  const who = `user ${JSON.stringify(user.name)} (groups=${quotedList(user.groups)})`
  const what = describeRules(missing).join('\n')
  throw forbidden(resource, name, `${who} is attempting to grant RBAC permissions not currently held:\n${what}`)
}
