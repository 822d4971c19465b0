/**
 * ServiceBinding and ClusterWorkloadResourceMapping of the Service Binding specification (servicebinding.io, core 1.1), as published:
 * v1, v1beta1 and v1alpha3 have one schema and are all served, v1 is stored.
 */
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { choice, list, object, required, text, time, whole, type ValueOf } from '../schema.ts'
import { labelSelector } from '../shared-fields.ts'

export const BINDING_GROUP = 'servicebinding.io'

const immutable = (field: 'apiVersion' | 'kind') => ({
  rule: `self.${field} == oldSelf.${field}`,
  message: `Workload ${field} is immutable. Delete and recreate the ServiceBinding to update.`,
})

const referenced = (what: string) => ({
  apiVersion: required(text(`The apiVersion of the ${what}.`, { minLength: 1 })),
  kind: required(text(`The kind of the ${what}.`, { minLength: 1 })),
})

/** What Kubernetes takes at most as the name of a variable; where it takes less, the workload says so. */
const VARIABLE = '^[ -<>-~]+$'

export const bindingSpec = object('Which service is projected into which workload, and how.', {
  name: text('The folder of the binding below SERVICE_BINDING_ROOT. Absent: the name of the ServiceBinding.', {
    maxLength: 253,
    pattern: '^[a-z0-9.-]+$',
    rules: [{ rule: "self != '.' && self != '..'", message: 'must not be . or ..' }],
  }),
  type: text('In place of the key `type` of the Secret.'),
  provider: text('In place of the key `provider` of the Secret.'),
  service: required(
    object(
      'Something of this namespace with `status.binding.name`, such as a Claim; or a Secret itself, by `apiVersion: v1`, `kind: Secret`.',
      { ...referenced('service'), name: required(text('Its name.', { minLength: 1 })) },
    ),
  ),
  workload: required(
    object(
      'What the binding is projected into: one object of this namespace by name, or all that a selector matches.',
      {
        ...referenced('workload'),
        name: text('Its name.', { minLength: 1 }),
        selector: labelSelector('Workloads by their labels, also those that come later.'),
        containers: list('Names of the containers, init containers too. Absent: all.', text('A name.')),
      },
      {
        rules: [
          { rule: 'has(self.name) != has(self.selector)', message: 'expected exactly one of name and selector' },
          immutable('apiVersion'),
          immutable('kind'),
        ],
      },
    ),
  ),
  env: list(
    'Variables of the containers, besides the files. One that a container sets itself stays as it is.',
    object('A variable.', {
      name: required(text('Its name.', { pattern: VARIABLE })),
      key: required(text('The key of the Secret whose value it has.', { minLength: 1 })),
    }),
    { key: 'name' },
  ),
})

const condition = object('One condition.', {
  type: required(text('`Ready`, `ServiceAvailable`, `WorkloadProjected`.')),
  status: required(choice('Whether it holds.', ['True', 'False', 'Unknown'])),
  observedGeneration: whole('The generation of the object that was looked at.'),
  lastTransitionTime: required(time('When `status` last changed.')),
  reason: required(text('Why.')),
  message: required(text('One sentence for people.')),
})

export const bindingStatus = object('What became of it.', {
  observedGeneration: whole('The generation of the object that this status was made from.'),
  binding: object('The Secret that is projected.', { name: required(text('Its name.')) }),
  conditions: list('What is true of it now.', condition, { key: 'type' }),
})

/** `.spec.template['x']`: fields, and nothing else. */
const FIXED_PATH = String.raw`^(\.[A-Za-z0-9_-]+|\['[^']+'\])+$`
const fixedPath = (description: string) => text(description, { pattern: FIXED_PATH })

export const mappingSpec = object('Where a kind of workload keeps what a binding is projected into.', {
  versions: required(
    list(
      'For each version of the kind; `*` is for those that are not named.',
      object('For one version.', {
        version: required(text('The version, `v1`, or `*`.', { minLength: 1 })),
        annotations: fixedPath('Annotations of the pods. Absent: `.spec.template.metadata.annotations`.'),
        containers: list(
          'What is like a container. Absent: `containers` and `initContainers` of `.spec.template.spec`.',
          object('One place.', {
            path: required(text('A JSONPath that finds them, `.spec.containers[*]`.', { pattern: '^[.\\[]' })),
            name: fixedPath(
              'The name, from the container. Absent: `containers` of a ServiceBinding does not filter here.',
            ),
            env: fixedPath('The variables, from the container. Absent: `.env`.'),
            volumeMounts: fixedPath('The mounts, from the container. Absent: `.volumeMounts`.'),
          }),
        ),
        volumes: fixedPath('Absent: `.spec.template.spec.volumes`.'),
      }),
      { key: 'version' },
    ),
  ),
})

export interface ServiceBinding extends KubeObject {
  readonly spec: ValueOf<typeof bindingSpec>
  readonly status?: ValueOf<typeof bindingStatus>
}

export interface WorkloadResourceMapping extends KubeObject {
  readonly spec: ValueOf<typeof mappingSpec>
}

export const bindingType: ResourceType<ServiceBinding> = {
  group: BINDING_GROUP,
  version: 'v1',
  resource: 'servicebindings',
  kind: 'ServiceBinding',
  namespaced: true,
}

export const mappingType: ResourceType<WorkloadResourceMapping> = {
  group: BINDING_GROUP,
  version: 'v1',
  resource: 'clusterworkloadresourcemappings',
  kind: 'ClusterWorkloadResourceMapping',
  namespaced: false,
}
