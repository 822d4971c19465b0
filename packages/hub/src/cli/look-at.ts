import type { KubeObject } from '@larder/engine/machinery/object'
import { notFound } from '@larder/engine/machinery/status'
import type { Kind } from '../model/kind.ts'
import { CommandFailed, EXIT } from './failure.ts'
import { kindAndName } from './kinds.ts'
import type { Reader } from './reading.ts'

/** An object that is looked at again and again: its absence is an error the first time, and the end of the story later. */
export type LookAt = (reader: Reader, namespace: string) => Promise<KubeObject | undefined>

/** The object that a command names, `claim/cache` or `claim cache`; throws for a kind without a name. */
export function lookAt(args: readonly string[], command: string): LookAt {
  const { kind, name } = kindAndName(args)
  if (name === undefined)
    throw new CommandFailed(EXIT.usage, `which ${kind.singular}?`, { next: `larder ${command} ${kind.singular}/NAME` })
  return lookAtObject(kind, name)
}

function lookAtObject(kind: Kind<unknown, unknown>, name: string): LookAt {
  let seen = false
  return async (reader, namespace) => {
    const found = await reader.find(kind, name, kind.namespaced ? namespace : undefined)
    if (found.state === 'forbidden') throw found.error
    if (found.state === 'absent' && !seen) throw notFound(kind, name)
    seen = true
    return found.state === 'found' ? found.object : undefined
  }
}
