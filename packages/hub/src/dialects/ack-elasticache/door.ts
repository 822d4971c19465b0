/**
 * Dialect `ack-elasticache`: the kinds of ACK's controller for ElastiCache, one object for each thing in AWS. Each is an Instance of driver `elasticache`
 * that nobody claims (../../resource-door); here is what is ACK's: fields, conditions, annotations, references, Secrets. What differs, and why:
 * docs/reference/ack-elasticache.md.
 */
import type { PolicyRule } from '@larder/engine/client/builtin'
import type { Door } from '../../door.ts'
import { resourceDoorRules } from '../../resource-door/rules.ts'
import { ACK_DOOR, SERVICES_GROUP } from './kinds/fields.ts'
import { ACK_KINDS, ackDefinitions, fieldExportKind } from './kinds/kinds.ts'

const reading = ['get', 'list', 'watch']
const writing = ['create', 'delete', 'deletecollection', 'patch', 'update']
const kinds = ACK_KINDS.map(({ type }) => type)
const apiGroups = [...new Set([...kinds.map(({ group }) => group), SERVICES_GROUP])]
const resources = [...kinds, fieldExportKind].map(({ resource }) => resource)

const rules: readonly PolicyRule[] = [
  ...resourceDoorRules(kinds, []),
  { apiGroups: [SERVICES_GROUP], resources: [fieldExportKind.resource], verbs: reading },
  { apiGroups: [SERVICES_GROUP], resources: [`${fieldExportKind.resource}/status`], verbs: ['patch'] },
  // Passwords; and what FieldExports copy into.
  { apiGroups: [''], resources: ['secrets', 'configmaps'], verbs: [...reading, 'patch'] },
]

export const ackElasticache: Door = {
  name: ACK_DOOR,
  definitions: ackDefinitions,
  rules,
  roles: [
    {
      name: 'larder:ack-elasticache:view',
      into: ['view', 'edit', 'admin'],
      rules: [{ apiGroups, resources, verbs: reading }],
    },
    {
      name: 'larder:ack-elasticache:edit',
      into: ['edit', 'admin'],
      rules: [{ apiGroups, resources, verbs: writing }],
    },
  ],
  controllers: async (context) => (await import('./controllers.ts')).ackControllers(context),
}
