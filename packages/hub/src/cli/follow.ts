import type { KubeObject } from '@larder/engine/machinery/object'
import type { WatchEvent } from '@larder/engine/machinery/call'
import { CommandFailed, EXIT } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** Prints what a watch tells until the server ends it; Ctrl-C ends it with a code of its own. */
export async function follow<T extends KubeObject>(
  events: AsyncIterable<WatchEvent<T>>,
  print: (object: T, type: WatchEvent<T>['type']) => Promise<void>,
  terminal: Terminal,
): Promise<void> {
  for await (const event of events) if (event.type !== 'BOOKMARK') await print(event.object, event.type)
  if (terminal.signal.aborted) throw new CommandFailed(EXIT.interrupted, 'stopped watching')
}
