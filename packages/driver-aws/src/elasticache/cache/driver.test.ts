/** What the suite cannot know of: settings, addresses, failures, caches of others, lost answers, many at once. */
import {
  AddTagsToResourceCommand,
  CreateReplicationGroupCommand,
  DeleteReplicationGroupCommand,
  DescribeCacheClustersCommand,
  DescribeReplicationGroupsCommand,
  DescribeUserGroupsCommand,
  DescribeUsersCommand,
  ElastiCacheClient,
} from '@aws-sdk/client-elasticache'
import type { Bound, Credential, Json, Seen, Session, Want } from '@larder/kit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startAws, type Aws } from '../../../../../test/aws/endpoint.ts'
import { connect } from '../../testing/stage.ts'
import { userMayLogIn } from '../../testing/users.ts'
import { elasticacheDriver } from '../driver.ts'

let aws: Aws
let session: Session
let truth: ElastiCacheClient
const never = new AbortController().signal
const QUICK = { creatingMs: 0, modifyingMs: 0, deletingMs: 0 }

beforeAll(async () => {
  aws = await startAws(QUICK)
  truth = new ElastiCacheClient(aws.client(aws.truthUrl))
})
beforeEach(async () => {
  await aws.reset()
  await aws.setTimes(QUICK)
  session = connect(elasticacheDriver(), aws)
})
afterAll(() => aws.stop())

const cacheOf = (cache: Record<string, Json>, more: Record<string, Json> = {}): Json => ({
  cache: { nodeType: 'cache.t4g.micro', ...cache },
  ...more,
})
const shardedCache = (shards: number): Json => cacheOf({ clusterMode: true, shards, replicas: 1 })
const wanted = (more: Partial<Want> = {}): Want => ({
  id: 'a',
  generation: 1,
  recipe: cacheOf({}),
  parameters: {},
  existing: 'Refuse',
  origin: { door: 'test' },
  changed: [],
  ...more,
})

/** As the hub does it: it keeps the state, and repeats what is not known to have begun. */
async function until(want: Want, phase: Seen['phase']): Promise<Want & { seen: Seen }> {
  let kept = want
  const remember = ({ state }: { state?: string }) => {
    if (state !== undefined) kept = { ...kept, state }
  }
  for (let round = 0; round < 100; round++) {
    const seen = await session.observe(kept, never)
    remember(seen)
    if (seen.phase === phase) return { ...kept, seen }
    if (seen.phase === 'unknown' || seen.phase === 'absent') {
      remember(await (kept.intent === 'delete' ? session.delete(kept, never) : session.create(kept, never)))
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`never ${phase}: ${JSON.stringify(await session.observe(kept, never))}`)
}
const made = (want: Want) => until({ ...want, intent: 'create' }, 'ready')

const credential = (id: string, role?: string): Credential => ({
  id,
  parameters: {},
  origin: { door: 'test' },
  ...(role !== undefined && { role }),
})
async function bound(want: Want, one: Credential): Promise<Record<string, string>> {
  for (;;) {
    const answer: Bound = await session.bind(want, one, never)
    if (answer.phase === 'ready') return answer.values as Record<string, string>
    expect(answer.phase).toBe('changing')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const cacheNamed = async (id: string) => {
  const { ReplicationGroups: [cache] = [] } = await truth.send(
    new DescribeReplicationGroupsCommand({ ReplicationGroupId: id }),
  )
  return cache
}
/** The nodes have it, and the description of the whole has not. */
const windowsOf = async (id: string) => {
  const { CacheClusters = [] } = await truth.send(new DescribeCacheClustersCommand({}))
  const nodes = CacheClusters.filter(({ ReplicationGroupId }) => ReplicationGroupId === id)
  return [...new Set(nodes.map(({ PreferredMaintenanceWindow }) => PreferredMaintenanceWindow))]
}
const counted = async () => {
  const { ReplicationGroups = [] } = await truth.send(new DescribeReplicationGroupsCommand({}))
  const { UserGroups = [] } = await truth.send(new DescribeUserGroupsCommand({}))
  const { Users = [] } = await truth.send(new DescribeUsersCommand({}))
  return [ReplicationGroups.length, UserGroups.length, Users.filter(({ UserId }) => UserId !== 'default').length]
}

const changed = (want: Want, recipe: Json): Want => ({
  ...want,
  recipe,
  intent: 'update',
  generation: 2,
  changed: ['recipe'],
})

/** As the hub does it: until nothing differs any more. */
async function settled(want: Want): Promise<void> {
  let kept = want
  for (let round = 0; round < 100; round++) {
    const seen = await session.observe(kept, never)
    if (seen.phase === 'ready' && seen.drift.length === 0) return
    const { state } = seen.phase === 'ready' ? ((await session.update?.(kept, never)) ?? {}) : {}
    if (state !== undefined) kept = { ...kept, state }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('never settled')
}

const foreign = () =>
  truth.send(
    new CreateReplicationGroupCommand({
      ReplicationGroupId: 'theirs',
      ReplicationGroupDescription: 'theirs',
      CacheNodeType: 'cache.t4g.micro',
      TransitEncryptionEnabled: true,
    }),
  )

describe('a cache', () => {
  test('is encrypted, has a user group whose default user may nothing, and the name that a door dictates', async () => {
    await made(wanted({ name: 'My-Redis' }))
    const cache = await cacheNamed('my-redis')
    expect(cache).toMatchObject({ TransitEncryptionEnabled: true, AtRestEncryptionEnabled: true })
    const { Users = [] } = await truth.send(new DescribeUsersCommand({}))
    const own = Users.filter(({ UserGroupIds }) => UserGroupIds?.includes(cache?.UserGroupIds?.[0] ?? ''))
    expect(own).toMatchObject([{ UserName: 'default', AccessString: 'off ~* -@all' }])
  })

  test('of Valkey needs no default user', async () => {
    const want = await made(wanted({ recipe: cacheOf({ engine: 'valkey', engineVersion: '8.0' }) }))
    expect(await counted()).toEqual([1, 1, 0])
    const values = await bound(want, credential('one'))
    expect(await userMayLogIn(aws, truth, values)).toBe(true)
  })

  test('gives readers the address of the replicas, writers that of the primary, and rights by role', async () => {
    const want = await made(wanted({ recipe: cacheOf({ replicas: 1 }) }))
    const [group] =
      (want.seen.outside && (await cacheNamed(want.seen.outside.id.split(':').at(-1) ?? ''))?.NodeGroups) ?? []
    const writer = await bound(want, credential('w', 'writer'))
    const reader = await bound(want, credential('r', 'reader'))
    expect(writer).toMatchObject({ host: group?.PrimaryEndpoint?.Address, ssl: 'true', provider: 'elasticache' })
    expect(reader).toMatchObject({ host: group?.ReaderEndpoint?.Address })
    expect(writer['uri']).toBe(
      `rediss://${writer['username']}:${writer['password']}@${writer['host']}:${writer['port']}`,
    )
    const { Users = [] } = await truth.send(new DescribeUsersCommand({}))
    const accessOf = (name: string | undefined) => Users.find(({ UserName }) => UserName === name)?.AccessString
    expect(accessOf(writer['username'])).toBe('on ~* +@all')
    expect(accessOf(reader['username'])).toBe('on ~* -@all +@read +@connection')
  })

  test('with shards has one address for all', async () => {
    const want = await made(wanted({ recipe: cacheOf({ clusterMode: true, shards: 2, replicas: 1 }) }))
    const { ConfigurationEndpoint } = (await cacheNamed(want.seen.outside?.id.split(':').at(-1) ?? '')) ?? {}
    expect(ConfigurationEndpoint?.Address).toMatch(/./)
    expect(await bound(want, credential('r', 'reader'))).toMatchObject({ host: ConfigurationEndpoint?.Address })
    expect(want.seen.outputs).toMatchObject({ shards: 2, nodes: 4, clusterMode: true })
  })

  test('tells how far it is, and binds when it is there', async () => {
    await aws.setTimes({ creatingMs: 60_000 })
    await session.create(wanted({ intent: 'create' }), never)
    await aws.setTimes({ creatingMs: 0 })
    await until(wanted({ intent: 'create' }), 'unknown')
    await aws.setTimes({ creatingMs: 60_000 })
    const recipe = cacheOf({ replicas: 2 }, { usually: '8m' })
    const { seen, ...want } = await until(wanted({ recipe, intent: 'create' }), 'changing')
    expect(seen).toMatchObject({ doing: 'create', message: 'creating, 0 of 3 nodes', expectedAt: expect.any(String) })
    expect(await session.bind(want, credential('one'), never)).toMatchObject({ phase: 'changing' })
    expect((await counted())[2]).toBe(1)
  })
})

describe('what is wrong is refused at its field, before AWS is asked', () => {
  test.each([
    [{ nodeTipe: 'x' }, 'recipe.cache.nodeTipe'],
    [{ nodeType: 'db.t3.micro' }, 'recipe.cache.nodeType'],
    [{ engine: 'memcached' }, 'recipe.cache.engine'],
    [{ engineVersion: '5.0.6' }, 'recipe.cache.engineVersion'],
    [{ replicas: 6 }, 'recipe.cache.replicas'],
    [{ replicas: '${parameter.copies}' }, 'parameters.copies'],
    [{ shards: 2 }, 'recipe.cache.shards'],
    [{ multiAZ: true }, 'recipe.cache.multiAZ'],
    [{ automaticFailover: true }, 'recipe.cache.automaticFailover'],
    [{ port: 70_000 }, 'recipe.cache.port'],
    [{ securityGroupIDs: ['default'] }, 'recipe.cache.securityGroupIDs'],
  ] as const)('%j', async (cache, path) => {
    const want = wanted({ recipe: cacheOf(cache), parameters: { copies: 'many' } })
    await expect(session.create(want, never)).rejects.toMatchObject({ code: 'invalid', path })
    expect(aws.calls.count({})).toBe(0)
  })

  test('a name that no replication group can have', async () => {
    const create = session.create(wanted({ name: `${'long-'.repeat(9)}name` }), never)
    await expect(create).rejects.toMatchObject({ code: 'invalid', path: 'externalName' })
  })
})

describe('a change', () => {
  test('of several things is made one after the other, also of what AWS does not tell', async () => {
    const want = await made(wanted({ recipe: cacheOf({ replicas: 1, maintenanceWindow: 'mon:05:00-mon:09:00' }) }))
    const id = want.seen.outside?.id.split(':').at(-1) ?? ''
    const recipe = cacheOf({ nodeType: 'cache.t4g.small', replicas: 2, maintenanceWindow: 'tue:05:00-tue:09:00' })
    await settled(changed(want, recipe))
    const cache = await cacheNamed(id)
    expect(cache).toMatchObject({ CacheNodeType: 'cache.t4g.small' })
    expect(cache?.MemberClusters).toHaveLength(3)
    expect(await windowsOf(id)).toEqual(['tue:05:00-tue:09:00'])
    await settled(changed(want, cacheOf({ replicas: 0, automaticFailover: false })))
    expect((await cacheNamed(id))?.MemberClusters).toHaveLength(1)
  })

  test('of shards adds and removes some, each with its replicas', async () => {
    const want = await made(wanted({ recipe: shardedCache(2) }))
    const id = want.seen.outside?.id.split(':').at(-1) ?? ''
    const nodesOfEach = async () =>
      ((await cacheNamed(id))?.NodeGroups ?? []).map(({ NodeGroupMembers = [] }) => NodeGroupMembers.length)
    await settled(changed(want, shardedCache(3)))
    expect(await nodesOfEach()).toEqual([2, 2, 2])
    await settled(changed(want, shardedCache(1)))
    expect(await nodesOfEach()).toEqual([2])
  })

  test('of replicas that AWS made at once is made, though it refuses it when the SDK asks again', async () => {
    const want = await made(wanted({ recipe: cacheOf({ replicas: 2 }) }))
    aws.faults.reset({ action: 'DecreaseReplicaCount' }, { times: 1, at: 'answer' })
    await settled(changed(want, cacheOf({ replicas: 1 })))
    expect((await cacheNamed(want.seen.outside?.id.split(':').at(-1) ?? ''))?.MemberClusters).toHaveLength(2)
  })

  test('is told before, with what it does to those who use the cache', async () => {
    const want = await made(wanted())
    const plan = await session.plan?.(changed(want, cacheOf({ nodeType: 'cache.t4g.small', replicas: 1 })), never)
    expect(plan?.effects).toEqual([
      expect.objectContaining({ kind: 'restart', what: 'recipe.cache.nodeType' }),
      expect.objectContaining({ kind: 'inPlace', what: 'recipe.cache.replicas' }),
      expect.objectContaining({ kind: 'inPlace', what: 'recipe.cache.automaticFailover' }),
    ])
  })

  test('of what stays as it was made is refused by the field', async () => {
    const want = await made(wanted())
    const plan = await session.plan?.(changed(want, cacheOf({ port: 6380 })), never)
    expect(plan?.errors).toMatchObject([{ path: 'recipe.cache.port', reason: 'fixed' }])
    const update = session.update?.(changed(want, cacheOf({ port: 6380 })), never)
    await expect(update).rejects.toMatchObject({ code: 'invalid', path: 'recipe.cache.port' })
  })
})

test('a subnet group that is not there yet is named by its field, and waited for', async () => {
  const failure = await firstFailure(wanted({ recipe: cacheOf({ subnetGroup: 'private' }), intent: 'create' }))
  expect(failure).toMatchObject({ code: 'blocked', message: expect.stringMatching(/^recipe\.cache\.subnetGroup: /) })
})

describe('a cache that fails', () => {
  test('says what AWS said, is made anew, and is left when it fails again and again', async () => {
    await aws.fail({ operation: 'CreateReplicationGroup', reason: 'Insufficient capacity for the node type', times: 4 })
    let want: Want = wanted({ intent: 'create' })
    for (let failures = 0; failures < 3; failures++) {
      const { seen, ...kept } = await until(want, 'failed')
      expect(seen).toMatchObject({
        reason: 'CreateFailed',
        message: expect.stringContaining('Insufficient capacity for the node type'),
        usable: false,
        retry: 'recreate',
      })
      const { state } = await session.delete({ ...kept, intent: 'delete' }, never)
      want = { ...kept, ...(state !== undefined && { state }) }
      await until(want, 'unknown')
    }
    expect((await until(want, 'failed')).seen).toMatchObject({ retry: 'no' })
    await until({ ...want, intent: 'delete' }, 'absent')
    expect(await counted()).toEqual([0, 0, 0])
  })
})

describe('a cache of somebody else', () => {
  test('is not taken, not changed and not removed', async () => {
    await foreign()
    const want = wanted({ name: 'theirs' })
    expect(await session.observe(want, never)).toEqual({
      phase: 'conflict',
      message: 'a replication group called theirs exists and is not of this instance: it has no tag larder.dev/id',
    })
    await session.create({ ...want, intent: 'create' }, never)
    await session.delete({ ...want, intent: 'delete' }, never)
    expect(await counted()).toEqual([1, 0, 0])
    expect((await cacheNamed('theirs'))?.Status).toBe('available')
  })

  test('of another instance is not adopted; without a tag it is', async () => {
    const { ReplicationGroup } = await foreign()
    const want = wanted({ name: 'theirs', existing: 'Adopt' })
    expect((await session.observe(want, never)).phase).toBe('ready')
    await expect(session.bind(want, credential('one'), never)).rejects.toMatchObject({
      code: 'blocked',
      message: expect.stringContaining('it was adopted'),
    })
    const tags = new AddTagsToResourceCommand({
      ResourceName: ReplicationGroup?.ARN,
      Tags: [{ Key: 'larder.dev/id', Value: 'b' }],
    })
    await truth.send(tags)
    session = connect(elasticacheDriver(), aws)
    expect((await session.observe(want, never)).phase).toBe('conflict')
  })
})

const replaced = async () => {
  const mine = await made(wanted({ name: 'shared' }))
  await truth.send(new DeleteReplicationGroupCommand({ ReplicationGroupId: 'shared' }))
  return mine
}
const anotherShared = () => made(wanted({ name: 'shared', id: 'b' }))

describe('a cache that somebody removes, and another instance makes by the same name', () => {
  test('is not changed and not removed by the first, which never saw it gone', async () => {
    const mine = await replaced()
    await anotherShared()
    const edited = { ...changed(mine, cacheOf({ replicas: 1 })), state: mine.state! }
    expect(await session.observe(edited, never)).toMatchObject({ phase: 'conflict' })
    await expect(session.update?.(edited, never)).rejects.toMatchObject({ code: 'blocked' })
    await expect(session.bind(mine, credential('one'), never)).rejects.toMatchObject({ code: 'blocked' })
    await until({ ...mine, intent: 'delete' }, 'conflict')
    expect((await cacheNamed('shared'))?.Status).toBe('available')
    // Those of the other one are left: nobody would remove ours any more.
    expect(await counted()).toEqual([1, 1, 1])
  })

  test('is not told of as its own by the first, which saw it gone', async () => {
    const { state, ...mine } = await until({ ...(await replaced()), intent: 'update' }, 'absent')
    await anotherShared()
    expect(await session.observe({ ...mine, state: state! }, never)).toMatchObject({ phase: 'conflict' })
  })
})

/** Of creates that are repeated until the last step is made; undefined: none failed. */
async function firstFailure(want: Want): Promise<unknown> {
  for (let round = 0; round < 50; round++) {
    try {
      await session.create(want, never)
    } catch (error) {
      return error
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return undefined
}

describe('when answers are lost', () => {
  test.each(['CreateUser', 'CreateUserGroup', 'CreateReplicationGroup'])(
    'that of %s makes nothing twice',
    async (action) => {
      aws.faults.reset({ action }, { times: 1, at: 'answer' })
      const want = wanted({ intent: 'create' })
      const lost = await firstFailure(want)
      // The SDK may have asked again by itself; then there is nothing to tell.
      if (lost !== undefined) expect(lost).toMatchObject({ code: 'ambiguous' })
      session = connect(elasticacheDriver(), aws)
      const kept = await made(want)
      expect(await counted()).toEqual([1, 1, 1])
      await until({ ...kept, intent: 'delete' }, 'absent')
      expect(await counted()).toEqual([0, 0, 0])
    },
  )

  test('what was asked for is known also after a restart, so that a later change of it is made', async () => {
    aws.faults.reset({ action: 'CreateReplicationGroup' }, { times: 1, at: 'answer' })
    const want = await made(wanted({ recipe: cacheOf({ maintenanceWindow: 'mon:05:00-mon:09:00' }) }))
    session = connect(elasticacheDriver(), aws)
    await settled(changed(want, cacheOf({ maintenanceWindow: 'tue:05:00-tue:09:00' })))
    const id = want.seen.outside?.id.split(':').at(-1) ?? ''
    expect(await windowsOf(id)).toEqual(['tue:05:00-tue:09:00'])
  })

  test('and with them the key of the passwords, a bind sets a new one', async () => {
    const want = await made(wanted())
    const one = credential('one')
    const before = await bound(want, one)
    const { state: _lost, ...forgotten } = want
    const answer = await session.bind({ ...forgotten, existing: 'Refuse' }, one, never)
    expect(answer.phase).not.toBe('failed')
    const kept = { ...one, ...(answer.state !== undefined && { state: answer.state }) }
    const after = await bound(forgotten, kept)
    expect(after['username']).toBe(before['username'])
    expect(after['password']).not.toBe(before['password'])
    expect(await userMayLogIn(aws, truth, after)).toBe(true)
    expect(await userMayLogIn(aws, truth, before)).toBe(false)
  })
})

test("ElastiCache's own word for throttling is one, which the SDK does not know", async () => {
  aws.faults.throttle({}, { code: 'APICallRateForCustomerExceeded' })
  await expect(session.observe(wanted(), never)).rejects.toMatchObject({ code: 'throttled', afterMs: 2000 })
})

test('ten binds at once join the group together', async () => {
  await aws.setTimes({ modifyingMs: 200 })
  const want = await made(wanted())
  aws.calls.clear()
  const all = await Promise.all(Array.from({ length: 10 }, (_, i) => bound(want, credential(`c${i}`))))
  expect(new Set(all.map(({ username }) => username)).size).toBe(10)
  for (const values of all) expect(await userMayLogIn(aws, truth, values)).toBe(true)
  expect(aws.calls.count({ action: 'ModifyUserGroup' })).toBeLessThan(10)
})

const follows = (id: string, predecessor: string): Credential => ({ ...credential(id, 'writer'), predecessor })
const opens = (values: Record<string, string>) => userMayLogIn(aws, truth, values)

describe('a rotation', () => {
  /** As the hub does it: it keeps the state of each credential. */
  const states = new Map<string, string>()
  beforeEach(() => states.clear())
  const kept = (one: Credential): Credential => {
    const state = states.get(one.id)
    return { ...one, ...(state !== undefined && { state }) }
  }
  async function bind(want: Want, one: Credential): Promise<Record<string, string>> {
    for (;;) {
      const answer = await session.bind(want, kept(one), never).catch((error: unknown) => {
        if (error instanceof Error && /the answer was lost/.test(error.message)) return undefined
        throw error
      })
      if (answer?.state !== undefined) states.set(one.id, answer.state)
      if (answer?.phase === 'ready') return answer.values as Record<string, string>
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  async function unbind(want: Want, one: Credential): Promise<void> {
    await expect
      .poll(async () => (await session.unbind(want, kept(one), never)).phase, { timeout: 10_000 })
      .toBe('gone')
  }

  test('gives the same user another password; both open until the first is revoked; and so on in another process', async () => {
    await aws.setTimes({ ...QUICK, modifyingMs: 100 })
    const want = await made(wanted())
    let last = credential('c-0', 'writer')
    let before = await bind(want, last)
    for (const serial of [1, 2, 3]) {
      if (serial === 2) session = connect(elasticacheDriver(), aws)
      const next = follows(`c-${serial}`, last.id)
      const after = await bind(want, next)
      expect(after['username']).toBe(before['username'])
      expect(after['password']).not.toBe(before['password'])
      expect([await opens(before), await opens(after)]).toEqual([true, true])
      await unbind(want, last)
      expect([await opens(before), await opens(after)]).toEqual([false, true])
      expect(await bind(want, next)).toEqual(after)
      last = next
      before = after
    }
    expect(await counted()).toEqual([1, 1, 2])
    await unbind(want, last)
    expect(await counted()).toEqual([1, 1, 1])
  })

  test('whose answers are lost gives one password; one that nobody heard of is revoked, and takes no other with it', async () => {
    const want = await made(wanted())
    const first = await bind(want, credential('c-0', 'writer'))
    for (const action of ['ModifyUser', 'AddTagsToResource']) aws.faults.reset({ action }, { times: 3, at: 'answer' })
    const second = await bind(want, follows('c-1', 'c-0'))
    expect([await opens(first), await opens(second)]).toEqual([true, true])
    states.delete('c-1')
    session = connect(elasticacheDriver(), aws)
    await unbind(want, credential('c-1', 'writer'))
    expect([await opens(first), await opens(second)]).toEqual([true, false])
    await unbind(want, credential('c-0', 'writer'))
    expect(await counted()).toEqual([1, 1, 1])
  })

  test('to another role is another user', async () => {
    const want = await made(wanted())
    const writer = await bind(want, credential('c-0', 'writer'))
    const reader = await bind(want, { ...credential('c-1', 'reader'), predecessor: 'c-0' })
    expect(reader['username']).not.toBe(writer['username'])
    expect([await opens(writer), await opens(reader)]).toEqual([true, true])
  })
})
