/** The open connections of a server, so that it can close without cutting off what is being answered. */
import type { Http2SecureServer, ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../base/clock.ts'

export interface Connections {
  /** Lets every exchange finish, tells clients to go elsewhere; after `graceMs` the rest is cut off. Resolves when all are gone. */
  close(graceMs: number): Promise<void>
}

export function trackConnections(server: Http2SecureServer, clock: Clock): Connections {
  const sockets = new Set<TLSSocket>()
  const sessions = new Set<ServerHttp2Session>()
  server.on('secureConnection', (socket: TLSSocket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // A reset by the peer is not ours to handle, and without a listener it would end the process.
    socket.on('error', () => {})
  })
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.on('error', () => {})
  })
  return {
    close(graceMs) {
      return new Promise((resolve) => {
        const cancel = clock.after(graceMs, () => {
          for (const socket of sockets) socket.destroy()
        })
        server.close(() => {
          cancel()
          resolve()
        })
        for (const session of sessions) session.close()
        closeIdle(server)
      })
    },
  }
}

/** HTTP/1.1 connections between two requests. The method is there since Node 18; the types of Http2SecureServer lack it. */
function closeIdle(server: Http2SecureServer): void {
  ;(server as unknown as { closeIdleConnections(): void }).closeIdleConnections()
}
