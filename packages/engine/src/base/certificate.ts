/**
 * Issues X.509 certificates, which Node cannot. Heavy, 130 ms and 13 MB: import it only when there is one to make.
 */
// oxlint-disable-next-line import/no-unassigned-import -- the library asks for this polyfill by its effect
import 'reflect-metadata'
import { createPrivateKey, KeyObject, randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** PEM, both. */
export interface Authority {
  readonly certificate: string
  readonly key: string
}

export interface CertificateRequest {
  /** Organizations are the groups of a client. */
  readonly subject: { readonly organizations?: readonly string[]; readonly commonName?: string | undefined }
  /** Unix time. */
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly keys: keyof typeof KEYS
  /** May issue others. */
  readonly isAuthority?: boolean
  /** Keys may be exchanged by it, as RSA does. */
  readonly enciphersKeys?: boolean
  readonly uses?: readonly (keyof typeof USES)[]
  /** Of DNS, and addresses. */
  readonly names?: readonly string[]
}

export interface Issued {
  /** PEM. */
  readonly certificate: string
  readonly key: KeyObject
}

/** The certificate or the key of an authority cannot be read, or is of a kind that nothing here can sign with. */
export class AuthorityUnusable extends Error {
  override readonly name = 'AuthorityUnusable'
}

const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
const KEYS = {
  'P-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'RSA 3072': { ...RSA, modulusLength: 3072, publicExponent: new Uint8Array([1, 0, 1]) },
} as const
const USES = { client: ExtendedKeyUsage.clientAuth, server: ExtendedKeyUsage.serverAuth }
/** As OpenSSL calls those that web cryptography knows. */
const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384' }

cryptoProvider.set(webcrypto as never)

/** Signed by `authority`, or by itself. Throws AuthorityUnusable. */
export async function issueCertificate(request: CertificateRequest, authority?: Authority): Promise<Issued> {
  const { subject, notBeforeMs, notAfterMs } = request
  const { organizations = [], commonName } = subject
  const name = [
    ...organizations.map((organization) => ({ O: [organization] })),
    ...(commonName === undefined ? [] : [{ CN: [commonName] }]),
  ]
  const issuer = authority && (await open(authority))
  const keys = await webcrypto.subtle.generateKey(KEYS[request.keys], true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: name,
    issuer: issuer?.certificate.subject ?? name,
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(notAfterMs),
    signingAlgorithm: issuer?.algorithm ?? KEYS[request.keys],
    publicKey: keys.publicKey,
    signingKey: issuer?.key ?? keys.privateKey,
    extensions: [
      ...extensionsOf(request),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(
        issuer ? await issuer.certificate.publicKey.export() : keys.publicKey,
      ),
    ],
  })
  return { certificate: `${certificate.toString('pem').trim()}\n`, key: KeyObject.from(keys.privateKey) }
}

function extensionsOf({ isAuthority = false, enciphersKeys = false, uses = [], names = [] }: CertificateRequest) {
  const flags =
    KeyUsageFlags.digitalSignature |
    (enciphersKeys ? KeyUsageFlags.keyEncipherment : 0) |
    (isAuthority ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign : 0)
  const alternatives = names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }))
  const extensions: Extension[] = [
    new BasicConstraintsExtension(isAuthority, undefined, true),
    new KeyUsagesExtension(flags, true),
  ]
  if (uses.length > 0) extensions.push(new ExtendedKeyUsageExtension(uses.map((use) => USES[use])))
  if (names.length > 0) extensions.push(new SubjectAlternativeNameExtension(alternatives))
  return extensions
}

/** RSA, or ECDSA on a curve that web cryptography knows. */
async function open(authority: Authority) {
  try {
    const certificate = new X509Certificate(authority.certificate)
    const key = createPrivateKey(authority.key)
    const namedCurve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? ''
    const algorithm = key.asymmetricKeyType === 'rsa' ? RSA : { name: 'ECDSA', hash: 'SHA-256', namedCurve }
    const der = key.export({ type: 'pkcs8', format: 'der' })
    return { certificate, algorithm, key: await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']) }
  } catch (cause) {
    throw new AuthorityUnusable('the certificate or the key of the authority cannot be read', { cause })
  }
}

/** 127 random bits: positive, as RFC 5280 wants. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x01
  return bytes.toString('hex')
}
