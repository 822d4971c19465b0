/** SelfSubjectAccessReview, SubjectAccessReview, LocalSubjectAccessReview: may somebody do something? */
import { isObject, type JsonObject } from '../../../base/json.ts'
import { badRequest, invalid } from '../../../machinery/status.ts'
import { requiredValue } from '../../../machinery/problems.ts'
import type { User } from '../../api.ts'
import type { Core, Request } from '../core.ts'

export function reviewOwnAccess(core: Core, { user }: Request, review: JsonObject): JsonObject {
  return decide(core, user, specOf(review), 'SelfSubjectAccessReview')
}

export function reviewAccess(core: Core, _request: Request, review: JsonObject): JsonObject {
  const spec = specOf(review)
  return decide(core, subjectOf(spec, 'SubjectAccessReview'), spec, 'SubjectAccessReview')
}

export function reviewLocalAccess(core: Core, { target }: Request, review: JsonObject): JsonObject {
  const spec = specOf(review)
  const attributes = isObject(spec['resourceAttributes']) ? spec['resourceAttributes'] : undefined
  if (!attributes) throw badRequest('spec.resourceAttributes is required in a LocalSubjectAccessReview')
  if (attributes['namespace'] !== target.namespace) {
    throw badRequest('spec.resourceAttributes.namespace must be the namespace of the review')
  }
  return decide(core, subjectOf(spec, 'LocalSubjectAccessReview'), spec, 'LocalSubjectAccessReview')
}

function specOf(review: JsonObject): JsonObject {
  return isObject(review['spec']) ? review['spec'] : {}
}

function decide(core: Core, user: User, spec: JsonObject, kind: string): JsonObject {
  const { allowed, reason } = decision(core, user, spec, kind)
  return { allowed, ...(reason !== '' && { reason }) }
}

function decision(core: Core, user: User, spec: JsonObject, kind: string): { allowed: boolean; reason: string } {
  const { resourceAttributes, nonResourceAttributes } = spec
  if (isObject(resourceAttributes)) {
    if (isObject(nonResourceAttributes)) {
      throw badRequest('spec: resourceAttributes and nonResourceAttributes exclude each other')
    }
    const { verb = '', group = '', resource = '', subresource, namespace, name } = resourceAttributes as Strings
    return core.rbac.decide(user, {
      verb,
      group,
      resource,
      ...(subresource && { subresource }),
      ...(namespace && { namespace }),
      ...(name && { name }),
    })
  }
  if (isObject(nonResourceAttributes)) {
    const { verb = '', path = '' } = nonResourceAttributes as Strings
    return core.rbac.decidePath(user, verb, path)
  }
  throw invalid({ group: 'authorization.k8s.io', kind }, '', [
    requiredValue(
      'spec.resourceAttributes',
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ),
  ])
}

type Strings = Readonly<Record<string, string | undefined>>

function subjectOf(spec: JsonObject, kind: string): User {
  const { user = '', groups = [], uid } = spec as { user?: string; groups?: readonly string[]; uid?: string }
  if (user === '' && groups.length === 0) {
    throw invalid({ group: 'authorization.k8s.io', kind }, '', [
      requiredValue('spec.user', 'at least one of user or group must be specified'),
    ])
  }
  return { name: user, groups, ...(uid !== undefined && { uid }) }
}
