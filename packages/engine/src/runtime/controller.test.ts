import { expect, test } from 'vitest'
import { systemClock, type Clock } from '../base/clock.ts'
import { eventType, secretType } from '../client/builtin.ts'
import { ensure } from '../client/client.ts'
import { isConflict } from '../machinery/status.ts'
import { defineController, watching, type ControllerDefinition } from './controller.ts'
import { done, Stalled, wait } from './outcome.ts'
import { sequence, type Pass } from './pass.ts'
import { budgetType, conditionsOf, createBudget, watchSecrets, type Budget } from './testing/budgets.ts'
import { eventually, onBothTransports, settled, type World } from './testing/worlds.ts'

const FINALIZER = 'example.com/budget'

interface Started {
  /** How many passes have begun. */
  readonly passes: () => number
  readonly stop: () => Promise<void>
}

async function start(
  world: World,
  definition: Partial<ControllerDefinition<Budget>> & Pick<ControllerDefinition<Budget>, 'reconcile'>,
): Promise<Started> {
  let passes = 0
  const manager = world.manager()
  manager.add(
    defineController<Budget>({
      name: 'budget',
      type: budgetType,
      backoff: { baseMs: 5, capMs: 50 },
      ...definition,
      reconcile(pass) {
        passes++
        return definition.reconcile(pass)
      },
    }),
  )
  manager.start()
  await manager.ready()
  return { passes: () => passes, stop: () => manager.stop(300) }
}

const read = (world: World, name = 'b') => world.client.of(budgetType).find(name, 'default')
const ready = async (world: World, name = 'b') => {
  const budget = await read(world, name)
  return budget && conditionsOf(budget).includes('Ready=True Ready') ? budget : undefined
}

onBothTransports('controller', (world) => {
  test('a new object becomes Ready, with the generation that was seen', async () => {
    await start(world(), { reconcile: () => done })
    await createBudget(world().client, 'b')
    const budget = await eventually(() => ready(world()))
    expect(conditionsOf(budget)).toEqual(['Ready=True Ready'])
    expect(budget.status?.observedGeneration).toBe(budget.metadata.generation)
    expect(budget.status?.conditions?.[0]?.observedGeneration).toBe(budget.metadata.generation)
  })

  test('one that is stopped as soon as it starts leaves no source behind', async () => {
    const manager = world().manager()
    const budget = { type: budgetType, reconcile: () => done }
    manager.add(defineController<Budget>({ ...budget, name: 'first' }))
    manager.start()
    await manager.ready()
    let open = 0
    const source = () => {
      open++
      return () => void open--
    }
    // Its cache is filled already, so that it is at work within a moment, and in that moment it is stopped.
    manager.add(defineController<Budget>({ ...budget, name: 'late', sources: [source] }))
    await manager.stop()
    expect(open).toBe(0)
  })

  test('in sync: nothing is written, neither by a restart nor by a change of the world', async () => {
    const definition = {
      finalizer: FINALIZER,
      watches: [watchSecrets],
      async reconcile(pass: Pass<Budget>) {
        const { name, namespace } = pass.object.metadata
        await ensure(
          pass.client,
          secretType,
          { name, namespace: namespace! },
          (current) => ({ ...current, metadata: { ...current?.metadata }, data: { a: 'YQ==' } }),
          { cached: pass.cache(secretType).get(name, namespace) },
        )
        pass.status.currentHealthy = 3
        return done
      },
    }
    const first = await start(world(), definition)
    await createBudget(world().client, 'b')
    await eventually(() => ready(world()))
    const before = await settled(world().store)
    const passes = first.passes()
    await first.stop()

    const second = await start(world(), definition)
    await eventually(() => second.passes() > 0)
    expect(await settled(world().store)).toBe(before)
    expect(passes, 'the echo of an own write is no reason for another pass').toBe(1)
    expect(second.passes()).toBe(1)
  })

  test('wait: Reconciling, and another pass after the time asked for', async () => {
    let looks = 0
    await start(world(), { reconcile: () => (++looks < 3 ? wait('Waiting', 'for it', 30) : done) })
    await createBudget(world().client, 'b')
    const waiting = ['Ready=False Waiting "for it"', 'Reconciling=True Waiting "for it"']
    await eventually(async () => conditionsOf(await read(world())).join() === waiting.join())
    await eventually(() => ready(world()))
    expect(looks).toBe(3)
  })

  test('wait without a time: the next pass comes with a change of something watched', async () => {
    await start(world(), {
      watches: [watchSecrets],
      reconcile: (pass) =>
        pass.cache(secretType).get('needed', 'default') ? done : wait('NoSecret', 'needs Secret "needed"'),
    })
    const { metadata } = await createBudget(world().client, 'b')
    await eventually(async () => conditionsOf(await read(world())).length === 2)
    const owner = { apiVersion: 'policy/v1', kind: budgetType.kind, name: 'b', uid: metadata.uid! }
    const secrets = world().client.of(secretType)
    await secrets.create({ metadata: { name: 'needed', namespace: 'default', ownerReferences: [owner] } })
    await eventually(() => ready(world()))
  })

  test('stalled: no retry until the world changes', async () => {
    const { passes } = await start(world(), {
      reconcile({ object }) {
        if (object.spec.minAvailable === 13) throw new Stalled('Unlucky', 'minAvailable must not be 13')
        return done
      },
    })
    await createBudget(world().client, 'b', 13)
    await eventually(async () => conditionsOf(await read(world())).length === 2)
    expect(conditionsOf(await read(world()))).toEqual([
      'Ready=False Unlucky "minAvailable must not be 13"',
      'Stalled=True Unlucky "minAvailable must not be 13"',
    ])
    await settled(world().store, 300)
    expect(passes()).toBe(1)
    await world()
      .client.of(budgetType)
      .patch('b', { spec: { minAvailable: 2 } }, { namespace: 'default' })
    expect(conditionsOf(await eventually(() => ready(world())))).toEqual(['Ready=True Ready'])
  })

  test('a throw: retried with growing pauses; its text stays out of status', async () => {
    const times: number[] = []
    await start(world(), {
      backoff: { baseMs: 20, capMs: 1000 },
      reconcile() {
        times.push(performance.now())
        if (times.length < 5) throw new SyntaxError('unexpected token in "password=hunter2"')
        return done
      },
    })
    await createBudget(world().client, 'b')
    const failed = await eventually(async () => {
      const conditions = conditionsOf(await read(world()))
      return conditions.length === 2 && conditions
    })
    expect(failed[0]).toBe(
      'Ready=False ReconcileFailed "unexpected SyntaxError; the log line "pass failed" has the details"',
    )
    await eventually(() => ready(world()))
    const pauses = times.slice(1).map((time, i) => time - times[i]!)
    expect(
      pauses.every((pause, i) => pause >= 10 * 2 ** i - 1),
      `pauses ${pauses.join()}`,
    ).toBe(true)
  })

  test('a throw that the controller explains', async () => {
    await start(world(), {
      reconcile() {
        throw new RangeError('secret')
      },
      explain: (error) => (error instanceof RangeError ? { reason: 'OutOfRange', message: 'too far' } : undefined),
    })
    await createBudget(world().client, 'b')
    await eventually(async () => conditionsOf(await read(world())).includes('Ready=False OutOfRange "too far"'))
  })

  test('steps: the first that is not done ends the pass and is named', async () => {
    const ran: string[] = []
    const named: (string | undefined)[] = []
    const step = (name: string, outcome = done) => ({ [name]: () => (ran.push(name), outcome) })[name]!
    await start(world(), {
      reconcile: sequence<Pass<Budget>>(step('choose'), step('ensure', wait('Creating', 'x')), step('publish')),
      summarize: ({ settled: end }) => named.push(end.type === 'wait' ? end.step : undefined),
    })
    await createBudget(world().client, 'b')
    await eventually(async () => conditionsOf(await read(world())).length === 2)
    expect(ran).toEqual(['choose', 'ensure'])
    expect(named).toEqual(['ensure'])
  })

  test('finalizer: there before the first pass, gone when finalize is done, and the object with it', async () => {
    let released = false
    const seen: (readonly string[] | undefined)[] = []
    await start(world(), {
      finalizer: FINALIZER,
      reconcile({ object }) {
        seen.push(object.metadata.finalizers)
        return done
      },
      finalize: () => (released ? done : wait('Releasing', 'not yet', 10)),
    })
    await createBudget(world().client, 'b')
    await eventually(() => ready(world()))
    expect(seen).toEqual([[FINALIZER]])

    await world().client.of(budgetType).delete('b', { namespace: 'default' })
    await eventually(async () => conditionsOf(await read(world())).includes('Ready=False Releasing "not yet"'))
    released = true
    await eventually(async () => (await read(world())) === undefined)
    expect(seen).toHaveLength(1)
  })

  test('several finalizers come and go together; while one is left, an object that is deleted is still finished', async () => {
    const both = [FINALIZER, 'example.com/budget-lease']
    let finished = 0
    await start(world(), {
      finalizer: both,
      reconcile: () => done,
      finalize() {
        finished++
        return done
      },
    })
    const budgets = world().client.of(budgetType)
    const { metadata } = await createBudget(world().client, 'b')
    await eventually(async () => (await read(world()))?.metadata.finalizers?.join() === both.join())
    await eventually(() => ready(world()))
    await budgets.patch('b', { metadata: { finalizers: [both[1]] } }, { namespace: 'default' })
    await eventually(async () => (await read(world()))?.metadata.finalizers?.length === 2)
    await budgets.delete('b', { namespace: 'default' })
    await eventually(async () => (await read(world()))?.metadata.uid !== metadata.uid)
    await budgets.create({
      metadata: { name: 'c', namespace: 'default', finalizers: [both[1]!, 'example.com/other'] },
      spec: {},
    })
    await budgets.delete('c', { namespace: 'default' })
    await eventually(async () => (await read(world(), 'c'))?.metadata.finalizers?.join() === 'example.com/other')
    expect(finished).toBe(2)
  })

  test('a foreign finalizer is left alone', async () => {
    let finalized = 0
    await start(world(), {
      finalizer: FINALIZER,
      reconcile: () => done,
      finalize() {
        finalized++
        return done
      },
    })
    const metadata = { name: 'b', namespace: 'default', finalizers: ['example.com/other'] }
    await world().client.of(budgetType).create({ metadata, spec: {} })
    await eventually(() => ready(world()))
    await world().client.of(budgetType).delete('b', { namespace: 'default' })
    await eventually(async () => (await read(world()))?.metadata.finalizers?.join() === 'example.com/other')
    await settled(world().store)
    expect(finalized).toBe(1)
  })

  test('a crash between the write and the status makes nothing twice', async () => {
    const definition = {
      watches: [watching(secretType, () => [], { owner: ({ metadata }) => [metadata.labels?.['owner'] ?? ''] })],
      async reconcile(pass: Pass<Budget>) {
        const made = pass.cache(secretType).byIndex('owner', pass.object.metadata.uid!)
        if (made.length > 0) return done
        const metadata = { generateName: 'made-', namespace: 'default', labels: { owner: pass.object.metadata.uid! } }
        await pass.client.of(secretType).create({ metadata })
        return done
      },
    }
    let crashes = 0
    world().intercept = (call) => {
      if (call.verb !== 'patch' || call.target.subresource !== 'status') return
      crashes++
      throw new TypeError('the process dies here')
    }
    const first = await start(world(), definition)
    await createBudget(world().client, 'b')
    await eventually(() => crashes >= 3)
    await first.stop()
    world().intercept = undefined

    await start(world(), definition)
    await eventually(() => ready(world()))
    const { items } = await world().client.of(secretType).list({ namespace: 'default', labelSelector: 'owner' })
    expect(items).toHaveLength(1)
  })

  test('the next pass waits until the cache shows what the last one wrote', async () => {
    world().watchLagMs = 50
    const { passes } = await start(world(), {
      watches: [watchSecrets],
      workers: 8,
      async reconcile(pass) {
        const made = pass.cache(secretType).list('default')
        if (made.some(({ metadata }) => metadata.generateName === `${pass.key.name}-`)) return done
        await pass.client
          .of(secretType)
          .create({ metadata: { generateName: `${pass.key.name}-`, namespace: 'default' } })
        // At once again: without the wait the cache would not have the Secret yet, and a second one would be made.
        return wait('Made', 'one', 0)
      },
    })
    const names = ['b', 'c', 'd', 'e']
    await Promise.all(names.map((name) => createBudget(world().client, name)))
    await Promise.all(names.map((name) => eventually(() => ready(world(), name))))
    const { items } = await world().client.of(secretType).list({ namespace: 'default' })
    const made = items.map(({ metadata }) => metadata.generateName).filter((name) => name !== undefined)
    expect(made.toSorted()).toEqual(['b-', 'c-', 'd-', 'e-'])
    expect(passes()).toBe(8)
  })

  test('a status change by somebody else is put right', async () => {
    const { passes } = await start(world(), {
      reconcile({ status }) {
        status.currentHealthy = 5
        return done
      },
    })
    await createBudget(world().client, 'b')
    await eventually(() => ready(world()))
    await world()
      .client.of(budgetType)
      .patchStatus('b', { status: { currentHealthy: 1 } }, { namespace: 'default' })
    await eventually(async () => (await read(world()))?.status?.currentHealthy === 5)
    expect(passes()).toBe(2)
  })

  test('a change during a pass is seen by the next', async () => {
    let release!: () => void
    const held = new Promise<void>((resolve) => (release = resolve))
    const seen: (number | undefined)[] = []
    await start(world(), {
      async reconcile({ object }) {
        seen.push(object.spec.minAvailable)
        if (seen.length === 1) await held
        return done
      },
    })
    await createBudget(world().client, 'b', 1)
    await eventually(() => seen.length === 1)
    await world()
      .client.of(budgetType)
      .patch('b', { spec: { minAvailable: 2 } }, { namespace: 'default' })
    release()
    await eventually(async () => (await ready(world()))?.status?.observedGeneration === 2)
    expect(seen).toEqual([1, 2])
  })

  test('an object deleted and made again during a pass does not get the status of the old one', async () => {
    let release!: () => void
    const held = new Promise<void>((resolve) => (release = resolve))
    let passes = 0
    await start(world(), {
      async reconcile({ status, object }) {
        if (++passes === 1) await held
        status.disruptedPods = { [object.metadata.uid!]: '2026-01-01T00:00:00Z' }
        return done
      },
    })
    const old = await createBudget(world().client, 'b')
    await eventually(() => passes === 1)
    await world().client.of(budgetType).delete('b', { namespace: 'default' })
    const fresh = await createBudget(world().client, 'b')
    release()
    const budget = await eventually(() => ready(world()))
    expect(Object.keys(budget.status?.disruptedPods ?? {})).toEqual([fresh.metadata.uid])
    expect(fresh.metadata.uid).not.toBe(old.metadata.uid)
  })

  test('events tell when readiness is lost and found again, and count when it turns again', async () => {
    let broken = false
    const { stop } = await start(world(), {
      reconcile() {
        if (broken) throw new Stalled('Broken', 'it is broken')
        return done
      },
    })
    await createBudget(world().client, 'b')
    await eventually(() => ready(world()))
    const poke = (n: number) =>
      world()
        .client.of(budgetType)
        .patch('b', { spec: { minAvailable: n } }, { namespace: 'default' })
    for (let turn = 0; turn < 2; turn++) {
      broken = true
      await poke(10 + turn)
      await eventually(async () => conditionsOf(await read(world())).length === 2)
      broken = false
      await poke(20 + turn)
      await eventually(() => ready(world()))
    }
    await stop()
    const { items } = await world().client.of(eventType).list({ namespace: 'default' })
    const told = items.map(({ type, reason, note, regarding, series, reportingController }) => ({
      type,
      reason,
      note,
      about: `${regarding.kind} ${regarding.name}`,
      count: series?.count ?? 1,
      reportingController,
    }))
    const common = { about: 'PodDisruptionBudget b', reportingController: 'larder.dev/budget' }
    expect(told.toSorted((a, b) => a.reason.localeCompare(b.reason))).toEqual([
      { type: 'Warning', reason: 'Broken', note: 'it is broken', count: 2, ...common },
      { type: 'Normal', reason: 'Ready', note: 'PodDisruptionBudget is ready', count: 2, ...common },
    ])
  })

  test('many objects at a start leave timers and sockets their turn', async () => {
    const count = 100
    for (let i = 0; i < count; i++) await createBudget(world().client, `b${i}`)
    let passes = 0
    let inThisTurn = 0
    const mostInATurn: number[] = []
    const { stop } = await start(world(), {
      conditions: false,
      reconcile() {
        if (inThisTurn++ === 0) {
          setImmediate(() => {
            mostInATurn.push(inThisTurn)
            inThisTurn = 0
          })
        }
        passes++
        return done
      },
    })
    await eventually(() => passes >= count)
    await stop()
    expect(Math.max(...mostInATurn)).toBeLessThan(count / 2)
  })

  test('stop: the running pass finishes, and nothing is written afterwards', async () => {
    let began = false
    const { stop } = await start(world(), {
      async reconcile({ status }) {
        began = true
        await new Promise((resolve) => setTimeout(resolve, 50))
        status.currentHealthy = 7
        return done
      },
    })
    await createBudget(world().client, 'b')
    await eventually(() => began)
    await stop()
    const { revision } = world().store
    expect((await read(world()))?.status?.currentHealthy).toBe(7)
    await createBudget(world().client, 'late')
    expect(await settled(world().store)).toBe(revision + 1)
  })

  test('a wait that lasts is told, and so is its end; of one that is over soon nothing is told', async () => {
    // Fifty times as fast, so that what lasts is a tenth of a second.
    const clock: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms / 50, run) }
    const manager = world().manager({ clock })
    manager.add(
      defineController<Budget>({
        name: 'budget',
        type: budgetType,
        reconcile({ object, status }) {
          if (object.spec?.minAvailable === 1) return wait('Brewing', 'tea takes its time')
          status.currentHealthy = (status.currentHealthy ?? 0) + 1
          return status.currentHealthy < 3 ? wait('Pouring', 'nearly done', 1) : done
        },
      }),
    )
    manager.start()
    await createBudget(world().client, 'b', 2)
    await eventually(() => ready(world()))
    await createBudget(world().client, 'slow', 1)
    const told = async () => {
      const { items } = await world().client.of(eventType).list({ namespace: 'default' })
      return items.map(({ regarding, reason }) => `${regarding.name} ${reason}`).toSorted()
    }
    await eventually(async () => (await told()).includes('slow Brewing'))
    await world()
      .client.of(budgetType)
      .patch('slow', { spec: { minAvailable: 2 } }, { namespace: 'default' })
    await eventually(async () => (await told()).includes('slow Ready'))
    expect(await told()).toEqual(['slow Brewing', 'slow Ready'])
    await manager.stop(300)
  })

  test('events that are refused fail no pass', async () => {
    let refused = 0
    world().intercept = (call) => {
      if (call.target.resource !== 'events') return
      refused++
      throw new TypeError('no events today')
    }
    const { stop } = await start(world(), {
      reconcile(pass) {
        pass.event('Normal', 'Tried', 'with tea')
        return done
      },
    })
    await createBudget(world().client, 'b')
    await eventually(() => ready(world()))
    await stop()
    expect(refused).toBe(1)
  })

  test('stop: a pass that ignores its signal is left behind and can write no more', async () => {
    let tried: Promise<unknown> | undefined
    let release!: () => void
    const held = new Promise<void>((resolve) => (release = resolve))
    const { stop } = await start(world(), {
      async reconcile(pass) {
        tried = held.then(() => pass.client.of(secretType).create({ metadata: { name: 'late', namespace: 'default' } }))
        await tried
        return done
      },
    })
    await createBudget(world().client, 'b')
    await eventually(() => tried !== undefined)
    await stop()
    const { revision } = world().store
    release()
    await expect(tried).rejects.toThrow('aborted')
    expect(await settled(world().store)).toBe(revision)
  })

  test('stop: a pass that does not end is aborted', async () => {
    let reason: unknown
    let hasBegun = false
    const { stop } = await start(world(), {
      reconcile: ({ signal }) =>
        new Promise((_, reject) => {
          hasBegun = true
          signal.addEventListener('abort', () => {
            reason = signal.aborted
            reject(new Error('aborted'))
          })
        }),
    })
    await createBudget(world().client, 'b')
    await eventually(() => hasBegun)
    await stop()
    expect(reason).toBe(true)
    expect(conditionsOf(await read(world()))).toEqual([])
  })

  test('the API goes away for a while: the controller goes on where it was', async () => {
    await start(world(), { reconcile: () => done, finalizer: FINALIZER })
    await createBudget(world().client, 'b')
    await eventually(() => ready(world()))
    await world().down()
    await world().up()
    await createBudget(world().client, 'c')
    await eventually(() => ready(world(), 'c'))
    await world().client.of(budgetType).delete('b', { namespace: 'default' })
    await eventually(async () => (await read(world())) === undefined)
  })

  test('ensure: many at once leave what all of them wanted', async () => {
    const { client } = world()
    const at = { name: 'shared', namespace: 'default' }
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, (_, i) =>
        ensure(client, secretType, at, (current) => ({
          ...current,
          metadata: { ...current?.metadata },
          data: { ...current?.data, [`k${i}`]: 'YQ==' },
        })),
      ),
    )
    expect(outcomes.filter((o) => o.status === 'rejected' && !isConflict(o.reason))).toEqual([])
    const secret = await client.of(secretType).get('shared', 'default')
    expect(Object.keys(secret.data ?? {}).toSorted()).toEqual(['k0', 'k1', 'k2', 'k3', 'k4', 'k5'])
  })
})
