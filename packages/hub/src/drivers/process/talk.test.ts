import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { accepts } from './talk.ts'

let server: Server
afterEach(() => server.close())

async function talkTo(answer: (socket: Socket, heard: string) => void): Promise<Parameters<typeof accepts>[0]> {
  server = createServer((socket) => socket.on('data', (chunk) => answer(socket, chunk.toString())))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { host: '127.0.0.1', port, send: 'LOGIN\n', accepts: /^OK/m, refuses: /^NO/m, timeoutMs: 500 }
}

test('an answer that matches decides, also in pieces and after other lines', async () => {
  const talk = await talkTo((socket, heard) => {
    socket.write('welcome\n')
    socket.write(heard === 'LOGIN\n' ? 'O' : 'NO\n')
    setImmediate(() => socket.write('K\n'))
  })
  expect(await accepts(talk)).toBe(true)
  expect(await accepts({ ...talk, send: 'HELLO\n' })).toBe(false)
})

test('an engine that hangs up refuses', async () => {
  expect(await accepts(await talkTo((socket) => socket.end()))).toBe(false)
})

test('silence, and a port where nobody listens, tell nothing', async () => {
  const talk = await talkTo(() => {})
  await expect(accepts(talk)).rejects.toThrow('no answer within 500 ms')
  const stop = new AbortController()
  const answer = accepts({ ...talk, timeoutMs: 10_000, signal: stop.signal })
  stop.abort(new Error('enough'))
  await expect(answer).rejects.toThrow('enough')
  server.close()
  await once(server, 'close')
  await expect(accepts(talk)).rejects.toThrow('ECONNREFUSED')
})
