/** Waiting for one object to be as wished: shows what happens meanwhile and ends early when it cannot come true. */
import type { Client } from '@larder/engine/client/client'
import type { KubeObject } from '@larder/engine/machinery/object'
import { isApiError } from '@larder/engine/machinery/status'
import type { ResourceType } from '@larder/engine/client/types'
import { CommandFailed, EXIT } from './failure.ts'
import type { Terminal } from './terminal.ts'

export interface WatchUntil<T extends KubeObject, R> {
  readonly type: ResourceType<T>
  readonly name: string
  readonly namespace?: string | undefined
  readonly timeoutMs: number
  /** Looks at the object as it is now (undefined: it is not there). Answers something to end; throws to end badly. */
  readonly look: (object: T | undefined) => R | undefined
  /** For the message of a time-out: `claim cache to be Ready`. */
  readonly what: string
}

export async function watchUntil<T extends KubeObject, R>(
  client: Client,
  terminal: Terminal,
  options: WatchUntil<T, R>,
): Promise<R> {
  const { type, name, namespace, timeoutMs, look, what } = options
  const deadline = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([terminal.signal, deadline])
  const resources = client.of(type)
  while (!signal.aborted) {
    const list = await resources.list({ fieldSelector: `metadata.name=${name}`, namespace })
    const first = look(list.items[0])
    if (first !== undefined) return first
    const events = resources.watch(
      { fieldSelector: `metadata.name=${name}`, namespace, resourceVersion: list.metadata.resourceVersion },
      signal,
    )
    try {
      for await (const event of events) {
        if (event.type === 'BOOKMARK') continue
        const result = look(event.type === 'DELETED' ? undefined : event.object)
        if (result !== undefined) return result
      }
    } catch (error) {
      // The server forgot the revision that we stopped at: start again from a list.
      if (!isApiError(error, 'Expired')) throw error
    }
  }
  if (terminal.signal.aborted) throw new CommandFailed(EXIT.interrupted, `stopped watching; the work goes on`)
  throw new CommandFailed(EXIT.timedOut, `timed out after ${timeoutMs / 1000}s waiting for ${what}`, {
    next: 'wait longer with --timeout',
  })
}
