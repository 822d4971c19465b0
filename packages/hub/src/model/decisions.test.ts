import { describe, expect, test } from 'vitest'
import { causeOf } from './cause.ts'
import type { Class } from './class.ts'
import { classLabel, credentialId, driverStateName, revisionName } from './names.ts'
import { choosePlan, chooseRole } from './plan-choice.ts'
import { reasonOfWord, reasons, type ReasonFacts } from './reasons.ts'
import { unsupportedInClass, unsupportedInInstance } from './unsupported.ts'
import { isConsumer } from './visibility.ts'

const service = (spec: Partial<Class['spec']>): Class => ({
  apiVersion: 'larder.dev/v1alpha1',
  kind: 'Class',
  metadata: { name: 'jars' },
  spec: { type: 'jar', backendRef: { name: 'b' }, ...spec },
})

describe('the plan of a claim', () => {
  const two = service({ plans: [{ name: 'a' }, { name: 'b', default: true }] })

  test('is the named one, else the default, else the only one', () => {
    expect(choosePlan(two, 'a', undefined)).toEqual({ plan: { name: 'a' } })
    expect(choosePlan(two, undefined, undefined)).toMatchObject({ plan: { name: 'b' } })
    expect(choosePlan(service({ plans: [{ name: 'x' }] }), undefined, undefined)).toMatchObject({ plan: { name: 'x' } })
    expect(choosePlan(service({}), undefined, undefined)).toEqual({ plan: undefined })
  })

  test('stays when the default moves, or when it is no longer offered', () => {
    expect(choosePlan(two, undefined, 'a')).toMatchObject({ plan: { name: 'a' } })
    const closed = service({ plans: [{ name: 'a', offered: false }] })
    expect(choosePlan(closed, 'a', 'a')).toMatchObject({ plan: { name: 'a' } })
    expect(choosePlan(closed, 'a', undefined)).toMatchObject({ refused: 'PlanNotOffered' })
  })

  test.each([
    [{ name: 'a', updatable: false }, { name: 'b' }],
    [{ name: 'a' }, { name: 'b', updatable: false }],
  ])('cannot change when either side forbids it', (a, b) => {
    expect(choosePlan(service({ plans: [a, b] }), 'b', 'a')).toMatchObject({ refused: 'PlanNotUpdatable' })
    expect(choosePlan(service({ plans: [a, b] }), 'b', 'b')).toMatchObject({ plan: { name: 'b' } })
  })
})

test('the role of a claim stays when the default moves, and follows the claim when that names one', () => {
  const roles = service({ roles: [{ name: 'w', default: true }, { name: 'r' }] })
  expect(chooseRole(roles, undefined, undefined)).toMatchObject({ role: { name: 'w' } })
  expect(chooseRole(roles, undefined, 'r')).toMatchObject({ role: { name: 'r' } })
  expect(chooseRole(roles, 'w', 'r')).toMatchObject({ role: { name: 'w' } })
  expect(chooseRole(service({}), 'w', undefined)).toMatchObject({ refused: 'RoleNotFound' })
})

describe('consumers', () => {
  const shop = { name: 'shop', labels: { team: 'red' } }

  test.each([
    ['absent', undefined, true, true],
    ['absent, where that means nobody', undefined, false, false],
    ['empty, which equals absent', {}, true, true],
    ['empty, where absent means nobody', {}, false, false],
    ['by name', { namespaces: ['shop'] }, false, true],
    ['others by name', { namespaces: ['x'] }, true, false],
    ['an empty list', { namespaces: [] }, true, false],
    ['everybody', { selector: {} }, false, true],
    ['by label', { selector: { matchLabels: { team: 'red' } } }, false, true],
    ['by name or label', { namespaces: ['x'], selector: { matchLabels: { team: 'red' } } }, false, true],
    ['by another label', { selector: { matchLabels: { team: 'blue' } } }, true, false],
    ['In', { selector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['red'] }] } }, false, true],
    ['NotIn', { selector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['red'] }] } }, true, false],
    ['Exists', { selector: { matchExpressions: [{ key: 'team', operator: 'Exists' }] } }, false, true],
    ['DoesNotExist', { selector: { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] } }, true, false],
    [
      'a label that nobody can have',
      { selector: { matchExpressions: [{ key: 'te am', operator: 'DoesNotExist' }] } },
      true,
      false,
    ],
    [
      'a value that nobody can have',
      { selector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['b c'] }] } },
      true,
      false,
    ],
    [
      'a label that is the name of a method',
      { selector: { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] } },
      true,
      false,
    ],
    ['NotIn, without values', { selector: { matchExpressions: [{ key: 'team', operator: 'NotIn' }] } }, true, false],
    [
      'Exists, with values',
      { selector: { matchExpressions: [{ key: 'team', operator: 'Exists', values: ['blue'] }] } },
      true,
      false,
    ],
  ] as const)('%s', (_, consumers, absent, expected) => {
    expect(isConsumer(consumers, shop, absent)).toBe(expected)
  })
})

describe('causes', () => {
  test('say whose move it is: of a claim its author is the consumer, of all else the platform', () => {
    expect(causeOf('NotSupportedYet', 'm', { kind: 'Claim', name: 'a', namespace: 'n' }).actor).toBe('consumer')
    expect(causeOf('NotSupportedYet', 'm', { kind: 'Class', name: 'a' }).actor).toBe('platform')
  })

  test('fill in whom the next step is about', () => {
    expect(causeOf('Provisioning', 'm', { kind: 'Claim', name: 'a', namespace: 'n' }).next).toBe(
      'Nothing to do; follow it with `kubectl get claim a -n n -w`.',
    )
    expect(causeOf('Progressing', 'm', { kind: 'Class', name: 'a' }).next).toContain('kubectl get class a -w')
  })

  test.each(Object.entries(reasons) as [string, ReasonFacts][])('%s is a word, with sentences', (reason, facts) => {
    expect(reason).toMatch(/^[A-Z][A-Za-z]+$/)
    expect(facts.meaning).toMatch(/\.$/)
    expect(facts.next).toMatch(/\.$/)
    expect(facts.next.replaceAll(/\{(kind|name|namespace|-n)\}/g, '')).not.toContain('{')
  })

  test('a word of a driver becomes one of ours, or leaves the reason as it was', () => {
    expect(reasonOfWord('NotReady', 'ProvisioningFailed')).toBe('EngineNotReady')
    expect(reasonOfWord('constructor', 'ProvisioningFailed')).toBe('ProvisioningFailed')
    expect(reasonOfWord(undefined, 'ProvisioningFailed')).toBe('ProvisioningFailed')
  })
})

describe('names', () => {
  const uid = '3b241101-e2bb-4255-8caf-4136c566a962'

  test('fit where they are used, however long the object names are', () => {
    expect(credentialId(uid, 1234)).toMatch(/^[a-z0-9-]{1,50}$/)
    expect(driverStateName('x'.repeat(253)).length).toBeLessThanOrEqual(253)
    expect(revisionName(`${'x'.repeat(51)}.${'y'.repeat(200)}`, 'content')).toMatch(/^[a-z0-9.-]{1,63}$/)
    expect(revisionName('redis', 'a')).not.toBe(revisionName('redis', 'b'))
    const [one, other] = ['1', '2'].map((end) => `${'x'.repeat(70)}-${end}`) as [string, string]
    expect(revisionName(one, 'a')).not.toBe(revisionName(other, 'a'))
    expect(classLabel(one)).toMatch(/^[a-z0-9.-]{1,63}$/)
    expect(classLabel(one)).not.toBe(classLabel(other))
    expect(classLabel('redis')).toBe('redis')
  })
})

test('fields of later versions are refused by name, and defaults are not', () => {
  expect(
    unsupportedInClass(service({ reclaimPolicy: 'Delete', sharing: 'Exclusive', deletionProtection: false })),
  ).toBeUndefined()
  expect(
    unsupportedInClass(service({ plans: [{ name: 'a' }, { name: 'b', schemas: { create: 'x' } }] })),
  ).toMatchObject({
    message: 'spec.plans[1].schemas is not supported by this version',
  })
  const instance = { apiVersion: 'larder.dev/v1alpha1', kind: 'Instance', metadata: { name: 'i' } }
  const resourceRef = { apiVersion: 'v1', kind: 'Secret', name: 's' }
  expect(unsupportedInInstance({ ...instance, spec: { resourceRef, existing: 'Adopt' } })).toMatchObject({
    message: 'spec.existing Adopt is not supported by this version',
  })
})
