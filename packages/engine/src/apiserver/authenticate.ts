/**
 * Who is asking: the client certificate, else the bearer token, else nobody in particular.
 *
 * A certificate is read once for each connection, which is what makes it the cheap way in: its chain was checked in the
 * TLS handshake, and a resumed session keeps it. Tokens are remembered by the TokenAuthority, which still asks on each
 * request whether the account lives.
 */
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../base/clock.ts'
import { unauthorized } from '../machinery/status.ts'
import type { User } from './api.ts'
import type { TokenAuthority } from './tokens.ts'

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
