import { defineKind, type ObjectOfKind } from './kind.ts'
import { choice, flag, freeObject, map, object, required, text, time, whole } from './schema.ts'
import {
  ageColumn,
  messageColumn,
  namespacedRef,
  objectName,
  origin,
  parametersFrom,
  progress,
  readyColumns,
  statusOf,
} from './shared-fields.ts'

/** What the API takes as the name of a Secret. Said here too, so that it is refused before a service is made for it. */
const SUBDOMAIN = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'

const resource = {
  apiVersion: required(text('Its apiVersion.', { maxLength: 253 })),
  kind: required(text('Its kind.', { maxLength: 253 })),
  namespace: text('Its namespace. Default: that of the claim.', { maxLength: 253 }),
  name: required(objectName('Its name.')),
}

const stays = (field: string) => ({
  rule: `!has(oldSelf.${field}) || (has(self.${field}) && self.${field} == oldSelf.${field})`,
  message: `${field} cannot be changed; delete the claim and make another`,
})

const credential = object('The credentials of the claim. The secret part is in the Secret alone.', {
  id: required(text('What the driver knows them by.')),
  serial: required(whole('Counts from 1; new credentials have the next one.')),
  role: text('The role that they were made for.'),
  parametersHash: text(
    'A keyed hash of the `binding.parameters` that they were made with; others mean new credentials.',
  ),
  issuedAt: time('When they were put into the Secret. Absent: they are being made.'),
  expiresAt: time('When they stop to work.'),
  renewBefore: time('When they should be replaced.'),
  lost: flag('The backend shows them no more, and no Secret had them: they are revoked, and others are made.'),
  predecessor: object('Older credentials that are still to be revoked.', {
    id: required(text('What the driver knows them by.')),
    role: text('The role that they were made for.'),
  }),
})

/** As Kubernetes has them; what it would refuse on the Secret is refused on the claim, before a service is made for it. */
const LABEL_VALUE = '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$'
const LABEL_KEY = '^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'

export const claimKind = defineKind({
  kind: 'Claim',
  resource: 'claims',
  shortName: 'lcl',
  namespaced: true,
  // How tools that know ServiceBindings find what can be bound: servicebinding.io, "Provisioned Service".
  labels: { 'servicebinding.io/provisioned-service': 'true' },
  description:
    "A Claim is one consumer's hold on one service, with credentials of its own in a Secret beside it. Think of a PersistentVolumeClaim. The application team writes it; as a Provisioned Service it can be bound to workloads.",
  spec: object(
    'What is claimed. Exactly one of `className`, `instanceRef` and `resourceRef`, and it cannot be changed.',
    {
      className: objectName('The Class of which one is wanted.'),
      instanceRef: namespacedRef('An Instance that exists.'),
      resourceRef: object('A Secret that exists, or any object with `status.binding.name`.', resource),
      plan: text(
        'The plan, beside `className`. Default: that of the class when the claim is made; the claim then keeps it.',
        { maxLength: 63 },
      ),
      parameters: freeObject("What the class lets a claim say, beside `className`; by the class's schema."),
      parametersFrom,
      role: text(
        'What the credentials may do. Default: the role that the class says when the claim is made; the claim then keeps it.',
        { maxLength: 63 },
      ),
      binding: object('The Secret with the credentials.', {
        name: text('Its name. Default: that of the claim. A Secret that is not ours is never overwritten.', {
          minLength: 1,
          maxLength: 253,
          pattern: SUBDOMAIN,
        }),
        labels: map('Labels for it.', text('The value.', { maxLength: 63, pattern: LABEL_VALUE }), {
          maxProperties: 64,
          rules: [
            {
              rule: `self.all(key, key.size() <= 317 && key.matches('${LABEL_KEY}'))`,
              message:
                'keys must be label keys: a name of at most 63 letters, digits, `-`, `_` and `.`, which a DNS domain and `/` may precede',
            },
          ],
        }),
        format: choice(
          'Its keys: `WellKnown` ones, `Raw` as the backend names them, or `JSON`, all of them in the one key `credentials.json`. Default: `WellKnown`.',
          ['WellKnown', 'Raw', 'JSON'],
        ),
        parameters: freeObject('What the backend should know when it makes the credentials.'),
        parametersFrom,
      }),
      origin,
    },
    {
      rules: [
        {
          rule: '[has(self.className), has(self.instanceRef), has(self.resourceRef)].filter(x, x).size() == 1',
          message: 'exactly one of className, instanceRef and resourceRef is needed',
        },
        stays('className'),
        stays('instanceRef'),
        stays('resourceRef'),
        {
          rule: 'has(self.className) || (!has(self.plan) && !has(self.parameters) && !has(self.parametersFrom))',
          message: 'plan, parameters and parametersFrom stand beside className',
        },
      ],
    },
  ),
  status: statusOf('What became of the claim. Everything an application team needs is here.', {
    instanceRef: object('The instance that the claim holds.', {
      namespace: required(text('Its namespace.')),
      name: required(text('Its name.')),
      uid: text('Its uid.'),
    }),
    resourceRef: object('The resource that the claim holds.', resource),
    binding: object('The Secret with the credentials; the claim is a Provisioned Service.', {
      name: required(text('Its name, in the namespace of the claim.')),
    }),
    credential,
    progress: progress('What the hub or the backend does now.'),
  }),
  columns: [
    { name: 'Class', type: 'string', jsonPath: '.spec.className', description: 'What is claimed.' },
    { name: 'Plan', type: 'string', jsonPath: '.spec.plan', description: 'The plan that was asked for.' },
    { name: 'Role', type: 'string', jsonPath: '.spec.role', description: 'The role that was asked for.' },
    ...readyColumns,
    { name: 'Binding', type: 'string', jsonPath: '.status.binding.name', description: 'The Secret.' },
    {
      name: 'Instance',
      type: 'string',
      jsonPath: '.status.instanceRef.name',
      description: 'What the claim holds.',
      wide: true,
    },
    messageColumn,
    ageColumn,
  ],
  example: {
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'Claim',
    metadata: { name: 'cache', namespace: 'shop' },
    spec: { className: 'redis', plan: 'small', role: 'writer' },
  },
})

export type Claim = ObjectOfKind<typeof claimKind>
export type ClaimCredential = NonNullable<NonNullable<Claim['status']>['credential']>
