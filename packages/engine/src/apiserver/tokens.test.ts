import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Clock } from '../base/clock.ts'
import { openTokenAuthority, type TokenAuthority } from './tokens.ts'

let dir: string
let now: number
let accounts: Map<string, string>
const clock: Clock = { now: () => now, after: () => () => {} }

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'larder-tokens-'))
  now = Date.parse('2026-01-01T00:00:00Z')
  accounts = new Map([['shop/builder', 'uid-1']])
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const open = (): TokenAuthority =>
  openTokenAuthority({
    dir,
    clock,
    serviceAccountUid: (namespace, name) => accounts.get(`${namespace}/${name}`),
  })

const spec = { namespace: 'shop', name: 'builder', uid: 'uid-1', audiences: [], expirationSeconds: 600 }

test('a token names its account, with the groups and claims of upstream', async () => {
  const { token, expirationTimestamp } = await open().issue(spec)
  expect(expirationTimestamp).toBe('2026-01-01T00:10:00Z')
  expect(decodeJwt(token)).toMatchObject({
    iss: 'https://kubernetes.default.svc',
    sub: 'system:serviceaccount:shop:builder',
    aud: ['https://kubernetes.default.svc'],
    exp: now / 1000 + 600,
    'kubernetes.io': { namespace: 'shop', serviceaccount: { name: 'builder', uid: 'uid-1' } },
  })
  expect(await open().verify(token)).toMatchObject({
    name: 'system:serviceaccount:shop:builder',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
    uid: 'uid-1',
  })
  expect(statSync(join(dir, 'pki', 'service-account.key')).mode & 0o777).toBe(0o600)
})

test('a token dies with its account, and is not revived by a namesake', async () => {
  const authority = open()
  const { token } = await authority.issue(spec)
  expect(await authority.verify(token)).toBeDefined()
  accounts.delete('shop/builder')
  expect(await authority.verify(token)).toBeUndefined()
  accounts.set('shop/builder', 'uid-2')
  expect(await authority.verify(token)).toBeUndefined()
})

test('a token expires, also when its signature was checked before', async () => {
  const authority = open()
  const { token } = await authority.issue(spec)
  now += 599_000
  expect(await authority.verify(token)).toBeDefined()
  now += 1_000
  expect(await authority.verify(token)).toBeUndefined()
  expect(await open().verify(token)).toBeUndefined()
})

test('a token for somebody else, of somebody else, or no token at all is refused', async () => {
  const authority = open()
  const { token: foreign } = await authority.issue({ ...spec, audiences: ['vault'] })
  expect(await authority.verify(foreign)).toBeUndefined()
  expect(await authority.verify(foreign, ['vault'])).toBeDefined()

  const { token } = await authority.issue(spec)
  const [head, body, signature] = token.split('.') as [string, string, string]
  const forged = Buffer.from(JSON.stringify({ ...decodeJwt(token), exp: 9e9 })).toString('base64url')
  expect(await authority.verify(`${head}.${forged}.${signature}`)).toBeUndefined()
  const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url')
  expect(await authority.verify(`${none}.${body}.`)).toBeUndefined()
  expect(await authority.verify('abc')).toBeUndefined()

  rmSync(join(dir, 'pki'), { recursive: true })
  expect(await open().verify(token)).toBeUndefined()
})

test('the published key checks the signature', async () => {
  const authority = open()
  const { token } = await authority.issue(spec)
  const { createLocalJWKSet, jwtVerify } = await import('jose')
  const set = createLocalJWKSet({ keys: [...(await authority.jwks()).keys] })
  const { payload } = await jwtVerify(token, set, { currentDate: new Date(now) })
  expect(payload.sub).toBe('system:serviceaccount:shop:builder')
  expect(JSON.stringify(await authority.jwks())).not.toContain('"d"')
})
