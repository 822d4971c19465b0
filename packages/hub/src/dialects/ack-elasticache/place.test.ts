/** Where a thing is to be made, by annotations that nothing checks but the dialect; and what Ready says meanwhile. */
import { namespaceType } from '@larder/engine/client/builtin'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Aws } from '../../../../../test/aws/endpoint.ts'
import { backendKind } from '../../model/backend.ts'
import { SYNCED, TERMINAL } from './conditions.ts'
import { ackHub, awsForTests, NAMESPACE, type AckHub } from './testing/ack-hub.ts'

const QUICK = { creatingMs: 50, modifyingMs: 50, deletingMs: 50, snapshottingMs: 50 }

let aws: Aws
let hub: AckHub

beforeAll(async () => {
  aws = await awsForTests()
})
beforeEach(async () => {
  await aws.reset()
  await aws.setTimes(QUICK)
  hub = await ackHub(aws)
  await hub.start()
})
afterEach(() => hub.stop())
afterAll(() => aws.stop())

const backends = async () => (await hub.admin.of(backendKind).list()).items.map(({ metadata }) => metadata.name)
const annotateNamespace = (annotations: Record<string, string | null>) =>
  hub.admin.of(namespaceType).patch(NAMESPACE, { metadata: { annotations } })

test('what is no region, or no account, is told, and no Backend is kept for it', async () => {
  const account = 'services.k8s.aws/owner-account-id'
  // Before the hub looks: news of a namespace may come behind those of an object.
  await hub.kill()
  await annotateNamespace({ 'services.k8s.aws/default-region': 'EU', [account]: '1234' })
  await hub.start()
  await hub.neutral()
  await hub.says(
    'User',
    'redis-default',
    TERMINAL,
    /^annotation services\.k8s\.aws\/default-region of namespace service-instances: is a region, as eu-west-1 is, and not "EU"$/,
  )
  await hub.annotate('User', 'redis-default', { 'services.k8s.aws/region': 'eu_central_1' })
  await hub.says('User', 'redis-default', TERMINAL, /^annotation services\.k8s\.aws\/region: .* not "eu_central_1"$/)
  await hub.annotate('User', 'redis-default', { 'services.k8s.aws/region': aws.region })
  await hub.says('User', 'redis-default', TERMINAL, /owner-account-id of namespace .* 12 digits, and not "1234"$/)
  expect(await backends()).toEqual([])
  await annotateNamespace({ [account]: null })
  await hub.synced('User', 'redis-default')
  expect(await backends()).toEqual([`aws-elasticache-${aws.region}`])
})

test('Ready has the words of what is awaited, also where references are resolved', async () => {
  await hub.cache()
  await hub.synced('ReplicationGroup', 'redis')
  await aws.setTimes({ snapshottingMs: Infinity })
  await hub.make('Snapshot', 'today', { snapshotName: 'today', replicationGroupRef: { from: { name: 'redis' } } })
  const doing = /^snapshot currently being created\.$/
  await hub.says('Snapshot', 'today', SYNCED, doing)
  await hub.says('Snapshot', 'today', 'Ready', doing)
  await aws.setTimes(QUICK)
})
