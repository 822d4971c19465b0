/**
 * Who may claim from a class: the verb `claim` on clusterinstanceclasses, cluster-wide, by `resourceNames` or for all; a right in one namespace is none.
 *
 * Classes with a pool need no verb, since what of it may be had policies say, and where the hub knows of no pool under the name the verb is
 * needed: who claims from a class that is not there yet must not have what nobody let them. An admission policy cannot look for the one class
 * that a claim names, so the hub keeps the names of all pools in a ConfigMap for it (pool-list.ts).
 *
 * Rejected: the classes themselves as parameters of the policy. It would be asked about each class that there is, and about one that
 * comes later never.
 */
import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import { MANAGED_BY, MANAGED_BY_LABEL, SYSTEM_NAMESPACE } from '../../../model/names.ts'
import { classClaimType, instanceClassType, STK_GROUP } from '../kinds.ts'

type Manifest = JsonObject & KubeObject

const RBAC = 'rbac.authorization.k8s.io'
const ADMISSION = 'admissionregistration.k8s.io/v1'
const labels = { [MANAGED_BY_LABEL]: MANAGED_BY }

const CLAIM_VERB = 'claim'
/** Its keys are the names of the classes that have a pool. */
export const POOL_LIST = { namespace: SYSTEM_NAMESPACE, name: 'services-toolkit-pools' }
/** Under the name of the webhook that upstream has for this: who knows it finds the denial. */
const POLICY = 'vclassclaim.validation.resourceclaims.services.apps.tanzu.vmware.com'

const CLASS = 'object.spec.classRef.name'

const policy: Manifest = {
  apiVersion: ADMISSION,
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: POLICY, labels },
  spec: {
    failurePolicy: 'Fail',
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: [STK_GROUP],
          apiVersions: ['*'],
          operations: ['CREATE', 'UPDATE'],
          resources: [classClaimType.resource],
          scope: '*',
        },
      ],
    },
    matchConditions: [
      {
        name: 'names-a-class',
        expression: `request.operation == "CREATE" || ${CLASS} != oldObject.spec.classRef.name`,
      },
    ],
    validations: [
      {
        expression: [
          `(has(params.data) && ${CLASS} in params.data)`,
          `authorizer.group("${STK_GROUP}").resource("${instanceClassType.resource}").name(${CLASS}).check("${CLAIM_VERB}").allowed()`,
        ].join(' || '),
        message: `the user cannot '${CLAIM_VERB}' from this clusterinstanceclass`,
        messageExpression: `"user '" + request.userInfo.username + "' cannot '${CLAIM_VERB}' from clusterinstanceclass '" + ${CLASS} + "'"`,
        reason: 'Forbidden',
      },
    ],
  },
}

const binding: Manifest = {
  apiVersion: ADMISSION,
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name: POLICY, labels },
  spec: {
    policyName: POLICY,
    validationActions: ['Deny'],
    // Without the list nobody could say which classes need no verb.
    paramRef: { ...POOL_LIST, parameterNotFoundAction: 'Deny' },
  },
}

const ROLE = 'larder:services-toolkit:pools'

export const claimRightManifests = (hub: {
  readonly namespace: string
  readonly name: string
}): readonly Manifest[] => [
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...POOL_LIST, labels } },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'Role',
    metadata: { name: ROLE, namespace: POOL_LIST.namespace, labels },
    rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [POOL_LIST.name], verbs: ['get', 'patch'] }],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { name: ROLE, namespace: POOL_LIST.namespace, labels },
    roleRef: { apiGroup: RBAC, kind: 'Role', name: ROLE },
    subjects: [{ kind: 'ServiceAccount', ...hub }],
  },
  policy,
  binding,
]
