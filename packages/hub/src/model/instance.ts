import { defineKind, type ObjectOfKind } from './kind.ts'
import { choice, flag, freeObject, list, object, required, text, time, whole } from './schema.ts'
import {
  ageColumn,
  localRef,
  messageColumn,
  objectName,
  origin,
  parametersFrom,
  progress,
  readyColumns,
  statusOf,
} from './shared-fields.ts'

/** Both sides absent, or both there and equal. */
const unchanged = (field: string) =>
  `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`

const step = object('One step.', {
  name: required(text('What was done, `create`.')),
  startedAt: required(time('When it began.')),
  took: text('How long it took, `412ms`. Absent while it runs.'),
  attempts: required(whole('How often the hub called the backend for it.', { minimum: 1 })),
  outcome: required(choice('How it ended.', ['Running', 'Done', 'Failed'])),
  message: text('What the backend said, without secrets.'),
})

export const instanceKind = defineKind({
  kind: 'Instance',
  resource: 'instances',
  shortName: 'lin',
  namespaced: true,
  description:
    'An Instance is one service that exists or is being made, whoever asked and by whichever door. Think of a PersistentVolume. The hub writes it for claims; the platform team may write one directly.',
  spec: object(
    'One service. Exactly one of `className`, `backendRef` and `resourceRef` says where it comes from.',
    {
      className: objectName('The Class that it is made by.'),
      backendRef: localRef('The Backend that makes it, for an instance without a class; with `type` and `recipe`.'),
      type: text('What the service is, beside `backendRef`.', { maxLength: 63 }),
      recipe: freeObject('How the backend makes it, beside `backendRef`.'),
      resourceRef: object('The object that this instance stands for, where the service exists already.', {
        apiVersion: required(text('Its apiVersion.', { maxLength: 253 })),
        kind: required(text('Its kind.', { maxLength: 253 })),
        namespace: text('Its namespace.', { maxLength: 253 }),
        name: required(objectName('Its name.')),
        uid: text('Its uid.', { maxLength: 128 }),
      }),
      revision: text(
        'The ControllerRevision of the class whose recipe is used. Default: the one that the class has when the instance is made. It moves only when somebody asks.',
        {
          maxLength: 253,
        },
      ),
      plan: text('The plan.', { maxLength: 63 }),
      parameters: freeObject('All parameters: those that the plan fixes, and what the claim said.'),
      parametersFrom,
      externalID: text(
        'The id from which every id and name outside derives. Stamped once; it survives a restore into another cluster.',
        { maxLength: 253 },
      ),
      externalName: text('The name of the service outside, where it must have a certain one.', { maxLength: 253 }),
      existing: choice(
        'What to do when that name exists outside already: `Refuse`, `Adopt` it, `AdoptOrCreate`, or only `Observe` it. Default: `Refuse`.',
        ['Refuse', 'Adopt', 'AdoptOrCreate', 'Observe'],
      ),
      credentialsRef: localRef("A Secret with an account to use instead of the backend's."),
      sharing: choice('Copied from the class.', ['Exclusive', 'Shared']),
      reclaimPolicy: choice(
        'Copied from the class. With `Retain` the deletion of the instance leaves the service where it is, otherwise the service goes too. Default: `Delete`; `Retain` where `existing` is `Adopt`.',
        ['Delete', 'Retain', 'Recycle', 'Release'],
      ),
      deletionProtection: flag(
        'True: the instance is not removed, also when its claim goes; who deletes it waits until this is false. Copied from the class. Default: false.',
      ),
      paused: flag('True: the hub neither changes nor removes the service; credentials come and go. Default: false.'),
      claimRef: object('The claim that holds this instance. Written with the resourceVersion, so that only one can.', {
        namespace: required(objectName('The namespace of the claim.')),
        name: required(objectName('The name of the claim.')),
        uid: required(text('The uid of the claim.', { maxLength: 128 })),
      }),
      origin,
    },
    {
      rules: [
        {
          rule: '[has(self.className), has(self.backendRef) && !has(self.className), has(self.resourceRef) && !has(self.className)].filter(x, x).size() == 1',
          message:
            'exactly one of className, backendRef and resourceRef is needed; resourceRef may stand beside className',
        },
        {
          rule: '!has(self.backendRef) || (!has(self.className) && has(self.type))',
          message: 'backendRef needs type, and stands without className',
        },
        {
          rule: 'has(self.backendRef) || (!has(self.type) && !has(self.recipe))',
          message: 'type and recipe stand beside backendRef; with className they come from the class',
        },
        { rule: unchanged('className'), message: 'className cannot be changed' },
        { rule: unchanged('backendRef'), message: 'backendRef cannot be changed' },
        { rule: unchanged('type'), message: 'type cannot be changed' },
        { rule: unchanged('resourceRef'), message: 'resourceRef cannot be changed' },
        {
          rule: '!has(oldSelf.externalID) || oldSelf.externalID == "" || (has(self.externalID) && self.externalID == oldSelf.externalID)',
          message: 'externalID cannot be changed once it is set',
        },
        { rule: unchanged('externalName'), message: 'externalName cannot be changed' },
      ],
    },
  ),
  status: statusOf(
    'What is known of the service. Besides `Ready` there is the condition `Provisioned`: the service exists and can be used, also while a later change is not made yet.',
    {
      outside: object('What the backend calls it and says of it.', {
        id: required(text('Its id there.')),
        state: text('Its state there, verbatim.'),
        message: text('What the backend says, verbatim.'),
        url: text('Where to look at it.'),
      }),
      outputs: freeObject('What the service says of itself, not secret, at most 64 KiB.'),
      applied: object('What the backend was last known to have made, before secrets were filled in.', {
        generation: whole('Of this object.'),
        revision: text('Of the class.'),
        plan: text('The plan.'),
        externalPlanId: text("The backend's id of the plan."),
        parameters: freeObject('The parameters.'),
        parametersFrom,
        hash: text(
          'A keyed hash of recipe and parameters: equal to that of what is wanted when there is nothing to do.',
        ),
      }),
      requested: object(
        'What the backend was last asked for. It differs from `applied` until the backend has made it.',
        {
          hash: required(text('As `applied.hash`.')),
        },
      ),
      newerRevision: text(
        'The revision that the class has by now. Absent: `spec.revision` is that one. Set `spec.revision` to it to have the service changed.',
      ),
      progress: progress('What runs now.'),
      steps: list('The last twenty steps, oldest first.', step),
      claims: whole('How many claims use it.'),
    },
  ),
  columns: [
    { name: 'Class', type: 'string', jsonPath: '.spec.className', description: 'What it is made by.' },
    { name: 'Plan', type: 'string', jsonPath: '.spec.plan', description: 'Its plan.' },
    ...readyColumns,
    { name: 'Claim', type: 'string', jsonPath: '.spec.claimRef.name', description: 'The claim that holds it.' },
    {
      name: 'Claim-Namespace',
      type: 'string',
      jsonPath: '.spec.claimRef.namespace',
      description: 'The namespace of that claim.',
    },
    {
      name: 'Revision',
      type: 'string',
      jsonPath: '.spec.revision',
      description: 'The recipe of its class that it is made by.',
      wide: true,
    },
    {
      name: 'Newer',
      type: 'string',
      jsonPath: '.status.newerRevision',
      description: 'The recipe that its class has by now, where that is another.',
    },
    { name: 'Outside', type: 'string', jsonPath: '.status.outside.id', description: 'Its id outside.', wide: true },
    messageColumn,
    ageColumn,
  ],
  example: {
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'Instance',
    metadata: { name: 'by-hand', namespace: 'larder-instances' },
    spec: { backendRef: { name: 'nothing' }, type: 'none', recipe: { delay: '1s' } },
  },
})

export type Instance = ObjectOfKind<typeof instanceKind>
export type InstanceStep = NonNullable<NonNullable<Instance['status']>['steps']>[number]
