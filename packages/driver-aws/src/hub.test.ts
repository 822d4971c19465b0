/** The drivers under a whole hub: what it makes of their words, and what AWS shows of it. */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'
import { ElastiCacheClient } from '@aws-sdk/client-elasticache'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Json } from '@larder/kit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { startAws, type Aws } from '../../../test/aws/endpoint.ts'
import { testHub, type TestHub } from '../../hub/src/controllers/testing/hub.ts'
import { claimKind } from '../../hub/src/model/claim.ts'
import type { Class } from '../../hub/src/model/class.ts'
import { awsDrivers } from './index.ts'
import { serveAws } from './testing/hub.ts'
import { queueRecipe } from './testing/templates.ts'
import { cachesThere } from './testing/truth.ts'
import { userMayLogIn } from './testing/users.ts'

let aws: Aws
let hub: TestHub
let stacks: CloudFormationClient
let caches: ElastiCacheClient

beforeAll(async () => {
  aws = await startAws({ creatingMs: 200, modifyingMs: 50, deletingMs: 50 })
  stacks = new CloudFormationClient(aws.client(aws.truthUrl))
  caches = new ElastiCacheClient(aws.client(aws.truthUrl))
})
beforeEach(async () => {
  await aws.reset()
  await aws.setTimes({ creatingMs: 200 })
  hub = await testHub({ drivers: awsDrivers() })
  await hub.start()
  await serveAws(hub, aws)
})
afterEach(() => hub.stop())
afterAll(() => aws.stop())

const stacksThere = async () => (await stacks.send(new DescribeStacksCommand({}))).Stacks ?? []
interface Example {
  readonly kind: string
  readonly metadata: { readonly name: 'queue' | 'cache' }
  readonly spec: Class['spec']
}

const claims = () => hub.admin.of(claimKind)

async function gone(name: string): Promise<void> {
  await claims().delete(name, { namespace: 'shop' })
  await hub.until('the claim to go', async () => ((await claims().find(name, 'shop')) ? undefined : true))
}

test('the classes of the page do what it says', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/aws.md'), 'utf8')
  const objects = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => parse(text) as Example)
  const classes = objects.filter(({ kind }) => kind === 'Class')
  expect(classes.map(({ metadata }) => metadata.name)).toEqual(['queue', 'cache'])
  const backendOf = { queue: 'cloudformation', cache: 'elasticache' } as const
  for (const { metadata, spec } of classes) {
    // This AWS is faster than usual, and nobody would look before.
    const { usually: _usually, ...recipe } = spec.recipe as Record<string, Json>
    await hub.service(`page-${metadata.name}`, { ...spec, recipe, backendRef: { name: backendOf[metadata.name] } })
    await hub.claim(`page-${metadata.name}`, { className: `page-${metadata.name}` })
  }
  await hub.ready('page-queue')
  expect(Object.keys((await hub.secretValues('page-queue')) ?? {}).sort()).toEqual([
    'arn',
    'provider',
    'region',
    'type',
    'url',
  ])
  await hub.ready('page-cache')
  const values = (await hub.secretValues('page-cache')) ?? {}
  expect(Object.keys(values).sort()).toEqual(['host', 'password', 'port', 'provider', 'ssl', 'type', 'uri', 'username'])
})

describe('a claim of a stack', () => {
  test('is bound to its outputs, changed in place, and leaves nothing', async () => {
    await hub.claim('jobs', { className: 'queue', parameters: { timeout: 10 } })
    const claim = await hub.ready('jobs')
    const values = await hub.secretValues('jobs')
    expect(values).toMatchObject({ url: expect.stringMatching(/^http/), password: expect.stringMatching(/.{20,}/) })
    const instance = await hub.instanceOf(claim)
    expect(JSON.stringify(instance)).not.toContain(values?.['password'])
    expect(instance?.status?.outside?.id).toBe((await stacksThere())[0]?.StackId)

    await claims().patch('jobs', { spec: { parameters: { timeout: 20 } } }, { namespace: 'shop' })
    await hub.until('the change', async () => {
      const [stack] = await stacksThere()
      return stack?.Parameters?.[0]?.ParameterValue === '20' && stack.StackStatus === 'UPDATE_COMPLETE'
        ? true
        : undefined
    })
    await hub.ready('jobs')
    await gone('jobs')
    await hub.until('the stack to go', async () => ((await stacksThere()).length === 0 ? true : undefined))
  })

  test('says why its stack fails', async () => {
    await aws.fail({ operation: 'CreateResource', target: 'Queue', reason: 'no more queues', times: 10 })
    await hub.claim('jobs', { className: 'queue' })
    const cause = await hub.until('the reason', async () => {
      const { cause } = (await claims().get('jobs', 'shop')).status ?? {}
      return cause?.message?.includes('no more queues') ? cause : undefined
    })
    expect(cause.message).toContain('Queue (AWS::SQS::Queue): no more queues')
  })

  test('is made once by a hub that was killed before it heard of it', async () => {
    const answer = aws.faults.hold({ action: 'CreateStack' }, { at: 'answer', times: 1 })
    await hub.claim('jobs', { className: 'queue' })
    await answer.reached()
    await hub.kill()
    answer.lift()
    await hub.start()
    await hub.ready('jobs')
    expect(await stacksThere()).toHaveLength(1)
    expect(aws.calls.count({ action: 'CreateStack' })).toBe(1)
  })

  test('waits while AWS is away, says so, and is served when it is back', async () => {
    await aws.down()
    await hub.claim('jobs', { className: 'queue' })
    await hub.until('the reason', async () =>
      (await claims().get('jobs', 'shop')).status?.cause?.reason === 'BackendUnavailable' ? true : undefined,
    )
    await aws.up()
    await hub.ready('jobs')
  })
})

const userOf = async () => (await hub.secretValues('cache')) ?? {}

describe('a claim of a cache', () => {
  test('has a user of its own, another one for another role, and leaves nothing', async () => {
    await hub.claim('cache', { className: 'cache' })
    await hub.ready('cache')
    const writer = await userOf()
    expect(writer).toMatchObject({ provider: 'elasticache', ssl: 'true', uri: expect.stringMatching(/^rediss:/) })
    expect(await userMayLogIn(aws, caches, writer)).toBe(true)

    await claims().patch('cache', { spec: { role: 'reader' } }, { namespace: 'shop' })
    await hub.until('the reader', async () => {
      const { status } = await claims().get('cache', 'shop')
      return status?.credential?.role === 'reader' && !status.credential.predecessor ? true : undefined
    })
    expect(await userMayLogIn(aws, caches, await userOf())).toBe(true)
    expect(await userMayLogIn(aws, caches, writer)).toBe(false)

    await gone('cache')
    await expect
      .poll(() => cachesThere(aws), { timeout: 20_000, interval: 50 })
      .toEqual({ caches: 0, groups: 0, users: 0 })
  })
})

const statusOf = async (name: string) => (await hub.instanceOf(await claims().get(name, 'shop')))?.status

test('a claim that asks for other credentials has another password of the same user, and the first opens nothing any more', async () => {
  await hub.claim('cache', { className: 'cache' })
  await hub.ready('cache')
  const first = await userOf()
  await claims().patch('cache', { spec: { binding: { parameters: { rotation: 2 } } } }, { namespace: 'shop' })
  await hub.until('the rotation', async () => {
    const { status } = await claims().get('cache', 'shop')
    return status?.credential?.serial === 2 && !status.credential.predecessor ? true : undefined
  })
  const second = await userOf()
  expect(second['username']).toBe(first['username'])
  expect([await userMayLogIn(aws, caches, first), await userMayLogIn(aws, caches, second)]).toEqual([false, true])
  expect(await cachesThere(aws)).toEqual({ caches: 1, groups: 1, users: 2 })
  await gone('cache')
  await expect
    .poll(() => cachesThere(aws), { timeout: 20_000, interval: 50 })
    .toEqual({ caches: 0, groups: 0, users: 0 })
})

describe('the timeline of what AWS makes', () => {
  test('of a stack tells its status and when it is expected, and then how long it took', async () => {
    await hub.service('slow', {
      backendRef: { name: 'cloudformation' },
      type: 'sqs',
      recipe: { ...queueRecipe, usually: '2s' },
    })
    await aws.setTimes({ creatingMs: Infinity })
    await hub.claim('jobs', { className: 'slow' })
    const { progress, steps, outside } = await hub.until('its progress', async () => {
      const status = await statusOf('jobs')
      return status?.progress?.message === undefined ? undefined : status
    })
    const [stack] = await stacksThere()
    expect(progress).toMatchObject({ step: 'create', message: `stack ${stack?.StackName}: CREATE_IN_PROGRESS` })
    const expectedMs = Date.parse(progress?.expectedAt ?? '') - (stack?.CreationTime?.getTime() ?? 0)
    expect(expectedMs).toBe(2_000)
    expect(outside).toMatchObject({ id: stack?.StackId, state: 'CREATE_IN_PROGRESS' })
    expect(steps).toMatchObject([{ name: 'create', outcome: 'Running' }])
    await expect
      .poll(async () => (await claims().get('jobs', 'shop')).status?.progress?.message)
      .toBe(progress?.message)
    await aws.setTimes({ creatingMs: 0 })
    await hub.ready('jobs')
    const after = await statusOf('jobs')
    expect(after?.progress).toBeUndefined()
    expect(after?.steps).toMatchObject([{ name: 'create', outcome: 'Done', took: expect.stringMatching(/s$/) }])
  })

  test('of a cache counts its nodes', async () => {
    const asked = aws.faults.hold({ action: 'CreateReplicationGroup' })
    await hub.claim('cache', { className: 'cache' })
    await asked.reached()
    await aws.setTimes({ creatingMs: Infinity })
    asked.lift()
    const status = await hub.until('its progress', async () => {
      const found = await statusOf('cache')
      return found?.progress?.message?.includes('nodes') === true ? found : undefined
    })
    expect(status.progress).toMatchObject({ step: 'create', message: 'creating, 0 of 2 nodes' })
    expect(status.outside).toMatchObject({ state: 'creating' })
    await aws.setTimes({ creatingMs: 0 })
    await hub.ready('cache')
    expect((await statusOf('cache'))?.steps).toMatchObject([{ name: 'create', outcome: 'Done' }])
  })

  test('of one resource tells its state', async () => {
    await hub.service('group', {
      backendRef: { name: 'elasticache' },
      type: 'redis',
      recipe: { resource: { type: 'UserGroup', properties: { Engine: 'valkey', UserGroupId: 'readers' } } },
    })
    await aws.setTimes({ creatingMs: Infinity })
    await hub.claim('group', { className: 'group' })
    const status = await hub.until('its progress', async () => {
      const found = await statusOf('group')
      return found?.progress?.message === undefined ? undefined : found
    })
    expect(status.progress).toMatchObject({
      step: 'create',
      message: expect.stringMatching(/^UserGroup .* is creating$/),
    })
    await aws.setTimes({ creatingMs: 0 })
    await hub.ready('group')
    expect((await statusOf('group'))?.steps).toMatchObject([{ name: 'create', outcome: 'Done' }])
  })
})
