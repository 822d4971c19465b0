/**
 * Dialect `aws-service-operator`: the kinds of AWS Service Operator, each object a stack of CloudFormation. What a kind is stands in its model
 * (model.ts, models/); how objects become Instances is that of all such kinds (resource-door). How the two compare: docs/reference/aws-service-operator.md.
 */
import { configMapType } from '@larder/engine/client/builtin'
import type { Door } from '../../door.ts'
import { resourceDoorRules } from '../../resource-door/rules.ts'
import { definitionOf, resourceTypeOf, templateDefinition, templateType } from './kinds.ts'
import { ASO_DOOR, ASO_GROUP } from './model.ts'
import { models } from './models/models.ts'
import { serviceType } from './say.ts'

const types = [...models.map(resourceTypeOf), templateType]
const apiGroups = [ASO_GROUP]
const resources = types.map(({ resource }) => resource)

export const awsServiceOperator: Door = {
  name: ASO_DOOR,
  definitions: () => [...models.map(definitionOf), templateDefinition()],
  rules: resourceDoorRules(types, [configMapType, serviceType]),
  roles: [
    {
      name: 'larder:aws-service-operator:view',
      into: ['view', 'edit', 'admin'],
      rules: [{ apiGroups, resources, verbs: ['get', 'list', 'watch'] }],
    },
    {
      name: 'larder:aws-service-operator:edit',
      into: ['edit', 'admin'],
      rules: [{ apiGroups, resources, verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'] }],
    },
  ],
  controllers: async (context) => (await import('./controllers.ts')).asoControllers(context),
}
