/**
 * Row 46 of docs/reference/aws-compatibility.md: what goes wrong between a whole hub and AWS costs time, and makes nothing twice. Each trouble has a
 * region of its own, whose calls it meets and whose things are counted, so that all go on at once.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAws, type Aws } from '../../../test/aws/endpoint.ts'
import type { Fault } from '../../../test/aws/proxy/faults.ts'
import { testHub, type TestHub } from '../../hub/src/controllers/testing/hub.ts'
import { claimKind } from '../../hub/src/model/claim.ts'
import { awsDrivers } from './index.ts'
import { causesOf, isReady, serveAws } from './testing/hub.ts'
import { becomes, cachesThere, stacksEver } from './testing/truth.ts'

let aws: Aws
let hub: TestHub

beforeAll(async () => {
  aws = await startAws({ creatingMs: 200, modifyingMs: 50, deletingMs: 50 })
  hub = await testHub({ drivers: awsDrivers() })
  await hub.start()
})
afterAll(async () => {
  await hub.stop()
  await aws.stop()
})

const claims = () => hub.admin.of(claimKind)
const ready = (name: string) => becomes(() => isReady(hub, name), true)

async function gone(name: string): Promise<void> {
  await claims().delete(name, { namespace: 'shop' })
  await becomes(async () => (await claims().find(name, 'shop')) === undefined, true)
}

const OF_A_STACK = [
  'DescribeStacks',
  'CreateStack',
  'CreateChangeSet',
  'DescribeChangeSet',
  'ExecuteChangeSet',
  'DeleteStack',
]
const OF_A_CACHE = [
  'DescribeUserGroups',
  'DescribeReplicationGroups',
  'CreateUser',
  'CreateUserGroup',
  'CreateReplicationGroup',
  'ModifyUserGroup',
  'DescribeUsers',
  'DeleteReplicationGroup',
  'DeleteUserGroup',
  'DeleteUser',
]

interface Trouble {
  readonly region: string
  /** What is said of it meanwhile. */
  readonly told: RegExp
  readonly begin: (at: { readonly action: string; readonly region: string }) => Fault
}

/** As often as the SDK tries, so that the hub hears of it. */
const times = 3
const TROUBLES: Readonly<Record<string, Trouble>> = {
  'a limit of the rate': {
    region: 'us-east-1',
    told: /BackendThrottled: .*AWS limits the rate of requests/,
    // A client that is throttled sends less for a while, and ElastiCache's own limit is not repeated by the SDK: often would be slow.
    begin: (at) =>
      OF_A_STACK.includes(at.action)
        ? aws.faults.throttle(at, { times: at.action === 'CreateStack' ? times : 1 })
        : aws.faults.throttle(at, { times: 1, code: 'APICallRateForCustomerExceeded' }),
  },
  'a page that says 503': {
    region: 'us-east-2',
    told: /BackendUnavailable: .*AWS answered 503/,
    begin: (at) => aws.faults.failServer(at, { times }),
  },
  'a connection that is reset': {
    region: 'us-west-1',
    told: /BackendUnavailable: .*the answer was lost/,
    begin: (at) => aws.faults.reset(at, { times }),
  },
  'an answer that is lost': {
    region: 'eu-west-1',
    told: /BackendUnavailable: .*the answer was lost/,
    begin: (at) => aws.faults.reset(at, { times, at: 'answer' }),
  },
  'an answer that is cut off': {
    region: 'eu-central-1',
    told: /BackendUnavailable: .*the answer was lost/,
    begin: (at) => aws.faults.truncate(at, { times }),
  },
}

describe.concurrent.each(Object.entries(TROUBLES))('row 46: %s, at every call', (_title, { region, told, begin }) => {
  const suffix = `-${region}`

  beforeAll(() => serveAws(hub, aws, { suffix, region }))

  test('of a stack: it is made once, changed, says why it is late, and leaves nothing', async () => {
    const name = `jobs${suffix}`
    const faults = OF_A_STACK.map((action) => begin({ action, region }))
    await hub.claim(name, { className: `queue${suffix}`, parameters: { timeout: 10 } })
    await ready(name)
    expect(await stacksEver(aws, { region })).toEqual(['CREATE_COMPLETE'])
    expect(causesOf(hub, name).join('\n')).toMatch(told)
    await claims().patch(name, { spec: { parameters: { timeout: 20 } } }, { namespace: 'shop' })
    await becomes(() => stacksEver(aws, { region }), ['UPDATE_COMPLETE'])
    await ready(name)
    await gone(name)
    await becomes(() => stacksEver(aws, { region }), ['DELETE_COMPLETE'])
    expect(faults.filter(({ met }) => met === 0)).toEqual([])
  })

  test('of a cache: it is made once with one user, says why it is late, and leaves nothing', async () => {
    const name = `cache${suffix}`
    const faults = OF_A_CACHE.map((action) => begin({ action, region }))
    await hub.claim(name, { className: `cache${suffix}` })
    await ready(name)
    expect(await cachesThere(aws, { region })).toEqual({ caches: 1, groups: 1, users: 2 })
    expect(causesOf(hub, name).join('\n')).toMatch(told)
    await gone(name)
    await becomes(() => cachesThere(aws, { region }), { caches: 0, groups: 0, users: 0 })
    expect(faults.filter(({ met }) => met === 0)).toEqual([])
  })
})

/** Each takes as long as a request may. */
test.concurrent.each([
  ['eu-west-2', 'DescribeStacks', 'request'],
  ['eu-west-3', 'CreateStack', 'request'],
  ['eu-north-1', 'CreateStack', 'answer'],
] as const)(
  'row 46: a call that hangs (in %s: %s, at its %s) is made again; the stack is made once',
  async (region, action, at) => {
    const name = `jobs-${region}`
    await serveAws(hub, aws, { suffix: `-${region}`, region })
    const hangs = aws.faults.hold({ action, region }, { times: 1, at })
    await hub.claim(name, { className: `queue-${region}` })
    await ready(name)
    hangs.lift()
    // What hung comes through after all.
    await becomes(async () => aws.calls.count({ action, region }) >= 2, true)
    expect(await stacksEver(aws, { region })).toEqual(['CREATE_COMPLETE'])
    await gone(name)
    await becomes(() => stacksEver(aws, { region }), ['DELETE_COMPLETE'])
  },
)

test.concurrent('row 46: whoever is in another region meets none of it', async () => {
  await serveAws(hub, aws)
  await hub.claim('calm', { className: 'queue' })
  await ready('calm')
  expect(causesOf(hub, 'calm').filter((said) => said.startsWith('Backend'))).toEqual([])
  await gone('calm')
})
