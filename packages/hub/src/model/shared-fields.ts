/** Fields that several kinds have in common. */
import { REASON_ACTORS } from './actors.ts'
import { anyValue, choice, flag, list, map, object, required, text, time, whole } from './schema.ts'
import type { Fields, ValueOf } from './schema.ts'

const NAME_LENGTH = 253

export const objectName = (description: string) => text(description, { minLength: 1, maxLength: NAME_LENGTH })

/** A field that may be set once: `self` and `oldSelf` both exist only when it was and is set. */
export const immutable = (name: string) => [{ rule: 'self == oldSelf', message: `${name} cannot be changed` }]

export const localRef = (description: string) => object(description, { name: required(objectName('Its name.')) })

export const namespacedRef = (description: string) =>
  object(description, {
    namespace: required(objectName('Its namespace.')),
    name: required(objectName('Its name.')),
  })

export const labelSelector = (description: string) =>
  object(description, {
    matchLabels: map('Labels and the values that they must have.', text('The value.')),
    matchExpressions: list(
      'Further requirements; all must hold.',
      object('One requirement.', {
        key: required(text('The label.')),
        operator: required(
          choice('How the label is compared with the values.', ['In', 'NotIn', 'Exists', 'DoesNotExist']),
        ),
        values: list('The values, for In and NotIn.', text('A value.')),
      }),
    ),
  })

/** `absent` says what a missing field means, because that differs with each use. */
export const consumers = (description: string, absent: string) =>
  object(
    `${description} A namespace is meant when it is in \`namespaces\` or matches \`selector\`. Absent, or \`{}\`: ${absent}.`,
    {
      namespaces: list('Namespaces by name.', text('A namespace.')),
      selector: labelSelector('Namespaces by their labels. An empty selector, `{}`, means every namespace.'),
    },
  )

export const parametersFrom = list(
  'Parameters whose values are secret. Each is read from a Secret and put at its place when a driver is called; the value is never written anywhere else.',
  object('One secret value.', {
    secretKeyRef: required(
      object('Where the value is.', {
        name: required(text('The Secret.')),
        key: required(text('The key in it.')),
        namespace: text('Its namespace, where that is not the namespace of this object.'),
      }),
    ),
    at: required(text('Where the value goes: a JSON Pointer into the parameters, `/passwords/0`.')),
  }),
)

export const origin = object(
  'Which object or request of which door this came from. Written by the hub; absent for objects that people made.',
  {
    door: text('The door, `osb-broker`.'),
    apiVersion: text('Of the object behind that door.'),
    kind: text('Of the object behind that door.'),
    namespace: text('Of the object behind that door.'),
    name: text('Of the object behind that door.'),
    uid: text('Of the object behind that door.'),
    context: anyValue('What the door was told of the platform that asks, as it was told.'),
    requester: object('Who asked.', {
      user: required(text('The user name.')),
      groups: required(list('The groups of the user.', text('A group.'))),
    }),
    request: text('The id of the request, where a door has one.'),
  },
)

const conditions = list(
  'What is true of the object now. `Ready` is always there. `Reconciling` is there while the hub works on it, `Stalled` while only a person can get it further.',
  object('One condition.', {
    type: required(text('`Ready`, `Reconciling`, `Stalled`.')),
    status: required(choice('Whether it holds.', ['True', 'False', 'Unknown'])),
    observedGeneration: whole('The generation of the object that was looked at.'),
    lastTransitionTime: required(time('When `status` last changed.')),
    reason: required(text('One word from the closed list of reasons.')),
    message: required(text('One sentence for people.')),
  }),
  { key: 'type' },
)

const cause = object(
  'Why the object is not Ready, told to somebody who sees no other object: what failed, whose move it is and what to do. Absent while Ready.',
  {
    reason: required(text('From the closed list of reasons; the same as that of the condition Ready.')),
    message: required(text('What happened; the same as that of the condition Ready.')),
    actor: required(
      choice(
        'Whose move it is: `consumer` who wrote the claim, `platform` who runs the hub and its classes, `provider` who runs the backend.',
        REASON_ACTORS,
      ),
    ),
    heals: required(
      flag(
        'True when nobody needs to do anything: the hub goes on by itself once it can. False when somebody must act first; the hub sees when they have.',
      ),
    ),
    next: required(text('What to do next.')),
  },
)

export const progress = (description: string) =>
  object(description, {
    step: text('The step that runs now.'),
    message: text('What the backend says of it, verbatim.'),
    expectedAt: time('When the backend expects to be done.'),
  })

/** What the status of every kind has. */
const statusFields = {
  observedGeneration: whole('The generation of the object that this status was made from.'),
  conditions,
  cause,
} satisfies Fields

export const statusOf = <P extends Fields>(description: string, fields: P) =>
  object(description, { ...statusFields, ...fields })

export type Condition = NonNullable<ValueOf<typeof conditions>>[number]
export type Cause = ValueOf<typeof cause>
export type Consumers = ValueOf<ReturnType<typeof consumers>>

export const readyColumns = [
  {
    name: 'Ready',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].status',
    description: 'Whether it can be used.',
  },
  {
    name: 'Reason',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
    description: 'Why it is, or is not.',
  },
] as const

export const messageColumn = {
  name: 'Message',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].message',
  description: 'The reason in a sentence.',
  wide: true,
} as const

export const ageColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since creation.',
} as const
