/** Templates of one's own: used by name, uploaded, changed and removed. */
import { CloudFormationClient, DescribeStacksCommand, GetTemplateCommand } from '@aws-sdk/client-cloudformation'
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { configMapType, namespaceType } from '@larder/engine/client/builtin'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startAws, type Aws } from '../../../../../test/aws/endpoint.ts'
import { backendKind } from '../../model/backend.ts'
import { templateType } from './kinds.ts'
import { settingsAt } from './settings.ts'
import { asoHub, type AsoHub } from './testing/aso-hub.ts'

let aws: Aws
let hub: AsoHub
let s3: S3Client
let stacks: CloudFormationClient
beforeAll(async () => {
  aws = await startAws({ creatingMs: 0, modifyingMs: 0, deletingMs: 0 })
  s3 = new S3Client({ ...aws.client(aws.truthUrl), forcePathStyle: true })
  stacks = new CloudFormationClient(aws.client(aws.truthUrl))
})
beforeEach(async () => {
  await aws.reset()
  hub = await asoHub(aws)
  await hub.start()
})
afterEach(() => hub.stop())
afterAll(() => aws.stop())

const BUCKET = 'our-templates'
const templates = () => hub.admin.of(templateType)

/** A topic with a name that is told to people. */
const templateWith = (DisplayName: string) =>
  JSON.stringify({
    Parameters: Object.fromEntries(
      ['Namespace', 'ResourceVersion', 'ResourceName', 'ClusterName'].map((name) => [name, { Type: 'String' }]),
    ),
    Resources: { Topic: { Type: 'AWS::SNS::Topic', Properties: { DisplayName } } },
    Outputs: { TopicARN: { Value: { Ref: 'Topic' } } },
  })

const put = (name: string, namespace: string, text: string, key?: string) =>
  templates().create({ metadata: { name, namespace }, data: { template: text, ...(key !== undefined && { key }) } })

const templateOf = async (StackName: string) =>
  (await stacks.send(new GetTemplateCommand({ StackName }))).TemplateBody ?? ''

const templateIs = (name: string, namespace: string, status: string) =>
  hub.until(`template ${name} to be ${status}`, async () => {
    const found = await templates().find(name, namespace)
    return found?.status?.resourceStatus === status ? found : undefined
  })

const objects = async () =>
  ((await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }))).Contents ?? []).map(({ Key }) => Key)

test('row 17: a template is uploaded, used by name and namespace, followed when it changes, and removed', async () => {
  const CreateBucketConfiguration = { LocationConstraint: 'us-west-2' } as const
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration }))
  await hub.admin.of(configMapType).create({ metadata: settingsAt, data: { bucket: BUCKET } })
  await hub.admin.of(namespaceType).create({ metadata: { name: 'platform' } })
  await put('loud', 'platform', templateWith('LOUD'), 'topics/loud.json')
  const { output } = await templateIs('loud', 'platform', 'UPLOAD_COMPLETE')
  expect(output?.url).toBe(`https://s3.us-west-2.amazonaws.com/${BUCKET}/platform/topics/loud.json`)
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'platform/topics/loud.json' }))
  expect(await Body?.transformToString()).toBe(templateWith('LOUD'))
  await hub.make('SNSTopic', 'news', {
    cloudFormationTemplateName: 'loud',
    cloudFormationTemplateNamespace: 'platform',
  })
  await hub.reaches('SNSTopic', 'news', 'CREATE_COMPLETE')
  expect(await templateOf('aws-service-operator-snstopic-news-shop')).toContain('LOUD')
  await templates().patch('loud', { data: { template: templateWith('LOUDER') } }, { namespace: 'platform' })
  await templateIs('loud', 'platform', 'UPDATE_COMPLETE')
  await hub.reaches('SNSTopic', 'news', 'UPDATE_COMPLETE')
  expect(await templateOf('aws-service-operator-snstopic-news-shop')).toContain('LOUDER')
  await templates().delete('loud', { namespace: 'platform' })
  await hub.until('the template to go', async () => ((await templates().find('loud', 'platform')) ? undefined : true))
  expect(await objects()).toEqual([])
  const { status } = await hub.reaches('SNSTopic', 'news', 'UPDATE_FAILED')
  expect(status?.resourceStatusReason).toBe(
    'spec.cloudFormationTemplateName: there is no CloudFormationTemplate platform/loud',
  )
  expect((await stacks.send(new DescribeStacksCommand({}))).Stacks).toHaveLength(1)
})

test('one called as the kind, in the default namespace, is used by all who name none', async () => {
  // Before the hub begins: of a topic that it sees before these it makes the built-in one.
  await hub.kill()
  await hub.admin.of(configMapType).create({ metadata: settingsAt, data: { 'default-namespace': 'shop' } })
  await put('snstopic', 'shop', templateWith('OURS'))
  await hub.start()
  await hub.make('SNSTopic', 'news')
  await hub.reaches('SNSTopic', 'news', 'CREATE_COMPLETE')
  expect(await templateOf('aws-service-operator-snstopic-news-shop')).toContain('OURS')
})

test('without a bucket it is used, and says how it would be uploaded', async () => {
  await put('loud', 'shop', templateWith('LOUD'))
  const { status } = await templateIs('loud', 'shop', 'PENDING')
  expect(status?.resourceStatusReason).toBe(
    'it can be used; it is uploaded when key bucket of ConfigMap larder-system/aws-service-operator names a bucket',
  )
  await hub.make('SNSTopic', 'news', { cloudFormationTemplateName: 'loud', cloudFormationTemplateNamespace: 'shop' })
  await hub.reaches('SNSTopic', 'news', 'CREATE_COMPLETE')
})

test('an object waits for a template that is not there yet', async () => {
  await hub.make('SNSTopic', 'news', { cloudFormationTemplateName: 'later', cloudFormationTemplateNamespace: 'shop' })
  const { status } = await hub.reaches('SNSTopic', 'news', 'PENDING')
  expect(status?.resourceStatusReason).toContain('there is no CloudFormationTemplate shop/later')
  await put('later', 'shop', templateWith('LATER'))
  await hub.reaches('SNSTopic', 'news', 'CREATE_COMPLETE')
})

describe('a template of another namespace', () => {
  beforeEach(async () => {
    await hub.backend('ours', {
      driver: 'cloudformation',
      config: { region: aws.region },
      consumers: { namespaces: ['shop'] },
    })
    await hub.admin.of(namespaceType).create({ metadata: { name: 'platform' } })
  })

  test('is not used because it is called as the kind, wherever it is, before the settings say where', async () => {
    await put('snstopic', 'default', templateWith('THEIRS'))
    await hub.make('SNSTopic', 'news')
    await hub.reaches('SNSTopic', 'news', 'CREATE_COMPLETE')
    expect(await templateOf('aws-service-operator-snstopic-news-shop')).not.toContain('THEIRS')
  })

  test('is used when the settings name its namespace, also one that the Backend is not open to', async () => {
    await hub.admin.of(configMapType).create({ metadata: settingsAt, data: { 'default-namespace': 'platform' } })
    await put('loud', 'platform', templateWith('LOUD'))
    await hub.make('SNSTopic', 'news', { cloudFormationTemplateName: 'loud' })
    await hub.reaches('SNSTopic', 'news', 'CREATE_COMPLETE')
    expect(await templateOf('aws-service-operator-snstopic-news-shop')).toContain('LOUD')
  })

  test('that nobody says needs a name of it', async () => {
    await put('loud', 'default', templateWith('LOUD'))
    await hub.make('SNSTopic', 'news', { cloudFormationTemplateName: 'loud' })
    const { status } = await hub.reaches('SNSTopic', 'news', 'PENDING')
    expect(status?.resourceStatusReason).toBe(
      'spec.cloudFormationTemplateNamespace: is required, since key default-namespace of ConfigMap larder-system/aws-service-operator names none',
    )
  })

  test('is used once the Backend is open to that namespace as well', async () => {
    await put('loud', 'platform', templateWith('LOUD'))
    const cloudFormationTemplateNamespace = 'platform'
    await hub.make('SNSTopic', 'news', { cloudFormationTemplateName: 'loud', cloudFormationTemplateNamespace })
    const { status } = await hub.reaches('SNSTopic', 'news', 'PENDING')
    expect(status?.resourceStatusReason).toBe(
      'CloudFormationTemplate platform/loud is not used: Backend ours is not open to namespace platform; its spec.consumers say for which namespaces it is',
    )
    expect(aws.calls.count({ action: 'CreateStack' })).toBe(0)
    await hub.admin.of(backendKind).patch('ours', { spec: { consumers: { namespaces: ['shop', 'platform'] } } })
    await hub.reaches('SNSTopic', 'news', 'CREATE_COMPLETE')
    expect(await templateOf('aws-service-operator-snstopic-news-shop')).toContain('LOUD')
  })
})
