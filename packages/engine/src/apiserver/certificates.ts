/**
 * The API's own certificate authority, in `DIR/pki`.
 *
 * Each file is a private key followed by its certificate, so that no crash can leave a key beside another key's
 * certificate: `ca.pem`, `server.pem` (for 127.0.0.1, localhost and the names that pods would use), `admin.pem` (a member of
 * `system:masters`). `ca.crt` repeats the authority's certificate for `curl --cacert`. `front-proxy-client.pem` is what the API shows to
 * the servers behind APIServices; its authority, `front-proxy-ca.pem`, issues nothing else: whoever has a certificate of it is believed
 * when they say who somebody is, and clients of the API must not be.
 *
 * On a used directory only Node's own modules are needed: the library that issues certificates costs 130 ms and 13 MB
 * and is loaded when something is missing, foreign or near its end.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { makeFolder, writeWhole } from './files.ts'

/** PEM, both. */
export interface KeyPair {
  readonly key: string
  readonly certificate: string
}

export interface Certificates {
  /** PEM of the authority: what clients trust, and what client certificates must descend from. */
  readonly caCertificate: string
  readonly server: KeyPair
  /** Of the user `larder-admin` in `system:masters`. */
  readonly admin: KeyPair
  /** With which requests are handed on to the servers behind APIServices, and the authority by which they know it. */
  readonly frontProxy: { readonly caCertificate: string; readonly client: KeyPair }
}

/** The name in the front proxy's certificate. */
export const FRONT_PROXY_NAME = 'front-proxy-client'

const DAY_MS = 24 * 3600 * 1000
export const CA_LIFE_MS = 3650 * DAY_MS
export const LEAF_LIFE_MS = 730 * DAY_MS
/** A hub may run this long without a restart before its certificates end: they are renewed at a start only. */
const RENEW_BEFORE_MS = 180 * DAY_MS

/** Reads what `dir` has and issues what it lacks. */
export async function ensureCertificates(dir: string, clock: Clock): Promise<Certificates> {
  const folder = join(dir, 'pki')
  const now = clock.now()
  let ca = read(folder, 'ca', now)
  let server = ca && read(folder, 'server', now, ca)
  let admin = ca && read(folder, 'admin', now, ca)
  let proxyCa = read(folder, 'front-proxy-ca', now)
  let proxy = proxyCa && read(folder, 'front-proxy-client', now, proxyCa)
  if (!ca || !server || !admin || !proxyCa || !proxy) {
    const issuing = await import('./certificate-issuing.ts')
    makeFolder(folder)
    ca ??= write(folder, 'ca', await issuing.issueAuthority('larder-ca', now))
    server ??= write(folder, 'server', await issuing.issueServer(ca, now))
    admin ??= write(
      folder,
      'admin',
      await issuing.issueClient(ca, { user: 'larder-admin', groups: ['system:masters'] }, now),
    )
    proxyCa ??= write(folder, 'front-proxy-ca', await issuing.issueAuthority('larder-front-proxy-ca', now))
    proxy ??= write(
      folder,
      'front-proxy-client',
      await issuing.issueClient(proxyCa, { user: FRONT_PROXY_NAME, groups: [] }, now),
    )
    writeWhole(join(folder, 'ca.crt'), ca.certificate, 0o600)
  }
  const frontProxy = { caCertificate: proxyCa.certificate, client: proxy }
  return { caCertificate: ca.certificate, server, admin, frontProxy }
}

const BLOCK = /-----BEGIN ([A-Z ]+)-----[\s\S]*?-----END \1-----\n?/g

/** Undefined for a pair that is missing, damaged, of another authority, or near its end: each is cured by issuing it again. */
function read(folder: string, name: string, now: number, ca?: KeyPair): KeyPair | undefined {
  let text: string
  try {
    text = readFileSync(join(folder, `${name}.pem`), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const blocks = [...text.matchAll(BLOCK)]
  const key = blocks.find((block) => block[1] === 'PRIVATE KEY')?.[0]
  const certificate = blocks.find((block) => block[1] === 'CERTIFICATE')?.[0]
  if (key === undefined || certificate === undefined) return undefined
  return isSound({ key, certificate }, now, ca) ? { key, certificate } : undefined
}

function isSound(pair: KeyPair, now: number, ca: KeyPair | undefined): boolean {
  try {
    const certificate = new X509Certificate(pair.certificate)
    if (!certificate.checkPrivateKey(createPrivateKey(pair.key))) return false
    if (ca && !certificate.verify(new X509Certificate(ca.certificate).publicKey)) return false
    // A clock that was wrong when the certificate was made leaves one that is not valid yet.
    return Date.parse(certificate.validFrom) <= now && Date.parse(certificate.validTo) - RENEW_BEFORE_MS > now
  } catch {
    // OpenSSL cannot read it. The file is ours alone and holds nothing that issuing anew would lose.
    return false
  }
}

function write(folder: string, name: string, pair: KeyPair): KeyPair {
  writeWhole(join(folder, `${name}.pem`), pair.key + pair.certificate, 0o600)
  return pair
}
