import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { groupOf, judge } from './permission.ts'
import { allot, turnOf } from './line.ts'

const claim = (uid: string, createdAt: string, namespace = 'shop') => ({ uid, createdAt, namespace })
const member = (name: string, namespace = 'services') => ({ name, namespace })

const onlyReaders = ({ role }: { role?: string | undefined }) => role === 'reader'
const may = ({ namespace }: { namespace: string }) => namespace !== 'barred'

describe('the line', () => {
  test('no two claims are ever given the same, and nothing is left while somebody could have it', () => {
    const uids = fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { maxLength: 12 })
    fc.assert(
      fc.property(uids, fc.integer({ min: 0, max: 6 }), (ids, count) => {
        const line = ids.map((id) => claim(`u${id}`, `t${id % 3}`))
        const free = Array.from({ length: count }, (_, i) => member(`m${i}`))
        const given = line.flatMap(({ uid }) => turnOf(uid, line, free, () => true) ?? [])
        expect(new Set(given).size).toBe(given.length)
        expect(given).toHaveLength(Math.min(line.length, count))
      }),
    )
  })

  test('goes by age, then by uid, and skips who may have nothing', () => {
    const line = [claim('b', 't1'), claim('a', 't1'), claim('old', 't0', 'barred')]
    expect(turnOf('a', line, [member('m')], may)).toEqual(member('m'))
    expect(turnOf('b', line, [member('m')], may)).toBeUndefined()
    expect(turnOf('old', line, [member('m')], may)).toBeUndefined()
  })

  test('a role that may not have it is no reason for another of the same namespace', () => {
    const line = [
      { ...claim('a', 't0'), role: 'writer' },
      { ...claim('b', 't1'), role: 'reader' },
    ]
    expect(turnOf('b', line, [member('m')], onlyReaders)).toEqual(member('m'))
  })

  test('what is left over goes to who came later; what is given does not', () => {
    const { given, draw } = allot([claim('a', 't1')], [member('m'), member('n')], () => true)
    expect(given.get('a')).toEqual(member('m'))
    expect([draw(claim('b', 't0')), draw(claim('c', 't0'))]).toEqual([member('n'), undefined])
  })

  test('what lives beside the claim is its first choice', () => {
    const free = [member('m', 'a'), member('n', 'shop')]
    expect(turnOf('a', [claim('a', 't1')], free, () => true)).toEqual(member('n', 'shop'))
  })
})

test('a policy takes a group or a whole apiVersion, and needs a role where it names roles', () => {
  expect([undefined, '', 'v1', 'apps', 'apps/v1'].map(groupOf)).toEqual(['', '', '', 'apps', 'apps'])
  const spec = { consumers: { namespaces: ['shop'] }, subjects: [{ kind: 'Secret', roles: ['reader'] }] }
  const policy = { apiVersion: 'larder.dev/v1alpha1', kind: 'ClaimPolicy', metadata: { name: 'p' }, spec }
  const secret = { apiVersion: 'v1', kind: 'Secret', name: 's' }
  expect(judge([policy], secret, { name: 'shop' }, 'reader')).toBe('yes')
  expect(judge([policy], secret, { name: 'shop' }, undefined)).toBe('no')
  expect(judge([policy], secret, { name: 'other' }, 'reader')).toBe('no')
})
