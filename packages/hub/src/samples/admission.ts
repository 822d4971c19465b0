/**
 * What RBAC cannot say, because it knows objects and no fields: ValidatingAdmissionPolicies, the same on every cluster and in the embedded API.
 *
 * Most ask whether the writer has a right of its own (a verb that no API serves), so that nothing names a user: whoever may do everything,
 * such as a restore from a backup, may do this too. Protection from deletion is for everybody.
 */
import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import { GROUP } from '../model/kind.ts'
import { INSTANCE_NAMESPACE, MANAGED_BY, MANAGED_BY_LABEL } from '../model/names.ts'

type Manifest = JsonObject & KubeObject

const ADMISSION = 'admissionregistration.k8s.io/v1'
const labels = { [MANAGED_BY_LABEL]: MANAGED_BY }

/** The verbs that the policies ask for, and on what. */
export const FIELD_RIGHTS = { origin: 'set-origin', hold: 'hold' } as const

interface FieldPolicy {
  readonly name: string
  readonly resources: readonly string[]
  /** When the right is asked for: only writes that touch the field pay for the question. */
  readonly touched: string
  /** Absent: nobody may. */
  readonly verb?: string
  readonly message: string
  /** Absent: creations and updates. */
  readonly operations?: readonly string[]
}

/** True when the field is set by a creation, or is other than before. */
const isTouched = (path: string): string => {
  const has = (object: string) => `has(${object}.${path})`
  const differs = `(${has('object')} && object.${path} != oldObject.${path})`
  return `(request.operation == "CREATE" ? ${has('object')} : (${has('object')} != ${has('oldObject')} || ${differs}))`
}

const policies: readonly FieldPolicy[] = [
  {
    name: 'larder-origin',
    resources: ['claims', 'instances'],
    touched: isTouched('spec.origin'),
    verb: FIELD_RIGHTS.origin,
    message: 'spec.origin says by which door and for whom an object came here; only the hub sets it',
  },
  {
    name: 'larder-hold',
    resources: ['instances'],
    touched: `${isTouched('spec.claimRef')} || (request.operation == "CREATE" && request.namespace == "${INSTANCE_NAMESPACE}" && has(object.spec.resourceRef))`,
    verb: FIELD_RIGHTS.hold,
    message:
      'spec.claimRef, and the record of a resource in larder-instances, hold a service for a claim; only the hub writes them',
  },
  // Refused at once, where the finalizer of the hub could only hold up what can no longer be taken back.
  {
    name: 'larder-protection',
    resources: ['instances'],
    operations: ['DELETE'],
    touched: 'has(oldObject.spec.deletionProtection) && oldObject.spec.deletionProtection',
    message: 'spec.deletionProtection is true: the service and its data would be removed; set it to false first',
  },
  {
    name: 'larder-in-use',
    resources: ['instances'],
    operations: ['DELETE'],
    touched:
      'has(oldObject.spec.claimRef) || (has(oldObject.status) && has(oldObject.status.claims) && oldObject.status.claims > 0)',
    verb: FIELD_RIGHTS.hold,
    message:
      'claims use this instance: spec.claimRef names the one that holds it, status.claims counts those that share it; delete them first',
  },
]

export const admissionManifests = (): readonly Manifest[] =>
  policies.flatMap((policy) => [policyOf(policy), bindingOf(policy)])

const allowed = (verb: string | undefined): string =>
  verb === undefined
    ? 'false'
    : `authorizer.group("${GROUP}").resource(request.resource.resource).namespace(request.namespace).check("${verb}").allowed()`

const policyOf = ({
  name,
  resources,
  touched,
  verb,
  message,
  operations = ['CREATE', 'UPDATE'],
}: FieldPolicy): Manifest => ({
  apiVersion: ADMISSION,
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name, labels },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: {
      resourceRules: [{ apiGroups: [GROUP], apiVersions: ['*'], operations, resources, scope: '*' }],
    },
    matchConditions: [{ name: 'touched', expression: touched }],
    validations: [{ expression: allowed(verb), message, reason: 'Forbidden' }],
  },
})

const bindingOf = ({ name }: FieldPolicy): Manifest => ({
  apiVersion: ADMISSION,
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name, labels },
  spec: { policyName: name, validationActions: ['Deny'] },
})
