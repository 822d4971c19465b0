/**
 * Companion `service-binding`: ServiceBinding and ClusterWorkloadResourceMapping of servicebinding.io. It knows neither Claims nor
 * classes: a Claim is a Provisioned Service like any other, read under the rights of an account of its own.
 */
import type { Door } from '../../door.ts'
import { serviceBindingDefinitions } from './definitions.ts'
import { BINDING_GROUP } from '../../model/projection/service-binding.ts'
import { bindingManifests } from './rights.ts'

const bindings = ['servicebindings']

export const serviceBinding: Door = {
  name: 'service-binding',
  definitions: serviceBindingDefinitions,
  rules: [
    { apiGroups: [BINDING_GROUP], resources: bindings, verbs: ['get', 'list', 'watch', 'patch'] },
    { apiGroups: [BINDING_GROUP], resources: ['servicebindings/status'], verbs: ['patch'] },
    { apiGroups: [BINDING_GROUP], resources: ['clusterworkloadresourcemappings'], verbs: ['get', 'list', 'watch'] },
  ],
  roles: [
    {
      name: 'larder:service-binding:view',
      into: ['view', 'edit', 'admin'],
      rules: [{ apiGroups: [BINDING_GROUP], resources: bindings, verbs: ['get', 'list', 'watch'] }],
    },
    {
      name: 'larder:service-binding:edit',
      into: ['edit', 'admin'],
      rules: [
        {
          apiGroups: [BINDING_GROUP],
          resources: bindings,
          verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'],
        },
      ],
    },
  ],
  manifests: bindingManifests,
  controllers: async (context) => [(await import('./controller.ts')).serviceBindingController(context)],
  admission: async ({ informers }) => (await import('./admission.ts')).bindingAdmission(informers),
}
