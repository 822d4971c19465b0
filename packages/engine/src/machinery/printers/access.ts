/** Bindings of roles, certificate requests, admission, aggregated APIs: who may do what, and what judges it. */
import type { JsonObject } from '../../base/json.ts'
import { formatAge } from '../age.ts'
import { AGE, at, column, integer, listAt, NAME, NONE, numberAt, textAt, wide } from './column.ts'

export const ROLE_BINDING_COLUMNS = [
  NAME,
  column('Role', (o) => `${textAt(o, 'roleRef.kind')}/${textAt(o, 'roleRef.name')}`),
  AGE,
  wide('Users', (o) => subjects(o, 'User').join(', '), 'Users that it is bound to.'),
  wide('Groups', (o) => subjects(o, 'Group').join(', '), 'Groups that it is bound to.'),
  wide('ServiceAccounts', (o) => subjects(o, 'ServiceAccount').join(', '), 'ServiceAccounts that it is bound to.'),
]

function subjects(binding: JsonObject, kind: string): readonly string[] {
  return listAt(binding, 'subjects')
    .filter((subject) => textAt(subject, 'kind') === kind)
    .map((subject) => {
      const namespace = kind === 'ServiceAccount' ? textAt(subject, 'namespace') : ''
      return `${namespace && `${namespace}/`}${textAt(subject, 'name')}`
    })
}

export const CERTIFICATE_SIGNING_REQUEST_COLUMNS = [
  NAME,
  AGE,
  column('SignerName', 'spec.signerName'),
  column('Requestor', 'spec.username'),
  column('RequestedDuration', requestedDuration, { says: 'How long the certificate should be valid.' }),
  column('Condition', requestCondition, { says: 'Whether it is approved and issued.' }),
]

function requestedDuration(request: JsonObject): string {
  if (at(request, 'spec.expirationSeconds') === undefined) return NONE
  return formatAge(numberAt(request, 'spec.expirationSeconds') * 1000)
}

function requestCondition(request: JsonObject): string {
  const has = (type: string) => listAt(request, 'status.conditions').some((c) => textAt(c, 'type') === type)
  const judged = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'
  const failed = has('Failed') ? ',Failed' : ''
  return `${judged}${failed}${textAt(request, 'status.certificate') === '' ? '' : ',Issued'}`
}

export const WEBHOOK_CONFIGURATION_COLUMNS = [
  NAME,
  integer('Webhooks', (o) => listAt(o, 'webhooks').length, { says: 'How many webhooks it names.' }),
  AGE,
]

export const ADMISSION_POLICY_COLUMNS = [
  NAME,
  integer('Validations', (o) => listAt(o, 'spec.validations').length, { says: 'How many expressions it checks.' }),
  column('ParamKind', paramKind, { says: 'The kind that configures it.' }),
  AGE,
]

function paramKind(policy: JsonObject): string {
  const kind = at(policy, 'spec.paramKind')
  return kind === undefined ? '<unset>' : `${textAt(kind, 'apiVersion')}/${textAt(kind, 'kind')}`
}

export const ADMISSION_POLICY_BINDING_COLUMNS = [
  NAME,
  column('PolicyName', 'spec.policyName'),
  column('ParamRef', paramRef, { says: 'The object that configures it.' }),
  AGE,
]

function paramRef(binding: JsonObject): string {
  const ref = at(binding, 'spec.paramRef')
  if (ref === undefined) return '<unset>'
  const namespace = textAt(ref, 'namespace')
  return `${namespace && `${namespace}/`}${textAt(ref, 'name', '*')}`
}

export const API_SERVICE_COLUMNS = [
  NAME,
  column('Service', apiService, { says: 'Who serves it.' }),
  column('Available', available, { says: 'Whether it is served.' }),
  AGE,
]

function apiService(object: JsonObject): string {
  const service = at(object, 'spec.service')
  return service === undefined ? 'Local' : `${textAt(service, 'namespace')}/${textAt(service, 'name')}`
}

function available(object: JsonObject): string {
  const condition = listAt(object, 'status.conditions').find((c) => textAt(c, 'type') === 'Available')
  const status = textAt(condition, 'status', 'Unknown')
  return status === 'True' || condition === undefined ? status : `${status} (${textAt(condition, 'reason')})`
}
