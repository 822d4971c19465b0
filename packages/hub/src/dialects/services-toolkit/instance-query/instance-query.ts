/**
 * InstanceQuery: what a ResourceClaim of this namespace could hold now, of the pool of one class. It is created, answered and forgotten:
 *
 *     kubectl create -o yaml -f - <<< '{apiVersion: claimable.services.apps.tanzu.vmware.com/v1alpha1, kind: InstanceQuery,
 *       metadata: {name: which, namespace: default}, spec: {class: aws-elasticache}}'
 *
 * The class is read with the rights of whoever asks, the pool as the account of claims by resource, which needs the ClusterRole that lets
 * ResourceClaims have it: what could not be claimed is not named.
 */
import type { KubeObject } from '@larder/engine/machinery/object'
import type { ResourceType } from '@larder/engine/client/types'
import type { DoorQuery } from '../../../door.ts'
import { list, object, required, text, whole, type ValueOf } from '../../../model/schema.ts'

const CLAIMABLE_GROUP = 'claimable.services.apps.tanzu.vmware.com'
const DEFAULT_LIMIT = 50

const limit = whole('At most so many are told.', { minimum: 1 })

const spec = object('What is asked.', {
  class: required(text('A ClusterInstanceClass with a pool.', { minLength: 1, maxLength: 253 })),
  limit: { ...limit, schema: { ...limit.schema, default: DEFAULT_LIMIT } },
})

const status = object('The answer.', {
  instances: list(
    'What may be claimed and is held by nobody, sorted by namespace and name.',
    object('One object.', {
      apiVersion: required(text('Its apiVersion.')),
      kind: required(text('Its kind.')),
      name: required(text('Its name.')),
      namespace: required(text('Its namespace.')),
    }),
  ),
})

export interface InstanceQuery extends KubeObject {
  readonly spec: ValueOf<typeof spec>
  readonly status?: ValueOf<typeof status>
}

export const instanceQueryType: ResourceType<InstanceQuery> = {
  group: CLAIMABLE_GROUP,
  version: 'v1alpha1',
  kind: 'InstanceQuery',
  resource: 'instancequeries',
  namespaced: true,
}

export const instanceQuery: DoorQuery = {
  group: instanceQueryType.group,
  version: instanceQueryType.version,
  kind: instanceQueryType.kind,
  resource: instanceQueryType.resource,
  schema: {
    type: 'object',
    description:
      'An InstanceQuery asks which instances of a class its namespace could claim. It is created, answered in the same breath, and not stored.',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: spec.schema,
      status: status.schema,
    },
  },
  answer: async (question, desk) => (await import('./answer.ts')).answerInstanceQuery(question, desk),
}
