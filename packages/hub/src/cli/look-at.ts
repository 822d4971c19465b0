import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { notFound } from '@larder/engine/machinery/status'
import { doorClaimNamed } from './door-claims.ts'
import { CommandFailed, EXIT } from './failure.ts'
import { kindAndName } from './kinds.ts'
import type { Reader } from './reading.ts'

/** An object that is looked at again and again: its absence is an error the first time, and the end of the story later. */
export type LookAt = (reader: Reader, namespace: string) => Promise<KubeObject | undefined>

/** The object that a command names, `claim/cache`, `claim cache` or `resourceclaim/cache`; throws for a kind without a name. */
export function lookAt(args: readonly string[], command: string): LookAt {
  const { kind, name } = named(args)
  if (name === undefined || name === '') {
    const word = kind.kind.toLowerCase()
    throw new CommandFailed(EXIT.usage, `which ${word}?`, { next: `larder ${command} ${word}/NAME` })
  }
  return lookAtObject(kind, name)
}

function named(args: readonly string[]): { readonly kind: ResourceType; readonly name: string | undefined } {
  const [first = '', second] = args
  const [word = '', name = second] = first.split('/', 2)
  const kind = doorClaimNamed(word)
  return kind ? { kind, name } : kindAndName(args)
}

function lookAtObject(kind: ResourceType, name: string): LookAt {
  let seen = false
  return async (reader, namespace) => {
    const found = await reader.find(kind, name, kind.namespaced ? namespace : undefined)
    if (found.state === 'forbidden') throw found.error
    if (found.state === 'absent' && !seen) throw notFound(kind, name)
    seen = true
    return found.state === 'found' ? found.object : undefined
  }
}
