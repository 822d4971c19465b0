/** Certificate, RSAKey and SSHKey, judged by OpenSSL through node and by the format of OpenSSH. */
import { createPrivateKey, createPublicKey, sign, verify, X509Certificate } from 'node:crypto'
import { secretType } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testHub, type TestHub } from '../../controllers/testing/hub.ts'
import { secretgen } from './door.ts'
import { certificateKind, rsaKeyKind, sshKeyKind, type Certificate } from './kinds.ts'

let hub: TestHub
beforeEach(async () => {
  hub = await testHub({ drivers: [], doors: [secretgen] })
  await hub.start()
})
afterEach(() => hub.stop())

const make = (type: ResourceType<KubeObject & { readonly spec?: object }>, name: string, spec: object = {}) =>
  hub.admin.of(type).create({ metadata: { name, namespace: 'shop' }, spec })
const values = (name: string) => hub.until(`Secret ${name}`, () => hub.secretValues(name))
const certificate = (name: string, spec: NonNullable<Certificate['spec']>) => make(certificateKind, name, spec)
async function issued(name: string) {
  const { 'crt.pem': pem = '', 'key.pem': key = '' } = await values(name)
  const x509 = new X509Certificate(pem)
  expect(x509.checkPrivateKey(createPrivateKey(key))).toBe(true)
  return x509
}
const DAY_MS = 24 * 3600 * 1000

describe('a Certificate', () => {
  test('of an authority that comes later is what was asked for, and is made once', async () => {
    await certificate('server', {
      caRef: { name: 'ca' },
      commonName: 'server.shop',
      organization: 'Larder',
      alternativeNames: ['server.shop.svc', '10.0.0.1'],
      extendedKeyUsage: ['server_auth'],
      duration: 30,
    })
    await hub.until('it to say what is missing', async () => {
      const { status } = await hub.admin.of(certificateKind).get('server', 'shop')
      return status?.conditions?.[0]?.message === 'spec.caRef: Secret "ca" is not in this namespace' ? true : undefined
    })
    await certificate('ca', { isCA: true, commonName: 'the authority' })
    const ca = await issued('ca')
    expect([ca.ca, ca.subject, ca.issuer]).toEqual([true, 'CN=the authority', 'CN=the authority'])
    const server = await issued('server')
    expect([server.ca, server.subject, server.issuer]).toEqual([false, 'O=Larder\nCN=server.shop', 'CN=the authority'])
    expect(server.checkIssued(ca)).toBe(true)
    expect(server.verify(ca.publicKey)).toBe(true)
    expect(server.subjectAltName).toBe('DNS:server.shop.svc, IP Address:10.0.0.1')
    expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    expect(Date.parse(server.validTo) - Date.parse(server.validFrom)).toBe(30 * DAY_MS)
    expect(server.publicKey.asymmetricKeyDetails?.modulusLength).toBe(3072)

    await hub.admin.of(certificateKind).patch('server', { spec: { commonName: 'other' } }, { namespace: 'shop' })
    await hub.until('the edit to be seen', async () => {
      const { status } = await hub.admin.of(certificateKind).get('server', 'shop')
      return status?.observedGeneration === 2 ? true : undefined
    })
    expect((await issued('server')).fingerprint256).toBe(server.fingerprint256)
  })

  test('lives a year unless told, and its template names the keys', async () => {
    const secretTemplate = {
      type: 'kubernetes.io/tls',
      stringData: { 'tls.crt': '$(certificate)', 'tls.key': '$(privateKey)' },
    }
    await certificate('own', { commonName: 'own', secretTemplate })
    const { 'tls.crt': pem = '' } = await values('own')
    const x509 = new X509Certificate(pem)
    expect(x509.verify(x509.publicKey)).toBe(true)
    expect(Date.parse(x509.validTo) - Date.parse(x509.validFrom)).toBe(365 * DAY_MS)
    expect((await hub.admin.of(secretType).get('own', 'shop')).type).toBe('kubernetes.io/tls')
  })

  test('says when the Secret of its authority is none, and tells nothing that is in it', async () => {
    const data = {
      'crt.pem': Buffer.from('s3cret').toString('base64'),
      'key.pem': Buffer.from('s3cret').toString('base64'),
    }
    await hub.admin.of(secretType).create({ metadata: { name: 'ca', namespace: 'shop' }, data })
    await certificate('server', { caRef: { name: 'ca' } })
    const said = await hub.until(
      'it to say so',
      async () => (await hub.admin.of(certificateKind).get('server', 'shop')).status?.conditions?.[0]?.message,
    )
    expect(said).toBe('spec.caRef: Secret "ca" has a crt.pem or key.pem that cannot be read')
  })
})

test('an RSAKey is a pair, in the keys and under the names of its template', async () => {
  await make(rsaKeyKind, 'plain')
  await make(rsaKeyKind, 'named', { secretTemplate: { stringData: { a: '$(privateKey)', b: '$(publicKey)' } } })
  const { 'key.pem': key = '', 'pub.pem': pub = '' } = await values('plain')
  const { a = '', b = '' } = await values('named')
  for (const [privatePem, publicPem] of [
    [key, pub],
    [a, b],
  ] as const) {
    const text = Buffer.from('text')
    expect(verify('sha256', text, createPublicKey(publicPem), sign('sha256', text, createPrivateKey(privatePem)))).toBe(
      true,
    )
  }
  expect((await hub.admin.of(secretType).get('plain', 'shop')).type).toBe('Opaque')
})

test('an SSHKey is a key and the line that admits it', async () => {
  await make(sshKeyKind, 'login')
  const { 'ssh-privatekey': key = '', 'ssh-authorizedkey': line = '' } = await values('login')
  expect((await hub.admin.of(secretType).get('login', 'shop')).type).toBe('kubernetes.io/ssh-auth')
  const [type, blob = ''] = line.trim().split(' ')
  expect(type).toBe('ssh-rsa')
  const parts = partsOf(Buffer.from(blob, 'base64'))
  const { e = '', n = '' } = createPublicKey(createPrivateKey(key)).export({ format: 'jwk' })
  const [, exponent, modulus] = parts
  expect(parts[0]?.toString()).toBe('ssh-rsa')
  expect(exponent).toEqual(Buffer.from(e, 'base64url'))
  expect(modulus).toEqual(Buffer.concat([Buffer.of(0), Buffer.from(n, 'base64url')]))
})

function partsOf(blob: Buffer): readonly Buffer[] {
  if (blob.length === 0) return []
  const end = 4 + blob.readUInt32BE(0)
  return [blob.subarray(4, end), ...partsOf(blob.subarray(end))]
}
