/**
 * Companion `carvel-packaging`: packages as Carvel's kapp-controller installs them, in one process and without its programs. What holds of
 * them, and what does not: docs/reference/carvel-packaging.md. Where a cluster has kapp-controller, leave this door out.
 */
import type { PolicyRule } from '@larder/engine/client/builtin'
import type { Door } from '../../door.ts'
import { MANAGED_BY, MANAGED_BY_LABEL } from '../../model/names.ts'
import { ACCOUNTS_ROLE, APP_GROUP, DATA_GROUP, PACKAGING_GROUP } from './fields.ts'
import { appKind, installKind, metadataKind, packageKind, packagingDefinitions, repositoryKind } from './kinds.ts'

const reading = ['get', 'list', 'watch']
const writing = ['create', 'delete', 'deletecollection', 'patch', 'update']
const keeping = [...reading, 'create', 'patch', 'delete']

const steered = [
  { apiGroups: [PACKAGING_GROUP], resources: [repositoryKind.resource, installKind.resource] },
  { apiGroups: [APP_GROUP], resources: [appKind.resource] },
]
const brought = { apiGroups: [DATA_GROUP], resources: [packageKind.resource, metadataKind.resource] }
const all = [...steered, brought]

const rules: readonly PolicyRule[] = [
  ...steered.flatMap(({ apiGroups, resources }) => [
    { apiGroups, resources, verbs: reading },
    { apiGroups, resources: resources.map((resource) => `${resource}/status`), verbs: ['patch'] },
    // Where a cluster asks who may hold up whose deletion, it asks for this.
    { apiGroups, resources: resources.map((resource) => `${resource}/finalizers`), verbs: ['update'] },
  ]),
  { apiGroups: [APP_GROUP], resources: [appKind.resource], verbs: ['create', 'patch', 'delete'] },
  { apiGroups: [PACKAGING_GROUP], resources: [installKind.resource], verbs: ['patch'] },
  { ...brought, verbs: keeping },
  { apiGroups: [''], resources: ['secrets'], verbs: reading },
  { apiGroups: [''], resources: ['configmaps', 'namespaces', 'serviceaccounts'], verbs: ['get'] },
]

/**
 * An App is applied as the ServiceAccount of its namespace that it names, whichever that is. Whoever administers a namespace binds this to
 * the hub there: they may be taken for its accounts themselves. In all namespaces at once it would be the right to be the cluster's own
 * controllers, which nobody gets by installing a door.
 */
const accountsRole = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: ACCOUNTS_ROLE, labels: { [MANAGED_BY_LABEL]: MANAGED_BY } },
  rules: [{ apiGroups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'] }],
}

/** `registries` as in LARDER_REGISTRIES: those that may be asked though they are in no public network. */
export const carvelPackaging = ({ registries }: { readonly registries?: string | undefined } = {}): Door => ({
  name: 'carvel-packaging',
  definitions: packagingDefinitions,
  rules,
  roles: [
    {
      name: 'larder:carvel-packaging:view',
      into: ['view', 'edit', 'admin'],
      rules: all.map((some) => ({ ...some, verbs: reading })),
    },
    {
      name: 'larder:carvel-packaging:edit',
      into: ['edit', 'admin'],
      rules: all.map((some) => ({ ...some, verbs: writing })),
    },
  ],
  manifests: () => [accountsRole],
  async controllers(context) {
    const [{ packagingControllers }, { namedRegistries }] = await Promise.all([
      import('./controllers.ts'),
      import('./fetch/reach.ts'),
    ])
    return packagingControllers(context, namedRegistries(registries))
  },
})
