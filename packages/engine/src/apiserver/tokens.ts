/**
 * Tokens of ServiceAccounts: signed by a key of the data directory, bound to the account's uid.
 *
 * A token names its account and the uid that the account had. `verify` asks on every call whether an account with that
 * uid still exists, so deleting the account locks its tokens out at once; only the signature check, which cannot change, is
 * remembered. Claims are those of upstream's bound tokens, so that any JWT tool can read them.
 */
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CryptoKey, JWK } from 'jose'
import type { Clock } from '../base/clock.ts'
import type { User } from './api.ts'
import { makeFolder, writeWhole } from './files.ts'

export interface TokenSpec {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** Empty: the audience of this API. */
  readonly audiences: readonly string[]
  /** Of life; the caller has already applied its limits (upstream: 600 at least). */
  readonly expirationSeconds: number
  /** The object whose life bounds the token's. */
  readonly boundTo?: { readonly kind: 'Pod' | 'Secret' | 'Node'; readonly name: string; readonly uid: string }
}

export interface IssuedToken {
  readonly token: string
  /** RFC 3339, whole seconds. */
  readonly expirationTimestamp: string
}

export interface TokenAuthority {
  readonly issuer: string
  /** What a token is for when nobody says otherwise. */
  readonly audience: string
  issue(spec: TokenSpec): Promise<IssuedToken>
  /**
   * The account behind a token; undefined for one that is malformed, expired, for another audience, not ours, or whose account is
   * gone. `audiences` are those that the asker answers for; absent: this API's own.
   */
  verify(token: string, audiences?: readonly string[]): Promise<User | undefined>
  /** The public key, for `/openid/v1/jwks`. */
  jwks(): Promise<{ readonly keys: readonly JWK[] }>
}

export interface TokenAuthorityOptions {
  /** The data directory; the key is `pki/service-account.key` in it. */
  readonly dir: string
  readonly clock: Clock
  /** The uid of the account as it is now, undefined when there is none. Called on every `verify`: keep it cheap. */
  readonly serviceAccountUid: (namespace: string, name: string) => string | undefined
  readonly issuer?: string
}

const ALGORITHM = 'ES256'
/** Signature checks remembered; one is about 300 bytes. */
const REMEMBERED_TOKENS = 4096

interface Keys {
  readonly private: CryptoKey
  readonly public: CryptoKey
  readonly jwk: JWK
}

interface Verified {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly audiences: readonly string[]
  readonly notAfterMs: number
  readonly user: User
}

/** Reads nothing and loads no library before the first token is issued or checked. */
export function openTokenAuthority(options: TokenAuthorityOptions): TokenAuthority {
  const issuer = options.issuer ?? 'https://kubernetes.default.svc'
  const { clock, serviceAccountUid } = options
  const verified = new Map<string, Verified>()
  let keys: Promise<Keys> | undefined
  const loadKeys = (): Promise<Keys> => (keys ??= readKeys(options.dir))

  async function checkSignature(token: string): Promise<Verified | undefined> {
    const { jwtVerify, errors } = await import('jose')
    try {
      const { payload } = await jwtVerify(token, (await loadKeys()).public, {
        algorithms: [ALGORITHM],
        issuer,
        currentDate: new Date(clock.now()),
        requiredClaims: ['exp', 'aud', 'sub'],
      })
      return fromClaims(payload)
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }

  return {
    issuer,
    audience: issuer,

    async issue(spec) {
      const { SignJWT } = await import('jose')
      const { private: key, jwk } = await loadKeys()
      const now = Math.floor(clock.now() / 1000)
      const expires = now + spec.expirationSeconds
      const token = await new SignJWT(privateClaims(spec))
        .setProtectedHeader({ alg: ALGORITHM, kid: jwk.kid as string })
        .setIssuer(issuer)
        .setSubject(`system:serviceaccount:${spec.namespace}:${spec.name}`)
        .setAudience(spec.audiences.length === 0 ? [issuer] : [...spec.audiences])
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(expires)
        .setJti(randomUUID())
        .sign(key)
      return { token, expirationTimestamp: new Date(expires * 1000).toISOString().replace('.000Z', 'Z') }
    },

    async verify(token, audiences = [issuer]) {
      let known = verified.get(token)
      if (!known) {
        known = await checkSignature(token)
        if (!known) return undefined
        remember(verified, token, known)
      }
      if (known.notAfterMs <= clock.now()) {
        verified.delete(token)
        return undefined
      }
      if (!known.audiences.some((audience) => audiences.includes(audience))) return undefined
      return serviceAccountUid(known.namespace, known.name) === known.uid ? known.user : undefined
    },

    async jwks() {
      return { keys: [(await loadKeys()).jwk] }
    },
  }
}

function remember(verified: Map<string, Verified>, token: string, known: Verified): void {
  if (verified.size >= REMEMBERED_TOKENS) {
    const oldest = verified.keys().next().value
    if (oldest !== undefined) verified.delete(oldest)
  }
  verified.set(token, known)
}

function privateClaims(spec: TokenSpec): Record<string, unknown> {
  return {
    'kubernetes.io': {
      namespace: spec.namespace,
      serviceaccount: { name: spec.name, uid: spec.uid },
      ...(spec.boundTo && {
        [spec.boundTo.kind.toLowerCase()]: { name: spec.boundTo.name, uid: spec.boundTo.uid },
      }),
    },
  }
}

interface Claims {
  readonly exp?: number
  readonly aud?: string | string[]
  readonly jti?: string
  readonly [name: string]: unknown
}

function fromClaims(claims: Claims): Verified | undefined {
  const ours = claims['kubernetes.io'] as
    | { namespace?: string; serviceaccount?: { name?: string; uid?: string }; pod?: { name: string; uid: string } }
    | undefined
  const namespace = ours?.namespace
  const name = ours?.serviceaccount?.name
  const uid = ours?.serviceaccount?.uid
  if (!namespace || !name || !uid || claims.exp === undefined) return undefined
  return {
    namespace,
    name,
    uid,
    audiences: typeof claims.aud === 'string' ? [claims.aud] : (claims.aud ?? []),
    notAfterMs: claims.exp * 1000,
    user: {
      ...serviceAccountUser(namespace, name, uid),
      extra: {
        'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti ?? ''}`],
        ...(ours.pod && {
          'authentication.kubernetes.io/pod-name': [ours.pod.name],
          'authentication.kubernetes.io/pod-uid': [ours.pod.uid],
        }),
      },
    },
  }
}

/** The user that a ServiceAccount is, with the groups that upstream gives it. */
export function serviceAccountUser(namespace: string, name: string, uid?: string): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    ...(uid !== undefined && { uid }),
  }
}

async function readKeys(dir: string): Promise<Keys> {
  const { importPKCS8, importJWK, exportJWK } = await import('jose')
  const key = await importPKCS8(readOrMakeKey(dir), ALGORITHM, { extractable: true })
  const { kty, crv, x, y } = (await exportJWK(key)) as { kty: string; crv: string; x: string; y: string }
  const kid = createHash('sha256').update(`${crv}.${x}.${y}`).digest('base64url')
  const jwk: JWK = { kty, crv, x, y, kid, alg: ALGORITHM, use: 'sig' }
  return { private: key, public: (await importJWK(jwk, ALGORITHM)) as CryptoKey, jwk }
}

function readOrMakeKey(dir: string): string {
  const folder = join(dir, 'pki')
  const path = join(folder, 'service-account.key')
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  makeFolder(folder)
  writeWhole(path, pem, 0o600)
  return pem
}
