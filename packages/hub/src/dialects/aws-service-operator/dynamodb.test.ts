/** The table of the document, from its manifest to a table of AWS, and what happens to it after that. */
import { CloudFormationClient, DescribeStacksCommand, ListStacksCommand } from '@aws-sdk/client-cloudformation'
import { DescribeTableCommand, DynamoDBClient, ListTagsOfResourceCommand } from '@aws-sdk/client-dynamodb'
import { configMapType } from '@larder/engine/client/builtin'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startAws, type Aws } from '../../../../../test/aws/endpoint.ts'
import { momentsOf, surviving } from '../../controllers/testing/surviving.ts'
import { backendKind } from '../../model/backend.ts'
import { instanceKind } from '../../model/instance.ts'
import type { AsoObject } from './model.ts'
import { asoHub, type AsoHub } from './testing/aso-hub.ts'

/** What is complete at once is seen to be by the first look; what is not only by the next, most of a second later. */
const TIMES = { creatingMs: 0, modifyingMs: 0, deletingMs: 0 }
const takesTime = () => aws.setTimes({ creatingMs: 100 })

let aws: Aws
let hub: AsoHub
let stacks: CloudFormationClient
let tables: DynamoDBClient
beforeAll(async () => {
  aws = await startAws(TIMES)
  stacks = new CloudFormationClient(aws.client(aws.truthUrl))
  tables = new DynamoDBClient(aws.client(aws.truthUrl))
})
beforeEach(async () => {
  await aws.reset()
  await aws.setTimes(TIMES)
  hub = await asoHub(aws)
  await hub.start()
})
afterEach(() => hub.stop())
afterAll(() => aws.stop())

const NAME = 'dynamo-table'
const STACK = `aws-service-operator-dynamodb-${NAME}-shop`
const SPEC = {
  hashAttribute: { name: 'name', type: 'S' },
  rangeAttribute: { name: 'created_at', type: 'S' },
  readCapacityUnits: 5,
  writeCapacityUnits: 5,
}
const make = (spec: typeof SPEC | object = SPEC) => hub.make('DynamoDB', NAME, { ...spec })
const complete = () => hub.reaches('DynamoDB', NAME, 'CREATE_COMPLETE')
const stack = async () => (await stacks.send(new DescribeStacksCommand({ StackName: STACK }))).Stacks?.[0]
const table = async () => (await tables.send(new DescribeTableCommand({ TableName: NAME }))).Table
const configMap = () => hub.admin.of(configMapType).find(NAME, 'shop')

test('row 3: the first status is that the stack was begun, with its id, empty outputs and what the operator fills in', async () => {
  await takesTime()
  await hub.backendOfDoor()
  await make()
  const done = await complete()
  const versions = hub.everything().filter(({ kind }) => kind === 'DynamoDB') as readonly AsoObject[]
  const first = versions.find(({ status }) => status?.resourceStatus !== undefined)
  expect(first).toMatchObject({
    spec: { ...SPEC, cloudFormationTemplateName: '', cloudFormationTemplateNamespace: '', rollbackCount: 0 },
    output: { tableARN: '', tableName: '' },
    additionalResources: { configMaps: null },
    status: { resourceStatus: 'CREATE_IN_PROGRESS', resourceStatusReason: '', stackID: done.status?.stackID },
  })
  expect(hub.statusesOf('DynamoDB', NAME)).toEqual(['CREATE_IN_PROGRESS', 'CREATE_COMPLETE'])
  await expect
    .poll(() => hub.eventsOf(NAME))
    .toEqual(expect.arrayContaining(['Normal CreateInProgress', 'Normal CreateComplete']))
})

test('row 4: the stack is called as the operator calls it, has its four tags, and needs no topic to be watched', async () => {
  const { metadata } = await make()
  await complete()
  const { Tags = [], NotificationARNs, StackId } = (await stack())!
  const tags = Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]))
  expect(tags).toMatchObject({ ResourceName: NAME, Namespace: 'shop', ClusterName: 'aws-service-operator' })
  expect(Number(tags['ResourceVersion'])).toBeGreaterThanOrEqual(Number(metadata.resourceVersion))
  expect(Object.keys(tags).sort()).toEqual([
    'ClusterName',
    'Namespace',
    'ResourceName',
    'ResourceVersion',
    'larder.dev/id',
  ])
  expect(NotificationARNs ?? []).toEqual([])
  expect((await complete()).status?.stackID).toBe(StackId)
})

test('row 5: output and status at the end are those of AWS', async () => {
  await make()
  const { output, additionalResources, status } = await complete()
  const { TableArn, TableName } = (await table())!
  expect(output).toEqual({ tableARN: TableArn, tableName: TableName })
  expect(additionalResources).toEqual({ configMaps: [NAME] })
  expect(status).toEqual({
    resourceStatus: 'CREATE_COMPLETE',
    resourceStatusReason: '',
    stackID: (await stack())?.StackId,
  })
})

test('row 6: the ConfigMap has its keys, is owned, is put right, and goes with the object', async () => {
  const { metadata } = await make()
  const { output } = await complete()
  const map = await configMap()
  expect(map?.data).toEqual({ ...output, region: aws.region })
  expect(map?.metadata.ownerReferences).toMatchObject([{ kind: 'DynamoDB', uid: metadata.uid, controller: true }])
  await hub.admin.of(configMapType).patch(NAME, { data: { tableName: 'another', mine: 'x' } }, { namespace: 'shop' })
  await hub.until('the ConfigMap to be put right', async () =>
    JSON.stringify((await configMap())?.data) === JSON.stringify(map?.data) ? true : undefined,
  )
  await hub.remove('DynamoDB', NAME)
  await hub.until('the ConfigMap to go', async () => ((await configMap()) ? undefined : true))
})

test('row 7: the table has the keys, the throughput and the tags', async () => {
  await make({ ...SPEC, readCapacityUnits: 7, writeCapacityUnits: 3 })
  await complete()
  const { KeySchema, ProvisionedThroughput, TableArn } = (await table())!
  expect(KeySchema).toEqual([
    { AttributeName: 'name', KeyType: 'HASH' },
    { AttributeName: 'created_at', KeyType: 'RANGE' },
  ])
  expect(ProvisionedThroughput).toMatchObject({ ReadCapacityUnits: 7, WriteCapacityUnits: 3 })
  const { Tags = [] } = await tables.send(new ListTagsOfResourceCommand({ ResourceArn: TableArn }))
  expect(Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]))).toMatchObject({
    ResourceName: NAME,
    Namespace: 'shop',
    ClusterName: 'aws-service-operator',
    Heritage: 'operator.aws',
  })
})

test('row 8: types of attributes are followed', async () => {
  await make({ hashAttribute: { name: 'id', type: 'N' }, rangeAttribute: { name: 'body', type: 'B' } })
  await complete()
  expect((await table())?.AttributeDefinitions).toEqual([
    { AttributeName: 'id', AttributeType: 'N' },
    { AttributeName: 'body', AttributeType: 'B' },
  ])
})

test('row 9: what is not said is as the model declares it', async () => {
  await make({ hashAttribute: { name: 'name' }, rangeAttribute: { name: 'created_at' } })
  await complete()
  const { ProvisionedThroughput, AttributeDefinitions } = (await table())!
  expect(ProvisionedThroughput).toMatchObject({ ReadCapacityUnits: 5, WriteCapacityUnits: 5 })
  expect(AttributeDefinitions?.map(({ AttributeType }) => AttributeType)).toEqual(['S', 'S'])
})

test('without a range attribute the table has one key', async () => {
  await make({ hashAttribute: { name: 'name' } })
  await complete()
  expect((await table())?.KeySchema).toEqual([{ AttributeName: 'name', KeyType: 'HASH' }])
})

test('what AWS would refuse is refused at once, with its field', async () => {
  await expect(make({ hashAttribute: { name: 'name', type: 'X' } })).rejects.toThrow('spec.hashAttribute.type')
  await expect(make({ ...SPEC, readCapacityUnits: 0 })).rejects.toThrow('spec.readCapacityUnits')
  await expect(make({})).rejects.toThrow('spec.hashAttribute')
  await expect(hub.make('DynamoDB', 'ab', SPEC)).rejects.toThrow('metadata.name')
})

test('it works before anybody has written a Backend', async () => {
  await make()
  await complete()
  expect((await hub.admin.of(backendKind).list()).items.map(({ metadata }) => metadata.name)).toEqual([
    'aws-cloudformation',
  ])
})

test('a change that would cost the table is refused with what it costs, and by AWS itself when that is accepted', async () => {
  await make()
  await complete()
  await hub.edit('DynamoDB', NAME, { spec: { hashAttribute: { name: 'other' } } })
  const refused = await hub.reaches('DynamoDB', NAME, 'UPDATE_FAILED')
  const [, token = ''] = /larder\.dev\/accept-loss=(\w+)$/.exec(refused.status?.resourceStatusReason ?? '') ?? []
  expect(refused.status?.resourceStatusReason).toContain('replaced')
  expect((await table())?.KeySchema?.[0]?.AttributeName).toBe('name')
  await hub.edit('DynamoDB', NAME, { metadata: { annotations: { 'larder.dev/accept-loss': token } } })
  const { status } = await hub.reaches('DynamoDB', NAME, 'UPDATE_ROLLBACK_COMPLETE')
  expect(status?.resourceStatusReason).toContain(
    'cannot update a stack when a custom-named resource requires replacing',
  )
  expect((await table())?.KeySchema?.[0]?.AttributeName).toBe('name')
})

test.each(['reset', 'failServer', 'truncate'] as const)(
  'the answer to its request lost by %s: one stack and no other',
  async (fault) => {
    await takesTime()
    const lost = { action: 'CreateStack', service: 'cloudformation' }
    if (fault === 'truncate') aws.faults.truncate(lost, { times: 1 })
    else aws.faults[fault](lost, { times: 1, at: 'answer' })
    await make()
    await complete()
    const { StackSummaries } = await stacks.send(new ListStacksCommand({}))
    expect(StackSummaries?.map(({ StackStatus }) => StackStatus)).toEqual(['CREATE_COMPLETE'])
  },
)

test.each(momentsOf(6))('killed at write %i, %s it: one stack and no other', async (write, when) => {
  await takesTime()
  hub.cut.dieAt(hub.cut.writes.length + write, when)
  await make()
  expect(await surviving(hub, complete)).toBe(true)
  const all = await stacks.send(new ListStacksCommand({}))
  expect(all.StackSummaries?.map(({ StackName, StackStatus }) => [StackName, StackStatus])).toEqual([
    [STACK, 'CREATE_COMPLETE'],
  ])
  expect((await hub.admin.of(instanceKind).list()).items).toHaveLength(1)
})
