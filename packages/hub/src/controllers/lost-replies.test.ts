/** A backend whose answers are lost: nothing is made twice, nothing that nobody wants stays, no credential outlives its claim. */
import { ambiguous } from '@larder/kit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimKind } from '../model/claim.ts'
import { instanceKind } from '../model/instance.ts'
import { testHub, type TestHub } from './testing/hub.ts'
import { Shelf, shelfDriver } from './testing/shelf-driver.ts'
import { calmLine, troubledDriver, type Line, type Verb } from './testing/troubled-driver.ts'

let line: Line
let shelf: Shelf
let hub: TestHub

beforeEach(async () => {
  line = calmLine()
  shelf = new Shelf()
  hub = await testHub({ drivers: [troubledDriver('shelf', shelfDriver(shelf), line)] })
  await hub.start()
  await hub.backend('shelf')
  await hub.service('jars', { roles: [{ name: 'writer', default: true }, { name: 'reader' }] })
})

afterEach(() => hub.stop())

const lost = { after: ambiguous('the connection broke while the answer was read') }

/** Loses the first answers to these verbs. */
function lose(verbs: readonly Verb[], times: number): void {
  const left = new Map(verbs.map((verb) => [verb, times]))
  line.trouble = (verb) => {
    const more = left.get(verb) ?? 0
    left.set(verb, more - 1)
    return more > 0 ? lost : undefined
  }
}

const credentials = () => [...shelf.services.values()].flatMap((service) => [...service.credentials.keys()])
const gone = (name: string) =>
  hub.until(`claim ${name} to be gone`, async () =>
    (await hub.admin.of(claimKind).find(name, 'shop')) === undefined ? true : undefined,
  )

describe('answers that are lost', () => {
  test('of every verb, twice: one service, one credential, and a deletion that leaves neither', async () => {
    lose(['create', 'bind', 'unbind', 'delete', 'observe'], 2)
    await hub.claim('jar', { className: 'jars' })
    const claim = await hub.ready('jar')
    expect([...shelf.created.values()]).toEqual([1])
    expect(credentials()).toEqual([claim.status?.credential?.id])
    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    await gone('jar')
    expect(credentials()).toEqual([])
    await hub.until('nothing to be left outside', () => (shelf.services.size === 0 ? true : undefined))
  })

  test('of bind, and then another role: what was made unseen is revoked', async () => {
    await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    lose(['bind'], 2)
    await hub.admin.of(claimKind).patch('jar', { spec: { role: 'reader' } }, { namespace: 'shop' })
    const claim = await hub.until('the new role', async () => {
      const found = await hub.ready('jar')
      return found.status?.credential?.role === 'reader' && !found.status.credential.predecessor ? found : undefined
    })
    expect(credentials()).toEqual([claim.status?.credential?.id])
  })

  test('of bind, and then the claim goes: the credential that nobody saw is revoked', async () => {
    lose(['bind'], Infinity)
    await hub.claim('jar', { className: 'jars' })
    await hub.until('a credential that nobody saw', () => (credentials().length === 1 ? true : undefined))
    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    await gone('jar')
    expect(credentials()).toEqual([])
    expect(line.calls.some((call) => call.startsWith('unbind'))).toBe(true)
  })

  test('of create, by a backend that shows late what it made: a deletion asks for it to go although it is not to be seen', async () => {
    lose(['create'], Infinity)
    shelf.seen = (want) => (line.calls.includes(`delete ${want.id}`) ? undefined : { phase: 'absent' })
    await hub.claim('jar', { className: 'jars' })
    await hub.until('a service that nobody sees', () => (shelf.services.size === 1 ? true : undefined))
    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    await hub.until('nothing to be left outside', () => (shelf.services.size === 0 ? true : undefined))
  })

  test('with the hub that asked: the next asks for the deletion of what it does not see', async () => {
    line.trouble = (verb) => (verb === 'create' ? 'hang' : undefined)
    const claim = await hub.claim('jar', { className: 'jars' })
    await hub.until('the call', () => (line.hanging > 0 ? true : undefined))
    await hub.kill()
    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    line.trouble = () => undefined
    await hub.start()
    await hub.until('the instance to be gone', async () =>
      (await hub.admin.of(instanceKind).list()).items.length === 0 ? true : undefined,
    )
    expect(line.calls).toContain(`delete ${claim.metadata.uid}`)
  })
})
