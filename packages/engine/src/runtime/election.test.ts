import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ADMIN, openWorld, type World as ApiWorld } from '../apiserver/core/testing/world.ts'
import { inProcessTransport } from '../apiserver/in-process.ts'
import { systemClock, type Clock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { leaseType } from '../client/builtin.ts'
import { createClient, type Client } from '../client/client.ts'
import { Unreachable } from '../client/unreachable.ts'
import { defineController } from './controller.ts'
import { createElection, type Election } from './election.ts'
import { done } from './outcome.ts'
import type { Manager } from './manager.ts'
import { budgetType, createBudget, type Budget } from './testing/budgets.ts'
import { eventually, onBothTransports, settled, type World } from './testing/worlds.ts'

const LEASE = { name: 'larder', namespace: 'default' }

/** A process that would lead, and its cable. */
interface Candidate {
  readonly name: string
  readonly election: Election
  /** Calls and watches are Unreachable while it is cut, and so is the answer to a call that was under way. */
  isCut: boolean
  /** It acts as leader: from `elected` until `lost` or its own clock says otherwise. */
  readonly isActing: boolean
}

function candidate(clientOf: () => Client, clock: Clock, name: string): Candidate {
  let isCut = false
  let isElected = false
  const through = () => {
    if (isCut) throw new Unreachable('in-process', 'cut')
    return clientOf().transport
  }
  const client = createClient({
    async call(call, signal) {
      const answer = await through().call(call, signal)
      through()
      return answer
    },
    async *watch(target, options, signal) {
      for await (const event of through().watch(target, options, signal)) {
        through()
        yield event
      }
    },
    raw: (path) => through().raw(path),
    close: () => Promise.resolve(),
  })
  const election = createElection({ client, clock, log: silentLog, lease: LEASE, identity: name })
  election.start({
    elected: () => (isElected = true),
    lost: async () => {
      isElected = false
    },
  })
  return {
    name,
    election,
    get isCut() {
      return isCut
    },
    set isCut(cut) {
      isCut = cut
    },
    get isActing() {
      return isElected && election.isLeader
    },
  }
}

describe('with a clock that the test turns', () => {
  let world: ApiWorld
  let candidates: Candidate[]
  beforeEach(async () => {
    world = await openWorld({ controllers: false })
    candidates = []
  })
  afterEach(async () => {
    for (const { election } of candidates) await election.stop()
    await world.close()
  })

  const admin = () => createClient(inProcessTransport(world.api, ADMIN, world.clock))
  const join = (name: string): Candidate => {
    const joined = candidate(admin, world.clock, name)
    candidates.push(joined)
    return joined
  }
  const acting = () => candidates.filter(({ isActing }) => isActing).map(({ name }) => name)
  /** In small steps, so that nothing between two looks is missed. */
  const pass = async (ms: number) => {
    for (let gone = 0; gone < ms; gone += 250) {
      await world.clock.advance(250)
      expect(acting().length).toBeLessThanOrEqual(1)
    }
  }
  const lease = () => admin().of(leaseType).get(LEASE.name, LEASE.namespace)

  test('one leads as long as it lives, and renews', async () => {
    join('a')
    await pass(1000)
    join('b')
    await pass(120_000)
    expect(acting()).toEqual(['a'])
    const { spec } = await lease()
    expect(spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 })
    expect(Date.parse(spec!.renewTime!)).toBeGreaterThan(world.clock.now() - 3000)
    expect(Date.parse(spec!.acquireTime!)).toBeLessThan(world.clock.now() - 100_000)
  })

  test('one that stops hands over at once', async () => {
    const first = join('a')
    await pass(1000)
    join('b')
    await pass(1000)
    await first.election.stop()
    await pass(250)
    expect(acting()).toEqual(['b'])
    expect((await lease()).spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })
  })

  test('one that is cut off gives up before the other may begin, and waits its turn when it is back', async () => {
    const first = join('a')
    await pass(1000)
    join('b')
    await pass(1000)
    first.isCut = true
    await pass(11_000)
    expect(acting()).toEqual([])
    await pass(5000)
    expect(acting()).toEqual(['b'])
    first.isCut = false
    await pass(60_000)
    expect(acting()).toEqual(['b'])
  })

  test('a short break loses nothing', async () => {
    const first = join('a')
    join('b')
    await pass(1000)
    first.isCut = true
    await pass(7000)
    first.isCut = false
    await pass(60_000)
    expect(acting()).toEqual(['a'])
  })

  test('a Lease that somebody deleted is taken anew by one of them', async () => {
    join('a')
    await pass(1000)
    join('b')
    await pass(1000)
    await admin().of(leaseType).delete(LEASE.name, { namespace: LEASE.namespace })
    await pass(20_000)
    expect(acting()).toHaveLength(1)
  })

  test('one that slept past its lease does not lead for a moment', async () => {
    let sleptMs = 0
    const { clock } = world
    const sleeps: Clock = { now: () => clock.now() + sleptMs, after: (ms, callback) => clock.after(ms, callback) }
    const sleeper = candidate(admin, sleeps, 'a')
    candidates.push(sleeper)
    await pass(1000)
    expect(sleeper.election.isLeader).toBe(true)
    // No timer of its process has run yet.
    sleptMs = 11_000
    expect(sleeper.election.isLeader).toBe(false)
  })

  test.each([1, 2, 3, 4, 5])('never two, whatever is cut, stopped and started (seed %i)', async (seed) => {
    let state = seed
    const random = () => (state = (state * 48271) % 2147483647) / 2147483647
    let births = 0
    let reigns = 0
    let last = ''
    for (let step = 0; step < 60; step++) {
      while (candidates.length < 3) join(`p${births++}`)
      const some = candidates[Math.floor(random() * candidates.length)]!
      const leader = candidates.find(({ isActing }) => isActing)
      const one = leader && random() < 0.5 ? leader : some
      if (random() < 0.15) {
        candidates.splice(candidates.indexOf(one), 1)
        await one.election.stop()
      } else one.isCut = random() < 0.4
      await pass(1000 + Math.floor(random() * 40) * 250)
      const [leads = last] = acting()
      if (leads !== last) reigns++
      last = leads
    }
    expect(reigns).toBeGreaterThan(2)
    for (const each of candidates) each.isCut = false
    await pass(40_000)
    expect(acting()).toHaveLength(1)
  })
})

onBothTransports('managers in election', (world) => {
  interface Replica {
    readonly manager: Manager
    readonly passes: string[]
    isDead: boolean
  }

  /** Two seconds of lease, so that a death is over soon. */
  function replica(name: string): Replica {
    const passes: string[] = []
    const state = { isDead: false }
    const client = mortal(world(), state)
    const common = { client, clock: systemClock, log: silentLog }
    const election = createElection({ ...common, lease: LEASE, identity: name, leaseMs: 2000 })
    const manager = world().manager({ client, election })
    manager.add(
      defineController<Budget>({
        name: 'budget',
        type: budgetType,
        reconcile({ key, status }) {
          passes.push(key.name)
          status.currentHealthy = 1
          return done
        },
      }),
    )
    manager.start()
    return Object.assign(state, { manager, passes })
  }

  const isDone = async (name: string) => {
    const budget = await world().client.of(budgetType).get(name, 'default')
    return budget.status?.currentHealthy === 1
  }

  test('one works, the other begins where it stopped', async () => {
    const a = replica('a')
    await a.manager.ready()
    const b = replica('b')
    await createBudget(world().client, 'first')
    await eventually(() => isDone('first'))
    await a.manager.stop()
    const { length } = a.passes
    await createBudget(world().client, 'second')
    await eventually(() => isDone('second'))
    await b.manager.ready()
    expect(a.passes).toHaveLength(length)
    expect(b.passes).toContain('second')
    expect(b.passes.indexOf('first')).toBeLessThanOrEqual(b.passes.indexOf('second'))
  })

  test('one that dies is replaced when its lease is over, and writes nothing when it wakes', async () => {
    const a = replica('a')
    await a.manager.ready()
    const b = replica('b')
    a.isDead = true
    await createBudget(world().client, 'orphan')
    await eventually(() => isDone('orphan'))
    expect(b.passes).toContain('orphan')
    expect(a.passes).not.toContain('orphan')
    a.isDead = false
    await createBudget(world().client, 'later')
    await eventually(() => isDone('later'))
    expect(a.passes).not.toContain('later')
  })

  test('who waits keeps no copies that could be behind: all are read after it has the lease', async () => {
    const a = replica('a')
    await a.manager.ready()
    const b = replica('b')
    await createBudget(world().client, 'early')
    await eventually(() => isDone('early'))
    expect(b.manager.informers.existing(budgetType)).toBeUndefined()
    await a.manager.stop()
    await b.manager.ready()
    expect(b.manager.informers.existing(budgetType)?.get('early', 'default')?.status?.currentHealthy).toBe(1)
  })

  test('in sync, who waits writes nothing', async () => {
    const a = replica('a')
    await a.manager.ready()
    await createBudget(world().client, 'calm')
    await eventually(() => isDone('calm'))
    const lease = async () => (await world().client.of(leaseType).get(LEASE.name, LEASE.namespace)).metadata
    await a.manager.stop()
    const before = await settled(world().store)
    const waiting = replica('b')
    await waiting.manager.ready()
    await eventually(async () => (await lease()).resourceVersion !== String(before))
    const budget = await world().client.of(budgetType).get('calm', 'default')
    expect(Number(budget.metadata.resourceVersion)).toBeLessThanOrEqual(before)
    expect(waiting.passes).toContain('calm')
  })
})

/** A client whose process may die: then no call and no event goes through. */
function mortal(world: World, state: { readonly isDead: boolean }): Client {
  const through = () => {
    if (state.isDead) throw new Unreachable(world.transport, 'dead')
    return world.client.transport
  }
  return createClient({
    call: async (call, signal) => through().call(call, signal),
    async *watch(target, options, signal) {
      for await (const event of through().watch(target, options, signal)) {
        through()
        yield event
      }
    },
    raw: (path) => through().raw(path),
    close: () => Promise.resolve(),
  })
}
