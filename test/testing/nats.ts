/** A NATS client of a few lines: the protocol is text, and a test wants to see exactly what the server answers. */
import { connect, type Socket } from 'node:net'
import { existsSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import type { Binding } from './redis.ts'

const CACHED = resolve(import.meta.dirname, '../../.cache/nats-server')

/** PATH with the server that set-up fetched, for machines that have none of their own. */
export function pathWithNats(): string {
  const path = process.env['PATH'] ?? ''
  const folders = [...path.split(delimiter), CACHED]
  if (folders.some((folder) => existsSync(join(folder, 'nats-server')))) return `${path}${delimiter}${CACHED}`
  throw new Error('nats-server is neither on PATH nor in .cache: run `node tools/setup.mjs --for test`')
}

export interface Nats {
  socket: Socket
  /** Sends lines, then waits for the answer to a PING; everything that arrived on the way. */
  say(...lines: string[]): Promise<string>
}

export function nats({ host, port, username, password }: Binding): Nats {
  const socket = connect({ host, port: Number(port) })
  let said = ''
  let heard: (() => void) | undefined
  // An error is followed by the close, which `say` reports.
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    said += chunk.toString()
    heard?.()
  })
  socket.on('close', () => heard?.())
  const login = JSON.stringify({ user: username, pass: password, verbose: false, pedantic: false })
  socket.write(`CONNECT ${login}\r\n`)
  return {
    socket,
    async say(...lines) {
      if (!socket.destroyed) socket.write([...lines, 'PING', ''].join('\r\n'))
      while (!/^PONG\r$/m.test(said)) {
        if (socket.destroyed) throw new Error(`the connection was closed: ${said.split('\r\n').at(-2)}`)
        await new Promise<void>((resolveWait) => (heard = resolveWait))
      }
      const answer = said
      said = ''
      return answer
    },
  }
}
