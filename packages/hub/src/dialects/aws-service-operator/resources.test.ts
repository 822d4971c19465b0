/** The other kinds, each compared with what AWS shows. */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'
import { DescribeRepositoriesCommand, ECRClient } from '@aws-sdk/client-ecr'
import { DescribeCacheClustersCommand, ElastiCacheClient } from '@aws-sdk/client-elasticache'
import {
  DeleteObjectCommand,
  GetBucketAclCommand,
  GetBucketLoggingCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetBucketWebsiteCommand,
  HeadBucketCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { ListSubscriptionsCommand, ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns'
import { GetQueueAttributesCommand, GetQueueUrlCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { asJson } from '@larder/engine/machinery/object'
import { configMapType } from '@larder/engine/client/builtin'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startAws, type Aws } from '../../../../../test/aws/endpoint.ts'
import { DELETION_POLICY_ANNOTATION } from './stack.ts'
import { serviceType } from './say.ts'
import { asoHub, typeOf, type AsoHub } from './testing/aso-hub.ts'

let aws: Aws
let hub: AsoHub
let stacks: CloudFormationClient
let s3: S3Client
let sqs: SQSClient
let sns: SNSClient
beforeAll(async () => {
  aws = await startAws({ creatingMs: 0, modifyingMs: 0, deletingMs: 0 })
  const truth = aws.client(aws.truthUrl)
  stacks = new CloudFormationClient(truth)
  s3 = new S3Client({ ...truth, forcePathStyle: true })
  sqs = new SQSClient(truth)
  sns = new SNSClient(truth)
})
beforeEach(async () => {
  await aws.reset()
  hub = await asoHub(aws)
  await hub.start()
})
afterEach(() => hub.stop())
afterAll(() => aws.stop())

const complete = (kind: string, name: string) => hub.reaches(kind, name, 'CREATE_COMPLETE')
const dataOf = async (name: string) => (await hub.admin.of(configMapType).find(name, 'shop'))?.data
const serviceOf = async (name: string) => {
  const found = await hub.admin.of(serviceType).find(name, 'shop')
  return found && (asJson(found)['spec'] as object)
}

const exists = (Bucket: string) =>
  s3.send(new HeadBucketCommand({ Bucket })).then(
    () => true,
    () => false,
  )

const attributesOf = async (QueueName: string) => {
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }))
  return (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))).Attributes ?? {}
}

describe('S3Bucket', () => {
  test('row 10: a bucket as it is asked for, with ConfigMap and Service beside it', async () => {
    await hub.make('S3Bucket', 'pictures', {
      versioning: true,
      accessControl: 'PublicRead',
      logging: { enabled: true, prefix: 'notes' },
      website: { enabled: true, indexPage: 'start.html', errorPage: 'oops.html' },
    })
    const { output, additionalResources } = await complete('S3Bucket', 'pictures')
    const Bucket = 'pictures'
    expect(output).toMatchObject({ bucketName: Bucket, bucketARN: 'arn:aws:s3:::pictures' })
    expect(output?.['websiteURL']).toMatch(/^http:\/\/pictures\.s3-website/)
    expect(additionalResources).toEqual({ configMaps: [Bucket], services: [Bucket] })
    const bucketURL = `pictures.s3-${aws.region}.amazonaws.com`
    expect(await dataOf(Bucket)).toEqual({ ...output, serviceName: Bucket, region: aws.region, bucketURL })
    expect(await serviceOf(Bucket)).toMatchObject({
      type: 'ExternalName',
      externalName: bucketURL,
      ports: [{ port: 443 }],
    })
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Enabled')
    const site = await s3.send(new GetBucketWebsiteCommand({ Bucket }))
    expect([site.IndexDocument?.Suffix, site.ErrorDocument?.Key]).toEqual(['start.html', 'oops.html'])
    const { LoggingEnabled } = await s3.send(new GetBucketLoggingCommand({ Bucket }))
    expect(LoggingEnabled).toMatchObject({ TargetBucket: 'pictureslogging', TargetPrefix: 'notes' })
    const { TagSet = [] } = await s3.send(new GetBucketTaggingCommand({ Bucket }))
    expect(Object.fromEntries(TagSet.map(({ Key, Value }) => [Key, Value]))).toMatchObject({
      ResourceName: Bucket,
      ResourceVersion: expect.stringMatching(/^\d+$/),
      Namespace: 'shop',
      ClusterName: 'aws-service-operator',
      Heritage: 'operator.aws',
    })
    const { Grants = [] } = await s3.send(new GetBucketAclCommand({ Bucket }))
    const everybody = Grants.filter(({ Grantee }) => Grantee?.URI === 'http://acs.amazonaws.com/groups/global/AllUsers')
    expect(everybody.map(({ Permission }) => Permission)).toEqual(['READ'])
  })

  test('row 11: it is kept when the object goes, and removed where an annotation says so; ConfigMap and Service go', async () => {
    await hub.make('S3Bucket', 'kept')
    await hub.make('S3Bucket', 'dropped', {}, { annotations: { [DELETION_POLICY_ANNOTATION]: 'delete' } })
    for (const name of ['kept', 'dropped']) await complete('S3Bucket', name)
    for (const name of ['kept', 'dropped']) await hub.remove('S3Bucket', name)
    expect([await exists('kept'), await exists('dropped')]).toEqual([true, false])
    expect((await stacks.send(new DescribeStacksCommand({}))).Stacks).toEqual([])
    await hub.until('what stood beside them to go', async () =>
      (await dataOf('kept')) === undefined && (await serviceOf('dropped')) === undefined ? true : undefined,
    )
  })

  test('one that is to be removed and is not empty says so, and goes when it is', async () => {
    await hub.make('S3Bucket', 'full', {}, { annotations: { [DELETION_POLICY_ANNOTATION]: 'delete' } })
    await complete('S3Bucket', 'full')
    const letter = { Bucket: 'full', Key: 'letter' }
    await s3.send(new PutObjectCommand({ ...letter, Body: 'dear all' }))
    await hub.admin.of(typeOf('S3Bucket')).delete('full', { namespace: 'shop' })
    const { status } = await hub.reaches('S3Bucket', 'full', 'DELETE_FAILED')
    expect(status?.resourceStatusReason).toMatch(/not empty/i)
    await s3.send(new DeleteObjectCommand(letter))
    await hub.gone('S3Bucket', 'full')
    expect(await exists('full')).toBe(false)
  })

  test.each(['assets.example.com', '2024-logs'])(
    '%s is a name of buckets and not of Services, so there is none beside it',
    async (name) => {
      await hub.make('S3Bucket', name)
      const { additionalResources, output } = await complete('S3Bucket', name)
      expect(additionalResources).toEqual({ configMaps: [name], services: null })
      const bucketURL = `${name}.s3-${aws.region}.amazonaws.com`
      expect(await dataOf(name)).toEqual({ ...output, region: aws.region, bucketURL })
    },
  )

  test('a name or an access that AWS does not know is refused with its field', async () => {
    await expect(hub.make('S3Bucket', 'ab')).rejects.toThrow('metadata.name')
    await expect(hub.make('S3Bucket', 'abc', { accessControl: 'Everybody' })).rejects.toThrow('spec.accessControl')
    await expect(hub.make('S3Bucket', 'a'.repeat(60), { logging: { enabled: true } })).rejects.toThrow('NAMElogging')
  })
})

describe('SQSQueue', () => {
  test('row 12: outputs, empty ones without a dead-letter queue, and with one its redrive; FIFO', async () => {
    await hub.make('SQSQueue', 'jobs', { visibilityTimeout: 9, delaySeconds: 2 })
    await hub.make('SQSQueue', 'careful', { usedeadletterQueue: true })
    await hub.make('SQSQueue', 'ordered', { fifoQueue: true })
    const jobs = await complete('SQSQueue', 'jobs')
    const { queueName = '', queueARN, queueURL } = jobs.output ?? {}
    expect(jobs.output).toMatchObject({ deadLetterQueueURL: '', deadLetterQueueARN: '', deadLetterQueueName: '' })
    expect(await attributesOf(queueName)).toMatchObject({
      QueueArn: queueARN,
      VisibilityTimeout: '9',
      DelaySeconds: '2',
      MaximumMessageSize: '262144',
      MessageRetentionPeriod: '345600',
    })
    expect(queueURL).toContain(queueName)
    expect(await dataOf('jobs')).toEqual(jobs.output)
    const { output: careful = {} } = await complete('SQSQueue', 'careful')
    expect(JSON.parse((await attributesOf(careful['queueName']!))['RedrivePolicy']!)).toMatchObject({
      deadLetterTargetArn: careful['deadLetterQueueARN'],
      maxReceiveCount: 5,
    })
    const { output: ordered = {} } = await complete('SQSQueue', 'ordered')
    expect(await attributesOf(ordered['queueName']!)).toMatchObject({
      FifoQueue: 'true',
      ContentBasedDeduplication: 'true',
    })
  })
})

test('a change that costs a queue is refused with what it costs, and made when that is accepted', async () => {
  await hub.make('SQSQueue', 'jobs')
  const { output: before = {} } = await complete('SQSQueue', 'jobs')
  await hub.edit('SQSQueue', 'jobs', { spec: { fifoQueue: true } })
  const refused = await hub.reaches('SQSQueue', 'jobs', 'UPDATE_FAILED')
  const [, token = ''] = /larder\.dev\/accept-loss=(\w+)$/.exec(refused.status?.resourceStatusReason ?? '') ?? []
  expect((await attributesOf(before['queueName']!))['FifoQueue']).not.toBe('true')
  await hub.edit('SQSQueue', 'jobs', { metadata: { annotations: { 'larder.dev/accept-loss': token } } })
  const { output: after = {} } = await hub.reaches('SQSQueue', 'jobs', 'UPDATE_COMPLETE')
  expect(after['queueName']).not.toBe(before['queueName'])
  expect((await attributesOf(after['queueName']!))['FifoQueue']).toBe('true')
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}))
  expect(QueueUrls.map((url) => url.split('/').at(-1))).toEqual([after['queueName']])
})

describe('SNS', () => {
  test('row 13: the ARN of the topic', async () => {
    await hub.make('SNSTopic', 'news')
    const { output } = await complete('SNSTopic', 'news')
    expect((await sns.send(new ListTopicsCommand({}))).Topics).toEqual([{ TopicArn: output?.['topicARN'] }])
  })

  test('row 14: a subscription waits for its topic and its queue, in whatever order they come', async () => {
    await hub.make('SNSSubscription', 'news-jobs', { topicName: 'news', protocol: 'sqs', endpoint: 'jobs' })
    const waiting = await hub.reaches('SNSSubscription', 'news-jobs', 'PENDING')
    expect(waiting.status?.resourceStatusReason).toBe(
      'SNSTopic news of this namespace is not there, or not complete yet',
    )
    await hub.make('SQSQueue', 'jobs')
    await hub.make('SNSTopic', 'news')
    const { output } = await complete('SNSSubscription', 'news-jobs')
    const queue = await complete('SQSQueue', 'jobs')
    const topic = await complete('SNSTopic', 'news')
    expect((await sns.send(new ListSubscriptionsCommand({}))).Subscriptions).toMatchObject([
      {
        SubscriptionArn: output?.['subscriptionARN'],
        TopicArn: topic.output?.['topicARN'],
        Endpoint: queue.output?.['queueARN'],
        Protocol: 'sqs',
      },
    ])
  })

  test('subscriptions come and go, and the others of their queue are heard as before', async () => {
    await hub.make('SQSQueue', 'jobs')
    const { output: { queueName = '', queueARN = '' } = {} } = await complete('SQSQueue', 'jobs')
    for (const topicName of ['news', 'alerts']) {
      await hub.make('SNSTopic', topicName)
      await hub.make('SNSSubscription', `${topicName}-jobs`, { topicName, protocol: 'sqs', endpoint: 'jobs' })
    }
    for (const name of ['news-jobs', 'alerts-jobs']) await complete('SNSSubscription', name)
    await hub.remove('SNSSubscription', 'alerts-jobs')
    const { Statement } = JSON.parse((await attributesOf(queueName))['Policy'] ?? '{}') as { Statement?: unknown }
    expect(Statement).toEqual([
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: queueARN,
        Condition: { ArnLike: { 'aws:SourceArn': `arn:aws:sns:*:${aws.account}:*` } },
      },
    ])
  })

  test('row 15: other protocols need no queue', async () => {
    await hub.make('SNSTopic', 'news')
    await hub.make('SNSSubscription', 'hook', {
      topicName: 'news',
      protocol: 'https',
      endpoint: 'https://example.com/hook',
    })
    await complete('SNSSubscription', 'hook')
    expect((await sns.send(new ListSubscriptionsCommand({}))).Subscriptions).toMatchObject([
      { Endpoint: 'https://example.com/hook', Protocol: 'https' },
    ])
    expect((await sqs.send(new ListQueuesCommand({}))).QueueUrls ?? []).toEqual([])
    await expect(
      hub.make('SNSSubscription', 'pigeon', { topicName: 'news', protocol: 'pigeon', endpoint: 'x' }),
    ).rejects.toThrow('spec.protocol')
  })
})

test('row 16: ECRRepository says the address of the repository', async () => {
  await hub.make('ECRRepository', 'images')
  const { output } = await complete('ECRRepository', 'images')
  const ecr = new ECRClient(aws.client(aws.truthUrl))
  const [found] = (await ecr.send(new DescribeRepositoriesCommand({}))).repositories ?? []
  expect(output).toMatchObject({ repositoryName: 'images', repositoryARN: found?.repositoryArn })
  expect(output?.['repositoryURL']).toBe(`${aws.account}.dkr.ecr.${aws.region}.amazonaws.com/images`)
  expect(found?.repositoryUri).toContain(`${aws.account}.dkr.ecr.${aws.region}.amazonaws.com/images`)
})

test('ElastiCache: a cache of each engine, and a Service to reach it', async () => {
  await hub.make('ElastiCache', 'sessions', { cacheNodeType: 'cache.t4g.micro', engineVersion: '7.1' })
  await hub.make('ElastiCache', 'pages', { engine: 'memcached', engineVersion: '1.6.22', numCacheNodes: 2 })
  const sessions = await complete('ElastiCache', 'sessions')
  const pages = await complete('ElastiCache', 'pages')
  const caches = new ElastiCacheClient(aws.client(aws.truthUrl))
  const { CacheClusters = [] } = await caches.send(new DescribeCacheClustersCommand({ ShowCacheNodeInfo: true }))
  const of = (name: string) => CacheClusters.find(({ CacheClusterId }) => CacheClusterId === name)
  const node = of('sessions')?.CacheNodes?.[0]?.Endpoint
  expect(sessions.output).toEqual({
    redisEndpointAddress: node?.Address,
    redisEndpointPort: String(node?.Port),
    configurationEndpoint: '',
    configurationEndpointPort: '',
  })
  expect(sessions.additionalResources).toEqual({ services: ['sessions'] })
  expect(await serviceOf('sessions')).toMatchObject({ externalName: node?.Address, ports: [{ port: node?.Port }] })
  expect(pages.output).toMatchObject({ configurationEndpoint: of('pages')?.ConfigurationEndpoint?.Address })
  await expect(hub.make('ElastiCache', 'a--b')).rejects.toThrow('metadata.name')
})
