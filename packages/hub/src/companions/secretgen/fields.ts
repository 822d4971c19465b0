/** What the kinds of secretgen have in common. */
import { choice, list, map, object, required, text, whole } from '../../model/schema.ts'
import type { Fields } from '../../model/schema.ts'
import type { PrinterColumn } from '../../model/kind.ts'

export const K14S_GROUP = 'secretgen.k14s.io'
export const CARVEL_GROUP = 'secretgen.carvel.dev'
export const VERSION = 'v1alpha1'

/** What a hub on a cluster must be bound to in a namespace, to read there as ServiceAccounts. */
export const ACCOUNTS_ROLE = 'larder:secretgen:accounts'

export const CONDITION_TYPES = ['Reconciling', 'ReconcileSucceeded', 'ReconcileFailed'] as const

const conditions = list(
  'The one thing that is true now: its `status` is always True.',
  object('The condition.', {
    type: required(choice('What is true.', CONDITION_TYPES)),
    status: required(text('`True`.')),
    reason: text('One word, where there is more to say.'),
    message: text('Why, where it failed.'),
  }),
)

export const statusWith = <P extends Fields>(fields: P) =>
  object('What became of it.', {
    observedGeneration: whole('The generation of the object that was looked at.'),
    conditions,
    friendlyDescription: text('The condition in one line, for the column.'),
    ...fields,
  })

export const templateMetadata = object('Metadata of the Secret.', {
  labels: map('Labels of the Secret.', text('The value.')),
  annotations: map('Annotations of the Secret.', text('The value.')),
})

/** What kinds that generate take for their Secret; `variables` says what `$(...)` may name. */
export const secretTemplate = (variables: string) =>
  object(`How the Secret looks. In \`stringData\` stand for what was generated: ${variables}.`, {
    metadata: templateMetadata,
    type: text('The type of the Secret.'),
    stringData: map('Its keys, in the place of the usual ones.', text('Text, with variables.')),
  })

export const columns: readonly PrinterColumn[] = [
  { name: 'Description', type: 'string', jsonPath: '.status.friendlyDescription', description: 'What became of it.' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Time since creation.' },
]
