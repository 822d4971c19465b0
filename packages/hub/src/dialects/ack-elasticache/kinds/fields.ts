/** What the kinds of ACK for ElastiCache have in common: group, metadata of AWS, conditions, tags, references, Secrets. */
import { anyValue, choice, flag, list, object, required, text, time, whole } from '../../../model/schema.ts'
import type { Field, Fields, ValueOf } from '../../../model/schema.ts'

/** The name of the door, as in `--doors` and in `spec.origin.door` of what it makes. */
export const ACK_DOOR = 'ack-elasticache'
export const ELASTICACHE_GROUP = 'elasticache.services.k8s.aws'
/** Of FieldExport, and of annotations. */
export const SERVICES_GROUP = 'services.k8s.aws'
export const VERSION = 'v1alpha1'

/** What stays as it is once it is there; a reference beside it decides nothing any more. */
export const immutable = [{ rule: 'self == oldSelf', message: 'Value is immutable once set' }]

const LETTER_FIRST = '^[a-zA-Z](-?[a-zA-Z0-9])*$'
const WORDS = 'letters, digits and single hyphens, a letter first and no hyphen last'

/** The name of something in ElastiCache. AWS keeps it in lower case. */
export const identifier = (description: string, field: string, maxLength = 40) =>
  text(`${description} At most ${maxLength} ${WORDS}.`, {
    minLength: 1,
    maxLength,
    rules: [{ rule: `self.matches('${LETTER_FIRST}')`, message: `${field} has ${WORDS}` }, ...immutable],
  })

/** The name of something that is referred to, and may have been made by other rules. */
export const foreignName = (description: string) => text(description, { minLength: 1, maxLength: 255 })

export const engine = (field: string) =>
  text('`redis` or `valkey`.', {
    maxLength: 32,
    rules: [
      {
        rule: "self.matches('^([rR][eE][dD][iI][sS]|[vV][aA][lL][kK][eE][yY])$')",
        message: `${field} is redis or valkey`,
      },
    ],
  })

export const tags = list(
  'Tags on the resource in AWS.',
  object('One tag.', {
    key: text('Its key; none begins with `aws:`.', {
      minLength: 1,
      maxLength: 128,
      rules: [{ rule: "!self.startsWith('aws:')", message: 'a key of a tag does not begin with aws:' }],
    }),
    value: text('Its value.', { maxLength: 256 }),
  }),
  { maxItems: 48 },
)

/** A value in a Secret of type Opaque. */
export const secretKey = (description: string) =>
  object(description, {
    key: required(text('The key in it.', { minLength: 1, maxLength: 253 })),
    name: text('The Secret.', { minLength: 1, maxLength: 253 }),
    namespace: text('Its namespace: that of this object, which is also the default.', { maxLength: 253 }),
  })

const from = object('Which object.', {
  name: text('Its name.', { minLength: 1, maxLength: 253 }),
  namespace: text('Its namespace; by default that of this object.', { maxLength: 253 }),
})

export const reference = (kind: string, instead: string) =>
  object(`A ${kind} of this group, instead of \`${instead}\`: its name in AWS once it is there.`, { from })

export const references = (kind: string, instead: string) =>
  list(`Objects of kind ${kind} of this group, instead of \`${instead}\`.`, object('One of them.', { from }), {
    maxItems: 100,
  })

/** A reference to a kind of another controller. */
const elsewhere = anyValue('Refused: refers to an object of another controller, which is not served here.')

/** Fields that are refused by the rules of `refused`, where an unknown one would be dropped and mean nothing. */
export const refused = (names: Readonly<Record<string, string>>): Record<string, Field<unknown, false>> =>
  Object.fromEntries(Object.keys(names).map((name) => [name, { ...elsewhere, required: false as const }]))

export const refusals = (names: Readonly<Record<string, string>>) =>
  Object.entries(names).map(([name, instead]) => ({
    rule: `!has(self.${name})`,
    message: `${name} refers to a kind that is not served here; write ${instead}`,
  }))

/** A field and its twin: one of both, or where `least` is 0 also none. */
export const eitherOf = (field: string, twin: string, least: 0 | 1) => [
  {
    rule: least === 1 ? `has(self.${field}) != has(self.${twin})` : `!(has(self.${field}) && has(self.${twin}))`,
    message: least === 1 ? `exactly one of ${field} and ${twin} is needed` : `${field} and ${twin} exclude each other`,
  },
]

const condition = object('One condition.', {
  type: required(text('What is said, `ACK.ResourceSynced`.')),
  status: required(choice('Whether it holds.', ['True', 'False', 'Unknown'])),
  observedGeneration: whole('The generation of the object that was looked at.'),
  lastTransitionTime: time('When `status` last changed.'),
  reason: text('Why, in one word.'),
  message: text('A sentence for people.'),
})

const metadata = object('Where it is in AWS.', {
  arn: text('Its ARN.'),
  ownerAccountID: required(text('The account that it is in.')),
  region: required(text('The region that it is in.')),
  partition: text('The partition, `aws`.'),
})

export const statusWith = <P extends Fields>(fields: P) =>
  object('What AWS says of it, and what became of what was asked.', {
    ackResourceMetadata: metadata,
    conditions: list(
      'What is true of it now: ACK.ResourceSynced always; ACK.Terminal, ACK.Recoverable and ACK.ReferencesResolved where there is something to say; Ready, which mirrors them.',
      condition,
    ),
    ...fields,
  })

export const endpoint = (description: string) =>
  object(description, { address: text('The host.'), port: whole('The port.') })

export { flag, list, object, required, text, time, whole }
export type AckCondition = ValueOf<typeof condition>
