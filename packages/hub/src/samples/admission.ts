/**
 * What RBAC cannot say, because it knows objects and no fields: ValidatingAdmissionPolicies, the same on every cluster and in the embedded API.
 *
 * Most ask whether the writer has a right of its own (a verb that no API serves), so that nothing names a user: whoever may do everything,
 * such as a restore from a backup, may do this too. Protection from deletion is for everybody, and what is in use is deleted by programs
 * alone: a deletion cannot be taken back, and the people who have every right are those who slip.
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
  /** Asked besides the right. */
  readonly who?: string
  readonly message: string
  /** CEL for a message that names what is there; where it cannot be told, `message` stands. */
  readonly messageExpression?: string
  /** Absent: creations and updates. */
  readonly operations?: readonly string[]
}

/** True when the field is set by a creation, or is other than before. */
const isTouched = (path: string): string => {
  const has = (object: string) => `has(${object}.${path})`
  const differs = `(${has('object')} && object.${path} != oldObject.${path})`
  return `(request.operation == "CREATE" ? ${has('object')} : (${has('object')} != ${has('oldObject')} || ${differs}))`
}

/** The hub, the cluster's own controllers, whatever restores as a ServiceAccount; `system:admin` is a person's name on some clusters. */
const IS_PROGRAM = 'request.userInfo.username.startsWith("system:") && request.userInfo.username != "system:admin"'

const IS_SHARED =
  '(has(oldObject.spec.sharing) && oldObject.spec.sharing == "Shared" && has(oldObject.status) && has(oldObject.status.claims) && oldObject.status.claims > 0)'

const SHARED_BY =
  '"claims share this instance, " + string(oldObject.status.claims) + " of them: delete these first (kubectl get claims.larder.dev -A)"'

/** `kubectl patch` needs the right to hold, which an administrator has. */
const HELD_BY = [
  '"claim " + oldObject.spec.claimRef.namespace + "/" + oldObject.spec.claimRef.name + " holds this instance: delete the claim first"',
  '"; in an emergency take its hold away, and it loses the service: kubectl patch instances.larder.dev " + oldObject.metadata.name',
  '" -n " + oldObject.metadata.namespace + " --type=merge -p \'{\\"spec\\":{\\"claimRef\\":null}}\'"',
].join(' + ')

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
  // What somebody does by hand ends with the hold taken away first: two steps, of which none is a slip.
  {
    name: 'larder-in-use',
    resources: ['instances'],
    operations: ['DELETE'],
    touched: `has(oldObject.spec.claimRef) || ${IS_SHARED}`,
    verb: FIELD_RIGHTS.hold,
    who: IS_PROGRAM,
    message: 'claims use this instance; delete them first',
    messageExpression: `${IS_SHARED} ? ${SHARED_BY} : ${HELD_BY}`,
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
  who,
  message,
  messageExpression,
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
    validations: [
      {
        expression: who === undefined ? allowed(verb) : `${who} && ${allowed(verb)}`,
        message,
        ...(messageExpression !== undefined && { messageExpression }),
        reason: 'Forbidden',
      },
    ],
  },
})

const bindingOf = ({ name }: FieldPolicy): Manifest => ({
  apiVersion: ADMISSION,
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name, labels },
  spec: { policyName: name, validationActions: ['Deny'] },
})
