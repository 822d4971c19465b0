/** What expressions see of a request: what is asked, by whom, about what, and what else they may do. */
import type { Json, JsonObject } from '../../base/json.ts'
import type { AccessDecider } from '../../machinery/cel/authorizer.ts'
import type { PolicyInput } from '../../machinery/cel/policy.ts'
import type { Kind, Resource } from '../../machinery/shape.ts'
import type { User } from '../api.ts'
import type { Rbac } from '../rbac.ts'
import type { Operation } from './matching.ts'
import type { Subject, Subjects } from './subject.ts'

/** All but `params`. `at`: the resource at which the policy matched. */
export function inputOf(subjects: Subjects, rbac: Rbac, subject: Subject, at: Resource): Omit<PolicyInput, 'params'> {
  const { request, namespace, asked } = subject
  const { resource, user, subresource = '' } = request
  return {
    object: subjects.shownAt(at, resource, request.object),
    oldObject: subjects.shownAt(at, resource, request.old),
    request: requestOf(subject, at),
    namespaceObject: subjects.namespaceObject(subject),
    decider: deciderOf(rbac, user),
    asked: {
      group: resource.group,
      resource: resource.resource,
      subresource,
      namespace: namespace ?? '',
      name: asked.name,
    },
  }
}

/** An AdmissionRequest of admission.k8s.io/v1 without uid and objects. */
export function requestOf({ request, asked, namespace }: Subject, at: Resource): JsonObject {
  const { resource, user, dryRun, options } = request
  const { name, operation, subresource } = asked
  return {
    kind: kindOf(at, subresource),
    resource: resourceOf(at),
    requestKind: kindOf(resource, subresource),
    requestResource: resourceOf(resource),
    operation,
    userInfo: userInfo(user),
    dryRun,
    options: optionsOf(operation, { dryRun, ...options }),
    ...given({ subResource: subresource, requestSubResource: subresource, name, namespace }),
  }
}

function given(fields: Readonly<Record<string, string | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter(([, text]) => text !== undefined && text !== ''),
  ) as JsonObject
}

/** Of the body: some subresources have a kind of their own. */
function kindOf(resource: Resource, subresource: string): JsonObject {
  const { group, version, kind }: Kind =
    resource.subresources.find(({ name }) => name === subresource)?.kind ?? resource
  return { group, version, kind }
}

const resourceOf = ({ group, version, resource }: Resource): JsonObject => ({ group, version, resource })

function userInfo({ name, uid, groups, extra }: User): JsonObject {
  return {
    username: name,
    ...(uid !== undefined && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(extra !== undefined && { extra }),
  }
}

const OPTION_KINDS: Readonly<Record<Operation, string>> = {
  CREATE: 'CreateOptions',
  UPDATE: 'UpdateOptions',
  DELETE: 'DeleteOptions',
}

function optionsOf(operation: Operation, { dryRun, ...options }: Readonly<Record<string, unknown>>): JsonObject {
  return {
    kind: OPTION_KINDS[operation],
    apiVersion: 'meta.k8s.io/v1',
    ...(options as Readonly<Record<string, Json>>),
    ...(dryRun === true && { dryRun: ['All'] }),
  }
}

function deciderOf(rbac: Rbac, user: User): AccessDecider {
  return {
    resource: (question) => rbac.decide(user, withoutEmpty(question)),
    path: (verb, path) => rbac.decidePath(user, verb, path),
    serviceAccount: (namespace, name) => deciderOf(rbac, accountUser(namespace, name)),
  }
}

/** An absent namespace means all of them, an absent name any: the empty texts of an expression mean the same. */
function withoutEmpty(question: Parameters<AccessDecider['resource']>[0]): Parameters<Rbac['decide']>[1] {
  const { verb, group, resource, subresource, namespace, name } = question
  return {
    verb,
    group,
    resource,
    ...(subresource !== '' && { subresource }),
    ...(namespace !== '' && { namespace }),
    ...(name !== '' && { name }),
  }
}

function accountUser(namespace: string, name: string): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  }
}
