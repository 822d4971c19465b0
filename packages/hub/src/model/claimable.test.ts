import { describe, expect, test } from 'vitest'
import type { Class } from './class.ts'
import type { ClaimPolicy } from './claim-policy.ts'
import { claimableClass, isClaimable, isOpen, openedObjects } from './claimable.ts'
import type { Instance } from './instance.ts'
import { USED_ANNOTATION } from './names.ts'

const service = (spec: Partial<Class['spec']> = {}, reason = 'Ready') =>
  ({
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'Class',
    metadata: { name: 'caches' },
    spec: { type: 'redis', backendRef: { name: 'pool' }, ...spec },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: reason === 'Ready' ? 'True' : 'False',
          reason,
          message: 'told',
          lastTransitionTime: '',
        },
      ],
    },
  }) as Class

const instance = (spec: Partial<Instance['spec']>, metadata: Partial<Instance['metadata']> = {}) =>
  ({
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'Instance',
    metadata: { name: 'db', namespace: 'data', ...metadata },
    spec: { className: 'postgres', ...spec },
  }) as Instance

const policy = (subject: Partial<ClaimPolicy['spec']['subjects'][number]>, namespaces = ['shop']) =>
  ({
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'ClaimPolicy',
    metadata: { name: 'p', namespace: 'data' },
    spec: { consumers: { namespaces }, subjects: [{ group: 'larder.dev', kind: 'Instance', ...subject }] },
  }) as ClaimPolicy

const shop = { name: 'shop' }
const holder = { namespace: 'a', name: 'b', uid: 'c' }

describe('a class', () => {
  test.each<[string, Class, Parameters<typeof claimableClass>[1], object]>([
    ['that makes services', service(), undefined, { claimable: true }],
    ['with something free', service(), { permitted: 3, free: 2 }, { claimable: true, free: 2 }],
    [
      'all of which is held',
      service(),
      { permitted: 3, free: 0 },
      { claimable: false, free: 0, reason: 'PoolExhausted' },
    ],
    [
      'with nothing for this namespace',
      service(),
      { permitted: 0, free: 0 },
      { claimable: false, reason: 'PoolEmpty' },
    ],
    ['whose pool cannot be asked', service(), 'unknown', { claimable: false, reason: 'BackendUnavailable' }],
    ['that is not offered', service({ offered: false }), undefined, { claimable: false, reason: 'ClassNotOffered' }],
    ['that is not Ready', service({}, 'EngineMissing'), undefined, { reason: 'EngineMissing', message: 'told' }],
    [
      'whose plans are all closed',
      service({ plans: [{ name: 'a', offered: false }] }),
      undefined,
      { reason: 'PlanNotOffered' },
    ],
  ])('%s', (_, of, pool, told) => {
    expect(claimableClass(of, pool)).toMatchObject(told)
  })

  test('shows the plans that may be chosen, and nothing of its recipe', () => {
    const shown = claimableClass(
      service({
        recipe: { password: 's3cret' },
        plans: [
          { name: 'small', default: true, parameters: { fixed: 'inside' } },
          { name: 'old', offered: false },
        ],
      }),
      undefined,
    )
    expect(shown.plans).toEqual([{ name: 'small', default: true }])
    expect(JSON.stringify(shown)).not.toMatch(/s3cret|inside/)
  })
})

describe('an instance', () => {
  test.each<[string, Instance, boolean]>([
    ['that nobody holds is open', instance({}), true],
    ['that is held is not', instance({ claimRef: holder }), false],
    ['that is shared is open however many hold it', instance({ sharing: 'Shared', claimRef: holder }), true],
    ['that is going is not', instance({}, { deletionTimestamp: '2026-11-21T10:00:00Z' }), false],
    ['that is paused is not', instance({ paused: true }), false],
    [
      'that is to be wiped first is not',
      instance({ reclaimPolicy: 'Recycle' }, { annotations: { [USED_ANNOTATION]: 'uid' } }),
      false,
    ],
    [
      'that was retained is',
      instance({ reclaimPolicy: 'Retain' }, { annotations: { [USED_ANNOTATION]: 'uid' } }),
      true,
    ],
    [
      'that only records a hold is not',
      instance({ resourceRef: { apiVersion: 'v1', kind: 'Secret', name: 's' } }),
      false,
    ],
  ])('%s', (_, of, open) => {
    expect(isOpen(of)).toBe(open)
  })

  test('is for its home, and elsewhere by policy alone, in some role at least', () => {
    const db = instance({})
    expect(isClaimable(db, [], { name: 'data' })).toBe(true)
    expect(isClaimable(db, [], shop)).toBe(false)
    expect(isClaimable(db, [policy({})], shop)).toBe(true)
    expect(isClaimable(db, [policy({ roles: ['reader'] })], shop)).toBe(true)
    expect(isClaimable(db, [policy({ names: ['other'] })], shop)).toBe(false)
    expect(isClaimable(db, [policy({}, ['bakery'])], shop)).toBe(false)
  })
})

const opened = (subject: object, consumer = shop) => openedObjects(policy(subject), consumer)

test('where to look for objects that a policy opens: only where a version is known', () => {
  expect(opened({ group: '', kind: 'Secret', names: ['a'] })).toEqual([
    { apiVersion: 'v1', kind: 'Secret', namespace: 'data', names: ['a'], selector: {} },
  ])
  expect(opened({ group: 'example.com/v1', kind: 'Thing' })).toMatchObject([
    { apiVersion: 'example.com/v1', kind: 'Thing' },
  ])
  expect(opened({ group: 'example.com', kind: 'Thing' })).toEqual([])
  expect(opened({ group: '', kind: 'Secret' }, { name: 'bakery' })).toEqual([])
})
