/**
 * Row 46 of docs/reference/aws-compatibility.md, at every call that the drivers make. Each site is one thing with a life: made, changed, removed. A calm
 * life tells which calls that takes; in the next ones each of them fails, until the SDK has given up or just once, and the thing must be what it was
 * in the calm one. A call that is added to a driver is thereby tried without a word here.
 */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'
import {
  CreateReplicationGroupCommand,
  CreateSnapshotCommand,
  CreateUserCommand,
  DescribeCacheParameterGroupsCommand,
  DescribeCacheParametersCommand,
  DescribeCacheSubnetGroupsCommand,
  DescribeReplicationGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeUserGroupsCommand,
  DescribeUsersCommand,
  ElastiCacheClient,
} from '@aws-sdk/client-elasticache'
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import type { Json } from '@larder/kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAws, type Aws } from '../../../test/aws/endpoint.ts'
import { testHub, type TestHub } from '../../hub/src/controllers/testing/hub.ts'
import { claimKind } from '../../hub/src/model/claim.ts'
import { classKind } from '../../hub/src/model/class.ts'
import { instanceKind } from '../../hub/src/model/instance.ts'
import { awsDrivers } from './index.ts'
import { accountSecret, causesOf, isReady } from './testing/hub.ts'
import { queueRecipe } from './testing/templates.ts'
import { becomes } from './testing/truth.ts'

let aws: Aws
let hub: TestHub

beforeAll(async () => {
  aws = await startAws({ creatingMs: 100, modifyingMs: 50, deletingMs: 50, snapshottingMs: 50 })
  hub = await testHub({ drivers: awsDrivers() })
  await hub.start()
})
afterAll(async () => {
  await hub.stop()
  await aws.stop()
})

const claims = () => hub.admin.of(claimKind)
const truth = (region: string) => ({ ...aws.client(aws.truthUrl), region })
const caches = (region: string) => new ElastiCacheClient(truth(region))
const objects = (region: string) => new S3Client({ ...truth(region), forcePathStyle: true })

interface Site {
  readonly region: string
  readonly driver: 'cloudformation' | 'elasticache' | 's3'
  readonly recipe: { readonly [field: string]: Json }
  readonly parameters: Readonly<Record<string, Json>>
  /** One after the other, of the spec of the claim. */
  readonly changes: readonly { readonly [field: string]: Json }[]
  /** What must be there already, of somebody else. */
  readonly prepare?: (region: string) => Promise<unknown>
  /** Before each life. */
  readonly begin?: () => Promise<void>
  /** All that is there, without names, which differ. */
  readonly things: (region: string, name: string) => Promise<readonly unknown[]>
  /** What they are when it was made, and after each of the changes. */
  readonly become: readonly (readonly unknown[])[]
}

const resource = (type: string) => ({ resource: { type } })
const parameters = (given: Readonly<Record<string, Json>>) => ({ parameters: given })
const newUser = (region: string, UserId: string, UserName: string) =>
  caches(region).send(
    new CreateUserCommand({ UserId, UserName, Engine: 'redis', AccessString: 'on ~* +@all', NoPasswordRequired: true }),
  )
async function newCache(region: string): Promise<void> {
  await caches(region).send(
    new CreateReplicationGroupCommand({
      ReplicationGroupId: 'theirs',
      ReplicationGroupDescription: 'theirs',
      CacheNodeType: 'cache.t4g.micro',
      TransitEncryptionEnabled: true,
    }),
  )
  await becomes(async () => (await cachesThere(region)).map(({ status }) => status), ['available'])
}

async function usersThere(region: string) {
  const { Users = [] } = await caches(region).send(new DescribeUsersCommand({}))
  return Users.filter(({ UserId }) => UserId !== 'default')
}

async function groupsThere(region: string) {
  const { UserGroups = [] } = await caches(region).send(new DescribeUserGroupsCommand({}))
  return UserGroups.map(({ UserIds = [], Status }) => ({ users: UserIds.toSorted(), status: Status }))
}

async function cachesThere(region: string) {
  const { ReplicationGroups = [] } = await caches(region).send(new DescribeReplicationGroupsCommand({}))
  return ReplicationGroups.map(({ NodeGroups = [], Description, Status }) => ({
    description: Description,
    shards: NodeGroups.map(({ NodeGroupMembers = [] }) => NodeGroupMembers.length),
    status: Status,
  }))
}

async function snapshotsThere(region: string) {
  const { Snapshots = [] } = await caches(region).send(new DescribeSnapshotsCommand({}))
  return Snapshots.map(({ SnapshotStatus }) => SnapshotStatus)
}

async function stacksThere(region: string) {
  const { Stacks = [] } = await new CloudFormationClient(truth(region)).send(new DescribeStacksCommand({}))
  return Stacks.map(({ StackStatus, Parameters = [] }) => ({
    status: StackStatus,
    timeout: Parameters.find(({ ParameterKey }) => ParameterKey === 'VisibilityTimeout')?.ParameterValue,
  }))
}

/** A cache with its users: who is sent where, how many passwords there are, and whether that of the Secret is one of them. */
async function rotated(region: string, name: string) {
  const { passwords } = await aws.secrets({ region })
  const users = await usersThere(region)
  const claim = await claims().find(name, 'shop')
  const { serial, predecessor } = claim?.status?.credential ?? {}
  const own = (await hub.secretValues(name))?.['password'] ?? ''
  const there = users.flatMap(({ UserId = '' }) => passwords[UserId] ?? [])
  const all = [...(await cachesThere(region)), ...(await groupsThere(region)), ...users].length
  return all === 0 ? [] : [{ all, serial, isOver: predecessor === undefined, opens: there.includes(own) }]
}

const CONTENT = { bucket: 'pages-ca-central-1', content: '${parameter.content}' }

const SITES: Readonly<Record<string, Site>> = {
  // The longest first: only some go on at once.
  'a cache with a user whose password is rotated': {
    region: 'eu-central-1',
    driver: 'elasticache',
    recipe: { cache: { nodeType: 'cache.t4g.micro' } },
    parameters: {},
    changes: [{ binding: { parameters: { rotation: 2 } } }],
    things: rotated,
    become: [1, 2].map((serial) => [{ all: 4, serial, isOver: true, opens: true }]),
  },
  'a stack that is changed': {
    region: 'eu-north-1',
    driver: 'cloudformation',
    recipe: queueRecipe,
    parameters: { timeout: 10 },
    changes: [parameters({ timeout: 20 })],
    things: stacksThere,
    become: [[{ status: 'CREATE_COMPLETE', timeout: '10' }], [{ status: 'UPDATE_COMPLETE', timeout: '20' }]],
  },
  'a stack that is made in the second attempt': {
    region: 'ap-south-1',
    driver: 'cloudformation',
    recipe: { template: 'Resources: {Unlucky: {Type: "AWS::SQS::Queue"}}' },
    parameters: {},
    changes: [],
    begin: () => aws.fail({ operation: 'CreateResource', target: 'Unlucky', reason: 'no luck', times: 1 }),
    things: stacksThere,
    become: [[{ status: 'CREATE_COMPLETE', timeout: undefined }]],
  },
  'a ReplicationGroup': {
    region: 'eu-west-2',
    driver: 'elasticache',
    recipe: resource('ReplicationGroup'),
    parameters: {
      ReplicationGroupDescription: 'one',
      CacheNodeType: 'cache.t4g.micro',
      CacheParameterGroupName: 'default.redis7.cluster.on',
      AutomaticFailoverEnabled: true,
      TransitEncryptionEnabled: true,
      NumNodeGroups: 2,
      ReplicasPerNodeGroup: 1,
    },
    changes: [
      parameters({ ReplicationGroupDescription: 'two', ReplicasPerNodeGroup: 2 }),
      parameters({ ReplicasPerNodeGroup: 1, NumNodeGroups: 3 }),
    ],
    things: cachesThere,
    become: [
      [{ description: 'one', shards: [2, 2], status: 'available' }],
      [{ description: 'two', shards: [3, 3], status: 'available' }],
      [{ description: 'two', shards: [2, 2, 2], status: 'available' }],
    ],
  },
  'a User': {
    region: 'us-east-1',
    driver: 'elasticache',
    recipe: resource('User'),
    parameters: { UserName: 'x', Engine: 'redis', AccessString: 'on ~* +@all', Passwords: ['a password of sixteen'] },
    changes: [
      parameters({ AccessString: 'on ~* -@all +@read' }),
      parameters({ Passwords: ['another password of sixteen'] }),
    ],
    async things(region) {
      const { passwords } = await aws.secrets({ region })
      const users = await usersThere(region)
      return users.map(({ UserId = '', AccessString, Status }) => [AccessString, Status, passwords[UserId]])
    },
    become: [
      [['on ~* +@all', 'active', ['a password of sixteen']]],
      [['on ~* -@all +@read', 'active', ['a password of sixteen']]],
      [['on ~* -@all +@read', 'active', ['another password of sixteen']]],
    ],
  },
  'a UserGroup': {
    region: 'us-east-2',
    driver: 'elasticache',
    recipe: resource('UserGroup'),
    parameters: { Engine: 'redis', UserIds: ['neutral'] },
    changes: [parameters({ UserIds: ['neutral', 'reader'] })],
    async prepare(region) {
      await newUser(region, 'neutral', 'default')
      await newUser(region, 'reader', 'reader')
    },
    things: groupsThere,
    become: [[{ users: ['neutral'], status: 'active' }], [{ users: ['neutral', 'reader'], status: 'active' }]],
  },
  'a copy of a Snapshot': {
    region: 'sa-east-1',
    driver: 'elasticache',
    recipe: resource('Snapshot'),
    parameters: { SourceSnapshotName: 'theirs' },
    changes: [],
    async prepare(region) {
      await newCache(region)
      const snapshot = new CreateSnapshotCommand({ ReplicationGroupId: 'theirs', SnapshotName: 'theirs' })
      await caches(region).send(snapshot)
      await becomes(() => snapshotsThere(region), ['available'])
    },
    things: async (region) => (await snapshotsThere(region)).slice(1),
    become: [['available']],
  },
  'a CacheSubnetGroup': {
    region: 'us-west-1',
    driver: 'elasticache',
    recipe: resource('CacheSubnetGroup'),
    parameters: { CacheSubnetGroupDescription: 'one', SubnetIds: ['subnet-1'] },
    changes: [parameters({ CacheSubnetGroupDescription: 'two', SubnetIds: ['subnet-1', 'subnet-2'] })],
    async things(region) {
      const { CacheSubnetGroups = [] } = await caches(region).send(new DescribeCacheSubnetGroupsCommand({}))
      return CacheSubnetGroups.filter(({ CacheSubnetGroupName }) => CacheSubnetGroupName !== 'default').map(
        ({ CacheSubnetGroupDescription: description, Subnets = [] }) => ({ description, subnets: Subnets.length }),
      )
    },
    become: [[{ description: 'one', subnets: 1 }], [{ description: 'two', subnets: 2 }]],
  },
  'a CacheParameterGroup': {
    region: 'eu-west-1',
    driver: 'elasticache',
    recipe: resource('CacheParameterGroup'),
    parameters: {
      CacheParameterGroupFamily: 'redis7',
      Description: 'tuned',
      ParameterNameValues: [{ ParameterName: 'maxmemory-policy', ParameterValue: 'allkeys-lru' }],
    },
    changes: [
      parameters({ ParameterNameValues: [{ ParameterName: 'maxmemory-policy', ParameterValue: 'allkeys-lfu' }] }),
    ],
    async things(region) {
      const client = caches(region)
      const { CacheParameterGroups = [] } = await client.send(new DescribeCacheParameterGroupsCommand({}))
      const own = CacheParameterGroups.filter(({ Description }) => Description === 'tuned')
      return Promise.all(
        own.map(async ({ CacheParameterGroupName }) => {
          const query = { CacheParameterGroupName, Source: 'user' }
          const { Parameters = [] } = await client.send(new DescribeCacheParametersCommand(query))
          return Parameters.map(({ ParameterValue }) => ParameterValue)
        }),
      )
    },
    become: [[['allkeys-lru']], [['allkeys-lfu']]],
  },
  'a Snapshot': {
    region: 'eu-west-3',
    driver: 'elasticache',
    recipe: resource('Snapshot'),
    parameters: { ReplicationGroupId: 'theirs' },
    changes: [],
    prepare: newCache,
    things: snapshotsThere,
    become: [['available']],
  },
  'an object in a bucket': {
    region: 'ca-central-1',
    driver: 's3',
    recipe: { object: CONTENT },
    parameters: { content: 'one' },
    changes: [parameters({ content: 'two' })],
    prepare: (region) =>
      objects(region).send(
        new CreateBucketCommand({
          Bucket: CONTENT.bucket,
          CreateBucketConfiguration: { LocationConstraint: 'ca-central-1' },
        }),
      ),
    async things(region) {
      const client = objects(region)
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: CONTENT.bucket }))
      return Promise.all(
        Contents.map(async ({ Key }) => {
          const { Body } = await client.send(new GetObjectCommand({ Bucket: CONTENT.bucket, Key }))
          return Body?.transformToString()
        }),
      )
    },
    become: [['one'], ['two']],
  },
}

type At = { readonly action: string; readonly region: string }

/** As often as the SDK tries, so that the hub hears of it. */
const times = 3
const TROUBLES = {
  refused: {
    told: /BackendUnavailable: .*AWS answered 503/,
    begin: (at: At) => aws.faults.failServer(at, { times }),
  },
  lost: {
    told: /BackendUnavailable: .*the answer was lost/,
    begin: (at: At) => aws.faults.reset(at, { times, at: 'answer' }),
  },
  // The SDK asks again by itself and hears that it is there: nobody is told, and it must be known as made all the same.
  repeated: { told: /^/, begin: (at: At) => aws.faults.reset(at, { times: 1, at: 'answer' }) },
} as const

const schemaOf = (given: Readonly<Record<string, Json>>) => ({
  type: 'object',
  properties: Object.fromEntries(Object.entries(given).map(([name, value]) => [name, typeOf(value)])),
})

function typeOf(value: Json): Json {
  if (Array.isArray(value)) return { type: 'array', items: typeOf((value as readonly Json[])[0] ?? '') }
  if (typeof value === 'number') return { type: 'integer' }
  return typeof value === 'object' ? schemaOf(value as Record<string, Json>) : { type: typeof value }
}

/** The Backend, whose first question fails too. */
async function connected({ region, driver, prepare }: Site): Promise<void> {
  const probe = aws.faults.failServer({ service: 'sts', region }, { times })
  await prepare?.(region)
  const credentialsRef = await accountSecret(hub, aws, region)
  await hub.backend(region, { driver, config: { region, endpoint: aws.url }, credentialsRef })
  await becomes(async () => probe.met, times)
}

/** From its Class to its end; which calls that took. */
async function live(site: Site, name: string): Promise<readonly string[]> {
  const { region, recipe, parameters: given, changes, begin, things, become } = site
  const before = aws.calls.all({ region }).length
  await begin?.()
  await hub.service(name, {
    backendRef: { name: region },
    type: 'site',
    recipe,
    parameters: { openAPIV3Schema: schemaOf(given) },
  })
  await hub.claim(name, { className: name, parameters: given })
  for (const [index, wanted] of become.entries()) {
    const change = changes[index - 1]
    if (change) await claims().patch(name, { spec: change }, { namespace: 'shop' })
    await becomes(() => isReady(hub, name), true)
    // A cache that is changed once more, because nobody heard of the first time, stays Ready meanwhile.
    await becomes(() => things(region, name), wanted)
  }
  const { metadata } = (await hub.instanceOf(await claims().get(name, 'shop')))!
  await claims().delete(name, { namespace: 'shop' })
  await becomes(async () => (await claims().find(name, 'shop')) === undefined, true)
  // The hub has heard that it is gone.
  const instances = hub.admin.of(instanceKind)
  await becomes(async () => (await instances.find(metadata.name, metadata.namespace)) === undefined, true)
  expect(await things(region, name)).toEqual([])
  await hub.admin.of(classKind).delete(name)
  const calls = aws.calls.all({ region }).slice(before)
  return [...new Set(calls.filter(({ service }) => service !== 'sts').map(({ action }) => action))]
}

/** A quarter of it on two cores that are shared with others. */
const SITE_MS = 150_000

test.concurrent.each(Object.entries(SITES))(
  'row 46: at each call that %s takes, a 503 and a lost answer cost time and nothing else',
  async (_title, site) => {
    const { region } = site
    await connected(site)
    const actions = await live(site, `calm-${region}`)
    for (const [trouble, { told, begin }] of Object.entries(TROUBLES)) {
      const faults = actions.map((action) => ({ action, fault: begin({ action, region }) }))
      await live(site, `${trouble}-${region}`)
      expect(faults.filter(({ fault }) => fault.met === 0).map(({ action }) => action)).toEqual([])
      // What is left of them would be met by the next life in place of its own.
      for (const { fault } of faults) fault.lift()
      expect(causesOf(hub, `${trouble}-${region}`).join('\n')).toMatch(told)
    }
  },
  SITE_MS,
)
