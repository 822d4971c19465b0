/** What a claim says beside plain parameters: secret ones, those for its credentials, and which keys it wants. */
import { namespaceType, secretType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimKind, type Claim } from '../../model/claim.ts'
import { classKind } from '../../model/class.ts'
import type { TestHub } from '../testing/hub.ts'
import { Shelf } from '../testing/shelf-driver.ts'
import { shelfHub } from '../testing/shelf-hub.ts'

let shelf: Shelf
let hub: TestHub
/** What the driver was told at each bind, newest last. */
let told: unknown[]

beforeEach(async () => {
  shelf = new Shelf()
  told = []
  shelf.bound = (_, credential) => void told.push(credential.parameters)
  ;({ hub } = await shelfHub({}, { shelf }))
  const schema = {
    type: 'object',
    required: ['code'],
    properties: { code: { type: 'string', minLength: 4, pattern: '^[a-z-]+$' }, lid: { type: 'string' } },
  }
  await hub.service('jars', { parameters: { openAPIV3Schema: schema } })
  await hub.service('plain')
})

afterEach(() => hub.stop())

const secret = (data: Record<string, string>, name = 'codes', namespace = 'shop') =>
  hub.admin.of(secretType).create({ metadata: { name, namespace }, stringData: data })

const from = (key = 'code', at = '/code', namespace?: string) => [
  { secretKeyRef: { name: 'codes', key, ...(namespace !== undefined && { namespace }) }, at },
]

const causeOf = (name: string, reason: string) => hub.cause(claimKind, name, 'shop', reason)
const stalledOf = (name: string) =>
  hub.until(`claim ${name} to stall`, async () => {
    const { status } = await hub.admin.of(claimKind).get(name, 'shop')
    const stalled = findCondition(status?.conditions, 'Stalled')
    return stalled && { stalled, ready: findCondition(status?.conditions, 'Ready') }
  })
const patch = (name: string, spec: object) => hub.admin.of(claimKind).patch(name, { spec }, { namespace: 'shop' })

describe('secret parameters', () => {
  test('wait for their Secret, reach the driver, stay out of everything else, and are followed', async () => {
    await hub.claim('jar', { className: 'jars', parametersFrom: from(), parameters: { lid: 'red' } })
    expect(await causeOf('jar', 'SecretNotFound')).toMatchObject({
      actor: 'consumer',
      message: 'spec.parametersFrom[0]: there is no Secret shop/codes with a key code',
    })
    await secret({ code: 'hush-hush' })
    const { metadata } = await hub.ready('jar')
    expect(shelf.services.get(metadata.uid!)?.parameters).toEqual({ lid: 'red', code: 'hush-hush' })
    await hub.admin.of(secretType).patch('codes', { stringData: { code: 'other-one' } }, { namespace: 'shop' })
    await hub.until('the change to reach the driver', () =>
      JSON.stringify(shelf.services.get(metadata.uid!)?.parameters).includes('other-one') ? true : undefined,
    )
    await hub.ready('jar')
    const seen = hub.everything().filter(({ kind }) => kind !== 'Secret')
    expect(JSON.stringify(seen)).not.toMatch(/hush-hush|other-one/)
  })

  test('are checked by the schema of the class, in words that do not quote them', async () => {
    await secret({ code: 'Hush123' })
    await hub.claim('jar', { className: 'jars', parametersFrom: from() })
    expect((await causeOf('jar', 'ParametersInvalid')).message).toBe(
      'spec.parameters.code: Invalid value: what comes from a Secret does not fit',
    )
    expect(JSON.stringify(hub.everything().filter(({ kind }) => kind !== 'Secret'))).not.toContain('Hush123')
  })

  test('come from the namespace of the claim alone', async () => {
    await hub.admin.of(namespaceType).create({ metadata: { name: 'vault' } })
    await secret({ code: 'hush-hush' }, 'codes', 'vault')
    await hub.claim('jar', { className: 'jars', parametersFrom: from('code', '/code', 'vault') })
    expect((await causeOf('jar', 'ParametersInvalid')).message).toBe(
      'spec.parametersFrom[0].secretKeyRef.namespace: must be shop, the namespace of the claim',
    )
    expect(shelf.services.size).toBe(0)
  })

  test('that lose their Secret take no application down', async () => {
    await secret({ code: 'hush-hush' })
    await hub.claim('jar', { className: 'jars', parametersFrom: from() })
    await hub.ready('jar')
    await hub.admin.of(secretType).delete('codes', { namespace: 'shop' })
    const { stalled, ready } = await stalledOf('jar')
    expect(stalled.reason).toBe('SecretNotFound')
    expect(ready?.status).toBe('True')
    await secret({ code: 'hush-hush' })
    await hub.until('the refusal to go', async () => {
      const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
      return findCondition(status?.conditions, 'Stalled') ? undefined : true
    })
  })

  test('that claims share are shared only by claims of the same Secret', async () => {
    await hub.admin.of(classKind).patch('jars', { spec: { sharing: 'Shared' } })
    await secret({ code: 'hush-hush', more: 'other-one' })
    for (const [name, key] of [
      ['a', 'code'],
      ['b', 'code'],
      ['c', 'more'],
    ] as const) {
      await hub.claim(name, { className: 'jars', parametersFrom: from(key) })
      await hub.ready(name)
    }
    expect(shelf.services.size).toBe(2)
  })
})

describe('parameters of the credentials', () => {
  test('reach the driver; others, also from a Secret that changes, mean other credentials', async () => {
    await secret({ code: 'hush-hush' })
    await hub.claim('jar', {
      className: 'plain',
      binding: { parameters: { tables: ['a'] }, parametersFrom: from('code', '/pin') },
    })
    expect((await hub.ready('jar')).status?.credential?.serial).toBe(1)
    expect(told).toEqual([{ tables: ['a'], pin: 'hush-hush' }])
    const old = (await hub.secretValues('jar'))!['password']!
    await hub.admin.of(secretType).patch('codes', { stringData: { code: 'other-one' } }, { namespace: 'shop' })
    await hub.until('other credentials', async () => {
      const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
      return status?.credential?.serial === 2 && !status.credential.predecessor ? true : undefined
    })
    expect(told.at(-1)).toEqual({ tables: ['a'], pin: 'other-one' })
    expect(shelf.accepts(old)).toBe(false)
    await patch('jar', { binding: { parameters: { tables: ['b'] } } })
    await hub.until('other credentials', async () => {
      const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
      return status?.credential?.serial === 3 && !status.credential.predecessor ? true : undefined
    })
    await hub.ready('jar')
    expect(JSON.stringify(hub.everything().filter(({ kind }) => kind !== 'Secret'))).not.toMatch(/hush-hush|other-one/)
  })

  test('wait for their Secret before anything is made with less', async () => {
    await hub.claim('jar', { className: 'plain', binding: { parametersFrom: from() } })
    await causeOf('jar', 'SecretNotFound')
    expect(told).toEqual([])
    await secret({ code: 'hush-hush' })
    expect((await hub.ready('jar')).status?.credential?.serial).toBe(1)
  })
})

test('a door says where a claim came from, and the driver hears it', async () => {
  const origin = { door: 'osb-broker', request: 'r-1', requester: { user: 'ann', groups: ['blue'] } }
  let heard: unknown
  shelf.bound = (_, credential) => void (heard = credential.origin)
  await hub.claim('jar', { className: 'plain', origin })
  await hub.ready('jar')
  expect(heard).toEqual(origin)
})

describe('the keys of a binding', () => {
  const values = { host: 'cellar', port: '1234' }

  test.each([
    ['WellKnown', 'servicebinding.io/jar', { ...values, type: 'jar', provider: 'larder' }],
    ['Raw', 'Opaque', values],
  ] as const)('%s', async (format, type, expected) => {
    await hub.claim('jar', { className: 'plain', binding: { format } })
    await hub.ready('jar')
    const { password: _, username: __, ...others } = (await hub.secretValues('jar'))!
    expect(others).toEqual(expected)
    expect((await hub.admin.of(secretType).get('jar', 'shop')).type).toBe(type)
  })

  test('follow a change of format, and nothing else changes', async () => {
    const formats: NonNullable<Claim['spec']['binding']>[] = [{}, { format: 'JSON' }, { format: 'Raw' }, {}]
    await hub.claim('jar', { className: 'plain' })
    await hub.ready('jar')
    const { password } = (await hub.secretValues('jar'))!
    for (const { format } of formats) {
      await patch('jar', { binding: { format: format ?? null } })
      await hub.until(`format ${format}`, async () => {
        const now = await hub.secretValues('jar')
        const whole = format === 'JSON' ? (JSON.parse(now?.['credentials.json'] ?? '{}') as typeof now) : now
        const keys = Object.keys(now ?? {}).length
        return (whole?.['password'] === password && keys === { JSON: 1, Raw: 4 }[format as string]) ||
          (format === undefined && keys === 6)
          ? true
          : undefined
      })
    }
    const settled = await hub.until('the change to be over', async () => {
      const claim = await hub.ready('jar')
      return claim.status?.conditions?.some(({ type }) => type === 'Reconciling') ? undefined : claim
    })
    expect(settled.status?.credential?.serial).toBe(1)
    await hub.kill()
    await hub.start()
    await hub.admin.of(claimKind).patch('jar', { metadata: { labels: { touched: 'yes' } } }, { namespace: 'shop' })
    await hub.claim('marker', { className: 'none' })
    await causeOf('marker', 'ClassNotFound')
    expect(hub.cut.writes.filter((write) => !write.includes('marker'))).toEqual([])
  })
})
