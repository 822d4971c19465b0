/** What a resource is, beside what it is to be. */
import { isRecord } from '@larder/kit'
import type { Json } from '@larder/kit'
import { digestOf } from '../../naming.ts'
import type { Kind, Properties } from './kind.ts'

/** Names of properties that are wanted otherwise. `asked`: digests of what was sent last, for those that AWS does not tell. */
export function differences<T>(
  kind: Kind<T>,
  thing: T,
  properties: Properties,
  asked: Readonly<Record<string, string>> | undefined,
): string[] {
  const have = kind.have(thing)
  const sent = digests(properties)
  return Object.keys(properties).filter((name) => {
    if (have[name] !== undefined) return comparable(have[name]) !== comparable(properties[name] ?? null)
    return asked !== undefined && asked[name] !== sent[name]
  })
}

export const fixedMessage = (path: string): string => `${path} of what exists cannot be changed by AWS`

export function phaseOf(status: string | undefined): 'ready' | 'changing' | 'failed' {
  if (status === undefined || ['active', 'available', 'snapshotting'].includes(status)) return 'ready'
  return /fail|incompatible/.test(status) ? 'failed' : 'changing'
}

/** JSON as it is written, times too. */
export const plain = (thing: unknown): Json => JSON.parse(JSON.stringify(thing)) as Json

/** AWS keeps ids and engines in lower case, and lists of them in an order of its own. */
function comparable(value: Json): string {
  if (Array.isArray(value)) return JSON.stringify((value as readonly Json[]).map(comparable).sort())
  if (!isRecord(value)) return String(value).toLowerCase()
  const fields = Object.entries(value).map(([name, field]) => `${name} ${comparable(field)}`)
  return JSON.stringify(fields.sort())
}

const DIGEST_LENGTH = 32

export const digests = (properties: Properties): Record<string, string> =>
  Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      name,
      digestOf(name, JSON.stringify(value)).slice(0, DIGEST_LENGTH),
    ]),
  )
