/**
 * What a namespace may claim: a question that is answered and never stored (MODEL.md, section 4).
 *
 *     kubectl create -o yaml -f - <<< '{apiVersion: query.larder.dev/v1alpha1, kind: ClaimableQuery, metadata: {namespace: shop}}'
 *
 * It costs what the namespace may claim, and not what others have claimed: classes as the asker lists them, one list by label for each
 * pool among them and for each kind of object that a policy opens to this namespace, instances by index. Rejected: counts in the status of
 * classes. Tenants read classes, and how many are free differs from namespace to namespace.
 */
import type { JsonObject } from '@larder/engine/base/json'
import { flag, list, map, object, required, text, whole, type ValueOf } from './schema.ts'

export const QUERY_GROUP = 'query.larder.dev'
const QUERY_VERSION = 'v1alpha1'

const spec = object('What is asked. Absent: everything.', {
  className: text('One class.', { maxLength: 253 }),
})

const choice = (what: string) =>
  object(`One ${what}.`, {
    name: required(text('Its name.')),
    description: text('One sentence for people who choose.'),
    default: flag(`True for the ${what} of a claim that names none.`),
  })

const claimableClass = object('One class that the namespace sees.', {
  name: required(text('Its name.')),
  displayName: text('A name for people.'),
  type: required(text('What the service is.')),
  description: text('One sentence for people who choose.'),
  plans: list('Plans that may be chosen.', choice('plan')),
  roles: list('Roles that may be chosen.', choice('role')),
  claimable: required(flag('True when a claim made now could become Ready without anybody else acting.')),
  free: whole('For a class that hands out what exists already: how many of those this namespace could have now.'),
  reason: text('What is missing, while it is not claimable: from the closed list of reasons.'),
  message: text('The reason in a sentence.'),
})

const claimableInstance = object('One instance that a claim could name.', {
  namespace: required(text('Its namespace.')),
  name: required(text('Its name.')),
  className: text('The class that it was made by.'),
  type: text('What the service is, where it has no class.'),
  plan: text('Its plan.'),
  shared: flag('True: others may claim it too.'),
})

const claimableResource = object('One object that a claim could name.', {
  apiVersion: required(text('Its apiVersion.')),
  kind: required(text('Its kind.')),
  namespace: required(text('Its namespace.')),
  name: required(text('Its name.')),
  className: text('The class of whose pool it is. Absent: a policy opens it by itself.'),
  labels: map('Its labels.', text('The value.')),
})

const status = object('The answer.', {
  classes: list('Classes that the namespace sees and the asker may read.', claimableClass),
  instances: list('Instances that exist and are open to the namespace.', claimableInstance),
  resources: list('Objects that exist, are held by nobody and are open to the namespace.', claimableResource),
  more: flag('True: there are more instances or objects than are listed.'),
  missing: list('What could not be looked at, in sentences.', text('One sentence.')),
})

export type ClaimableStatus = ValueOf<typeof status>
export type ClaimableClass = ValueOf<typeof claimableClass>
export type ClaimableInstance = ValueOf<typeof claimableInstance>
export type ClaimableResource = ValueOf<typeof claimableResource>

/** As a client of the API names it. */
export const claimableQueryType = {
  group: QUERY_GROUP,
  version: QUERY_VERSION,
  resource: 'claimablequeries',
  kind: 'ClaimableQuery',
  namespaced: true,
} as const

/** The structural schema of question and answer, as in a CustomResourceDefinition. */
export const claimableQuerySchema: JsonObject = {
  type: 'object',
  description:
    'A ClaimableQuery asks what its namespace may claim. It is created, answered in the same breath, and not stored.',
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
    spec: spec.schema,
    status: status.schema,
  },
}
