/** Where FieldExports and those who write the same thing, or the API, do not agree. */
import { configMapType, secretType } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Aws } from '../../../../../../test/aws/endpoint.ts'
import { RECOVERABLE, SYNCED, TERMINAL } from '../conditions.ts'
import { fieldExportKind, type AckObject } from '../kinds/kinds.ts'
import { ackHub, awsForTests, conditionOf, NAMESPACE, type AckHub } from '../testing/ack-hub.ts'

let aws: Aws
let hub: AckHub

beforeAll(async () => {
  aws = await awsForTests({ creatingMs: 50 })
})
beforeEach(async () => {
  await aws.reset()
  hub = await ackHub(aws)
  await hub.start()
  await hub.neutral()
  await hub.synced('User', 'redis-default')
})
afterEach(() => hub.stop())
afterAll(() => aws.stop())

const exports = fieldExportKind as ResourceType<AckObject>
const inNamespace = { namespace: NAMESPACE }

const exportOf = (name: string, path: string, to: Record<string, string>) =>
  hub.admin.of(exports).create({
    metadata: { name, namespace: NAMESPACE },
    spec: {
      from: { path, resource: { group: 'elasticache.services.k8s.aws', kind: 'User', name: 'redis-default' } },
      to,
    },
  })

/** The message of a condition that it has, once it is this one. */
const says = (name: string, type: string, message: string) =>
  hub.until(`${name} to say ${type} ${message}`, async () => {
    const condition = conditionOf(await hub.admin.of(exports).get(name, NAMESPACE), type)
    return condition && (condition.message ?? '').includes(message) ? condition : undefined
  })
const isSynced = (name: string) => says(name, SYNCED, 'synced successfully')

const map = (name: string, more: object = {}) =>
  hub.admin.of(configMapType).create({ metadata: { name, namespace: NAMESPACE, ...more }, data: { own: 'kept' } })
const dataOf = async (name: string) => (await hub.admin.of(configMapType).get(name, NAMESPACE)).data

/** Within one second uids decide. */
const ageOf = ({ metadata }: AckObject) => `${metadata.creationTimestamp} ${metadata.uid}`

test('of two that write one key the older has it, and the younger when that is gone', async () => {
  await map('app')
  const to = { kind: 'configmap', name: 'app', key: 'user' }
  const both = [await exportOf('id', '.spec.userID', to), await exportOf('engine', '.spec.engine', to)]
  const [older = '', younger = ''] = both
    .toSorted((a, b) => (ageOf(a) < ageOf(b) ? -1 : 1))
    .map(({ metadata }) => metadata.name)
  const values: Record<string, string> = { id: 'redis-default', engine: 'redis' }
  await says(younger, TERMINAL, `spec.to: key user of configmap ${NAMESPACE}/app is that of FieldExport ${older}`)
  await hub.until('that of the older', async () => (await dataOf('app'))?.['user'] === values[older] || undefined)
  await hub.admin.of(exports).delete(older, inNamespace)
  await isSynced(younger)
  expect(await dataOf('app')).toEqual({ own: 'kept', user: values[younger] })
})

test('what another controller owns whole is not written', async () => {
  const { uid } = (await map('queue')).metadata
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'queue', uid }
  await map('jobs', { ownerReferences: [{ ...owner, controller: true }] })
  await exportOf('engine', '.spec.engine', { kind: 'configmap', name: 'jobs', key: 'engine' })
  await says('engine', TERMINAL, `spec.to: configmap ${NAMESPACE}/jobs is written by ConfigMap queue alone`)
  expect(await dataOf('jobs')).toEqual({ own: 'kept' })
})

test('what the API refuses is told, of a Secret without its words, and heals', async () => {
  await map('app')
  await exportOf('slash', '.spec.engine', { kind: 'configmap', name: 'app', key: 'redis/engine' })
  await says('slash', RECOVERABLE, 'spec.to: the API refuses to write configmap app: ConfigMap "app" is invalid: data[')
  await hub.admin.of(exports).patch('slash', { spec: { to: { key: 'engine' } } }, inNamespace)
  await isSynced('slash')
  const secrets = hub.admin.of(secretType)
  const metadata = { name: 'app', namespace: NAMESPACE }
  await secrets.create({ metadata, immutable: true })
  await exportOf('fixed', '.spec.engine', { kind: 'secret', name: 'app', key: 'engine' })
  const { message } = await says('fixed', RECOVERABLE, 'the API refuses')
  expect(message).toBe('spec.to: the API refuses to write secret app: 422 Invalid data')
  await secrets.delete('app', inNamespace)
  await secrets.create({ metadata })
  await isSynced('fixed')
  expect(await hub.secretValues('app', NAMESPACE)).toEqual({ engine: 'redis' })
})
