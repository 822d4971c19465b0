/**
 * Who is asking: the client certificate, else the bearer token, else nobody in particular.
 *
 * A certificate is read once for each connection, which is what makes it the cheap way in: its chain was checked in the
 * TLS handshake, and a resumed session keeps it. Tokens are remembered by the TokenAuthority, which still asks on each
 * request whether the account lives.
 */
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../base/clock.ts'
import { ApiError, forbidden, internal, unauthorized } from '../machinery/status.ts'
import type { User } from './api.ts'
import { serviceAccountUser, type TokenAuthority } from './tokens.ts'

export const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

/** Throws ApiError 401 for credentials that are there and wrong: a client must learn that they are, not become anonymous. */
export type Authenticate = (socket: TLSSocket, authorization: string | undefined) => User | Promise<User>

interface Certificate {
  readonly user: User | undefined
  readonly notAfterMs: number
}

const NO_CERTIFICATE: Certificate = { user: undefined, notAfterMs: Infinity }
/** Of another authority, or otherwise refused by OpenSSL. */
const BAD_CERTIFICATE: Certificate = { user: undefined, notAfterMs: 0 }

export function createAuthenticator(options: { readonly tokens: TokenAuthority; readonly clock: Clock }): Authenticate {
  const { tokens, clock } = options
  const certificates = new WeakMap<TLSSocket, Certificate>()

  async function byToken(authorization: string): Promise<User> {
    const token = bearerToken(authorization)
    const user = token === undefined ? undefined : await tokens.verify(token)
    if (!user) throw unauthorized()
    return user
  }

  return (socket, authorization) => {
    let certificate = certificates.get(socket)
    if (!certificate) {
      certificate = readCertificate(socket)
      certificates.set(socket, certificate)
    }
    if (certificate.user && certificate.notAfterMs > clock.now()) return certificate.user
    if (authorization !== undefined) return byToken(authorization)
    if (certificate === NO_CERTIFICATE) return ANONYMOUS
    throw unauthorized()
  }
}

function readCertificate(socket: TLSSocket): Certificate {
  const peer = socket.getPeerCertificate() as ReturnType<TLSSocket['getPeerCertificate']> | null
  // Node answers with an empty object for a client without a certificate, and with null once the socket is gone.
  if (!peer || peer.subject === undefined) return NO_CERTIFICATE
  if (!socket.authorized) return BAD_CERTIFICATE
  const name = peer.subject.CN
  const organizations = peer.subject.O ?? []
  if (typeof name !== 'string' || name === '') return BAD_CERTIFICATE
  const groups = typeof organizations === 'string' ? [organizations] : organizations
  return {
    user: { name, groups: [...groups, 'system:authenticated'] },
    notAfterMs: Date.parse(peer.valid_to),
  }
}

/** `Bearer abc`; the scheme is case-insensitive. */
function bearerToken(authorization: string): string | undefined {
  const space = authorization.indexOf(' ')
  if (space < 0 || authorization.slice(0, space).toLowerCase() !== 'bearer') return undefined
  const token = authorization.slice(space + 1).trim()
  return token === '' ? undefined : token
}

const EXTRA_PREFIX = 'impersonate-extra-'

/**
 * The user to act as. For now only members of `system:masters` may impersonate; RBAC's verb `impersonate` is not asked.
 * `header` gives all values of a header, `names` are all header names in lower case. Throws ApiError 403 naming what was asked.
 */
export function impersonate(user: User, names: readonly string[], header: (name: string) => readonly string[]): User {
  const asked = names.filter((name) => name.startsWith('impersonate-'))
  if (asked.length === 0) return user
  const name = header('impersonate-user')[0] ?? ''
  const groups = header('impersonate-group')
  const uid = header('impersonate-uid')[0]
  if (name === '') throw internal(`requested ${asked.join(', ')} without impersonating a user`)
  if (!user.groups.includes('system:masters')) throw mayNotImpersonate(user, name)
  const extra = Object.fromEntries(
    asked
      .filter((header) => header.startsWith(EXTRA_PREFIX))
      .map((key) => [decodeExtraKey(key.slice(EXTRA_PREFIX.length)), header(key)]),
  )
  return {
    ...impersonatedUser(name, groups),
    ...(uid !== undefined && { uid }),
    ...(Object.keys(extra).length > 0 && { extra }),
  }
}

function mayNotImpersonate(user: User, name: string): ApiError {
  const resource = name.startsWith(SERVICE_ACCOUNT) ? 'serviceaccounts' : 'users'
  const why = `User ${JSON.stringify(user.name)} cannot impersonate resource "${resource}" in API group "" at the cluster scope`
  return forbidden({ group: '', resource }, name, why)
}

const SERVICE_ACCOUNT = 'system:serviceaccount:'

/** The groups that upstream adds: an account's own when none were asked for, and whether the user is authenticated. */
function impersonatedUser(name: string, asked: readonly string[]): User {
  if (name === ANONYMOUS.name) return { name, groups: asked.length > 0 ? asked : ANONYMOUS.groups }
  let groups = asked
  if (asked.length === 0 && name.startsWith(SERVICE_ACCOUNT)) {
    const [namespace, account] = name.slice(SERVICE_ACCOUNT.length).split(':')
    if (namespace && account) groups = serviceAccountUser(namespace, account).groups
  }
  const isDecided = groups.includes('system:authenticated') || groups.includes('system:unauthenticated')
  return { name, groups: isDecided ? groups : [...groups, 'system:authenticated'] }
}

/** Header names carry keys in lower case and percent-encoded. */
function decodeExtraKey(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}
