/**
 * Rows 47 to 51 of docs/reference/aws-compatibility.md: AWS that is away, credentials that are not good any more, an account that is broken beside one that
 * is well, more than fits on a page, and a hub that is killed in the middle. The whole hub, and each thing counted in AWS.
 */
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startAws, type Aws } from '../../../test/aws/endpoint.ts'
import type { Call } from '../../../test/aws/proxy/call.ts'
import { jsonLog } from '../../engine/src/base/log.ts'
import { secretType } from '../../engine/src/client/builtin.ts'
import { testHub, type TestHub } from '../../hub/src/controllers/testing/hub.ts'
import { Shelf, shelfDriver } from '../../hub/src/controllers/testing/shelf-driver.ts'
import { backendKind } from '../../hub/src/model/backend.ts'
import { claimKind } from '../../hub/src/model/claim.ts'
import { awsDrivers } from './index.ts'
import { causesOf, isReady, serveAws } from './testing/hub.ts'
import { cachesThere, stacksEver, type Whose } from './testing/truth.ts'

let aws: Aws
let hub: TestHub
let logged: string[]

beforeAll(async () => {
  aws = await startAws({ creatingMs: 200, modifyingMs: 50, deletingMs: 50 })
})
beforeEach(async () => {
  await aws.reset()
  logged = []
  const log = jsonLog({ level: 'debug', write: (line) => logged.push(line), now: () => Date.now() })
  hub = await testHub({ drivers: [...awsDrivers(), shelfDriver(new Shelf())], log })
  await hub.start()
  await hub.backend('shelf')
  await hub.service('jar')
})
afterEach(() => hub.stop())
afterAll(() => aws.stop())

const PATIENCE = { timeout: 45_000, interval: 50 }
const claims = () => hub.admin.of(claimKind)
const ready = (name: string) => expect.poll(() => isReady(hub, name), PATIENCE).toBe(true)
const says = (name: string, told: RegExp) =>
  expect
    .poll(async () => {
      const { cause } = (await claims().get(name, 'shop')).status ?? {}
      return cause ? `${cause.reason}: ${cause.message}` : ''
    }, PATIENCE)
    .toMatch(told)

describe('row 47: AWS that is away', () => {
  test('is said, takes nothing from who is bound, and stops no other backend; when it is back each is made once', async () => {
    await serveAws(hub, aws)
    await hub.claim('before', { className: 'queue' })
    await ready('before')
    for (let outage = 0; outage < 2; outage++) {
      await aws.down()
      await hub.claim(`queue-${outage}`, { className: 'queue' })
      await hub.claim(`cache-${outage}`, { className: 'cache' })
      await hub.claim(`jar-${outage}`, { className: 'jar' })
      await says(`queue-${outage}`, /^BackendUnavailable: .*no connection \(ECONNREFUSED\)/)
      await says(`cache-${outage}`, /^BackendUnavailable: .*no connection \(ECONNREFUSED\)/)
      await ready(`jar-${outage}`)
      expect(await isReady(hub, 'before')).toBe(true)
      await aws.up()
    }
    for (const name of ['queue-0', 'queue-1', 'cache-0', 'cache-1']) await ready(name)
    expect(await stacksEver(aws)).toEqual(['CREATE_COMPLETE', 'CREATE_COMPLETE', 'CREATE_COMPLETE'])
    expect(await cachesThere(aws)).toEqual({ caches: 2, groups: 2, users: 4 })
  })

  test('and comes back empty: what was there is said to be lost, and what is asked for from then on is made', async () => {
    await serveAws(hub, aws)
    await hub.claim('jobs', { className: 'queue', parameters: { timeout: 10 } })
    await ready('jobs')
    await aws.reset()
    await claims().patch('jobs', { spec: { parameters: { timeout: 20 } } }, { namespace: 'shop' })
    await says('jobs', /^ServiceLost: /)
    await hub.claim('more', { className: 'queue' })
    await ready('more')
    expect(await stacksEver(aws)).toEqual(['CREATE_COMPLETE'])
  })
})

/** LARDER_AWS_OUTAGE_MS=60000 for a whole minute. */
const THROTTLED_MS = Number(process.env['LARDER_AWS_OUTAGE_MS'] ?? 4_000)

describe('row 46: a limit of the rate that lasts', () => {
  test(
    'is said by all who wait, is not answered by more calls, and ends with each thing made once',
    async () => {
      await serveAws(hub, aws)
      const services = [{ service: 'cloudformation' }, { service: 'elasticache' }]
      const limits = services.map((each) => aws.faults.throttle(each))
      aws.calls.clear()
      const beganMs = performance.now()
      const queues = Array.from({ length: 8 }, (_, i) => `queue-${i}`)
      for (const name of queues) await hub.claim(name, { className: 'queue' })
      await hub.claim('cache', { className: 'cache' })
      await new Promise((resolve) => setTimeout(resolve, THROTTLED_MS))
      for (const name of [...queues, 'cache']) await says(name, /^BackendThrottled: .*AWS limits the rate of requests/)
      const tookMs = performance.now() - beganMs
      const perSecond = aws.calls.count({}, 'refused') / (tookMs / 1000)
      expect(perSecond).toBeLessThan(10)
      for (const limit of limits) limit.lift()
      for (const name of [...queues, 'cache']) await ready(name)
      expect(await stacksEver(aws)).toEqual(queues.map(() => 'CREATE_COMPLETE'))
      expect(await cachesThere(aws)).toEqual({ caches: 1, groups: 1, users: 2 })
    },
    60_000 + 2 * THROTTLED_MS,
  )
})

const KEY = 'AKIAGOODFORAWHILE000'
const NEXT_KEY = 'AKIAGOODFROMNOWON000'

describe.each([
  ['expired', 'ExpiredToken', () => aws.faults.expireCredentials({ accessKeyId: KEY })],
  ['unknown', 'InvalidClientTokenId', () => aws.faults.invalidateCredentials({ accessKeyId: KEY })],
] as const)('row 48: credentials that are %s', (_title, code, begin) => {
  test('are said at the claim, leak nothing, and heal with the Secret', async () => {
    await serveAws(hub, aws, { accessKeyId: KEY })
    await hub.claim('before', { className: 'queue' })
    await ready('before')
    begin()
    await hub.claim('jobs', { className: 'queue' })
    await says('jobs', new RegExp(`^BackendDenied: .*${code}`))
    const data = { AWS_ACCESS_KEY_ID: Buffer.from(NEXT_KEY).toString('base64') }
    await hub.admin.of(secretType).patch('aws', { data }, { namespace: 'larder-system' })
    await ready('jobs')
    expect(await stacksEver(aws)).toEqual(['CREATE_COMPLETE', 'CREATE_COMPLETE'])
    const { secretAccessKey } = aws.client().credentials
    const objects = hub.everything().filter(({ kind }) => kind !== 'Secret')
    // Otherwise a log that says nothing would leak nothing.
    expect(logged.join('\n')).toContain(code)
    for (const told of [JSON.stringify(objects), logged.join('\n')]) {
      expect(told).not.toContain(secretAccessKey)
      expect(told).not.toContain(Buffer.from(secretAccessKey).toString('base64'))
    }
  })
})

const roleIn = (account: string) => `arn:aws:iam::${account}:role/larder`

async function inAccount(account: string): Promise<Whose> {
  const sts = new STSClient(aws.client(aws.truthUrl))
  const given = await sts.send(new AssumeRoleCommand({ RoleArn: roleIn(account), RoleSessionName: 'truth' }))
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = given.Credentials ?? {}
  return {
    credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
  }
}

describe('row 49: two accounts at once, one of them broken', () => {
  const WELL = '222222222222'
  const BROKEN = '333333333333'

  test('the other is served meanwhile, each in its own account, and nothing is made in a third', async () => {
    const refusal = { status: 403, code: 'AccessDenied', message: 'you may not take this role' }
    const where = (call: Call) => call.parameter('RoleArn') === roleIn(BROKEN)
    const broken = aws.faults.refuse({ action: 'AssumeRole', where }, refusal)
    for (const account of [WELL, BROKEN]) {
      await serveAws(hub, aws, { suffix: `-${account}`, config: { assumeRole: { roleARN: roleIn(account) } } })
    }
    await hub.claim('well', { className: `queue-${WELL}` })
    await hub.claim('broken', { className: `queue-${BROKEN}` })
    await says('broken', /^BackendDenied: .*the backend refuses the account/)
    const { message } = await hub.cause(backendKind, `cloudformation-${BROKEN}`, undefined, 'BackendDenied')
    expect(message).toContain('sts:AssumeRole: AccessDenied: you may not take this role')
    await ready('well')
    expect(await stacksEver(aws, await inAccount(WELL))).toEqual(['CREATE_COMPLETE'])
    expect(await stacksEver(aws, await inAccount(BROKEN))).toEqual([])
    broken.lift()
    await ready('broken')
    expect(await stacksEver(aws, await inAccount(WELL))).toEqual(['CREATE_COMPLETE'])
    expect(await stacksEver(aws, await inAccount(BROKEN))).toEqual(['CREATE_COMPLETE'])
    expect(await stacksEver(aws)).toEqual([])
  })
})

/** LARDER_AWS_QUEUES=500 takes some minutes. */
const QUEUES = Number(process.env['LARDER_AWS_QUEUES'] ?? 55)
const PER_SECOND = 20
/** A page of stacks: with these of others every list has a second one, however few of ours are there when it is asked. */
const OTHERS = 50

async function otherStacks(): Promise<void> {
  const client = new CloudFormationClient(aws.client(aws.truthUrl))
  const TemplateBody = JSON.stringify({ Resources: { Topic: { Type: 'AWS::SNS::Topic' } } })
  const names = Array.from({ length: OTHERS }, (_, i) => `other-${i}`)
  await Promise.all(names.map((StackName) => client.send(new CreateStackCommand({ StackName, TemplateBody }))))
}

describe('row 50: more stacks than fit on a page, claimed at once where AWS takes so many calls in a second', () => {
  test(
    'all are made, each once, with fewer than six calls for each, and hardly any that AWS does not take',
    async () => {
      await otherStacks()
      await serveAws(hub, aws)
      aws.limit({ perSecond: PER_SECOND })
      aws.calls.clear()
      const names = Array.from({ length: QUEUES }, (_, i) => `q${i}`)
      await Promise.all(names.map((name) => hub.claim(name, { className: 'queue' })))
      const notReady = async () =>
        (await Promise.all(names.map((name) => isReady(hub, name)))).filter((is) => !is).length
      await expect.poll(notReady, { timeout: QUEUES * 1000, interval: 200 }).toBe(0)
      expect((await stacksEver(aws)).filter((state) => state !== 'CREATE_COMPLETE')).toEqual([])
      expect(await stacksEver(aws)).toHaveLength(OTHERS + QUEUES)
      expect(aws.calls.count({ action: 'CreateStack' })).toBe(QUEUES)
      expect(aws.calls.all({ action: 'DescribeStacks' }).some((call) => call.parameter('NextToken'))).toBe(true)
      expect(aws.calls.count() / QUEUES).toBeLessThan(6)
      expect(aws.calls.count({}, 'refused')).toBeLessThan(aws.calls.count() / 4)
      // AWS takes a full bucket and what fills meanwhile; some that it refused count too.
      expect(aws.calls.busiestSecond({ service: 'cloudformation' })).toBeLessThanOrEqual(2.5 * PER_SECOND)
      await Promise.all(names.map((name) => claims().delete(name, { namespace: 'shop' })))
      const left = async () => (await stacksEver(aws)).filter((state) => state !== 'DELETE_COMPLETE').length
      await expect.poll(left, { timeout: QUEUES * 1000, interval: 200 }).toBe(OTHERS)
    },
    60_000 + 2 * QUEUES * 1000,
  )
})

describe('row 51: a hub that is killed after a create of which it never heard', () => {
  test('finds each thing again: one stack, one cache, one group and its users', async () => {
    const creates = ['CreateStack', 'CreateUser', 'CreateUserGroup', 'CreateReplicationGroup'] as const
    const regions = ['us-east-1', 'us-east-2', 'eu-west-1', 'eu-central-1']
    const places = creates.map((action, i) => ({ action, region: regions[i]! }))
    for (const { region } of places) await serveAws(hub, aws, { suffix: `-${region}`, region })
    const answers = places.map((at) => aws.faults.hold(at, { at: 'answer', times: 1 }))
    for (const { action, region } of places) {
      const kind = action === 'CreateStack' ? 'queue' : 'cache'
      await hub.claim(region, { className: `${kind}-${region}` })
    }
    for (const answer of answers) await answer.reached()
    await hub.kill()
    for (const answer of answers) answer.lift()
    await hub.start()
    for (const { region } of places) await ready(region)
    for (const { action, region } of places) {
      if (action === 'CreateStack') expect(await stacksEver(aws, { region })).toEqual(['CREATE_COMPLETE'])
      else expect(await cachesThere(aws, { region })).toEqual({ caches: 1, groups: 1, users: 2 })
      // A user has no token, so that the one whose answer was lost is asked for again, and is there: two, and one of them twice.
      expect(aws.calls.count({ action, region })).toBe(action === 'CreateUser' ? 3 : 1)
      expect(causesOf(hub, region).filter((said) => said.startsWith('NameTaken'))).toEqual([])
      await claims().delete(region, { namespace: 'shop' })
    }
    await expect.poll(() => stacksEver(aws, { region: 'us-east-1' }), PATIENCE).toEqual(['DELETE_COMPLETE'])
    for (const region of regions.slice(1)) {
      await expect.poll(() => cachesThere(aws, { region }), PATIENCE).toEqual({ caches: 0, groups: 0, users: 0 })
    }
  })
})
