import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { WatchEvent, WatchOptions } from '../machinery/call.ts'
import { ApiError, badRequest } from '../machinery/status.ts'
import { openLibsqlStore } from '../storage/libsql/store.ts'
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import { ADMIN, at, openWorld, refusal, type World } from './core/testing/world.ts'
import { inProcessTransport } from './in-process.ts'
import { openTokenAuthority } from './tokens.ts'

let world: World
beforeEach(async () => {
  world = await openWorld({ controllers: false })
})
afterEach(() => world.close())

const maps = at('configmaps', 'default')
const body = (name: string) => ({ metadata: { name, labels: { a: 'b' } }, data: { k: 'v' } })

function isFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.isFrozen(value) && Object.values(value).every(isFrozen)
}

describe('the in-process transport', () => {
  test('shares one frozen copy between store and readers', async () => {
    const transport = inProcessTransport(world.api, ADMIN)
    const made = await transport.call({ verb: 'create', target: maps, body: body('a') })
    expect(isFrozen(made)).toBe(true)
    const read = await transport.call({ verb: 'get', target: { ...maps, name: 'a' } })
    expect(read).toBe(world.store.get('//configmaps/default/a')!.document.object)
    const list = (await transport.call({ verb: 'list', target: maps })) as unknown as { items: unknown[]; kind: string }
    expect(list).toMatchObject({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: String(world.store.revision) },
    })
    expect(list.items[0]).toBe(read)
  })

  test('is authorized like everybody', async () => {
    const transport = inProcessTransport(world.api, { name: 'bob', groups: [] })
    expect(await refusal(transport.call({ verb: 'get', target: { ...maps, name: 'a' } }))).toMatch(/^403 /)
    expect(
      await refusal(transport.watch(maps, {}, new AbortController().signal)[Symbol.asyncIterator]().next()),
    ).toMatch(/^403 /)
  })

  test('a watch keeps time as one over HTTPS: a bookmark every minute, and behind the last the end', async () => {
    const transport = inProcessTransport(world.api, ADMIN, world.clock)
    const read = async (options: WatchOptions): Promise<string[]> => {
      const seen: string[] = []
      for await (const { type, object } of transport.watch(maps, options, new AbortController().signal)) {
        seen.push(`${type} ${object.metadata.resourceVersion}`)
      }
      return seen
    }
    const marked = read({ allowWatchBookmarks: true, timeoutSeconds: 90 })
    const plain = read({ timeoutSeconds: 90 })
    await world.clock.advance(61_000)
    await world.admin.create(maps, body('a'))
    const at = world.store.revision
    await world.clock.advance(30_000)
    expect(await marked).toEqual([`BOOKMARK ${at - 1}`, `ADDED ${at}`, `BOOKMARK ${at}`])
    expect(await plain).toEqual([`ADDED ${at}`])
    expect(world.clock.nextMs).toBeUndefined()
  })

  test('watches until the signal aborts', async () => {
    const transport = inProcessTransport(world.api, ADMIN)
    const stop = new AbortController()
    const seen: WatchEvent[] = []
    const watching = (async () => {
      for await (const event of transport.watch(maps, {}, stop.signal)) {
        seen.push(event)
        if (seen.length === 2) stop.abort()
      }
    })()
    await transport.call({ verb: 'create', target: maps, body: body('a') })
    await transport.call({ verb: 'create', target: maps, body: body('b') })
    await watching
    expect(seen.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(['ADDED a', 'ADDED b'])
  })

  test('answers discovery', async () => {
    const transport = inProcessTransport(world.api, { name: 'bob', groups: ['system:authenticated'] })
    expect(await transport.raw('/apis/apps')).toMatchObject({ kind: 'APIGroup', name: 'apps' })
    expect(await transport.raw('/api/v1')).toMatchObject({ kind: 'APIResourceList', groupVersion: 'v1' })
    expect(await refusal(transport.raw('/apis/nope'))).toMatch(/^404 /)
    expect(await refusal(transport.raw('/metrics'))).toMatch(/^403 /)
  })

  test('ends a watch when the API closes', async () => {
    const transport = inProcessTransport(world.api, ADMIN)
    const watching = (async () => {
      for await (const _ of transport.watch(maps, {}, new AbortController().signal));
      return 'ended'
    })()
    await new Promise((resolve) => setImmediate(resolve))
    await world.api.close()
    expect(await watching).toBe('ended')
  })
})

describe('admission plugins', () => {
  const asked: AdmissionRequest[] = []
  const plugin: AdmissionPlugin = {
    name: 'no-b',
    handles: ({ resource }) => resource === 'configmaps',
    review(request) {
      asked.push(request)
      if (request.object?.metadata.name === 'b') throw badRequest('no b')
      if (request.verb === 'delete' && request.old?.metadata.name === 'keep')
        throw new ApiError(403, 'Forbidden', 'kept')
    },
  }

  test('see valid objects, old and new, and may refuse', async () => {
    asked.length = 0
    const guarded = await openWorld({ controllers: false, admission: [plugin] })
    const { admin } = guarded
    await admin.create(maps, body('a'))
    await admin.patch({ ...maps, name: 'a' }, { data: { k: 'w' } }, { dryRun: true })
    expect(await refusal(admin.create(maps, body('b')))).toBe('400 no b')
    expect(await refusal(admin.create(maps, { ...body('A_') }))).toMatch(/^422 /)
    await admin.create(maps, body('keep'))
    expect(await refusal(admin.call({ verb: 'delete', target: { ...maps, name: 'keep' } }))).toBe('403 kept')
    await admin.create(at('secrets', 'default'), { metadata: { name: 'b' } })
    expect(
      asked.map(({ verb, dryRun, object, old }) => [verb, dryRun, object?.metadata.name, old?.metadata.name]),
    ).toEqual([
      ['create', false, 'a', undefined],
      ['update', true, 'a', 'a'],
      ['create', false, 'b', undefined],
      ['create', false, 'keep', undefined],
      ['delete', false, undefined, 'keep'],
    ])
    await guarded.close()
  })
})

describe('tokens and the disk', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'api-'))
  })
  afterEach(() => rmSync(dir, { recursive: true }))

  test('a ServiceAccount gets a token that names it, and dies with it', async () => {
    const serviceAccountUid = (namespace: string, name: string) =>
      world.store.get(`//serviceaccounts/${namespace}/${name}`)?.index.uid
    const tokens = openTokenAuthority({ dir, clock: world.clock, serviceAccountUid })
    const issuing = await openWorld({ store: world.store, controllers: false, tokens })
    const { admin } = issuing
    await admin.create(at('serviceaccounts', 'default'), { metadata: { name: 'robot' } })
    const request = {
      verb: 'create',
      target: at('serviceaccounts', 'default', 'robot', 'token'),
      body: { spec: {} },
    } as const
    const result = await admin.call(request)
    expect(result).toMatchObject({ code: 201, resource: { kind: 'TokenRequest' } })
    const issued = (await admin.one(request)) as unknown as {
      status: { token: string; expirationTimestamp: string }
      spec: object
    }
    expect(issued.spec).toMatchObject({ expirationSeconds: 3600 })
    const review = { spec: { token: issued.status.token } }
    const reviews = at('authentication.k8s.io/v1/tokenreviews')
    expect(await admin.create(reviews, review)).toMatchObject({
      status: { authenticated: true, user: { username: 'system:serviceaccount:default:robot' } },
    })
    expect(await refusal(admin.call({ ...request, body: { spec: { expirationSeconds: 60 } } }))).toMatch(
      /^422 TokenRequest.authentication.k8s.io "robot" is invalid: spec.expirationSeconds: .*less than 10 minutes/,
    )
    await admin.call({ verb: 'delete', target: at('serviceaccounts', 'default', 'robot') })
    expect(await admin.create(reviews, review)).toMatchObject({ status: { authenticated: false } })
    expect(await refusal(admin.call(request))).toBe('404 serviceaccounts "robot" not found')
    await issuing.close()
  })

  test('everything is there again after a restart from disk, and the watch goes on', async () => {
    const store = await openLibsqlStore({ dir })
    const first = await openWorld({ store })
    const made = await first.admin.create(maps, body('a'))
    await first.admin.patch({ ...maps, name: 'a' }, { data: { k: 'w' } })
    await first.close()
    await store.close()
    const reopened = await openLibsqlStore({ dir })
    const second = await openWorld({ store: reopened })
    expect(await second.admin.get({ ...maps, name: 'a' })).toMatchObject({
      data: { k: 'w' },
      metadata: { uid: made.metadata.uid },
    })
    const watching = await second.admin.watch(maps, { resourceVersion: made.metadata.resourceVersion })
    expect(await watching.atLeast(1)).toEqual([`MODIFIED a ${Number(made.metadata.resourceVersion) + 1}`])
    expect(await second.admin.list(maps, { labelSelector: 'a=b' })).toEqual(['a'])
    await second.close()
    await reopened.close()
  })
})
