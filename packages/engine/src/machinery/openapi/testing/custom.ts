import { crdDefaults, loadSchemaEngines, resourcesOfCrd } from '../../crd.ts'
import type { Resource } from '../../shape.ts'

/** The resources of a small CRD with everything that OpenAPI v2 cannot say. */
export async function readCustomResources(): Promise<readonly Resource[]> {
  const crd = crdDefaults({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [
        { name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema } },
      ],
    },
  })
  await loadSchemaEngines(crd)
  return resourcesOfCrd(crd).resources
}

const openAPIV3Schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1, description: 'How large.' },
        port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        maybe: { type: 'string', nullable: true },
      },
    },
  },
}
