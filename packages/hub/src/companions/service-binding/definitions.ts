/** The CustomResourceDefinitions of this companion. */
import type { JsonObject } from '@larder/engine/base/json'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { ageColumn, readyColumns } from '../../model/shared-fields.ts'
import {
  bindingSpec,
  bindingStatus,
  bindingType,
  mappingSpec,
  mappingType,
} from '../../model/projection/service-binding.ts'

/** The first is stored. */
const VERSIONS = ['v1', 'v1beta1', 'v1alpha3']

const secretColumn = {
  name: 'Secret',
  type: 'string',
  jsonPath: '.status.binding.name',
  description: 'The Secret that is projected.',
}

const bindingColumns = [secretColumn, ...readyColumns, ageColumn]

export const serviceBindingDefinitions = (): readonly (JsonObject & KubeObject)[] => [
  definition(
    bindingType,
    'A ServiceBinding projects the Secret of a service into a workload: as files, and as variables where it asks for them.',
    { spec: bindingSpec.schema, status: bindingStatus.schema },
    bindingColumns,
  ),
  definition(
    mappingType,
    'A ClusterWorkloadResourceMapping says where a kind of workload that is not like a Deployment keeps its containers and volumes. Its name is that of the kind, `cronjobs.batch`.',
    { spec: mappingSpec.schema },
    [ageColumn],
  ),
]

function definition(
  { group, resource, kind, namespaced }: ResourceType,
  description: string,
  fields: JsonObject,
  columns: readonly JsonObject[],
): JsonObject & KubeObject {
  const properties = {
    apiVersion: { type: 'string', description: `\`${group}/${VERSIONS[0]}\`` },
    kind: { type: 'string', description: `\`${kind}\`` },
    metadata: { type: 'object' },
    ...fields,
  }
  const schema = { openAPIV3Schema: { type: 'object', description, required: ['spec'], properties } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${resource}.${group}`, labels: { 'app.kubernetes.io/part-of': 'larder' } },
    spec: {
      group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: { plural: resource, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: VERSIONS.map((name, i) => ({
        name,
        served: true,
        storage: i === 0,
        ...(fields['status'] && { subresources: { status: {} } }),
        schema,
        additionalPrinterColumns: columns,
      })),
    },
  }
}
