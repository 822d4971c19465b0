import { defineForeignKind } from '../../../model/foreign-kind.ts'
import { list, object, required, SERVICES_GROUP, text, time, VERSION } from './fields.ts'
import { choice } from '../../../model/schema.ts'

export const fieldExportKind = defineForeignKind({
  group: SERVICES_GROUP,
  version: VERSION,
  kind: 'FieldExport',
  resource: 'fieldexports',
  namespaced: true,
  description: 'A FieldExport copies one field of an object of ACK into a key of a ConfigMap or a Secret.',
  spec: object('What is copied, and where to.', {
    from: required(
      object('The field.', {
        path: required(
          text('Where it is, `.status.nodeGroups[0].primaryEndpoint.address`.', { minLength: 1, maxLength: 1024 }),
        ),
        resource: required(
          object('The object, in the namespace of the FieldExport.', {
            group: required(text('Its group.', { maxLength: 253 })),
            kind: required(text('Its kind.', { maxLength: 63 })),
            name: required(text('Its name.', { minLength: 1, maxLength: 253 })),
          }),
        ),
      }),
    ),
    to: required(
      object('The ConfigMap or Secret, which must be there.', {
        kind: required(choice('Which of the two.', ['configmap', 'secret'])),
        name: required(text('Its name.', { minLength: 1, maxLength: 253 })),
        namespace: text('Its namespace: that of the FieldExport, which is also the default.', { maxLength: 253 }),
        key: text('The key. Default: `NAMESPACE.NAME` of the FieldExport.', { minLength: 1, maxLength: 253 }),
      }),
    ),
  }),
  status: object('What became of it.', {
    conditions: list(
      'ACK.ResourceSynced where it is copied; ACK.Recoverable and ACK.Terminal where it is not.',
      object('One condition.', {
        type: required(text('What is said.')),
        status: required(choice('Whether it holds.', ['True', 'False', 'Unknown'])),
        lastTransitionTime: time('When `status` last changed.'),
        reason: text('Why, in one word.'),
        message: text('A sentence for people.'),
      }),
    ),
  }),
  columns: [],
})
