import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { notFound } from '@larder/engine/machinery/status'
import { instanceKind, type Instance } from '../model/instance.ts'
import { INSTANCE_NAMESPACE } from '../model/names.ts'
import { namedObject } from './any-kind.ts'
import type { Connection } from './connect.ts'
import { doorClaimNamed } from './door-claims.ts'
import { CommandFailed, EXIT } from './failure.ts'
import { isKindName, kindNamed } from './kinds.ts'
import type { Reader } from './reading.ts'

/** An object that is looked at again and again: its absence is an error the first time, and the end of the story later. */
export type LookAt = (
  reader: Reader,
  connection: Pick<Connection, 'client' | 'namespace'>,
) => Promise<KubeObject | undefined>

/**
 * The object that a command names, `claim/cache`, `claim cache` or `resourceclaim/cache`; of a kind that is one resource each, such as
 * `dynamodb/table`, the Instance that its door made. Throws for a kind without a name.
 */
export function lookAt(args: readonly string[], command: string): LookAt {
  const [first = '', second] = args
  const [word = '', name = second] = first.split('/', 2)
  const kind = doorClaimNamed(word) ?? (isKindName(word) || !name ? kindNamed(word) : undefined)
  if (!name) {
    const asked = kind?.kind.toLowerCase()
    throw new CommandFailed(EXIT.usage, `which ${asked}?`, { next: `larder ${command} ${asked}/NAME` })
  }
  return kind ? lookAtObject(kind, name) : lookAtInstanceOf(`${word}/${name}`)
}

function lookAtObject(kind: ResourceType, name: string, home?: string): LookAt {
  let seen = false
  return async (reader, { namespace }) => {
    const found = await reader.find(kind, name, kind.namespaced ? (home ?? namespace) : undefined)
    if (found.state === 'forbidden') throw found.error
    if (found.state === 'absent' && !seen) throw notFound(kind, name)
    seen = true
    return found.state === 'found' ? found.object : undefined
  }
}

function lookAtInstanceOf(named: string): LookAt {
  let look: LookAt | undefined
  return async (reader, connection) => {
    look ??= lookAtObject(
      instanceKind,
      (await instanceBehind(reader, connection, named)).metadata.name,
      INSTANCE_NAMESPACE,
    )
    return look(reader, connection)
  }
}

async function instanceBehind(
  reader: Reader,
  { client, namespace }: Pick<Connection, 'client' | 'namespace'>,
  named: string,
): Promise<Instance> {
  const { type, name } = await namedObject(named, client.transport)
  const found = await reader.find(type, name, type.namespaced ? namespace : undefined)
  if (found.state === 'forbidden') throw found.error
  if (found.state === 'absent') throw notFound(type, name)
  const next = `kubectl describe ${type.resource}${type.group && `.${type.group}`} ${name}${type.namespaced ? ` -n ${namespace}` : ''}`
  const instances = await reader.list(instanceKind, INSTANCE_NAMESPACE)
  if (!instances)
    throw new CommandFailed(EXIT.forbidden, `what stands for ${named} is for those who may read instances`, { next })
  const { uid } = found.object.metadata
  const instance = instances.find(({ spec }) => uid !== undefined && spec.origin?.uid === uid)
  if (instance) return instance
  throw new CommandFailed(EXIT.notFound, `nothing of Larder stands for ${named}`, {
    why: 'it waits for something else, or its kind is of no door',
    next,
  })
}
