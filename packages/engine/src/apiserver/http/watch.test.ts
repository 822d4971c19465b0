import { once } from 'node:events'
import { connect } from 'node:http2'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Clock, systemClock } from '../../base/clock.ts'
import { type Harness, readAll, startHarness, type TestClient, WatchLines } from './testing/harness.ts'

/** The system's clock, whose waits a test can end early. */
function turnableClock(): Clock & { turn(ms: number): void } {
  const waiting = new Set<{ at: number; callback: () => void }>()
  let ahead = 0
  return {
    now: () => Date.now() + ahead,
    after(ms, callback) {
      const entry = { at: Date.now() + ahead + ms, callback }
      waiting.add(entry)
      const cancel = systemClock.after(ms, () => waiting.delete(entry) && callback())
      return () => {
        waiting.delete(entry)
        cancel()
      }
    },
    turn(ms) {
      ahead += ms
      const due = [...waiting].filter((entry) => entry.at <= Date.now() + ahead)
      for (const entry of due.sort((a, b) => a.at - b.at)) if (waiting.delete(entry)) entry.callback()
    },
  }
}

const clock = turnableClock()
let harness: Harness
let admin: TestClient

beforeAll(async () => {
  harness = await startHarness({ clock, watchBacklogBytes: 1024 * 1024 })
  admin = harness.h1()
})
afterAll(() => harness.close())

let spaces = 0
/** An empty namespace of its own for each test. */
async function newNamespace(): Promise<string> {
  const name = `watch-${spaces++}`
  await admin.ask({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name } } })
  return `/api/v1/namespaces/${name}/configmaps`
}

async function create(path: string, name: string, data: Record<string, string> = {}): Promise<string> {
  const { json } = await admin.ask({
    method: 'POST',
    path,
    body: { metadata: { name, labels: { mine: 'yes' } }, data },
  })
  return json.metadata.resourceVersion
}

const named = '&fieldSelector=metadata.name%3D'
/** Without what controllers put into each namespace. */
const ONLY_MINE = '&labelSelector=mine'

describe.each(['HTTP/1.1', 'HTTP/2'])('a watch over %s', (http) => {
  const open = async (path: string, accept?: string) => {
    const client = http === 'HTTP/2' ? harness.h2() : harness.h1()
    const answer = await client.open({ path, headers: accept === undefined ? {} : { accept } })
    return { ...answer, lines: new WatchLines(answer.stream) }
  }

  test('begins before there is anything to tell, then tells each change in order', async () => {
    const path = await newNamespace()
    const { json } = await admin.ask({ path })
    const { code, headers, lines } = await open(`${path}?watch=true&resourceVersion=${json.metadata.resourceVersion}`)
    expect(code).toBe(200)
    expect(headers['content-type']).toBe('application/json')
    await create(path, 'a')
    await admin.ask({ method: 'PUT', path: `${path}/a`, body: { metadata: { name: 'a' }, data: { k: 'v' } } })
    await admin.ask({ method: 'DELETE', path: `${path}/a` })
    const events = []
    while (events.length < 3) {
      const event = await lines.next()
      if (event.object.metadata.name === 'a') events.push(event)
    }
    expect(events.map((event) => event.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED'])
    expect(events[1].object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', data: { k: 'v' } })
    expect(Number(events[2].object.metadata.resourceVersion)).toBeGreaterThan(
      Number(events[1].object.metadata.resourceVersion),
    )
    lines.close()
  })

  test('resumes behind the last event seen: nothing twice, nothing left out', async () => {
    const path = await newNamespace()
    const first = await create(path, 'seen')
    const names = Array.from({ length: 50 }, (_, i) => `later-${i}`)
    for (const name of names) await create(path, name)
    const { lines } = await open(`${path}?watch=1&resourceVersion=${first}${ONLY_MINE}`)
    for (const name of names)
      expect(await lines.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name } } })
    lines.close()
  })

  test('as Tables: the columns come once', async () => {
    const path = await newNamespace()
    await create(path, 'a')
    await create(path, 'b')
    const { lines } = await open(
      `${path}?watch=1&resourceVersion=0${ONLY_MINE}`,
      'application/json;as=Table;v=v1;g=meta.k8s.io',
    )
    const seen = [await lines.next(), await lines.next()]
    expect(seen[0].object.columnDefinitions.length).toBeGreaterThan(0)
    expect(seen[1].object.columnDefinitions).toBeNull()
    for (const { type, object } of seen) {
      expect(type).toBe('ADDED')
      expect(object).toMatchObject({ kind: 'Table', rows: [{ object: { kind: 'PartialObjectMetadata' } }] })
    }
    lines.close()
  })

  test('as metadata', async () => {
    const path = await newNamespace()
    await create(path, 'a', { secret: 'x' })
    const accept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
    const { lines } = await open(`${path}?watch=1${named}a`, accept)
    const { object } = await lines.next()
    expect(object).toEqual({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata })
    lines.close()
  })

  test.each(['application/json', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'])(
    'with initial events: all that is there, the mark where it ends, then what changes (%s)',
    async (accept) => {
      const path = await newNamespace()
      const names = ['a', 'b', 'c']
      for (const name of names) await create(path, name)
      const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
      const { lines } = await open(`${path}?${query}${ONLY_MINE}`, accept)
      for (const name of names)
        expect(await lines.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name } } })
      const mark = await lines.next()
      expect(mark).toMatchObject({
        type: 'BOOKMARK',
        object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
      })
      const { json } = await admin.ask({ path })
      expect(mark.object.metadata.resourceVersion).toBe(json.metadata.resourceVersion)
      await create(path, 'later')
      expect(await lines.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'later' } } })
      lines.close()
    },
  )

  test('ends cleanly at its timeout, behind a bookmark from which nothing is missed', async () => {
    const path = await newNamespace()
    const last = await create(path, 'a')
    const { lines } = await open(`${path}?watch=1&timeoutSeconds=30&allowWatchBookmarks=true${named}a`)
    expect((await lines.next()).type).toBe('ADDED')
    clock.turn(31_000)
    const bookmark = await lines.next()
    expect(bookmark).toMatchObject({ type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1' } })
    expect(Object.keys(bookmark.object.metadata).sort()).toEqual(['creationTimestamp', 'resourceVersion'])
    expect(Number(bookmark.object.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(last))
    expect(await lines.next()).toBeUndefined()
  })

  test('brings a bookmark every minute to those who asked', async () => {
    const path = await newNamespace()
    const asked = await open(`${path}?watch=1&allowWatchBookmarks=true${named}none`)
    const silent = await open(`${path}?watch=1&timeoutSeconds=100${named}none`)
    clock.turn(61_000)
    expect((await asked.lines.next()).type).toBe('BOOKMARK')
    clock.turn(61_000)
    expect((await asked.lines.next()).type).toBe('BOOKMARK')
    expect(await silent.lines.next()).toBeUndefined()
    asked.lines.close()
  })

  test('the old path prefix watches one object', async () => {
    const path = await newNamespace()
    await create(path, 'other')
    await create(path, 'mine')
    const { lines } = await open(`${path.replace('/v1/', '/v1/watch/')}/mine`)
    expect((await lines.next()).object.metadata.name).toBe('mine')
    lines.close()
  })
})

test('a watch that cannot begin is refused with its code', async () => {
  const path = await newNamespace()
  const initial = await admin.ask({ path: `${path}?watch=1&sendInitialEvents=true` })
  expect([initial.code, initial.json.reason]).toEqual([422, 'Invalid'])
  const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }
  const asTable = `${path}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`
  expect((await admin.ask({ path: asTable, headers: table })).code).toBe(406)
  expect((await admin.ask({ path: `${path}?watch=1`, headers: { accept: 'application/yaml' } })).code).toBe(406)
  expect((await admin.ask({ path: `${path}?watch=1&labelSelector=%28` })).code).toBe(400)
  expect((await admin.ask({ path: '/apis/none/v1/things?watch=1' })).code).toBe(404)
})

test('what a stream holds up is ended; the other watches go on, and nothing is lost to who resumes', async () => {
  const path = await newNamespace()
  const start = await create(path, 'start')
  const query = `watch=1&resourceVersion=${start}${ONLY_MINE}`
  const slow = await harness.h1().open({ path: `${path}?${query}` })
  const quick = new WatchLines((await harness.h2().open({ path: `${path}?${query}` })).stream)
  const text = 'x'.repeat(500_000)
  const names = Array.from({ length: 24 }, (_, i) => `big-${i}`)
  for (const name of names) {
    await create(path, name, { text })
    expect((await quick.next()).object.metadata.name).toBe(name)
  }
  // Only now does the slow one begin to read: it finds some events whole, then the end.
  const lines = new WatchLines(slow.stream)
  const seen = []
  for (let event = await lines.next(); event !== undefined; event = await lines.next()) seen.push(event)
  expect(seen.length).toBeLessThan(names.length)
  expect(seen.map((event) => event.object.metadata.name)).toEqual(names.slice(0, seen.length))
  const from = seen.at(-1)?.object.metadata.resourceVersion ?? start
  const resumed = new WatchLines(
    (await harness.h1().open({ path: `${path}?watch=1&resourceVersion=${from}${ONLY_MINE}` })).stream,
  )
  for (const name of names.slice(seen.length)) expect((await resumed.next()).object.metadata.name).toBe(name)
  const metrics = (await admin.ask({ path: '/metrics' })).bytes.toString()
  expect(metrics).toMatch(/apiserver_terminated_watchers_total 1\n/)
  resumed.close()
  quick.close()
})

test('one stalled 12 MB list delays no other stream of its HTTP/2 connection', async () => {
  const path = await newNamespace()
  const text = 'y'.repeat(1_000_000)
  for (let i = 0; i < 12; i++) await create(path, `part-${i}`, { text })
  const { admin: credentials, caCertificate } = harness.certificates
  const session = connect(harness.server.url, {
    ca: caCertificate,
    cert: credentials.certificate,
    key: credentials.key,
    settings: { initialWindowSize: 1024 * 1024 },
  })
  // A large window for the connection, so that what the stalled streams leave unread is theirs alone.
  await once(session, 'connect')
  session.setLocalWindowSize(64 * 1024 * 1024)
  const stalled = Array.from({ length: 4 }, () => session.request({ ':path': `${path}?${ONLY_MINE}` }))
  await Promise.all(stalled.map((stream) => once(stream, 'response')))
  for (let i = 0; i < 50; i++) {
    const stream = session.request({
      ':path': `${path}/part-0`,
      accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    })
    const [head] = (await Promise.race([once(stream, 'response'), delay(5000, ['too late'])])) as [
      Record<string, unknown>,
    ]
    expect(head[':status']).toBe(200)
    expect((await readAll(stream)).length).toBeGreaterThan(100)
  }
  // The stalled ones were not given up either.
  const list = JSON.parse((await readAll(stalled[0]!)).toString())
  expect(list.items).toHaveLength(12)
  session.destroy()
})

test('closing ends the watches cleanly, finishes what is being answered, and lets nobody in', async () => {
  const own = await startHarness()
  const h1 = own.h1()
  await h1.ask({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'a' } } })
  const path = '/api/v1/namespaces/a/configmaps'
  const watches = []
  for (const client of [own.h1(), own.h2()]) {
    const { stream } = await client.open({
      path: `${path}?watch=1&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dnone`,
    })
    watches.push(new WatchLines(stream))
  }
  const large = { metadata: { name: 'large' }, data: { text: 'z'.repeat(1_000_000) } }
  await h1.ask({ method: 'POST', path, body: large })
  const answering = await own.h2().open({ path: `${path}/large` })
  const closed = own.server.close()
  for (const lines of watches) {
    expect((await lines.next()).type).toBe('BOOKMARK')
    expect(await lines.next()).toBeUndefined()
  }
  expect(JSON.parse((await readAll(answering.stream)).toString()).data).toEqual(large.data)
  await closed
  await expect(own.h1().ask({ path: '/livez' })).rejects.toThrow('ECONNREFUSED')
  await own.close()
})

test('a client that does not read cannot hold up the closing for ever', async () => {
  const own = await startHarness({ closeGraceMs: 50 })
  const path = '/api/v1/namespaces/default/configmaps'
  const text = 'x'.repeat(1_000_000)
  for (let i = 0; i < 12; i++) {
    await own.h1().ask({ method: 'POST', path, body: { metadata: { name: `part-${i}` }, data: { text } } })
  }
  const { stream } = await own.h1().open({ path })
  await own.server.close()
  await expect(readAll(stream)).rejects.toThrow('aborted')
  await own.close()
})

test('a client that goes away takes its watch with it', async () => {
  const own = await startHarness()
  const open = async () => {
    const text = (await own.h1().ask({ path: '/metrics' })).bytes.toString()
    return /apiserver_longrunning_requests (\d+)/.exec(text)?.[1]
  }
  const clients = [own.h1(), own.h2()]
  for (const client of clients) await client.open({ path: '/api/v1/configmaps?watch=1&resourceVersion=0' })
  expect(await open()).toBe('2')
  for (const client of clients) client.close()
  await expect.poll(open).toBe('0')
  await own.close()
})

test('a port that is taken is an error of that name', async () => {
  await expect(startHarness({ port: harness.server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})
