/** Stacks through the SDK: what we added to moto is held here to what AWS documents, and what a stack makes is read from its service. */
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DeleteChangeSetCommand,
  DescribeStackResourceCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  ListChangeSetsCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
  UpdateStackCommand,
  UpdateTerminationProtectionCommand,
  ValidateTemplateCommand,
  type CreateStackCommandInput,
  type Stack,
} from '@aws-sdk/client-cloudformation'
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DescribeRepositoriesCommand, ECRClient } from '@aws-sdk/client-ecr'
import { DescribeReplicationGroupsCommand, ElastiCacheClient } from '@aws-sdk/client-elasticache'
import {
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetBucketWebsiteCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { ListSubscriptionsCommand, SNSClient } from '@aws-sdk/client-sns'
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startAws, type Aws } from './endpoint.ts'

const AT_ONCE = { creatingMs: 0, modifyingMs: 0, deletingMs: 0, snapshottingMs: 0 }

const QUEUE = `
Parameters:
  VisibilityTimeout: {Type: Number, Default: 30, MinValue: 0, MaxValue: 43200}
  Kind: {Type: String, Default: plain, AllowedValues: [plain, fancy]}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: !Ref VisibilityTimeout, MessageRetentionPeriod: 1000}
Outputs:
  Arn: {Value: !GetAtt Queue.Arn}
  Name: {Value: !GetAtt [Queue, QueueName], Description: of the queue}
`

let aws: Aws
let cloudformation: CloudFormationClient
let sqs: SQSClient
let s3: S3Client

beforeAll(async () => {
  aws = await startAws(AT_ONCE)
  cloudformation = new CloudFormationClient({ ...aws.client(), maxAttempts: 1 })
  sqs = new SQSClient(aws.client())
  s3 = new S3Client({ ...aws.client(), forcePathStyle: true })
})
afterEach(async () => {
  await aws.setTimes(AT_ONCE)
  await aws.reset()
})
afterAll(async () => {
  for (const client of [cloudformation, sqs, s3]) client.destroy()
  await aws.stop()
})

const create = (name: string, template: string | object, more: Partial<CreateStackCommandInput> = {}) =>
  cloudformation.send(new CreateStackCommand({ StackName: name, TemplateBody: body(template), ...more }))

const update = (name: string, template: string | object, more: Partial<CreateStackCommandInput> = {}) =>
  cloudformation.send(new UpdateStackCommand({ StackName: name, TemplateBody: body(template), ...more }))

const destroy = (name: string) => cloudformation.send(new DeleteStackCommand({ StackName: name }))

const body = (template: string | object): string => (typeof template === 'string' ? template : JSON.stringify(template))

const parameters = (values: Record<string, string>) =>
  Object.entries(values).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue }))

async function stack(name: string): Promise<Stack> {
  return (await cloudformation.send(new DescribeStacksCommand({ StackName: name }))).Stacks![0]!
}

async function output(name: string, key: string): Promise<string> {
  const found = (await stack(name)).Outputs?.find((each) => each.OutputKey === key)?.OutputValue
  if (found === undefined) throw new Error(`stack ${name} has no output ${key}`)
  return found
}

/** Oldest first, without the two that every resource begins with: `Queue CREATE_FAILED: the reason`. */
async function events(name: string): Promise<string[]> {
  const { StackEvents } = await cloudformation.send(new DescribeStackEventsCommand({ StackName: name }))
  return StackEvents!
    .toReversed()
    .filter((event) => !event.ResourceStatus!.endsWith('_IN_PROGRESS') || event.ResourceType!.endsWith('::Stack'))
    .map(({ LogicalResourceId, ResourceStatus, ResourceStatusReason }) =>
      [`${LogicalResourceId} ${ResourceStatus}`, ResourceStatusReason].filter(Boolean).join(': '),
    )
}

async function timeout(name: string): Promise<string | undefined> {
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: await output(name, 'Name') }))
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))
  return Attributes?.['VisibilityTimeout']
}

const queues = async () => (await sqs.send(new ListQueuesCommand({}))).QueueUrls ?? []

/** A queue of this name, and a policy that refers to it. */
const namedQueue = (name: string, timeoutS: number) => ({
  Resources: {
    Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: name, VisibilityTimeout: timeoutS } },
    Policy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: { Queues: [{ Ref: 'Queue' }], PolicyDocument: { Version: '2012-10-17', Statement: [] } },
    },
  },
})

const planChange = (name: string, template: object, kind: 'CREATE' | 'UPDATE' = 'UPDATE') =>
  cloudformation.send(
    new CreateChangeSetCommand({
      StackName: 'app',
      ChangeSetName: name,
      ChangeSetType: kind,
      TemplateBody: body(template),
    }),
  )

const changeSet = (name: string) =>
  cloudformation.send(new DescribeChangeSetCommand({ StackName: 'app', ChangeSetName: name }))

const executeChange = (name: string) =>
  cloudformation.send(new ExecuteChangeSetCommand({ StackName: 'app', ChangeSetName: name }))

const tableTemplate = (units: number) => ({
  Resources: {
    Table: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        TableName: 'people',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        ProvisionedThroughput: { ReadCapacityUnits: units, WriteCapacityUnits: units },
      },
    },
  },
  Outputs: { Arn: { Value: { 'Fn::GetAtt': ['Table', 'Arn'] } } },
})

const bucketTemplate = (versioning: string) => ({
  Resources: {
    Bucket: {
      Type: 'AWS::S3::Bucket',
      DeletionPolicy: 'Retain',
      Properties: {
        BucketName: 'kept',
        AccessControl: 'PublicRead',
        VersioningConfiguration: { Status: versioning },
        WebsiteConfiguration: { IndexDocument: 'index.html', ErrorDocument: '500.html' },
        LifecycleConfiguration: {
          Rules: [{ Id: 'old', Status: 'Enabled', Prefix: 'archive', ExpirationInDays: 365 }],
        },
      },
    },
    Policy: {
      Type: 'AWS::S3::BucketPolicy',
      Properties: { Bucket: { Ref: 'Bucket' }, PolicyDocument: { Version: '2012-10-17', Statement: [] } },
    },
  },
})

const cacheTemplate = (description: string, policy: string) => ({
  Resources: {
    Subnets: {
      Type: 'AWS::ElastiCache::SubnetGroup',
      Properties: { Description: 'ours', SubnetIds: ['subnet-1'] },
    },
    Parameters: {
      Type: 'AWS::ElastiCache::ParameterGroup',
      Properties: {
        CacheParameterGroupFamily: 'redis7',
        Description: 'ours',
        Properties: { 'maxmemory-policy': policy },
      },
    },
    Nobody: {
      Type: 'AWS::ElastiCache::User',
      Properties: {
        UserId: 'nobody',
        UserName: 'default',
        Engine: 'redis',
        AccessString: 'off',
        NoPasswordRequired: 'true',
      },
    },
    Users: {
      Type: 'AWS::ElastiCache::UserGroup',
      Properties: { UserGroupId: 'users', Engine: 'redis', UserIds: [{ Ref: 'Nobody' }] },
    },
    Cache: {
      Type: 'AWS::ElastiCache::ReplicationGroup',
      Properties: {
        ReplicationGroupId: 'cache',
        ReplicationGroupDescription: description,
        CacheNodeType: 'cache.t4g.micro',
        NumCacheClusters: 2,
        TransitEncryptionEnabled: true,
        CacheSubnetGroupName: { Ref: 'Subnets' },
        CacheParameterGroupName: { Ref: 'Parameters' },
        UserGroupIds: [{ Ref: 'Users' }],
      },
    },
  },
  Outputs: {
    Host: { Value: { 'Fn::GetAtt': ['Cache', 'PrimaryEndPoint.Address'] } },
    Port: { Value: { 'Fn::Sub': '${Cache.PrimaryEndPoint.Port}' } },
  },
})

const queueOf = (properties: object) => ({ Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: properties } } })

const TWO = {
  Resources: {
    Queue: { Type: 'AWS::SQS::Queue' },
    Topic: { Type: 'AWS::SNS::Topic', DependsOn: 'Queue' },
  },
}

const tagged = (owner: string) => ({ Tags: [{ Key: 'owner', Value: owner }] })

async function tagsOfQueue(): Promise<Record<string, string> | undefined> {
  const [QueueUrl] = await queues()
  return (await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags
}

describe('a stack', () => {
  test('is created in its time, and tells outputs when it is complete', async () => {
    await aws.setTimes({ creatingMs: Infinity })
    const Tags = [{ Key: 'owner', Value: 'larder' }]
    const { StackId } = await create('app', QUEUE, { Tags, Parameters: parameters({ VisibilityTimeout: '45' }) })
    expect(await stack('app')).toMatchObject({ StackId, StackStatus: 'CREATE_IN_PROGRESS', Tags })
    expect((await stack('app')).Outputs).toBeUndefined()
    expect(await queues()).toEqual([])
    await aws.setTimes({ creatingMs: 0 })

    expect(await queues()).toHaveLength(1)
    expect(await stack('app')).toMatchObject({ StackId, StackStatus: 'CREATE_COMPLETE' })
    expect(await timeout('app')).toBe('45')
    expect(await events('app')).toEqual([
      'app CREATE_IN_PROGRESS: User Initiated',
      'Queue CREATE_COMPLETE',
      'app CREATE_COMPLETE',
    ])
    const resource = { LogicalResourceId: 'Queue', ResourceType: 'AWS::SQS::Queue', ResourceStatus: 'CREATE_COMPLETE' }
    const of = { StackName: 'app' }
    const { StackResources } = await cloudformation.send(new DescribeStackResourcesCommand(of))
    expect(StackResources).toMatchObject([resource])
    const { StackResourceSummaries } = await cloudformation.send(new ListStackResourcesCommand(of))
    expect(StackResourceSummaries).toMatchObject([resource])
    const one = new DescribeStackResourceCommand({ ...of, LogicalResourceId: 'Queue' })
    expect((await cloudformation.send(one)).StackResourceDetail).toMatchObject(resource)
    const { TemplateBody } = await cloudformation.send(new GetTemplateCommand({ StackName: 'app' }))
    expect(TemplateBody).toBe(QUEUE)
  })

  test('is updated in place; the same again is refused, and the change goes on if it is repeated with its token', async () => {
    await create('app', QUEUE)
    const name = await output('app', 'Name')
    await aws.setTimes({ modifyingMs: Infinity })
    const change = { Parameters: parameters({ VisibilityTimeout: '5' }), ClientRequestToken: 'token-1' }
    await update('app', QUEUE, change)
    await update('app', QUEUE, change)
    expect(await stack('app')).toMatchObject({ StackStatus: 'UPDATE_IN_PROGRESS' })
    await expect(update('app', QUEUE)).rejects.toMatchObject({
      name: 'ValidationError',
      message: expect.stringContaining('is in UPDATE_IN_PROGRESS state and can not be updated'),
    })
    await aws.setTimes({ modifyingMs: 0 })
    expect(await stack('app')).toMatchObject({ StackStatus: 'UPDATE_COMPLETE' })
    expect(await timeout('app')).toBe('5')
    expect(await output('app', 'Name')).toBe(name)
    await expect(update('app', QUEUE, { Parameters: change.Parameters })).rejects.toMatchObject({
      message: 'No updates are to be performed.',
    })
  })

  test('is deleted in its time: gone by its name, told by its id', async () => {
    const { StackId } = await create('app', QUEUE)
    await stack('app')
    await aws.setTimes({ deletingMs: Infinity })
    await destroy('app')
    expect(await stack('app')).toMatchObject({ StackStatus: 'DELETE_IN_PROGRESS' })
    await aws.setTimes({ deletingMs: 0 })
    expect(await queues()).toEqual([])
    await expect(stack('app')).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'Stack with id app does not exist',
    })
    expect(await stack(StackId!)).toMatchObject({ StackStatus: 'DELETE_COMPLETE' })
    await destroy('app')
    await create('app', QUEUE)
  })

  test('is created once for a token; without it, or with another one, its name is taken', async () => {
    const first = await create('app', QUEUE, { ClientRequestToken: 'one' })
    const again = await create('app', QUEUE, { ClientRequestToken: 'one' })
    expect(again.StackId).toBe(first.StackId)
    await expect(create('app', QUEUE, { ClientRequestToken: 'two' })).rejects.toMatchObject({
      name: 'AlreadyExistsException',
    })
    await expect(create('app', QUEUE)).rejects.toMatchObject({ name: 'AlreadyExistsException' })
  })

  test('hands its tags on to what it makes, and the new ones when they change', async () => {
    const template = {
      Resources: {
        Queue: { Type: 'AWS::SQS::Queue', Properties: { Tags: [{ Key: 'own', Value: 'mine' }] } },
        Topic: { Type: 'AWS::SNS::Topic' },
        Repository: { Type: 'AWS::ECR::Repository' },
        Subnets: {
          Type: 'AWS::ElastiCache::SubnetGroup',
          Properties: { Description: 'ours', SubnetIds: ['subnet-1'] },
        },
      },
    }
    await create('app', template, tagged('one'))
    const system = { 'aws:cloudformation:stack-name': 'app', 'aws:cloudformation:logical-id': 'Queue' }
    expect(await tagsOfQueue()).toMatchObject({ own: 'mine', owner: 'one', ...system })
    await update('app', template, tagged('two'))
    expect(await stack('app')).toMatchObject({ StackStatus: 'UPDATE_COMPLETE' })
    expect(await tagsOfQueue()).toMatchObject({ own: 'mine', owner: 'two', ...system })
    await expect(update('app', template, tagged('two'))).rejects.toMatchObject({
      message: 'No updates are to be performed.',
    })
  })

  test('is protected from deletion when somebody said so', async () => {
    await create('app', QUEUE, { EnableTerminationProtection: true })
    await expect(destroy('app')).rejects.toMatchObject({ message: expect.stringContaining('TerminationProtection') })
    await cloudformation.send(
      new UpdateTerminationProtectionCommand({ StackName: 'app', EnableTerminationProtection: false }),
    )
    await destroy('app')
  })

  test('tells its parameters, but not those without echo', async () => {
    const secret = `
Parameters: {Password: {Type: String, NoEcho: true}, Flag: {Type: String, Default: false}}
Resources: {Topic: {Type: AWS::SNS::Topic}}
`
    await create('app', secret, { Parameters: parameters({ Password: 'not-to-be-told' }) })
    expect((await stack('app')).Parameters).toEqual(parameters({ Password: '****', Flag: 'false' }))
  })

  test('more than a page of them has a token', async () => {
    const topic = { Resources: { Topic: { Type: 'AWS::SNS::Topic' } } }
    for (let i = 0; i < 51; i++) await create(`stack-${i}`, topic)
    const first = await cloudformation.send(new DescribeStacksCommand({}))
    const rest = await cloudformation.send(new DescribeStacksCommand({ NextToken: first.NextToken }))
    expect([first.Stacks!.length, rest.Stacks!.length, rest.NextToken]).toEqual([50, 1, undefined])
    const { StackSummaries } = await cloudformation.send(
      new ListStacksCommand({ StackStatusFilter: ['CREATE_COMPLETE'] }),
    )
    expect(StackSummaries).toHaveLength(51)
  })
})

describe('what fails', () => {
  test('a resource that cannot be made: the others are removed, and the stack tells which', async () => {
    await aws.fail({ operation: 'CreateResource', target: 'Topic', stack: 'app', reason: 'no topics today' })
    await create('app', TWO)
    expect(await stack('app')).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' })
    expect(await events('app')).toEqual([
      'app CREATE_IN_PROGRESS: User Initiated',
      'Queue CREATE_COMPLETE',
      'Topic CREATE_FAILED: no topics today',
      'app ROLLBACK_IN_PROGRESS: The following resource(s) failed to create: [Topic]. Rollback requested by user.',
      'Queue DELETE_COMPLETE',
      'app ROLLBACK_COMPLETE',
    ])
    expect(await queues()).toEqual([])
    await expect(update('app', QUEUE)).rejects.toMatchObject({
      message: expect.stringContaining('is in ROLLBACK_COMPLETE state and can not be updated'),
    })
    await destroy('app')
    await create('app', TWO)
    expect(await stack('app')).toMatchObject({ StackStatus: 'CREATE_COMPLETE' })
  })

  test('a table whose name is taken: the reason is that of its service, and others can list stacks', async () => {
    const table = {
      Resources: {
        Table: {
          Type: 'AWS::DynamoDB::Table',
          Properties: {
            TableName: 'taken',
            KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
            AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
            BillingMode: 'PAY_PER_REQUEST',
          },
        },
      },
    }
    await create('first', table)
    await stack('first')
    await create('second', table)
    expect(await stack('second')).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' })
    expect((await events('second'))[1]).toMatch(/^Table CREATE_FAILED: .*taken/)
    const { Stacks } = await cloudformation.send(new DescribeStacksCommand({}))
    expect(Stacks!.map((each) => each.StackStatus)).toEqual(['CREATE_COMPLETE', 'ROLLBACK_COMPLETE'])
  })

  test.each([
    ['DO_NOTHING', 'CREATE_FAILED', 1],
    ['DELETE', 'DELETE_COMPLETE', 0],
  ] as const)('on failure %s: %s', async (OnFailure, status, left) => {
    await aws.fail({ operation: 'CreateResource', target: 'AWS::SNS::Topic', reason: 'no topics today' })
    const { StackId } = await create('app', TWO, { OnFailure })
    expect(await stack(StackId!)).toMatchObject({ StackStatus: status })
    expect(await queues()).toHaveLength(left)
  })

  test('an update that fails goes back to what was', async () => {
    await create('app', QUEUE)
    await stack('app')
    await aws.fail({ operation: 'UpdateResource', target: 'Queue', reason: 'not this way' })
    await aws.setTimes({ modifyingMs: 0 })
    await update('app', QUEUE, { Parameters: parameters({ VisibilityTimeout: '5' }) })
    expect(await stack('app')).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' })
    expect(await events('app')).toContain('Queue UPDATE_FAILED: not this way')
    expect(await timeout('app')).toBe('30')
    await update('app', QUEUE, { Parameters: parameters({ VisibilityTimeout: '5' }) })
    expect(await stack('app')).toMatchObject({ StackStatus: 'UPDATE_COMPLETE' })
    expect(await timeout('app')).toBe('5')
  })

  test('a resource that will not go stops the deletion; it can be retained, or tried again', async () => {
    const bucket = {
      Resources: { Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'full' } }, ...TWO.Resources },
    }
    await create('app', bucket)
    await stack('app')
    await s3.send(new PutObjectCommand({ Bucket: 'full', Key: 'one', Body: 'x' }))
    await destroy('app')
    expect(await stack('app')).toMatchObject({
      StackStatus: 'DELETE_FAILED',
      StackStatusReason: 'The following resource(s) failed to delete: [Bucket]. ',
    })
    expect(await queues()).toEqual([])
    await cloudformation.send(new DeleteStackCommand({ StackName: 'app', RetainResources: ['Bucket'] }))
    await expect(stack('app')).rejects.toMatchObject({ name: 'ValidationError' })
    const { Buckets } = await s3.send(new ListBucketsCommand({}))
    expect(Buckets!.map((each) => each.Name)).toEqual(['full'])
  })

  test('a failure comes in its time', async () => {
    await aws.setTimes({ deletingMs: Infinity })
    await aws.fail({ operation: 'CreateResource', target: 'Topic', reason: 'no topics today' })
    await create('app', TWO)
    expect(await stack('app')).toMatchObject({
      StackStatus: 'ROLLBACK_IN_PROGRESS',
      StackStatusReason: 'The following resource(s) failed to create: [Topic]. Rollback requested by user.',
    })
    await aws.setTimes({ deletingMs: 0 })
    expect(await stack('app')).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' })
  })
})

describe('refused before anything is made', () => {
  test.each<[string, string | object, Partial<CreateStackCommandInput>, string]>([
    ['no JSON', '{"Resources": ', {}, 'Template format error: JSON not well-formed.'],
    ['no YAML', 'Resources: [', {}, 'Template format error: YAML not well-formed'],
    ['no resources', {}, {}, 'At least one Resources member must be defined'],
    [
      'a reference to nothing',
      queueOf({ QueueName: { Ref: 'Nothing' } }),
      {},
      'Unresolved resource dependencies [Nothing]',
    ],
    [
      'a type that nobody has',
      { Resources: { A: { Type: 'AWS::No::Such' } } },
      {},
      'Unrecognized resource types: [AWS::No::Such]',
    ],
    [
      'a circle',
      { Resources: { A: { Type: 'AWS::SNS::Topic', DependsOn: 'B' }, B: { Type: 'AWS::SNS::Topic', DependsOn: 'A' } } },
      {},
      'Circular dependency',
    ],
    [
      'a parameter that is not declared',
      QUEUE,
      { Parameters: parameters({ Other: 'x' }) },
      '[Other] do not exist in the template',
    ],
    [
      'a value that is not allowed',
      QUEUE,
      { Parameters: parameters({ Kind: 'odd' }) },
      "Parameter 'Kind' must be one of AllowedValues",
    ],
    [
      'a number that is too large',
      QUEUE,
      { Parameters: parameters({ VisibilityTimeout: '99999' }) },
      'not greater than 43200',
    ],
    [
      'a parameter that is missing',
      { Parameters: { Name: { Type: 'String' } }, ...queueOf({}) },
      {},
      'Parameters: [Name] must have values',
    ],
    [
      'a template of more than 51200 bytes',
      { ...queueOf({}), Metadata: 'x'.repeat(51_200) },
      {},
      'less than or equal to 51200',
    ],
    [
      'a name that begins with a digit',
      QUEUE,
      { StackName: '1app' },
      "Value '1app' at 'stackName' failed to satisfy constraint",
    ],
    [
      'users without the word for it',
      { Resources: { User: { Type: 'AWS::IAM::User' } } },
      {},
      'Requires capabilities : [CAPABILITY_IAM]',
    ],
    [
      'named users without the word for those',
      { Resources: { User: { Type: 'AWS::IAM::User', Properties: { UserName: 'u' } } } },
      { Capabilities: ['CAPABILITY_IAM'] },
      'Requires capabilities : [CAPABILITY_NAMED_IAM]',
    ],
  ])('%s', async (_, template, more, message) => {
    await expect(create('app', template, more)).rejects.toMatchObject({ message: expect.stringContaining(message) })
    expect((await cloudformation.send(new DescribeStacksCommand({}))).Stacks).toEqual([])
  })

  test('validation tells what a template asks for', async () => {
    const asked = await cloudformation.send(
      new ValidateTemplateCommand({
        TemplateBody: `Description: a user\nParameters: {Name: {Type: String, NoEcho: true}}\nResources: {User: {Type: AWS::IAM::User}}`,
      }),
    )
    expect(asked).toMatchObject({
      Description: 'a user',
      Parameters: [{ ParameterKey: 'Name', NoEcho: true }],
      Capabilities: ['CAPABILITY_IAM'],
    })
    await expect(cloudformation.send(new ValidateTemplateCommand({ TemplateBody: 'nothing' }))).rejects.toMatchObject({
      name: 'ValidationError',
    })
  })
})

describe('a change set', () => {
  test('tells a change in place, a replacement and what follows from it, an addition and a removal', async () => {
    await create('app', namedQueue('one', 30))
    await stack('app')
    await planChange('in-place', namedQueue('one', 5))
    expect((await changeSet('in-place')).Changes).toMatchObject([
      {
        ResourceChange: {
          Action: 'Modify',
          LogicalResourceId: 'Queue',
          Replacement: 'False',
          Details: [{ Target: { Name: 'VisibilityTimeout', RequiresRecreation: 'Never' } }],
        },
      },
    ])
    await planChange('replacing', namedQueue('two', 30))
    expect((await changeSet('replacing')).Changes).toMatchObject([
      {
        ResourceChange: {
          LogicalResourceId: 'Queue',
          Replacement: 'True',
          Details: [{ Target: { Name: 'QueueName' } }],
        },
      },
      { ResourceChange: { LogicalResourceId: 'Policy', Replacement: 'False', Details: [{ Evaluation: 'Dynamic' }] } },
    ])
    await planChange('other', { Resources: { Topic: { Type: 'AWS::SNS::Topic' } } })
    expect((await changeSet('other')).Changes).toMatchObject([
      { ResourceChange: { Action: 'Add', LogicalResourceId: 'Topic' } },
      { ResourceChange: { Action: 'Remove', LogicalResourceId: 'Queue', PolicyAction: 'Delete' } },
      { ResourceChange: { Action: 'Remove', LogicalResourceId: 'Policy' } },
    ])
    // To look is not to do.
    expect(await queues()).toHaveLength(1)
    expect(await stack('app')).toMatchObject({ StackStatus: 'CREATE_COMPLETE' })

    await executeChange('replacing')
    expect(await stack('app')).toMatchObject({ StackStatus: 'UPDATE_COMPLETE' })
    expect((await queues()).map((url) => url.split('/').at(-1))).toEqual(['two'])
    await expect(executeChange('in-place')).rejects.toMatchObject({ name: 'InvalidChangeSetStatusException' })
  })

  test('that changes nothing fails, and says so', async () => {
    await create('app', QUEUE)
    await stack('app')
    await cloudformation.send(
      new CreateChangeSetCommand({
        StackName: 'app',
        ChangeSetName: 'same',
        ChangeSetType: 'UPDATE',
        TemplateBody: QUEUE,
      }),
    )
    expect(await changeSet('same')).toMatchObject({
      Status: 'FAILED',
      StatusReason: expect.stringContaining("didn't contain changes"),
      ExecutionStatus: 'UNAVAILABLE',
    })
    const { Summaries } = await cloudformation.send(new ListChangeSetsCommand({ StackName: 'app' }))
    expect(Summaries).toMatchObject([{ ChangeSetName: 'same', Status: 'FAILED' }])
    await cloudformation.send(new DeleteChangeSetCommand({ StackName: 'app', ChangeSetName: 'same' }))
    await expect(changeSet('same')).rejects.toMatchObject({ name: 'ChangeSetNotFoundException' })
    await expect(changeSet('no-such')).rejects.toMatchObject({ name: 'ChangeSetNotFoundException' })
  })

  test('makes a stack that was not there, with its outputs', async () => {
    await planChange('first', { ...namedQueue('one', 30), Outputs: { Url: { Value: { Ref: 'Queue' } } } }, 'CREATE')
    expect(await stack('app')).toMatchObject({ StackStatus: 'REVIEW_IN_PROGRESS' })
    await executeChange('first')
    expect(await stack('app')).toMatchObject({ StackStatus: 'CREATE_COMPLETE', Outputs: [{ OutputKey: 'Url' }] })
  })

  test('a replacement under the name that is taken fails, and the old one stays', async () => {
    await create('app', namedQueue('one', 30))
    await stack('app')
    const fifo = { ...namedQueue('one', 30).Resources.Queue.Properties, FifoQueue: true }
    await update('app', { Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: fifo } } })
    expect(await stack('app')).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' })
    expect((await events('app')).join()).toContain('custom-named resource requires replacing')
    expect(await queues()).toHaveLength(1)
  })
})

describe('types', () => {
  test('a table grows in place', async () => {
    await create('app', tableTemplate(5))
    const dynamodb = new DynamoDBClient(aws.client())
    const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: 'people' }))
    expect(Table).toMatchObject({
      TableArn: await output('app', 'Arn'),
      ProvisionedThroughput: { ReadCapacityUnits: 5 },
    })
    await update('app', tableTemplate(7))
    const updated = await dynamodb.send(new DescribeTableCommand({ TableName: 'people' }))
    expect(updated.Table).toMatchObject({ TableStatus: 'ACTIVE', ProvisionedThroughput: { ReadCapacityUnits: 7 } })
    await destroy('app')
    await expect(dynamodb.send(new DescribeTableCommand({ TableName: 'people' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
    dynamodb.destroy()
  })

  test('a topic with a subscription of a queue, which may receive: what is published arrives, also what stacks tell', async () => {
    const template = `
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Queue: {Type: AWS::SQS::Queue}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: "*", Action: "SQS:SendMessage", Resource: !GetAtt Queue.Arn}]
  Subscription:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Queue.Arn}
Outputs:
  Subscription: {Value: !Ref Subscription}
  Topic: {Value: !Ref Topic}
  Name: {Value: !GetAtt Queue.QueueName}
  Text: {Value: !Sub "\${Queue.Arn} in \${AWS::Region}, not \${!this}"}
`
    await create('app', template)
    const sns = new SNSClient(aws.client())
    const { Subscriptions } = await sns.send(new ListSubscriptionsCommand({}))
    expect(Subscriptions).toMatchObject([
      { SubscriptionArn: await output('app', 'Subscription'), TopicArn: await output('app', 'Topic'), Protocol: 'sqs' },
    ])
    expect(await output('app', 'Text')).toMatch(
      /^arn:aws:sqs:us-west-2:\d+:app-Queue-\w+ in us-west-2, not \$\{this\}$/,
    )
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: await output('app', 'Name') }))
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] }))
    expect(Attributes?.['Policy']).toContain('SQS:SendMessage')

    await create('told', QUEUE, { NotificationARNs: [await output('app', 'Topic')] })
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1 }))
    const message = (JSON.parse(Messages![0]!.Body!) as { Message: string }).Message
    expect(message).toContain("ResourceStatus='CREATE_IN_PROGRESS'\n")
    expect(message).toContain("ResourceProperties='null'\n")
    await destroy('app')
    await expect(stack('app')).rejects.toThrow()
    expect((await sns.send(new ListSubscriptionsCommand({}))).Subscriptions).toEqual([])
    sns.destroy()
  })

  test('a bucket has what its template says, and stays when it is retained', async () => {
    await create('app', bucketTemplate('Enabled'))
    const of = { Bucket: 'kept' }
    expect(await s3.send(new GetBucketVersioningCommand(of))).toMatchObject({ Status: 'Enabled' })
    expect(await s3.send(new GetBucketWebsiteCommand(of))).toMatchObject({ IndexDocument: { Suffix: 'index.html' } })
    expect(await s3.send(new GetBucketLifecycleConfigurationCommand(of))).toMatchObject({
      Rules: [{ ID: 'old', Expiration: { Days: 365 } }],
    })
    expect((await s3.send(new GetBucketPolicyCommand(of))).Policy).toContain('2012-10-17')
    await update('app', bucketTemplate('Suspended'))
    expect(await s3.send(new GetBucketVersioningCommand(of))).toMatchObject({ Status: 'Suspended' })
    await destroy('app')
    await expect(stack('app')).rejects.toThrow()
    expect((await s3.send(new ListBucketsCommand({}))).Buckets).toHaveLength(1)
  })

  test('a template is read from a bucket, also by the address of this endpoint', async () => {
    await create('bucket', {
      Resources: { Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'templates' } } },
    })
    await stack('bucket')
    await s3.send(new PutObjectCommand({ Bucket: 'templates', Key: 'queue.yaml', Body: QUEUE }))
    for (const [name, url] of [
      ['by-number', `${aws.url}/templates/queue.yaml`],
      ['by-path', 'https://s3.us-west-2.amazonaws.com/templates/queue.yaml'],
      ['by-host', 'https://templates.s3-us-west-2.amazonaws.com/queue.yaml'],
    ] as const) {
      await cloudformation.send(new CreateStackCommand({ StackName: name, TemplateURL: url }))
      expect(await stack(name)).toMatchObject({ StackStatus: 'CREATE_COMPLETE' })
    }
  })

  test('a repository', async () => {
    await create('app', {
      Resources: { Repository: { Type: 'AWS::ECR::Repository', Properties: { RepositoryName: 'images' } } },
    })
    const ecr = new ECRClient(aws.client())
    const { repositories } = await ecr.send(new DescribeRepositoriesCommand({}))
    expect(repositories).toMatchObject([{ repositoryName: 'images' }])
    ecr.destroy()
  })

  test('a user with keys', async () => {
    const template = `
Resources:
  User: {Type: AWS::IAM::User}
  Key: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref User}}
Outputs:
  Key: {Value: !Ref Key}
  Secret: {Value: !GetAtt Key.SecretAccessKey}
`
    await create('app', template, { Capabilities: ['CAPABILITY_IAM'] })
    expect(await output('app', 'Key')).toMatch(/^AKIA/)
    expect((await output('app', 'Secret')).length).toBe(40)
    await destroy('app')
    await expect(stack('app')).rejects.toMatchObject({ message: 'Stack with id app does not exist' })
  })

  test('a whole cache: users, their group, groups of subnets and parameters; changed, and removed in order', async () => {
    await create('app', cacheTemplate('one', 'allkeys-lru'))
    expect(await stack('app')).toMatchObject({ StackStatus: 'CREATE_COMPLETE' })
    expect(await output('app', 'Host')).toMatch(/^master\.cache\./)
    expect(await output('app', 'Port')).toBe('6379')
    await update('app', cacheTemplate('two', 'noeviction'))
    expect(await stack('app')).toMatchObject({ StackStatus: 'UPDATE_COMPLETE' })
    const elasticache = new ElastiCacheClient(aws.client())
    const { ReplicationGroups } = await elasticache.send(new DescribeReplicationGroupsCommand({}))
    expect(ReplicationGroups).toMatchObject([{ Description: 'two', UserGroupIds: ['users'], Status: 'available' }])
    await destroy('app')
    await expect(stack('app')).rejects.toMatchObject({ message: 'Stack with id app does not exist' })
    expect((await elasticache.send(new DescribeReplicationGroupsCommand({}))).ReplicationGroups).toEqual([])
    elasticache.destroy()
  })

  test('a memcached of one node', async () => {
    const template = {
      Resources: {
        Cache: {
          Type: 'AWS::ElastiCache::CacheCluster',
          Properties: {
            Engine: 'memcached',
            CacheNodeType: 'cache.t4g.micro',
            NumCacheNodes: '1',
            VpcSecurityGroupIds: ['sg-1'],
          },
        },
      },
      Outputs: { Host: { Value: { 'Fn::GetAtt': ['Cache', 'ConfigurationEndpoint.Address'] } } },
    }
    await create('app', template)
    expect(await output('app', 'Host')).toMatch(/\.cfg\.usw2\.cache\.amazonaws\.com$/)
  })
})
