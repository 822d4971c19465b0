/**
 * Tokens for the next page of a list: upstream's form, since some clients look inside. They name the revision that all pages
 * show; -1 is the newest, for those whose revision was compacted and who prefer a mixed list to starting anew.
 */
import { isObject, parseJson } from '../../base/json.ts'
import { badRequest } from '../../machinery/status.ts'

export interface Continuation {
  /** Undefined: whatever is newest. */
  readonly revision: number | undefined
  /** The last key that was delivered. */
  readonly after: string
}

const VERSION = 'meta.k8s.io/v1'

export function formatContinuation(prefix: string, { revision = -1, after }: Continuation): string {
  const token = { v: VERSION, rv: revision, start: `${after.slice(prefix.length)}\0` }
  return Buffer.from(JSON.stringify(token)).toString('base64url')
}

/** Throws ApiError 400. */
export function parseContinuation(prefix: string, token: string): Continuation {
  const content = decode(token)
  if (!isObject(content)) throw unreadable()
  const { v, rv, start } = content
  if (v !== VERSION || typeof rv !== 'number' || typeof start !== 'string' || !start.endsWith('\0')) throw unreadable()
  if (rv === 0 || rv < -1 || start.includes('..')) throw unreadable()
  return { revision: rv === -1 ? undefined : rv, after: prefix + start.slice(0, -1) }
}

function decode(token: string): unknown {
  try {
    return parseJson(Buffer.from(token, 'base64url').toString())
  } catch {
    throw unreadable()
  }
}

const unreadable = () => badRequest('continue key is not valid: it is no token of this API')
