/** A composition in a whole hub: classes, claims with passwords of their own, and hubs that are killed at any of their writes. */
import { secretType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { systemClock } from '@larder/engine/base/clock'
import { unavailable, type Driver, type Json, type KubeApi } from '@larder/kit'
import { describe, expect, test } from 'vitest'
import { secretgen } from '../../companions/secretgen/door.ts'
import { createKubeApi } from '../../controllers/session/kube-api.ts'
import { claimGone } from '../../controllers/testing/claims.ts'
import { testHub, type TestHub } from '../../controllers/testing/hub.ts'
import { momentsOf, surviving } from '../../controllers/testing/surviving.ts'
import { classKind } from '../../model/class.ts'
import { claimKind } from '../../model/claim.ts'
import { instanceKind } from '../../model/instance.ts'
import { compositionDriver } from './driver.ts'
import { names, patch, READY, report } from './testing/life.ts'
import { ACCOUNT, CACHE_DEFINITION, NAMESPACE, RIGHTS, type World } from './testing/stage.ts'

const map = (id: string, data: Json, more: object = {}): Json => ({
  id,
  template: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `\${instance.name}-${id.toLowerCase()}` },
    data,
  },
  ...more,
})

const named = (name: string): Json => ({
  id: name,
  template: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: {} },
})

const cache = (id: string, spec: Json) => ({
  id,
  template: { apiVersion: 'example.com/v1', kind: 'Cache', metadata: { name: id }, spec },
})

/** Three in a row and a password for each claim. */
const RECIPE: Json = {
  resources: [
    map('top', { below: '${middle.metadata.uid}' }),
    map('middle', { below: '${bottom.metadata.uid}', size: '${string(parameters.size)}' }),
    map('bottom', { name: '${instance.name}' }),
  ],
  bindingResources: [
    {
      id: 'password',
      template: {
        apiVersion: 'secretgen.k14s.io/v1alpha1',
        kind: 'Password',
        metadata: { name: '${credential.name}' },
        spec: { length: 24, secretTemplate: { type: 'Opaque', stringData: { password: '$(value)' } } },
      },
    },
    { id: 'secret', externalRef: { apiVersion: 'v1', kind: 'Secret', name: '${password.metadata.name}' } },
    {
      id: 'user',
      template: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: '${credential.name}' },
        data: { role: '${credential.role}', of: '${claim.namespace}/${claim.name}', secret: '${secret.metadata.name}' },
      },
    },
  ],
  outputs: { size: '${middle.data.size}' },
  binding: {
    host: '${top.metadata.name}',
    username: '${user.metadata.name}',
    password: '${decodeBase64(secret.data.password)}',
  },
  roles: { writer: { binding: { access: 'all' } }, reader: { binding: { access: 'read' } } },
}

const CLASS = {
  type: 'stack',
  backendRef: { name: 'here' },
  recipe: RECIPE as never,
  parameters: { openAPIV3Schema: { type: 'object', properties: { size: { type: 'integer', default: 1 } } } } as never,
  roles: [{ name: 'writer', default: true }, { name: 'reader' }],
}

interface Town extends World {
  /** Names of what the driver has written so far, in all its lives. */
  readonly writes: readonly string[]
  /** Kills the hub at that write of its driver. */
  dieAt(write: number, when: 'before' | 'after'): void
}

async function town(): Promise<Town> {
  const writes: string[] = []
  let plan: { write: number; when: 'before' | 'after' } | undefined
  let hub: TestHub | undefined
  const driver = dying(compositionDriver(), writes, (write, when) => {
    if (plan?.write !== write || plan.when !== when) return false
    // Whoever is dead writes nothing more.
    hub?.cut.dieAt(hub.cut.writes.length + 1, 'before')
    return true
  })
  hub = await testHub({ drivers: [driver], doors: [secretgen] })
  const admin = createKubeApi({ transport: hub.admin.transport, clock: systemClock })
  for (const object of [...RIGHTS, CACHE_DEFINITION]) await admin.apply(object, 'test')
  await hub.start()
  await hub.backend('here', { driver: 'composition', serviceAccountRef: ACCOUNT, config: { namespace: NAMESPACE } })
  await hub.service('stacks', CLASS)
  return {
    hub,
    admin,
    writes,
    connect: () => {
      throw new Error('the hub connects')
    },
    dieAt(write, when) {
      plan = { write: writes.length + write, when }
    },
  }
}

/** Each connection is a life; after its death it reaches nobody any more. */
function dying(driver: Driver, writes: string[], dies: (write: number, when: 'before' | 'after') => boolean): Driver {
  return {
    ...driver,
    connect(backend, host) {
      if (!host.kube) return driver.connect(backend, host)
      let isDead = false
      const guarded = async <T>(ask: () => Promise<T>): Promise<T> => {
        if (isDead) throw unavailable('the hub was killed')
        return ask()
      }
      const write = <T>(name: string, ask: () => Promise<T>): Promise<T> =>
        guarded(async () => {
          const number = writes.push(name)
          isDead ||= dies(number, 'before')
          const answer = await guarded(ask)
          isDead ||= dies(number, 'after')
          return guarded(() => Promise.resolve(answer))
        })
      const { kube } = host
      const cut: KubeApi = {
        get: (ref) => guarded(() => kube.get(ref)),
        list: (query) => guarded(() => kube.list(query)),
        watch: (...rest) => kube.watch(...rest),
        apply: (object, manager) => {
          const { metadata } = object as { readonly metadata: { readonly name: string } }
          return write(metadata.name, () => kube.apply(object, manager))
        },
        delete: (ref) => write(ref.name, () => kube.delete(ref)),
      }
      return driver.connect(backend, { ...host, kube: cut })
    },
  }
}

const passwords = ({ admin }: World) =>
  admin.list({ apiVersion: 'secretgen.k14s.io/v1alpha1', kind: 'Password', namespace: NAMESPACE })

/** What a claim and its instance have in the world. */
async function whole(there: Town, claims: number): Promise<void> {
  const maps = await names(there, 'ConfigMap')
  expect(maps).toHaveLength(3 + claims)
  expect(await names(there, 'Secret')).toHaveLength(claims)
  expect(await passwords(there)).toHaveLength(claims)
}

const nothing = (there: Town) =>
  there.hub.until('nothing to be left', async () => {
    const left = [...(await names(there, 'ConfigMap')), ...(await names(there, 'Secret')), ...(await passwords(there))]
    const { items } = await there.hub.admin.of(instanceKind).list()
    return left.length + items.length === 0 ? true : undefined
  })

test('each claim gets a password of its own, for its role, and leaves nothing behind', async () => {
  const there = await town()
  const { hub } = there
  await hub.claim('stack', { className: 'stacks', role: 'reader' })
  const claim = await hub.ready('stack')
  const values = await hub.secretValues('stack')
  expect(values).toMatchObject({ type: 'stack', access: 'read', username: expect.stringMatching(/^larder-/) as never })
  expect(values?.['password']).toHaveLength(24)
  const instance = await hub.instanceOf(claim)
  expect(instance?.status?.outputs).toEqual({ size: '1' })
  await whole(there, 1)
  const text = JSON.stringify([claim.status, instance?.status])
  expect(text).not.toContain(values?.['password'])
  await hub.admin.of(claimKind).delete('stack', { namespace: 'shop' })
  await claimGone(hub, 'stack')
  await nothing(there)
  await hub.stop()
})

test('a change of a parameter reaches what it is for, and a second look writes nothing', async () => {
  const there = await town()
  const { hub } = there
  await hub.claim('stack', { className: 'stacks' })
  const claim = await hub.ready('stack')
  await hub.admin.of(claimKind).patch('stack', { spec: { parameters: { size: 5 } } }, { namespace: 'shop' })
  await hub.until('the new size', async () => {
    const { status } = (await hub.instanceOf(claim))!
    return (status?.outputs as { size?: string } | undefined)?.size === '5' ? true : undefined
  })
  await hub.until('the claim to say that it is done', async () => {
    const { conditions } = (await hub.ready('stack')).status!
    return findCondition(conditions, 'Reconciling') ? undefined : true
  })
  const before = [...there.writes]
  await patch(there, 'configmaps', (await names(there, 'ConfigMap'))[0]!, {
    metadata: { annotations: { seen: 'yes' } },
  })
  await hub.kill()
  await hub.start()
  // The first was looked at long before another, which begins after it, is Ready.
  await hub.service('markers', { ...CLASS, recipe: { resources: [named('marker')] } })
  await hub.claim('marker', { className: 'markers' })
  const marker = await hub.ready('marker')
  const ofMarker = (write: string) => write.includes('marker') || write.includes(marker.status!.instanceRef!.name)
  expect(there.writes.filter((name) => !ofMarker(name))).toEqual(before)
  const written = hub.cut.writes.filter((write) => / (instances|claims|secrets)/.test(write))
  expect(written.filter(ofMarker)).not.toEqual([])
  expect(written.filter((write) => !ofMarker(write))).toEqual([])
  await hub.stop()
})

test('what was changed behind its back is put back at once, by news', async () => {
  const there = await town()
  const { hub } = there
  await hub.claim('stack', { className: 'stacks' })
  await hub.ready('stack')
  const name = (await names(there, 'ConfigMap')).find((each) => each.endsWith('-middle'))!
  await patch(there, 'configmaps', name, { data: { size: 'other' } })
  await hub.until('the size of before', async () => {
    const object = await there.admin.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACE, name })
    return (object as { data: { size: string } }).data.size === '1' ? true : undefined
  })
  await hub.stop()
})

const shared = (password: string): Json => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'shared', namespace: NAMESPACE },
  stringData: { password },
})

test('what has changed since a claim was bound is in its Secret when that is deleted', async () => {
  const there = await town()
  const { hub } = there
  const login = { id: 'login', externalRef: { apiVersion: 'v1', kind: 'Secret', name: 'shared' } }
  const recipe = {
    resources: [map('own', {}), login],
    binding: { password: '${decodeBase64(login.data.password)}' },
  }
  await there.admin.apply(shared('first'), 'test')
  await hub.service('logins', { ...CLASS, recipe })
  await hub.claim('login', { className: 'logins' })
  await hub.ready('login')
  expect(await hub.secretValues('login')).toMatchObject({ password: 'first' })
  await there.admin.apply(shared('second'), 'test')
  await hub.admin.of(secretType).delete('login', { namespace: 'shop' })
  await hub.until('the password of now', async () =>
    (await hub.secretValues('login'))?.['password'] === 'second' ? true : undefined,
  )
  await hub.stop()
})

test('a class with a mistake says where and what, and nobody claims it', async () => {
  const there = await town()
  const { hub } = there
  await hub.service('wrong', { ...CLASS, recipe: { resources: [map('a', { of: '${botom.data.name}' })] } })
  expect(await hub.cause(classKind, 'wrong')).toMatchObject({
    reason: 'RecipeInvalid',
    message: expect.stringContaining(
      'resources[0].template.data.of: ${botom.data.name}: Unknown variable: botom',
    ) as never,
  })
  await hub.stop()
})

test('the way to ready is in status and in the timeline, step by step', async () => {
  const there = await town()
  const { hub } = there
  const recipe = { resources: [cache('group', { size: 1 }), cache('cache', { group: '${group.metadata.name}' })] }
  await hub.service('slow', { ...CLASS, recipe })
  const claim = await hub.claim('stack', { className: 'slow' })
  const said = (text: string) =>
    hub.until(text, async () => {
      const message = (await hub.instanceOf(claim))?.status?.progress?.message
      return message?.includes(text) ? message : undefined
    })
  await said('0 of 2 are ready: waiting for Cache services/group')
  await report(there, 'group', { state: 'creating' })
  await said('0 of 2 are ready: waiting for Cache services/group: creating')
  await report(there, 'group', READY)
  await said('1 of 2 are ready: waiting for Cache services/cache')
  await hub.until('the claim to say it, too', async () => {
    const { status } = (await hub.admin.of(claimKind).find('stack', 'shop')) ?? {}
    const said = findCondition(status?.conditions, 'Ready')?.message
    return said?.includes('waiting for Cache services/cache') ? said : undefined
  })
  await report(there, 'cache', READY)
  await hub.ready('stack')
  const steps = (await hub.instanceOf(claim))?.status?.steps?.map(({ name, outcome }) => `${name}: ${outcome}`)
  expect(steps).toEqual(['create: Done', 'Waiting for group: Done', 'create: Done', 'Waiting for cache: Done'])
  await hub.stop()
})

test('what is waited for is told by its whole name, also when the hub remembers it', async () => {
  const there = await town()
  const { hub } = there
  const of = cache('${instance.name}', {}) as { readonly template: Json }
  await hub.service('slow', { ...CLASS, recipe: { resources: [map('own', {}), { ...of, id: 'cache' }] } })
  const claim = await hub.claim('stack', { className: 'slow' })
  const [name] = await hub.until('the cache', async () => {
    const made = await names(there, 'Cache')
    return made.length > 0 ? made : undefined
  })
  await report(there, name!, { state: 'creating' })
  await hub.until(`Cache services/${name} to be named`, async () => {
    const message = (await hub.instanceOf(claim))?.status?.progress?.message
    return message?.includes(`waiting for Cache services/${name}: creating`) ? message : undefined
  })
  await hub.stop()
})

test('a failure is told in the words of the object that has it, and is over when that is', async () => {
  const there = await town()
  const { hub } = there
  await hub.service('slow', { ...CLASS, recipe: { resources: [cache('cache', { size: 1 })] } })
  const claim = await hub.claim('stack', { className: 'slow' })
  await hub.until('the cache', async () => ((await names(there, 'Cache')).length > 0 ? true : undefined))
  const stalled = { type: 'Stalled', status: 'True', reason: 'QuotaExceeded', message: 'no more caches' }
  await report(there, 'cache', { conditions: [{ type: 'Ready', status: 'False' }, stalled] })
  const said = 'ResourceFailed: Cache services/cache: QuotaExceeded: no more caches'
  await hub.until(said, async () => {
    const { cause } = (await hub.instanceOf(claim))?.status ?? {}
    return cause?.message === said ? cause : undefined
  })
  await report(there, 'cache', READY)
  await hub.ready('stack')
  await hub.stop()
})

/** Objects of the instance, then those of the claim. */
const WRITES_OF_MAKING = 5
const WRITES_OF_REMOVING = 5
/** The new, what reads it, and the old. */
const WRITES_OF_MOVING = 3

/** A name that depends on what the claim says. */
const MOVING: Json = {
  resources: [
    {
      id: 'moved',
      template: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'moved-${string(parameters.size)}' },
        data: {},
      },
    },
    {
      id: 'stays',
      template: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'stays' },
        data: { of: '${moved.metadata.name}' },
      },
    },
  ],
}

describe('killed', () => {
  test.each(momentsOf(WRITES_OF_MAKING))(
    'at write %i of making, %s it: everything is there, once',
    async (write, when) => {
      const there = await town()
      const { hub } = there
      there.dieAt(write, when)
      await hub.claim('stack', { className: 'stacks' })
      expect(await surviving(hub, () => hub.ready('stack'))).toBe(true)
      await whole(there, 1)
      await hub.admin.of(claimKind).delete('stack', { namespace: 'shop' })
      await nothing(there)
      await hub.stop()
    },
  )

  test.each(momentsOf(WRITES_OF_REMOVING))('at write %i of removing, %s it: nothing is left', async (write, when) => {
    const there = await town()
    const { hub } = there
    await hub.claim('stack', { className: 'stacks' })
    await hub.ready('stack')
    there.dieAt(write, when)
    await hub.admin.of(claimKind).delete('stack', { namespace: 'shop' })
    expect(await surviving(hub, () => Promise.all([claimGone(hub, 'stack'), nothing(there)]))).toBe(true)
    await nothing(there)
    await hub.stop()
  })

  test.each(momentsOf(WRITES_OF_MOVING))(
    'at write %i of a change that gives one another name, %s it: the new is there and the old is gone',
    async (write, when) => {
      const there = await town()
      const { hub } = there
      await hub.service('moving', { ...CLASS, recipe: MOVING })
      await hub.claim('stack', { className: 'moving' })
      await hub.ready('stack')
      expect(await names(there, 'ConfigMap')).toEqual(['moved-1', 'stays'])
      there.dieAt(write, when)
      await hub.admin.of(claimKind).patch('stack', { spec: { parameters: { size: 2 } } }, { namespace: 'shop' })
      const moved = () =>
        hub.until('the other name', async () =>
          (await names(there, 'ConfigMap')).join() === 'moved-2,stays' ? true : undefined,
        )
      // The world may be as it should be before anybody has noticed the death.
      await hub.until('the death of the hub', () => (hub.cut.dead ? true : undefined))
      await hub.kill()
      await hub.start()
      await moved()
      await hub.ready('stack')
      const stays = await there.admin.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACE, name: 'stays' })
      expect(stays).toMatchObject({ data: { of: 'moved-2' } })
      await hub.admin.of(claimKind).delete('stack', { namespace: 'shop' })
      await nothing(there)
      await hub.stop()
    },
  )

  // The moment after a write is the one before the next.
  test.each(momentsOf(10).filter(([, when]) => when === 'before'))(
    'at write %i of the hub itself, %s it: everything is there, once',
    async (write, when) => {
      const there = await town()
      const { hub } = there
      hub.cut.dieAt(hub.cut.writes.length + write, when)
      await hub.claim('stack', { className: 'stacks' })
      await surviving(hub, () => hub.ready('stack'))
      await whole(there, 1)
      await hub.admin.of(claimKind).delete('stack', { namespace: 'shop' })
      await nothing(there)
      await hub.stop()
    },
  )
})
