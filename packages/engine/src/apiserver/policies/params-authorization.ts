/**
 * Who writes a policy with parameters must be able to read them: its expressions see their content and may tell it in a message.
 *
 * Texts and fields follow upstream's registries of policies and bindings.
 */
import { equalJson, isObject, type Json, type JsonObject } from '../../base/json.ts'
import { asJson, parseApiVersion, type KubeObject } from '../../machinery/object.ts'
import { forbiddenField } from '../../machinery/problems.ts'
import { invalid } from '../../machinery/status.ts'
import type { Store } from '../../storage/store.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import type { Resources } from '../api.ts'
import { VALIDATING_ADMISSION_POLICIES } from '../core/keys.ts'
import type { Rbac } from '../rbac.ts'

export interface ParamsAuthorizationContext {
  readonly store: Store
  readonly catalog: Resources
  readonly rbac: Rbac
}

const GROUP = 'admissionregistration.k8s.io'
const POLICIES = 'validatingadmissionpolicies'
const BINDINGS = 'validatingadmissionpolicybindings'

export function paramsAuthorization(context: ParamsAuthorizationContext): AdmissionPlugin {
  return {
    name: 'policy-params-authorization',
    handles: ({ group, resource }, verb, subresource) =>
      group === GROUP &&
      verb !== 'delete' &&
      subresource === undefined &&
      (resource === POLICIES || resource === BINDINGS),
    review(request) {
      if (request.resource.resource === POLICIES) reviewPolicy(context, request)
      else reviewBinding(context, request)
    },
  }
}

const specOf = (object: KubeObject | undefined): JsonObject => {
  const spec = object && asJson(object)['spec']
  return isObject(spec) ? spec : {}
}

function reviewPolicy(context: ParamsAuthorizationContext, { resource, user, object, old }: AdmissionRequest): void {
  const { paramKind } = specOf(object)
  if (!isObject(paramKind) || equalJson(paramKind, specOf(old)['paramKind'])) return
  const asked = { ...readOf(context, paramKind), name: '*' }
  if (context.rbac.decide(user, asked).allowed) return
  const { kind, apiVersion } = paramKind
  const why = `user ${JSON.stringify(user.name)} must have "get" permission on all objects of the referenced paramKind (kind=${String(kind)}, apiVersion=${String(apiVersion)})`
  throw invalid(resource, object!.metadata.name, [forbiddenField('spec.paramKind', why)])
}

function reviewBinding(context: ParamsAuthorizationContext, { resource, user, object, old }: AdmissionRequest): void {
  const { paramRef, policyName } = specOf(object)
  const before = specOf(old)
  if (!isObject(paramRef)) return
  if (equalJson(paramRef, before['paramRef']) && policyName === before['policyName']) return
  const { name, namespace } = paramRef as Readonly<Record<string, string | undefined>>
  const entry = context.store.get(VALIDATING_ADMISSION_POLICIES + String(policyName))
  const asked = {
    ...readOf(context, specOf(entry?.document.object)['paramKind']),
    ...(namespace && { namespace }),
    ...(name && { name }),
  }
  if (context.rbac.decide(user, asked).allowed) return
  const why = `user ${JSON.stringify(user.name)} does not have "get" permission on the object referenced by paramRef`
  throw invalid(resource, object!.metadata.name, [forbiddenField('spec.paramRef', why)])
}

/** What of the kind is not known yet may be anything. */
function readOf({ catalog }: ParamsAuthorizationContext, paramKind: Json | undefined) {
  if (!isObject(paramKind)) return { verb: 'get', group: '*', resource: '*' }
  const { group, version } = parseApiVersion(String(paramKind['apiVersion']))
  const found = catalog.findKind(group, version, String(paramKind['kind']))
  return { verb: 'get', group, resource: found?.resource ?? '*' }
}
