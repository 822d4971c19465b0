/**
 * Keeps a process that does not lead from writing.
 *
 * A process that was stopped for a minute (a suspended machine, a long pause) wakes in the middle of a pass, before any timer has
 * told it that it lost its Lease. The clock tells it here, at the write itself.
 */
import { createClient, type Client } from '../client/client.ts'

export class NotLeading extends Error {
  constructor() {
    super('this process does not lead any more: another one may have taken over')
    this.name = 'NotLeading'
  }
}

/** Reads pass; a write rejects with NotLeading unless `isLeader`. */
export function fencedClient({ transport }: Client, isLeader: () => boolean): Client {
  return createClient({
    watch: (target, options, signal) => transport.watch(target, options, signal),
    raw: (path, signal) => transport.raw(path, signal),
    close: () => transport.close(),
    call(call, signal) {
      if (call.verb !== 'get' && call.verb !== 'list' && !isLeader()) return Promise.reject(new NotLeading())
      return transport.call(call, signal)
    },
  })
}
