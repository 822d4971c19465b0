/**
 * Companion `secretgen`: the kinds of Carvel's secretgen-controller, which documents of service hubs lean on for passwords, certificates and for
 * Secrets made of what other objects say. What holds of them: docs/reference/services-toolkit-compatibility.md.
 */
import type { PolicyRule } from '@larder/engine/client/builtin'
import type { Door } from '../../door.ts'
import { definitionOf } from '../../model/foreign-kind.ts'
import { MANAGED_BY, MANAGED_BY_LABEL } from '../../model/names.ts'
import { ACCOUNTS_ROLE, CARVEL_GROUP, K14S_GROUP } from './fields.ts'
import { passwordKind, secretgenKinds } from './kinds.ts'

const apiGroups = [K14S_GROUP, CARVEL_GROUP]
const resources = [...new Set(secretgenKinds.map(({ resource }) => resource))]
const reading = ['get', 'list', 'watch']
const writing = ['create', 'delete', 'deletecollection', 'patch', 'update']

const rules: readonly PolicyRule[] = [
  { apiGroups, resources, verbs: reading },
  { apiGroups, resources: resources.map((resource) => `${resource}/status`), verbs: ['patch'] },
  // A Secret is owned by what made it; where a cluster asks who may hold up whose deletion, it asks for this.
  { apiGroups, resources: resources.map((resource) => `${resource}/finalizers`), verbs: ['update'] },
  // The two Passwords of a pair are kept the same.
  { apiGroups, resources: [passwordKind.resource], verbs: ['create', 'update', 'delete'] },
  { apiGroups: [''], resources: ['secrets'], verbs: [...reading, 'create', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['namespaces'], verbs: reading },
]

/**
 * A SecretTemplate is read as the ServiceAccount of its namespace that it names, whichever that is. Whoever administers a namespace binds this
 * to the hub there: they may be taken for its accounts themselves. In all namespaces at once it would be the right to be the cluster's own
 * controllers, which nobody gets by installing a door.
 */
const accountsRole = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: ACCOUNTS_ROLE, labels: { [MANAGED_BY_LABEL]: MANAGED_BY } },
  rules: [{ apiGroups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'] }],
}

export const secretgen: Door = {
  name: 'secretgen',
  definitions: () => secretgenKinds.map((kind) => definitionOf(kind)),
  rules,
  roles: [
    {
      name: 'larder:secretgen:view',
      into: ['view', 'edit', 'admin'],
      rules: [{ apiGroups, resources, verbs: reading }],
    },
    { name: 'larder:secretgen:edit', into: ['edit', 'admin'], rules: [{ apiGroups, resources, verbs: writing }] },
  ],
  manifests: () => [accountsRole],
  controllers: async (context) => (await import('./controllers.ts')).secretgenControllers(context),
}
