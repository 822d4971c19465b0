import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Clock, systemClock } from '../base/clock.ts'
import { ensureCertificates } from './certificates.ts'
import { renderKubeconfig } from './kubeconfig.ts'

const YEAR_MS = 365 * 24 * 3600 * 1000
let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'larder-pki-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const decode = (text: string): string => Buffer.from(text, 'base64').toString()
const later = (ms: number): Clock => ({ ...systemClock, now: () => Date.now() + ms })

test('a new directory gets an authority, a server and an administrator', async () => {
  const { caCertificate, server, admin } = await ensureCertificates(dir, systemClock)
  const ca = new X509Certificate(caCertificate)
  expect(ca.ca).toBe(true)
  const leaf = new X509Certificate(server.certificate)
  expect(leaf.verify(ca.publicKey)).toBe(true)
  expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1')
  expect(leaf.checkIP('::1')).toBeDefined()
  expect(leaf.checkHost('localhost')).toBe('localhost')
  expect(leaf.checkHost('kubernetes.default.svc')).toBe('kubernetes.default.svc')
  const client = new X509Certificate(admin.certificate)
  expect(client.subject.split('\n')).toEqual(['O=system:masters', 'CN=larder-admin'])
  expect(client.verify(ca.publicKey)).toBe(true)
})

test('the front proxy has an authority of its own: no client of the API can pass for it', async () => {
  const { caCertificate, frontProxy } = await ensureCertificates(dir, systemClock)
  const client = new X509Certificate(frontProxy.client.certificate)
  expect(client.subject).toBe('CN=front-proxy-client')
  expect(client.verify(new X509Certificate(frontProxy.caCertificate).publicKey)).toBe(true)
  expect(client.verify(new X509Certificate(caCertificate).publicKey)).toBe(false)
})

test('only the owner may read any of the files', async () => {
  await ensureCertificates(dir, systemClock)
  const folder = join(dir, 'pki')
  expect(readdirSync(folder).sort()).toEqual([
    'admin.pem',
    'ca.crt',
    'ca.pem',
    'front-proxy-ca.pem',
    'front-proxy-client.pem',
    'server.pem',
  ])
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
})

test('a used directory is taken as it is', async () => {
  const first = await ensureCertificates(dir, systemClock)
  expect(await ensureCertificates(dir, systemClock)).toEqual(first)
})

test('near their end the leaves are renewed under the same authority', async () => {
  const first = await ensureCertificates(dir, systemClock)
  const second = await ensureCertificates(dir, later(1.6 * YEAR_MS))
  expect(second.caCertificate).toBe(first.caCertificate)
  expect(second.server.certificate).not.toBe(first.server.certificate)
  expect(new X509Certificate(second.admin.certificate).verify(new X509Certificate(first.caCertificate).publicKey)).toBe(
    true,
  )
})

test('with the authority everything is renewed', async () => {
  const first = await ensureCertificates(dir, systemClock)
  const second = await ensureCertificates(dir, later(9.9 * YEAR_MS))
  expect(second.caCertificate).not.toBe(first.caCertificate)
  expect(
    new X509Certificate(second.server.certificate).verify(new X509Certificate(second.caCertificate).publicKey),
  ).toBe(true)
})

test('a damaged file, and a leaf of another authority, are replaced', async () => {
  const first = await ensureCertificates(dir, systemClock)
  truncateSync(join(dir, 'pki/server.pem'), 100)
  const second = await ensureCertificates(dir, systemClock)
  expect(second.server.certificate).not.toBe(first.server.certificate)
  expect(second.admin).toEqual(first.admin)

  rmSync(join(dir, 'pki/ca.pem'))
  const third = await ensureCertificates(dir, systemClock)
  expect(third.admin).not.toEqual(first.admin)

  writeFileSync(
    join(dir, 'pki/admin.pem'),
    readFileSync(join(dir, 'pki/server.pem'), 'utf8').replace(/-----BEGIN CERT[\s\S]*/, first.admin.certificate),
  )
  const fourth = await ensureCertificates(dir, systemClock)
  expect(fourth.server).toEqual(third.server)
  expect(fourth.admin).not.toEqual(third.admin)
})

test('the kubeconfig carries everything inline in one context', async () => {
  const { caCertificate, admin } = await ensureCertificates(dir, systemClock)
  const config = parse(renderKubeconfig({ url: 'https://127.0.0.1:7701', caCertificate, client: admin }))
  expect(config['current-context']).toBe('larder')
  expect(config.contexts).toEqual([{ name: 'larder', context: { cluster: 'larder', user: 'larder' } }])
  expect(config.clusters[0].cluster.server).toBe('https://127.0.0.1:7701')
  expect(decode(config.clusters[0].cluster['certificate-authority-data'])).toBe(caCertificate)
  expect(decode(config.users[0].user['client-certificate-data'])).toBe(admin.certificate)
  expect(decode(config.users[0].user['client-key-data'])).toBe(admin.key)
})
