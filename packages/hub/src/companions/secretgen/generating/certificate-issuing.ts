/** Makes certificates. Heavy: import it only when there is one to make. */
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
  type JsonName,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { Certificate } from '../kinds.ts'

/** PEM, both. */
export interface Authority {
  readonly certificate: string
  readonly key: string
}

type Wanted = NonNullable<Certificate['spec']>

export class AuthorityUnusable extends Error {}

const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 3072,
  publicExponent: new Uint8Array([1, 0, 1]),
}
const DAY_MS = 24 * 3600 * 1000
const DAYS = 365
const USES = { client_auth: ExtendedKeyUsage.clientAuth, server_auth: ExtendedKeyUsage.serverAuth }

cryptoProvider.set(webcrypto as never)

/** Signed by `authority`, or by itself. Throws AuthorityUnusable. */
export async function issueCertificate(spec: Wanted, authority: Authority | undefined, now: number) {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const issuer = authority && (await openAuthority(authority))
  const subject = subjectOf(spec)
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: issuer?.certificate.subject ?? subject,
    notBefore: new Date(now),
    notAfter: new Date(now + (spec.duration ?? DAYS) * DAY_MS),
    signingAlgorithm: issuer?.algorithm ?? ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: issuer?.key ?? keys.privateKey,
    extensions: [
      ...extensionsOf(spec),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(
        issuer ? await issuer.certificate.publicKey.export() : keys.publicKey,
      ),
    ],
  })
  return {
    certificate: `${certificate.toString('pem').trim()}\n`,
    privateKey: KeyObject.from(keys.privateKey).export({ type: 'pkcs1', format: 'pem' }) as string,
  }
}

function subjectOf({ organization, commonName }: Wanted): JsonName {
  return [
    ...(organization === undefined ? [] : [{ O: [organization] }]),
    ...(commonName === undefined ? [] : [{ CN: [commonName] }]),
  ]
}

function extensionsOf({ isCA = false, alternativeNames = [], extendedKeyUsage = [] }: Wanted): Extension[] {
  const signs = isCA ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign : 0
  const names = alternativeNames.map((value) => ({
    type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
    value,
  }))
  return [
    new BasicConstraintsExtension(isCA, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment | signs, true),
    ...(extendedKeyUsage.length === 0 ? [] : [new ExtendedKeyUsageExtension(extendedKeyUsage.map((use) => USES[use]))]),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
  ]
}

/** RSA, or ECDSA on a curve that web cryptography knows. */
async function openAuthority(authority: Authority) {
  try {
    const certificate = new X509Certificate(authority.certificate)
    const key = createPrivateKey(authority.key)
    const curve = key.asymmetricKeyDetails?.namedCurve
    const algorithm =
      key.asymmetricKeyType === 'rsa'
        ? ALGORITHM
        : { name: 'ECDSA', hash: 'SHA-256', namedCurve: { prime256v1: 'P-256', secp384r1: 'P-384' }[curve ?? ''] ?? '' }
    const der = key.export({ type: 'pkcs8', format: 'der' })
    return { certificate, algorithm, key: await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']) }
  } catch (cause) {
    throw new AuthorityUnusable('has a crt.pem or key.pem that cannot be read', { cause })
  }
}

/** 127 random bits: positive, as RFC 5280 wants. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x01
  return bytes.toString('hex')
}
