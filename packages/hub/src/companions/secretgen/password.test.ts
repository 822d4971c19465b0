/** Rows 63 to 65 and 69 of docs/reference/services-toolkit-compatibility.md. */
import { asJson } from '@larder/engine/machinery/object'
import { secretType } from '@larder/engine/client/builtin'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testHub, type TestHub } from '../../controllers/testing/hub.ts'
import { secretgen } from './door.ts'
import { generatePassword } from './generating/password.ts'
import { carvelPasswordKind, passwordKind, type Password } from './kinds.ts'

let hub: TestHub
beforeEach(async () => {
  hub = await testHub({ drivers: [], doors: [secretgen] })
  await hub.start()
})
afterEach(() => hub.stop())

type Group = typeof passwordKind
const BOTH = [
  ['secretgen.k14s.io', passwordKind, carvelPasswordKind],
  ['secretgen.carvel.dev', carvelPasswordKind, passwordKind],
] as const

const passwords = (type: Group) => hub.admin.of(type)
const make = (type: Group, spec: NonNullable<Password['spec']> = {}, metadata: object = {}) =>
  passwords(type).create({ metadata: { name: 'creds', namespace: 'shop', ...metadata }, spec })
const find = (type: Group) => passwords(type).find('creds', 'shop')
const succeeded = (type: Group) =>
  hub.until('the password to be reconciled', async () => {
    const found = await find(type)
    const { conditions, observedGeneration } = found?.status ?? {}
    const isDone = conditions?.[0]?.type === 'ReconcileSucceeded' && observedGeneration === found?.metadata.generation
    return isDone ? found : undefined
  })
const secret = () => hub.admin.of(secretType).find('creds', 'shop')
const value = () => hub.until('the Secret', async () => (await hub.secretValues('creds'))?.['password'])
/** Behind which every object has been looked at: those that were there come first. */
async function later() {
  for (const [name, type] of [
    ['later', passwordKind],
    ['sooner', carvelPasswordKind],
  ] as const) {
    await passwords(type).create({ metadata: { name, namespace: 'shop' } })
    await hub.until(
      `password ${name}`,
      async () => (await passwords(carvelPasswordKind).find(name, 'shop'))?.status?.observedGeneration,
    )
  }
}
const gone = (what: string, ask: () => Promise<unknown>) =>
  hub.until(`${what} to go`, async () => ((await ask()) ? undefined : true))

describe.each(BOTH)('a Password made in %s', (_, type, other) => {
  test('row 63: both groups show one object: made, edited and deleted in either', async () => {
    await make(type, { length: 12 }, { labels: { team: 'red' } })
    const twin = await succeeded(other)
    expect(twin.spec).toEqual({ length: 12 })
    expect(twin.metadata.labels).toEqual({ team: 'red' })
    expect((await succeeded(type)).status).toEqual({ ...twin.status, observedGeneration: 1 })

    await passwords(other).patch('creds', { spec: { length: null, digits: 3 } }, { namespace: 'shop' })
    await hub.until('the edit to arrive', async () => ((await find(type))?.spec?.digits === 3 ? true : undefined))
    expect((await find(type))?.spec).toEqual({ digits: 3 })
    await passwords(type).patch('creds', { metadata: { labels: { team: 'blue' } } }, { namespace: 'shop' })
    await hub.until('the label to arrive', async () =>
      (await find(other))?.metadata.labels?.['team'] === 'blue' ? true : undefined,
    )
    await Promise.all([succeeded(type), succeeded(other)])

    await passwords(other).delete('creds', { namespace: 'shop' })
    await gone('the password', () => find(type))
    await gone('the Secret', secret)
    expect(await find(other)).toBeUndefined()
  })

  test('row 63: what is deleted where it was made is gone in the other group', async () => {
    await make(type)
    await Promise.all([succeeded(type), succeeded(other)])
    await passwords(type).delete('creds', { namespace: 'shop' })
    await gone('its twin', () => find(other))
    await gone('the Secret', secret)
    expect(await find(type)).toBeUndefined()
  })

  test('row 64: 128 characters of the key that the template names, Opaque', async () => {
    await make(type, { length: 128, secretTemplate: { type: 'Opaque', stringData: { password: '$(value)' } } })
    expect(await value()).toMatch(/^[a-zA-Z0-9]{128}$/)
    expect(await secret()).toMatchObject({ type: 'Opaque' })
  })
})

describe('a Password', () => {
  test('row 64: is 40 letters and digits in a basic-auth Secret, with labels and annotations of the Password', async () => {
    await make(passwordKind, {}, { labels: { a: 'b' }, annotations: { c: 'd' } })
    expect(await value()).toMatch(/^[a-zA-Z0-9]{40}$/)
    const made = await secret()
    const { uid } = (await find(passwordKind))!.metadata
    expect(made).toMatchObject({
      type: 'kubernetes.io/basic-auth',
      metadata: { labels: { a: 'b' }, ownerReferences: [{ kind: 'Password', uid, controller: true }] },
    })
    expect(made?.metadata.annotations).toEqual({ c: 'd' })
    expect(Object.keys(made?.data ?? {})).toEqual(['password'])
  })

  test('row 64: variables stand where the template wants them, others stay, and a template replaces all keys', async () => {
    const stringData = { url: 'redis://:$(value)@host', literal: '$$(value)', other: '$(nothing)' }
    const metadata = { labels: { x: 'y' }, annotations: { z: 'w' } }
    await make(passwordKind, { length: 8, secretTemplate: { metadata, type: 'mine', stringData } })
    await succeeded(passwordKind)
    const values = await hub.until('the Secret', () => hub.secretValues('creds'))
    expect(values).toEqual({
      url: expect.stringMatching(/^redis:\/\/:[a-zA-Z0-9]{8}@host$/),
      literal: '$(value)',
      other: '$(nothing)',
    })
    expect(await secret()).toMatchObject({ type: 'mine', metadata })
  })

  test('row 65: an edit never makes another password, and neither does a new hub', async () => {
    await make(passwordKind, { length: 20 })
    const first = await value()
    await passwords(passwordKind).patch('creds', { spec: { length: 50 } }, { namespace: 'shop' })
    await succeeded(passwordKind)
    await hub.kill()
    await hub.start()
    await passwords(carvelPasswordKind).patch('creds', { spec: { length: 60 } }, { namespace: 'shop' })
    await hub.until('the edit to arrive', async () =>
      (await find(passwordKind))?.spec?.length === 60 ? true : undefined,
    )
    await succeeded(passwordKind)
    expect(await value()).toBe(first)
  })

  test('row 86: a Secret that was deleted is made anew, and its labels follow the Password while its content does not', async () => {
    await make(passwordKind, {}, { labels: { team: 'red' } })
    const first = await value()
    await hub.admin.of(secretType).delete('creds', { namespace: 'shop' })
    const second = await hub.until('another password', async () => {
      const { password } = (await hub.secretValues('creds')) ?? {}
      return password === first ? undefined : password
    })
    await hub.admin.of(secretType).patch('creds', { metadata: { labels: { theirs: 'x' } } }, { namespace: 'shop' })
    const edit = {
      metadata: { labels: { team: 'blue' } },
      spec: { secretTemplate: { metadata: { labels: { tier: '1' } } } },
    }
    await passwords(carvelPasswordKind).patch('creds', edit, { namespace: 'shop' })
    const labels = await hub.until('the labels to follow', async () => {
      const now = (await secret())?.metadata.labels
      return now?.['team'] === 'blue' && now['tier'] ? now : undefined
    })
    expect(labels).toEqual({ team: 'blue', tier: '1', theirs: 'x' })
    expect(await value()).toBe(second)
  })

  test('row 65: a Secret that somebody else made is left alone; once it is deleted there is a password', async () => {
    await hub.admin.of(secretType).create({ metadata: { name: 'creds', namespace: 'shop' }, data: { mine: 'eA==' } })
    await make(passwordKind, {}, { labels: { team: 'red' } })
    await succeeded(passwordKind)
    expect(await hub.secretValues('creds')).toEqual({ mine: 'x' })
    expect((await secret())?.metadata.labels).toBeUndefined()
    await hub.admin.of(secretType).delete('creds', { namespace: 'shop' })
    expect(await value()).toHaveLength(40)
  })

  test('row 69: has one condition and says it in a line', async () => {
    await make(passwordKind)
    const { status } = await succeeded(passwordKind)
    expect(status).toEqual({
      observedGeneration: 1,
      conditions: [{ type: 'ReconcileSucceeded', status: 'True' }],
      friendlyDescription: 'Reconcile succeeded',
    })
  })

  test('in sync, in both groups, nothing is written', async () => {
    await make(passwordKind)
    await Promise.all([succeeded(passwordKind), succeeded(carvelPasswordKind)])
    const revision = (await find(passwordKind))?.metadata.resourceVersion
    const twinRevision = (await find(carvelPasswordKind))?.metadata.resourceVersion
    await hub.kill()
    await hub.start()
    await later()
    expect(hub.cut.writes.filter((write) => write.endsWith(' creds'))).toEqual([])
    expect((await find(passwordKind))?.metadata.resourceVersion).toBe(revision)
    expect((await find(carvelPasswordKind))?.metadata.resourceVersion).toBe(twinRevision)
  })

  test('that was copied with its record to another namespace is a Password of its own', async () => {
    await make(passwordKind)
    const { metadata, spec = {} } = await succeeded(passwordKind)
    const { annotations = {} } = metadata
    await passwords(passwordKind).create({ metadata: { name: 'creds', namespace: 'default', annotations }, spec })
    await hub.until('the copy', () => hub.secretValues('creds', 'default'))
    expect(asJson(await passwords(carvelPasswordKind).get('creds', 'default'))['spec']).toEqual({})
  })
})

describe.each(BOTH)('a hub that is killed while it makes a Password of %s', (_, type, other) => {
  test.each([1, 2, 3, 4, 5, 6])('row 65: at write %i leaves one password that both groups show', async (write) => {
    await hub.kill()
    await hub.start()
    hub.cut.dieAt(write, 'after')
    await make(type, { length: 9 })
    await hub.until('the death', () => hub.cut.dead || undefined)
    const before = (await hub.secretValues('creds'))?.['password']
    await hub.kill()
    await hub.start()
    await Promise.all([succeeded(type), succeeded(other)])
    const after = await value()
    expect(after).toBe(before ?? after)
    expect((await find(other))?.spec).toEqual({ length: 9 })
    // News of the Secret's end come before that of the Password's: nothing is made for one that is gone.
    await passwords(write % 2 === 0 ? type : other).delete('creds', { namespace: 'shop' })
    for (const each of [type, other]) await gone('the password', () => find(each))
    await gone('the Secret', secret)
  })
})

const bytes = (size: number) => crypto.getRandomValues(new Uint8Array(size))
function counting() {
  let next = 0
  return (size: number) => Uint8Array.from({ length: size }, () => (next = (next * 31 + 7) % 251))
}

describe('generated passwords', () => {
  test('row 64: hold at least what is asked for, and more than the length where that is more', () => {
    for (let i = 0; i < 50; i++) {
      const all = generatePassword(
        { length: 10, digits: 5, uppercaseLetters: 4, lowercaseLetters: 3, symbols: 2, symbolCharSet: '?' },
        bytes,
      )
      expect(all).toHaveLength(14)
      expect(all.replaceAll(/\D/g, '')).toHaveLength(5)
      expect(all.replaceAll(/[^?]/g, '')).toHaveLength(2)
      expect(generatePassword({ length: 6, symbols: 1 }, bytes)).toMatch(/^(?=.*[!@#$%&*;.:])[a-zA-Z0-9!@#$%&*;.:]{6}$/)
    }
  })

  test('have their minimums anywhere, and follow the random bytes alone', () => {
    const firsts = new Set(
      Array.from({ length: 200 }, () => /\d/.exec(generatePassword({ digits: 1, length: 4 }, bytes))?.index),
    )
    expect(firsts).toContain(0)
    expect(firsts).toContain(3)
    expect(generatePassword({}, counting())).toBe(generatePassword({}, counting()))
  })
})
