/** What a test may do to the calls of a client, and what it may learn about them. */
import {
  CreateReplicationGroupCommand,
  DescribeReplicationGroupsCommand,
  DescribeUsersCommand,
  ElastiCacheClient,
} from '@aws-sdk/client-elasticache'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../testing/processes.ts'
import { startAws, type Aws } from '../endpoint.ts'

let aws: Aws
/** One attempt for each call: what the client makes of an error is not hidden by its retries. */
let once: ElastiCacheClient
let truth: ElastiCacheClient

beforeAll(async () => {
  aws = await startAws({ creatingMs: 0 })
  once = new ElastiCacheClient({ ...aws.client(), maxAttempts: 1 })
  truth = new ElastiCacheClient(aws.client(aws.truthUrl))
})
afterEach(() => aws.reset())
afterAll(async () => {
  once.destroy()
  truth.destroy()
  await aws.stop()
})

const CREATE = { service: 'elasticache', action: 'CreateReplicationGroup' }

const createCache = (id: string, client = once) =>
  client.send(
    new CreateReplicationGroupCommand({
      ReplicationGroupId: id,
      ReplicationGroupDescription: 'for a test',
      CacheNodeType: 'cache.t4g.micro',
    }),
  )

async function cachesInAws(): Promise<(string | undefined)[]> {
  const { ReplicationGroups } = await truth.send(new DescribeReplicationGroupsCommand({}))
  return ReplicationGroups!.map((group) => group.ReplicationGroupId)
}

describe('before AWS has seen the call', () => {
  test('throttled: the client sees the code of AWS, and nothing was made', async () => {
    const fault = aws.faults.throttle(CREATE, { times: 1 })
    await expect(createCache('cache')).rejects.toMatchObject({ name: 'Throttling', $metadata: { httpStatusCode: 400 } })
    expect(fault.met).toBe(1)
    expect(await cachesInAws()).toEqual([])
    await createCache('cache')
    expect(aws.calls.count(CREATE)).toBe(1)
    expect(aws.calls.count(CREATE, 'refused')).toBe(1)
  })

  test('throttled under the name that ElastiCache has for it', async () => {
    aws.faults.throttle(CREATE, { times: 1, code: 'APICallRateForCustomerExceeded' })
    await expect(createCache('cache')).rejects.toMatchObject({ name: 'APICallRateForCustomerExceededFault' })
  })

  test('refused with an error of the API', async () => {
    const error = { status: 400, code: 'InsufficientCacheClusterCapacity', message: 'none left & <none> soon' }
    aws.faults.refuse(CREATE, error, { times: 1 })
    await expect(createCache('cache')).rejects.toMatchObject({
      name: 'InsufficientCacheClusterCapacityFault',
      message: 'none left & <none> soon',
    })
  })

  test('credentials have expired, or never were', async () => {
    const expired = aws.faults.expireCredentials()
    await expect(createCache('cache')).rejects.toMatchObject({
      name: 'ExpiredToken',
      $metadata: { httpStatusCode: 403 },
    })
    expired.lift()
    aws.faults.invalidateCredentials({}, { times: 1 })
    await expect(createCache('cache')).rejects.toMatchObject({ name: 'InvalidClientTokenId' })
    await createCache('cache')
  })

  test('a page of 503 and no error of the API', async () => {
    aws.faults.failServer(CREATE, { times: 1 })
    await expect(createCache('cache')).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } })
    expect(await cachesInAws()).toEqual([])
  })

  test('the connection is reset', async () => {
    aws.faults.reset(CREATE, { times: 1 })
    await expect(createCache('cache')).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(await cachesInAws()).toEqual([])
  })

  test('held until it is lifted', async () => {
    const held = aws.faults.hold(CREATE)
    const created = createCache('cache')
    await held.reached()
    expect(await cachesInAws()).toEqual([])
    held.lift()
    await created
    expect(await cachesInAws()).toEqual(['cache'])
  })

  test('nothing listens for a while', async () => {
    await aws.down()
    // Reset is what a connection that stood tells, refused a new one.
    await expect(createCache('cache')).rejects.toMatchObject({ code: expect.stringMatching(/^ECONNRE(SET|FUSED)$/) })
    await expect(createCache('cache')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await aws.up()
    await createCache('cache')
  })
})

describe('after AWS has done it', () => {
  test.each([
    ['the connection is reset', () => aws.faults.reset(CREATE, { times: 1, at: 'answer' })],
    ['a 500 comes back', () => aws.faults.failServer(CREATE, { times: 1, at: 'answer', status: 500 })],
    ['half of the answer arrives', () => aws.faults.truncate(CREATE, { times: 1 })],
  ])('%s: the client fails, and the cache is there', async (_, fault) => {
    fault()
    await expect(createCache('cache')).rejects.toThrow()
    expect(await cachesInAws()).toEqual(['cache'])
    expect(aws.calls.count(CREATE)).toBe(1)
  })

  test('the answer is held: what dies now has made a cache and does not know', async () => {
    const held = aws.faults.hold(CREATE, { at: 'answer' })
    const created = createCache('cache')
    const call = await held.reached()
    expect(call.parameter('ReplicationGroupId')).toBe('cache')
    expect(await cachesInAws()).toEqual(['cache'])
    held.lift()
    await created
  })

  test('the answer says something else', async () => {
    await createCache('cache')
    aws.faults.rewrite({ action: 'DescribeReplicationGroups' }, (body) => body.replace('>available<', '>modifying<'))
    const { ReplicationGroups } = await once.send(new DescribeReplicationGroupsCommand({}))
    expect(ReplicationGroups).toMatchObject([{ Status: 'modifying' }])
  })
})

test('a client that tries again gets through, and the tries are counted', async () => {
  const client = new ElastiCacheClient({ ...aws.client(), maxAttempts: 3 })
  aws.faults.failServer(CREATE, { times: 1 })
  aws.faults.throttle(CREATE, { times: 1 })
  await createCache('cache', client)
  client.destroy()
  expect(aws.calls.all(CREATE).map((call) => call.fate)).toEqual(['refused', 'refused', 'reached'])
})

test('faults choose by account, region and content', async () => {
  const other = new ElastiCacheClient({ ...aws.client(), region: 'eu-west-1', maxAttempts: 1 })
  aws.faults.throttle({ region: 'eu-west-1' })
  aws.faults.throttle({ where: (call) => call.parameter('ReplicationGroupId') === 'cursed' })
  await expect(createCache('cache', other)).rejects.toMatchObject({ name: 'Throttling' })
  await expect(createCache('cursed')).rejects.toMatchObject({ name: 'Throttling' })
  await createCache('cache')
  other.destroy()
})

test('a quota lets as many pass as it says, and throttles the rest', async () => {
  aws.limit({ service: 'elasticache', perSecond: 0.1, burst: 5 })
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => once.send(new DescribeUsersCommand({}))))
  expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(5)
  expect(aws.calls.count({ service: 'elasticache' })).toBe(5)
  expect(aws.calls.count({ service: 'elasticache' }, 'refused')).toBe(15)
  const [refused] = results.filter((result) => result.status === 'rejected')
  expect(refused?.reason).toMatchObject({ name: 'Throttling' })
  aws.limit(undefined)
  await once.send(new DescribeUsersCommand({}))
})

test('calls are told by action, and awaited', async () => {
  const next = aws.calls.next(CREATE)
  await createCache('cache')
  await once.send(new DescribeReplicationGroupsCommand({}))
  await once.send(new DescribeReplicationGroupsCommand({}))
  expect((await next).parameter('ReplicationGroupId')).toBe('cache')
  expect(aws.calls.byAction()).toEqual({ CreateReplicationGroup: 1, DescribeReplicationGroups: 2 })
})

test('an operation that nobody has answers 500, and the log says which', async () => {
  const response = await fetch(aws.truthUrl, {
    method: 'POST',
    headers: {
      authorization: 'AWS4-HMAC-SHA256 Credential=k/20260101/us-west-2/elasticache/aws4_request, SignedHeaders=host',
    },
    body: new URLSearchParams({ Action: 'DescribeServerlessCaches', Version: '2015-02-02' }),
  })
  expect(response.status).toBe(500)
  await eventually('the log', () => aws.log().includes('describe_serverless_caches') || undefined)
})
