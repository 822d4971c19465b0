/** Makes certificates. Heavy: import it only when there is one to make. */
// oxlint-disable-next-line import/no-unassigned-import -- the library asks for this polyfill by its effect
import 'reflect-metadata'
import { createPrivateKey, KeyObject, randomBytes, webcrypto } from 'node:crypto'
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
import { CA_LIFE_MS, type KeyPair, LEAF_LIFE_MS } from './certificates.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
/** Clocks of clients may be behind ours. */
const SKEW_MS = 3600 * 1000

cryptoProvider.set(webcrypto as never)

export async function issueAuthority(name: string, now: number): Promise<KeyPair> {
  const keys = await generateKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [name] }],
    notBefore: new Date(now - SKEW_MS),
    notAfter: new Date(now + CA_LIFE_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return pair(keys, certificate)
}

export function issueServer(ca: KeyPair, now: number): Promise<KeyPair> {
  const names = [
    'localhost',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ]
  return issueLeaf(
    ca,
    now,
    [{ CN: ['larder'] }],
    [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([
        ...names.map((value) => ({ type: 'dns' as const, value })),
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
    ],
  )
}

/** A server certificate for other names than the API's. */
export function issueServerFor(ca: KeyPair, names: readonly string[], now: number): Promise<KeyPair> {
  const alternatives = names.map((value) => ({ type: 'dns' as const, value }))
  return issueLeaf(
    ca,
    now,
    [{ CN: [names[0]!] }],
    [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([...alternatives, { type: 'ip', value: '127.0.0.1' }]),
    ],
  )
}

/** A client certificate: the user is its CN, the groups are its O. */
export function issueClient(
  ca: KeyPair,
  subject: { readonly user: string; readonly groups: readonly string[] },
  now: number,
): Promise<KeyPair> {
  const name: JsonName = [...subject.groups.map((group) => ({ O: [group] })), { CN: [subject.user] }]
  return issueLeaf(ca, now, name, [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])])
}

async function issueLeaf(
  ca: KeyPair,
  now: number,
  subject: JsonName,
  extensions: readonly Extension[],
): Promise<KeyPair> {
  const authority = new X509Certificate(ca.certificate)
  const keys = await generateKeys()
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: authority.subject,
    notBefore: new Date(now - SKEW_MS),
    notAfter: new Date(Math.min(now + LEAF_LIFE_MS, authority.notAfter.getTime())),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: await importSigningKey(ca.key),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      ...extensions,
      await AuthorityKeyIdentifierExtension.create(await authority.publicKey.export()),
    ],
  })
  return pair(keys, certificate)
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

function importSigningKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' })
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign'])
}

function pair(keys: webcrypto.CryptoKeyPair, certificate: X509Certificate): KeyPair {
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }) as string
  return { key, certificate: `${certificate.toString('pem').trim()}\n` }
}

/** 127 random bits: positive, as RFC 5280 wants. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x01
  return bytes.toString('hex')
}
