import { defineKind, type ObjectOfKind } from './kind.ts'
import { choice, flag, freeObject, list, map, object, required, text } from './schema.ts'
import { ageColumn, consumers, localRef, messageColumn, objectName, readyColumns, statusOf } from './shared-fields.ts'

const plan = object('One size or flavour of the service.', {
  name: required(text('Its name, as a claim says it.', { minLength: 1, maxLength: 63 })),
  default: flag('True for the plan of a claim that names none. Without it a single plan is the default.'),
  description: text('One sentence for people who choose.'),
  parameters: freeObject('Parameters that the plan fixes. A claim that sets one of them is refused.'),
  offered: flag('False: no new claims. Those that exist go on. Default: true.'),
  bindable: flag('False: the service gives no credentials, so that it cannot be claimed. Default: true.'),
  updatable: flag('False: a claim cannot move to or from this plan. Default: true.'),
  external: freeObject('What the backend calls the plan, verbatim from discovery.'),
  schemas: object('Names from `spec.schemas` for what may be said.', {
    create: text('At creation.'),
    update: text('On a change.'),
    bind: text('For credentials.'),
  }),
})

const ONE_DEFAULT = (list: string) => `self.${list}.filter(x, has(x.default) && x.default).size() <= 1`

export const classKind = defineKind({
  kind: 'Class',
  resource: 'classes',
  shortName: 'lclass',
  namespaced: false,
  description:
    'A Class says what may be claimed: its plans, the parameters it takes, the roles of its credentials, where and by which recipe it is made, and who may see it. Think of a StorageClass. The platform team writes it.',
  spec: object(
    'What may be claimed.',
    {
      description: text('One sentence for people who choose.'),
      displayName: text('A name for people.'),
      icon: text('A URL of a picture.'),
      docs: text('A URL of a page about the service.'),
      tags: list('Words to search for.', text('A word.')),
      type: required(
        text(
          'What the service is, `redis`: the key `type` of every binding, and the type `servicebinding.io/<type>` of its Secret.',
          {
            minLength: 1,
            maxLength: 63,
          },
        ),
      ),
      backendRef: required(localRef('The Backend that makes it.')),
      recipe: freeObject("How the backend makes it, by the driver's own schema."),
      parameters: object('What a claim may say.', {
        openAPIV3Schema: freeObject(
          'A structural schema, as in a CustomResourceDefinition. Absent: claims take no parameters.',
        ),
      }),
      plans: list('Sizes or flavours. Absent: there is nothing to choose.', plan, { key: 'name', maxItems: 200 }),
      schemas: map('JSON Schemas that plans share, by name.', freeObject('A schema, as the backend wrote it.')),
      roles: list(
        'What credentials may do. Absent: there is nothing to choose.',
        object('One role.', {
          name: required(text('Its name, as a claim says it.', { minLength: 1, maxLength: 63 })),
          default: flag('True for the role of a claim that names none. Without it a single role is the default.'),
        }),
        { key: 'name', maxItems: 50 },
      ),
      consumers: consumers('Namespaces that see and may claim the class.', 'every namespace'),
      instanceNamespace: objectName('The namespace of the instances that claims make. Default: `larder-instances`.'),
      sharing: choice('`Exclusive`: one instance for each claim. `Shared`: many claims on one. Default: `Exclusive`.', [
        'Exclusive',
        'Shared',
      ]),
      reclaimPolicy: choice(
        'What becomes of the service when its claim goes: `Delete` it, `Retain` it, `Recycle` it for the next claim, or `Release` it untouched. Default: `Delete`.',
        ['Delete', 'Retain', 'Recycle', 'Release'],
      ),
      deletionProtection: flag(
        'True: no instance, and so no data, is removed while the instance has it: a claim that goes leaves its instance behind. Copied into each new instance. Default: false.',
      ),
      offered: flag('False: no new claims. Those that exist go on. Default: true.'),
      external: object('What the backend calls the class, verbatim from discovery.', {
        id: text('Its id there.'),
        name: text('Its name there.'),
        definition: freeObject('Its definition there.'),
      }),
    },
    {
      rules: [
        { rule: `!has(self.plans) || ${ONE_DEFAULT('plans')}`, message: 'at most one plan may be the default' },
        { rule: `!has(self.roles) || ${ONE_DEFAULT('roles')}`, message: 'at most one role may be the default' },
      ],
    },
  ),
  status: statusOf('What is known of the class.', {
    revision: text('The ControllerRevision in `larder-system` with the recipe that new instances are made by.'),
  }),
  columns: [
    { name: 'Type', type: 'string', jsonPath: '.spec.type', description: 'What the service is.' },
    { name: 'Backend', type: 'string', jsonPath: '.spec.backendRef.name', description: 'Where it is made.' },
    ...readyColumns,
    { name: 'Description', type: 'string', jsonPath: '.spec.description', description: 'For people.', wide: true },
    messageColumn,
    ageColumn,
  ],
  example: {
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'Class',
    metadata: { name: 'nothing' },
    spec: {
      type: 'none',
      description: 'Makes nothing, at once',
      backendRef: { name: 'nothing' },
      parameters: {
        openAPIV3Schema: { type: 'object', properties: { colour: { type: 'string', enum: ['red', 'blue'] } } },
      },
      plans: [
        { name: 'small', default: true, description: 'Takes no room' },
        { name: 'red', description: 'Always red', parameters: { colour: 'red' } },
      ],
      roles: [{ name: 'writer', default: true }, { name: 'reader' }],
    },
  },
})

export type Class = ObjectOfKind<typeof classKind>
export type Plan = NonNullable<Class['spec']['plans']>[number]
export type Role = NonNullable<Class['spec']['roles']>[number]
