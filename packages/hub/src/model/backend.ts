import { defineKind, type ObjectOfKind } from './kind.ts'
import { freeObject, list, object, required, text, time } from './schema.ts'
import {
  ageColumn,
  consumers,
  immutable,
  messageColumn,
  namespacedRef,
  readyColumns,
  statusOf,
} from './shared-fields.ts'

export const backendKind = defineKind({
  kind: 'Backend',
  resource: 'backends',
  shortName: 'lbe',
  namespaced: false,
  description:
    'A Backend says where services are made or found: a driver, its configuration and its account. Think of a storage provisioner with its credentials. The platform team writes it.',
  spec: object(
    'Where services are made or found.',
    {
      driver: required(
        text(
          'The driver that makes services here, `process`. It cannot be changed: what it made would be lost to it.',
          {
            minLength: 1,
            maxLength: 63,
            rules: immutable('the driver of a backend'),
          },
        ),
      ),
      config: freeObject("The driver's configuration, by its own schema. No secrets: those go into `credentialsRef`."),
      credentialsRef: namespacedRef('The Secret with the account that the driver uses.'),
      serviceAccountRef: namespacedRef(
        'The ServiceAccount whose rights every read and write inside this cluster is made with.',
      ),
      consumers: consumers('Namespaces that may use the backend without a Class.', 'nobody'),
      discovery: object('How classes are found that the backend itself offers.', {
        interval: text('How often to look, `10m`.'),
        request: text('Change this to any other value to look now.'),
        select: list('What to look for, in words of the driver.', text('One of them.')),
      }),
    },
    {},
  ),
  status: statusOf('What is known of the backend.', {
    info: freeObject('What the driver says of the backend: versions, account, region.'),
    lastProbeTime: time('When the driver last answered.'),
    lastDiscoveryTime: time('When classes were last looked for.'),
  }),
  columns: [
    { name: 'Driver', type: 'string', jsonPath: '.spec.driver', description: 'What makes the services.' },
    ...readyColumns,
    messageColumn,
    ageColumn,
  ],
  example: {
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'Backend',
    metadata: { name: 'local' },
    spec: { driver: 'process' },
  },
})

export type Backend = ObjectOfKind<typeof backendKind>
