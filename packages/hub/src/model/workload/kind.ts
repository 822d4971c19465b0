/**
 * Workload of Cartographer (carto.run/v1alpha1), as far as documents of service hubs write it: what runs, and which services it is bound
 * to. What Larder makes of one is said in parts.ts; where a cluster has the original, its supply chains do that.
 */
import { anyValue, freeObject, list, object, required, text, type ValueOf } from '../schema.ts'
import { ageColumn, messageColumn, readyColumns, statusOf } from '../shared-fields.ts'
import { defineForeignKind, type ObjectOfForeignKind } from '../foreign-kind.ts'

export const WORKLOAD_TYPE_LABEL = 'apps.tanzu.vmware.com/workload-type'

/** JSON: in which other namespaces service claims are. Deprecated upstream in favour of claims. */
export const EXTENSION_ANNOTATION = 'serviceclaims.supplychain.apps.x-tanzu.vmware.com/extensions'

const variables = (description: string) =>
  list(
    description,
    object('A variable.', {
      name: required(text('Its name.', { minLength: 1 })),
      value: text('Its value.'),
      valueFrom: freeObject('Where its value is, as in a container.'),
    }),
  )

const reference = object('A claim, or anything else with `status.binding.name`; or a Secret.', {
  apiVersion: required(text('Its apiVersion.', { minLength: 1 })),
  kind: required(text('Its kind.', { minLength: 1 })),
  name: required(text('Its name.', { minLength: 1 })),
})

const source = object('Where its source is. Larder builds nothing from it.', {
  git: object('A git repository.', {
    url: text('Its URL.'),
    ref: object('What of it.', { branch: text('A branch.'), tag: text('A tag.'), commit: text('A commit.') }),
  }),
  image: text('An image with the source in it.'),
  subPath: text('The folder of the source.'),
})

const spec = object(
  'What runs, and what it is bound to.',
  {
    source,
    image: text('The image that runs.'),
    env: variables('Variables of the container.'),
    build: object('How it is built.', { env: variables('Variables of the build.') }, { keepUnknown: true }),
    params: list(
      'Parameters. `annotations`, a map, are those of what runs; others are for supply chains.',
      object('One.', { name: required(text('Its name.')), value: anyValue('Its value.') }),
      { key: 'name' },
    ),
    resources: freeObject('What the container asks for, as in a container.'),
    serviceAccountName: text('The ServiceAccount that it runs as.'),
    serviceClaims: list(
      'Services that it is bound to: their credentials are files below SERVICE_BINDING_ROOT.',
      object('One.', {
        name: required(
          text('The folder of its files.', {
            minLength: 1,
            maxLength: 253,
            pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
          }),
        ),
        ref: required(reference),
      }),
      { key: 'name' },
    ),
  },
  { keepUnknown: true },
)

export const workloadKind = defineForeignKind({
  group: 'carto.run',
  version: 'v1alpha1',
  kind: 'Workload',
  resource: 'workloads',
  namespaced: true,
  description:
    'A Workload is a program and the services that it is bound to. Larder makes a Deployment and ServiceBindings of it, and builds no images.',
  spec,
  status: statusOf('What became of it.', {}),
  columns: [
    { name: 'Image', type: 'string', jsonPath: '.spec.image', description: 'What runs.', wide: true },
    { name: 'Source', type: 'string', jsonPath: '.spec.source.git.url', description: 'Its repository.' },
    ...readyColumns,
    messageColumn,
    ageColumn,
  ],
})

export type Workload = ObjectOfForeignKind<typeof workloadKind>
export type WorkloadSpec = ValueOf<typeof spec>
export type ServiceReference = ValueOf<typeof reference>
