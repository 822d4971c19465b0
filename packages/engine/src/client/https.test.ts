import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import type { Transport } from '../machinery/call.ts'
import { ensureCertificates } from '../apiserver/certificates.ts'
import { onBothTransports } from '../runtime/testing/worlds.ts'
import { configMapType, secretType } from './builtin.ts'
import { httpsTransport } from './https.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const target = { group: '', version: 'v1', resource: 'configmaps', namespace: 'default' }
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

/** What may stand between us and an API server, or instead of it. */
async function answering(handler: http.RequestListener): Promise<{ url: string; transport: Transport }> {
  const server = http.createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const transport = httpsTransport({ url, timeoutMs: 300 })
  ends.push(() => transport.close())
  return { url, transport }
}

const creation = (metadata: object) => ({ verb: 'create' as const, target, body: { metadata } as never })
const get = (transport: Transport) => transport.call({ verb: 'get', target: { ...target, name: 'x' } })
const applied = (k: string) => ({ metadata: { name: 'a', namespace: 'default' }, data: { k } })
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as Error,
  )

describe('https', () => {
  test('nobody listens: the error names the address', async () => {
    const transport = httpsTransport({ url: 'https://127.0.0.1:1' })
    const error = await failure(get(transport))
    expect(error?.name).toBe('Unreachable')
    expect(error?.message).toBe('no answer from https://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1')
  })

  test('a server that says nothing is given up', async () => {
    const { url, transport } = await answering(() => {})
    expect((await failure(get(transport)))?.message).toBe(`no answer from ${url}: nothing came for 0.3 s`)
  })

  test('an answer that is no Status is told as it is', async () => {
    const { url, transport } = await answering((_, response) => {
      response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>')
    })
    expect(await failure(get(transport))).toMatchObject({
      code: 502,
      reason: 'InternalError',
      message: `${url} answered 502 Bad Gateway: <h1>Bad gateway</h1>`,
    })
  })

  test('a certificate of somebody else is refused', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'larder-https-'))
    ends.push(() => rmSync(dir, { recursive: true }))
    const { server: pair } = await ensureCertificates(dir, systemClock)
    const server = https.createServer({ key: pair.key, cert: pair.certificate }, (_, response) => response.end('{}'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ends.push(() => server.close())
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect((await failure(get(httpsTransport({ url }))))?.message).toMatch(/^no answer from https:.*certificate/)
  })

  test('a token is asked for with each request', async () => {
    const seen: (string | undefined)[] = []
    const { url } = await answering((request, response) => {
      seen.push(request.headers.authorization)
      response.end('{}')
    })
    let serial = 0
    const transport = httpsTransport({ url, token: () => `t${++serial}` })
    ends.push(() => transport.close())
    await get(transport)
    await get(transport)
    expect(seen).toEqual(['Bearer t1', 'Bearer t2'])
  })

  test('whom to be taken for is said with each request', async () => {
    const seen: (string | string[] | undefined)[] = []
    const { url } = await answering((request, response) => {
      seen.push(request.headers['impersonate-user'])
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"kind":"ConfigMap"}')
    })
    const account = 'system:serviceaccount:shop:robot'
    const transport = httpsTransport({ url, token: 't', impersonate: account })
    ends.push(() => transport.close())
    await get(transport)
    await transport.raw('/api')
    expect(seen).toEqual([account, account])
  })

  test('a path in the address is put before every path', async () => {
    const seen: (string | undefined)[] = []
    const { url } = await answering((request, response) => {
      seen.push(request.url)
      response.end('{}')
    })
    const transport = httpsTransport({ url: `${url}/clusters/one/` })
    ends.push(() => transport.close())
    await get(transport)
    await transport.raw('/version')
    expect(seen).toEqual(['/clusters/one/api/v1/namespaces/default/configmaps/x', '/clusters/one/version'])
  })

  test('a kept connection that the server has closed is replaced, a create without a name is not repeated', async () => {
    let requests = 0
    const { transport } = await answering((request, response) => {
      requests++
      // The second request of each connection finds it closed.
      if (Object.hasOwn(request.socket, 'used')) request.socket.destroy()
      else {
        Object.assign(request.socket, { used: true })
        request.resume().on('end', () => response.end('{}'))
      }
    })
    await get(transport)
    await get(transport)
    expect(requests).toBe(3)
    await transport.call(creation({ name: 'x' }))
    expect(requests).toBe(5)
    expect((await failure(transport.call(creation({ generateName: 'x-' }))))?.name).toBe('Unreachable')
    expect(requests).toBe(6)
  })

  test('a watch that breaks off is an error, one that ends is an end, and an ERROR event is thrown', async () => {
    const line = `${JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'a', resourceVersion: '7' } } })}\n`
    const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }
    const ways = [
      (response: http.ServerResponse) => response.end(line),
      (response: http.ServerResponse) => response.write(line, () => response.destroy()),
      (response: http.ServerResponse) => response.end(`${line}${JSON.stringify({ type: 'ERROR', object: status })}\n`),
    ]
    const { transport } = await answering((_, response) => ways.shift()!(response))
    const outcomes: string[] = []
    while (ways.length > 0) {
      const names: string[] = []
      try {
        const signal = new AbortController().signal
        for await (const { object } of transport.watch(target, {}, signal)) names.push(object.metadata.name)
        outcomes.push(`${names.join()} end`)
      } catch (error) {
        outcomes.push(`${names.join()} ${(error as Error).name} ${(error as { code?: number }).code ?? ''}`)
      }
    }
    expect(outcomes).toEqual(['a end', 'a Unreachable ', 'a ApiError 410'])
  })
})

onBothTransports('client', (world) => {
  const maps = () => world().client.of(configMapType)
  const make = (name: string, data: Record<string, string> = {}) =>
    maps().create({ metadata: { name, namespace: 'default' }, data })

  test('every verb', async () => {
    const made = await make('a', { k: '1' })
    expect(made).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { k: '1' } })
    expect(await maps().get('a', 'default')).toEqual(made)
    expect(await maps().find('b', 'default')).toBeUndefined()
    const updated = await maps().update({ ...made, data: { k: '2' } })
    expect(updated.data).toEqual({ k: '2' })
    const merged = await maps().patch('a', { data: { l: '3' } }, { namespace: 'default' })
    expect(merged.data).toEqual({ k: '2', l: '3' })
    const operations = [{ op: 'remove', path: '/data/k' }]
    expect((await maps().patch('a', operations, { namespace: 'default', type: 'json' })).data).toEqual({ l: '3' })
    expect(await maps().delete('a', { namespace: 'default' })).toBe(true)
    expect(await maps().delete('a', { namespace: 'default' })).toBe(false)
  })

  test('an apply creates, owns, and is refused where others own', async () => {
    const made = await maps().apply(applied('1'), { fieldManager: 'one' })
    expect(made).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { k: '1' } })
    expect(await maps().apply(applied('1'), { fieldManager: 'one' })).toEqual(made)
    expect(await failure(maps().apply(applied('2'), { fieldManager: 'two' }))).toMatchObject({
      code: 409,
      reason: 'Conflict',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.k' }] },
    })
    expect((await maps().apply(applied('2'), { fieldManager: 'two', force: true })).data).toEqual({ k: '2' })
  })

  test('what it writes by itself is its own under one name', async () => {
    await make('a', { k: '1' })
    const { metadata } = await maps().get('a', 'default')
    expect(metadata).toMatchObject({ managedFields: [{ manager: 'larder', operation: 'Update' }] })
  })

  test('refusals keep code, reason and details', async () => {
    await make('a')
    expect(await failure(make('a'))).toMatchObject({
      name: 'ApiError',
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "a" already exists',
      details: { name: 'a', kind: 'configmaps' },
    })
    expect(await failure(maps().get('b', 'default'))).toMatchObject({ code: 404, reason: 'NotFound' })
    const stale = { ...(await maps().get('a', 'default')), data: { x: 'y' } }
    await maps().patch('a', { data: { z: 'z' } }, { namespace: 'default' })
    expect(await failure(maps().update(stale))).toMatchObject({ code: 409, reason: 'Conflict' })
    const options = { namespace: 'default', preconditions: { uid: 'other' } }
    expect(await failure(maps().delete('a', options))).toMatchObject({ code: 409, reason: 'Conflict' })
  })

  test('a list follows its pages', async () => {
    for (let i = 0; i < 7; i++) await make(`m${i}`)
    const list = await maps().list({ namespace: 'default', limit: 3, fieldSelector: 'metadata.name!=kube-root-ca.crt' })
    expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6'])
    expect(list.items.every(({ kind, apiVersion }) => kind === 'ConfigMap' && apiVersion === 'v1')).toBe(true)
  })

  test('what is sent stays the caller’s own', async () => {
    const object = { metadata: { name: 'a', namespace: 'default' }, data: { k: '1' }, binaryData: undefined as never }
    await maps().create(object)
    object.data.k = '2'
    expect((await maps().get('a', 'default')).data).toEqual({ k: '1' })
  })

  test('a namespaced object without a namespace is refused before it is sent', async () => {
    expect((await failure(world().client.of(secretType).get('a')))?.message).toBe(
      'Secret "a" is namespaced, and no namespace was given',
    )
  })
})
