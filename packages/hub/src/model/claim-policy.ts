import { defineKind, type ObjectOfKind } from './kind.ts'
import { list, object, required, text } from './schema.ts'
import { ageColumn, consumers, labelSelector, messageColumn, readyColumns, statusOf } from './shared-fields.ts'

export const claimPolicyKind = defineKind({
  kind: 'ClaimPolicy',
  resource: 'claimpolicies',
  shortName: 'lcp',
  namespaced: true,
  description:
    'A ClaimPolicy says which other namespaces may claim what lives in its own. The owner of the services writes it. Policies are judged all the time, not at admission: a claim may wait for its policy, degrade with it and heal.',
  spec: object('Who may claim what.', {
    consumers: consumers('Namespaces whose claims are permitted.', 'nobody'),
    subjects: required(
      list(
        'What may be claimed.',
        object('Objects of one kind.', {
          group: text('The API group, `` for Secrets. A whole apiVersion is taken too; its version does not matter.'),
          kind: required(text('The kind.', { minLength: 1 })),
          names: list('Objects by name. Absent: all names.', text('A name.')),
          selector: labelSelector('Objects by their labels. Absent: all labels.'),
          roles: list('Roles that may be claimed. Absent: all roles.', text('A role.')),
        }),
        { minItems: 1 },
      ),
    ),
  }),
  status: statusOf('What is known of the policy.', {}),
  columns: [...readyColumns, messageColumn, ageColumn],
  example: {
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'ClaimPolicy',
    metadata: { name: 'shop-may', namespace: 'services' },
    spec: {
      consumers: { namespaces: ['shop'] },
      subjects: [{ kind: 'Secret', selector: { matchLabels: { offer: 'caches' } } }],
    },
  },
})

export type ClaimPolicy = ObjectOfKind<typeof claimPolicyKind>
