/** What goes wrong with stacks, and what becomes of objects then. */
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
  ListStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation'
import { GetQueueAttributesCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { configMapType, namespaceType } from '@larder/engine/client/builtin'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { startAws, type Aws } from '../../../../../test/aws/endpoint.ts'
import { instanceKind } from '../../model/instance.ts'
import { INSTANCE_NAMESPACE } from '../../model/names.ts'
import { settingsAt } from './settings.ts'
import { DELETION_POLICY_ANNOTATION } from './stack.ts'
import { asoHub, typeOf, type AsoHub } from './testing/aso-hub.ts'

/** What is complete at once is seen to be by the first look; what is not only by the next, most of a second later. */
const TIMES = { creatingMs: 0, modifyingMs: 0, deletingMs: 0 }

let aws: Aws
let hub: AsoHub
let stacks: CloudFormationClient
let sqs: SQSClient
beforeAll(async () => {
  aws = await startAws(TIMES)
  stacks = new CloudFormationClient(aws.client(aws.truthUrl))
  sqs = new SQSClient(aws.client(aws.truthUrl))
})
beforeEach(async () => {
  await aws.reset()
  await aws.setTimes(TIMES)
  hub = await asoHub(aws)
  await hub.start()
})
afterEach(() => hub.stop())
afterAll(() => aws.stop())

/** Instead of every ten minutes. */
const lookOften = () =>
  hub.backend('often', {
    driver: 'cloudformation',
    config: { region: aws.region, lookAgain: '200ms' },
    consumers: { selector: {} },
  })

const STACK = 'aws-service-operator-sqsqueue-jobs-shop'
const complete = (kind = 'SQSQueue', name = 'jobs', namespace = 'shop') =>
  hub.reaches(kind, name, 'CREATE_COMPLETE', namespace)
const stackOf = async (StackName = STACK) => (await stacks.send(new DescribeStacksCommand({ StackName }))).Stacks?.[0]
const allStacks = async () =>
  ((await stacks.send(new ListStacksCommand({}))).StackSummaries ?? []).map(({ StackStatus }) => StackStatus)
const timeoutIs = (wanted: string) =>
  hub.until(`a timeout of ${wanted}`, async () => {
    const [QueueUrl] = (await sqs.send(new ListQueuesCommand({}))).QueueUrls ?? []
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))
    return Attributes?.['VisibilityTimeout'] === wanted || undefined
  })

test('row 18: a change becomes an update, and outputs and ConfigMap follow', async () => {
  await hub.make('SQSQueue', 'jobs', { visibilityTimeout: 5 })
  await complete()
  await aws.setTimes({ modifyingMs: Infinity })
  await hub.edit('SQSQueue', 'jobs', { spec: { visibilityTimeout: 30, usedeadletterQueue: true } })
  await hub.reaches('SQSQueue', 'jobs', 'UPDATE_IN_PROGRESS')
  await aws.setTimes(TIMES)
  const { output } = await hub.reaches('SQSQueue', 'jobs', 'UPDATE_COMPLETE')
  const parameters = Object.fromEntries(
    (await stackOf())?.Parameters?.map((p) => [p.ParameterKey, p.ParameterValue]) ?? [],
  )
  expect(parameters).toMatchObject({ VisibilityTimeout: '30', UsedeadletterQueue: 'true' })
  expect(output?.['deadLetterQueueARN']).toMatch(/^arn:aws:sqs:/)
  expect((await hub.admin.of(configMapType).get('jobs', 'shop')).data).toEqual(output)
})

test('row 19: where nothing has changed no update is sent, and nothing is written', async () => {
  const { metadata } = await hub.make('SQSQueue', 'jobs')
  await complete()
  aws.calls.clear()
  for (const turn of ['1', '2', '3']) await hub.edit('SQSQueue', 'jobs', { metadata: { labels: { turn } } })
  await hub.kill()
  await hub.start()
  await hub.make('SQSQueue', 'other')
  await complete('SQSQueue', 'other')
  const mine = (action: string) =>
    aws.calls.count({ action, where: (call) => call.parameter('StackName')?.includes('-jobs-') === true })
  expect([mine('UpdateStack'), mine('CreateStack'), mine('CreateChangeSet')]).toEqual([0, 0, 0])
  expect(hub.cut.writes.filter((write) => write.startsWith('patch sqsqueues') && write.endsWith(' jobs'))).toEqual([])
  expect((await stackOf())?.Tags).toEqual(expect.arrayContaining([{ Key: 'larder.dev/id', Value: metadata.uid }]))
})

test('row 20: a change while another is under way is not lost', async () => {
  await aws.setTimes({ creatingMs: Infinity, modifyingMs: Infinity })
  await hub.make('SQSQueue', 'jobs', { visibilityTimeout: 5 })
  await hub.reaches('SQSQueue', 'jobs', 'CREATE_IN_PROGRESS')
  await hub.edit('SQSQueue', 'jobs', { spec: { visibilityTimeout: 20 } })
  await aws.setTimes({ creatingMs: 0 })
  await hub.reaches('SQSQueue', 'jobs', 'UPDATE_IN_PROGRESS')
  await hub.edit('SQSQueue', 'jobs', { spec: { visibilityTimeout: 40 } })
  await aws.setTimes(TIMES)
  await timeoutIs('40')
  await hub.reaches('SQSQueue', 'jobs', 'UPDATE_COMPLETE')
})

test('row 21: an error of AWS is in status and events, and heals when AWS does', async () => {
  const fault = aws.faults.refuse(
    { action: 'CreateStack' },
    { code: 'AccessDenied', message: 'not authorized to perform cloudformation:CreateStack', status: 403 },
  )
  await hub.make('SQSQueue', 'jobs')
  // What it says first may be that the hub has not seen the Backend yet.
  await expect
    .poll(async () => (await hub.reaches('SQSQueue', 'jobs', /PENDING|FAILED/)).status?.resourceStatusReason)
    .toContain('not authorized to perform')
  await expect.poll(() => hub.eventsOf('jobs')).toContainEqual(expect.stringMatching(/Pending|Failed/))
  expect(fault.met).toBeGreaterThan(0)
  fault.lift()
  await complete()
})

test('row 21: a thing whose name is taken fails with the words of AWS, and others are made', async () => {
  await hub.admin.of(namespaceType).create({ metadata: { name: 'market' } })
  const spec = { hashAttribute: { name: 'id' } }
  await hub.make('DynamoDB', 'goods', spec)
  await complete('DynamoDB', 'goods')
  await hub.make('DynamoDB', 'goods', spec, { namespace: 'market' })
  const failed = await hub.reaches('DynamoDB', 'goods', /ROLLBACK_COMPLETE/, 'market')
  expect(failed.status?.resourceStatusReason).toContain('already exists')
  await hub.make('SQSQueue', 'jobs')
  await complete()
})

test('row 22: a stack that rolled back is made anew and counted', async () => {
  await aws.fail({ operation: 'CreateResource', reason: 'no capacity', stack: STACK, times: 1 })
  await hub.make('SQSQueue', 'jobs')
  const { spec, status } = await complete()
  expect(spec?.['rollbackCount']).toBe(1)
  expect(hub.statusesOf('SQSQueue', 'jobs').join()).toMatch(/ROLLBACK_.*CREATE_IN_PROGRESS,CREATE_COMPLETE$/)
  await expect.poll(() => hub.eventsOf('jobs')).toContainEqual(expect.stringMatching(/^Warning Rollback/))
  expect((await allStacks()).filter((state) => state !== 'DELETE_COMPLETE')).toEqual(['CREATE_COMPLETE'])
  expect(status?.stackID).toBe((await stackOf())?.StackId)
})

test('row 22: and not for ever', async () => {
  await aws.fail({ operation: 'CreateResource', reason: 'no capacity', stack: STACK, times: 99 })
  await hub.make('SQSQueue', 'jobs')
  const { spec, status } = await hub.until('the end of all attempts', async () => {
    const queue = await hub.reaches('SQSQueue', 'jobs', /ROLLBACK|CREATE|DELETE/)
    return queue.status?.resourceStatusReason?.includes('3 times') ? queue : undefined
  })
  expect(status?.resourceStatus).toBe('ROLLBACK_COMPLETE')
  expect(status?.resourceStatusReason).toContain('no capacity')
  expect(spec?.['rollbackCount']).toBe(3)
  const made = (await allStacks()).length
  await hub.edit('SQSQueue', 'jobs', { metadata: { labels: { look: 'again' } } })
  await hub.make('SNSTopic', 'news')
  await complete('SNSTopic', 'news')
  expect(await allStacks()).toHaveLength(made + 1)
  // Not held up by what never was.
  await hub.remove('SQSQueue', 'jobs')
})

test('row 23: a delete survives the death of the hub', async () => {
  await hub.make('SQSQueue', 'jobs')
  await complete()
  await hub.kill()
  await hub.admin.of(typeOf('SQSQueue')).delete('jobs', { namespace: 'shop' })
  expect((await stackOf())?.StackStatus).toBe('CREATE_COMPLETE')
  await hub.start()
  await hub.gone('SQSQueue', 'jobs')
  expect(await allStacks()).toEqual(['DELETE_COMPLETE'])
})

test('row 24: a stack that somebody has removed is reported, and made anew when it is asked for anew', async () => {
  await lookOften()
  await hub.make('SQSQueue', 'jobs')
  const { status } = await complete()
  // What goes before the hub has written down that it was made is made again.
  await hub.until('the record of what was made', async () => {
    const { items } = await hub.admin.of(instanceKind).list({ namespace: INSTANCE_NAMESPACE })
    return items.every((instance) => instance.status?.applied) ? true : undefined
  })
  await stacks.send(new DeleteStackCommand({ StackName: STACK }))
  const lost = await hub.reaches('SQSQueue', 'jobs', 'DELETE_COMPLETE')
  expect(lost.status?.resourceStatusReason).toBe(
    'the stack was removed by somebody else; delete jobs and apply it again for a new one',
  )
  await hub.remove('SQSQueue', 'jobs')
  await hub.make('SQSQueue', 'jobs')
  expect((await complete()).status?.stackID).not.toBe(status?.stackID)
})

test('what somebody changes of a stack is noticed, and put right', async () => {
  await lookOften()
  await hub.make('SQSQueue', 'jobs', { visibilityTimeout: 5 })
  await complete()
  aws.calls.clear()
  const { Parameters = [] } = (await stackOf())!
  await stacks.send(
    new UpdateStackCommand({
      StackName: STACK,
      UsePreviousTemplate: true,
      Parameters: Parameters.map(({ ParameterKey, ParameterValue }) => ({
        ParameterKey,
        ParameterValue: ParameterKey === 'VisibilityTimeout' ? '77' : ParameterValue,
      })),
    }),
  )
  // The hub changes back what it finds changed: the 77 itself may stand there for a moment only.
  await hub.until('the update of the hub', () => {
    const updates = aws.calls.count({ action: 'UpdateStack' }) + aws.calls.count({ action: 'ExecuteChangeSet' })
    return updates > 0 || undefined
  })
  await timeoutIs('5')
  await hub.reaches('SQSQueue', 'jobs', 'UPDATE_COMPLETE')
})

test('row 25: a stack of that name which is somebody else’s is left alone', async () => {
  const TemplateBody = JSON.stringify({ Resources: { Topic: { Type: 'AWS::SNS::Topic' } } })
  await stacks.send(new CreateStackCommand({ StackName: STACK, TemplateBody }))
  await expect.poll(async () => (await stackOf())?.StackStatus).toBe('CREATE_COMPLETE')
  await lookOften()
  await hub.make('SQSQueue', 'jobs')
  // What CREATE_FAILED says first may be another thing; the conflict is seen by the next look.
  await expect
    .poll(async () => (await hub.reaches('SQSQueue', 'jobs', 'CREATE_FAILED')).status?.resourceStatusReason)
    .toContain(`a stack called ${STACK} exists and is not of this instance`)
  await hub.remove('SQSQueue', 'jobs')
  expect((await stackOf())?.StackStatus).toBe('CREATE_COMPLETE')
  await hub.make('SQSQueue', 'jobs')
  await hub.reaches('SQSQueue', 'jobs', 'CREATE_FAILED')
  await stacks.send(new DeleteStackCommand({ StackName: STACK }))
  await complete()
})

test('an annotation keeps the stack of what goes', async () => {
  await hub.make('SQSQueue', 'jobs', {}, { annotations: { [DELETION_POLICY_ANNOTATION]: 'retain' } })
  await complete()
  await hub.remove('SQSQueue', 'jobs')
  expect((await stackOf())?.StackStatus).toBe('CREATE_COMPLETE')
  await hub.make('SNSTopic', 'news', {}, { annotations: { [DELETION_POLICY_ANNOTATION]: 'perhaps' } })
  const { status } = await hub.reaches('SNSTopic', 'news', 'CREATE_FAILED')
  expect(status?.resourceStatusReason).toBe(
    'annotation service-operator.aws/deletion-policy: must be delete or retain, and is "perhaps"',
  )
})

test('a ConfigMap of that name which is somebody else’s is left alone, and the status says so', async () => {
  const data = { mine: 'yes' }
  await hub.admin.of(configMapType).create({ metadata: { name: 'jobs', namespace: 'shop' }, data })
  await hub.make('SQSQueue', 'jobs')
  const { status, additionalResources, output } = await complete()
  expect(status?.resourceStatusReason).toBe(
    'ConfigMap jobs of this namespace was made by somebody else, and is left as it is',
  )
  expect(additionalResources).toEqual({ configMaps: null })
  expect(output?.['queueARN']).toMatch(/^arn:/)
  expect((await hub.admin.of(configMapType).get('jobs', 'shop')).data).toEqual(data)
  await hub.remove('SQSQueue', 'jobs')
  expect((await hub.admin.of(configMapType).get('jobs', 'shop')).data).toEqual(data)
})

test('a hub without credentials says that it has none, also of what is to go, and goes on when it has some', async () => {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, '')
  await hub.make('SQSQueue', 'jobs')
  await hub.make('SQSQueue', 'other')
  const { status } = await hub.reaches('SQSQueue', 'jobs', 'PENDING')
  expect(status?.resourceStatusReason).toContain('there are no credentials')
  await hub.admin.of(typeOf('SQSQueue')).delete('other', { namespace: 'shop' })
  const going = await hub.reaches('SQSQueue', 'other', 'DELETE_IN_PROGRESS')
  expect(going.status?.resourceStatusReason).toContain('there are no credentials')
  await hub.kill()
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value)
  await hub.start()
  await complete()
  await hub.gone('SQSQueue', 'other')
})

test('row 26: of two objects whose names make one stack the second says so, and has it when the first has gone', async () => {
  await hub.admin.of(namespaceType).create({ metadata: { name: 'c' } })
  await hub.admin.of(namespaceType).create({ metadata: { name: 'b-c' } })
  await hub.make('SQSQueue', 'a-b', {}, { namespace: 'c' })
  await complete('SQSQueue', 'a-b', 'c')
  await hub.make('SQSQueue', 'a', {}, { namespace: 'b-c' })
  const { status } = await hub.reaches('SQSQueue', 'a', 'CREATE_FAILED', 'b-c')
  expect(status?.resourceStatusReason).toBe(
    'stack aws-service-operator-sqsqueue-a-b-c is that of SQSQueue c/a-b, whose name and namespace give the same name',
  )
  await hub.remove('SQSQueue', 'a-b', 'c')
  await complete('SQSQueue', 'a', 'b-c')
})

test('row 28: nothing that is told is relied on: a hub that was away for the whole of it knows how it ended', async () => {
  await aws.setTimes({ creatingMs: Infinity })
  await hub.make('SQSQueue', 'jobs')
  await hub.reaches('SQSQueue', 'jobs', 'CREATE_IN_PROGRESS')
  await hub.kill()
  await aws.setTimes(TIMES)
  await hub.until('the end of the stack', async () =>
    (await stackOf())?.StackStatus === 'CREATE_COMPLETE' ? true : undefined,
  )
  await hub.start()
  await complete()
})

test('the first part of the names of stacks is a setting', async () => {
  // Before the hub begins: a name that is given stays.
  await hub.kill()
  await hub.admin.of(configMapType).create({ metadata: settingsAt, data: { 'cluster-name': 'blue' } })
  await hub.start()
  await hub.make('SQSQueue', 'jobs')
  await complete()
  expect((await stackOf('blue-sqsqueue-jobs-shop'))?.StackStatus).toBe('CREATE_COMPLETE')
})
