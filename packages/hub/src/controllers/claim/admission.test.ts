import type { ApiError } from '@larder/engine/machinery/status'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimKind, type Claim } from '../../model/claim.ts'
import { classKind } from '../../model/class.ts'
import { FINALIZER } from '../../model/names.ts'
import type { TestHub } from '../testing/hub.ts'
import { shelfHub } from '../testing/shelf-hub.ts'

let hub: TestHub

beforeEach(async () => {
  ;({ hub } = await shelfHub({}, { admission: true }))
  const schema = { type: 'object', properties: { lid: { type: 'string', enum: ['red', 'blue'] } } }
  await hub.service('jars', {
    parameters: { openAPIV3Schema: schema },
    plans: [
      { name: 'small', default: true },
      { name: 'large', parameters: { lid: 'blue' } },
    ],
  })
  await hub.service('secret', { parameters: { openAPIV3Schema: schema }, consumers: { namespaces: ['elsewhere'] } })
})

afterEach(() => hub.stop())

const refusal = (spec: Claim['spec']) =>
  hub.claim('jar', spec).then(
    () => undefined,
    (error: unknown) => error as ApiError,
  )

describe('at admission', () => {
  test('a claim gets its finalizer with its first write, and no write of its own for that', async () => {
    const mine = 'example.com/mine'
    const metadata = { name: 'jar', namespace: 'shop', finalizers: [mine] }
    const born = await hub.admin.of(claimKind).create({ metadata, spec: { className: 'jars' } })
    expect(born.metadata.finalizers).toEqual([mine, FINALIZER])
    await hub.ready('jar')
    expect(hub.cut.writes.filter((write) => write === 'patch claims jar')).toEqual([])
    await hub.admin.of(claimKind).patch('jar', { metadata: { finalizers: [FINALIZER] } }, { namespace: 'shop' })
  })

  test('a bad parameter is told with its field, and nothing is stored', async () => {
    const error = await refusal({ className: 'jars', parameters: { lid: 'green', size: 1 } })
    expect(error?.code).toBe(422)
    expect(error?.details?.causes).toEqual([
      {
        reason: 'FieldValueForbidden',
        message: 'Forbidden: unknown field; allowed: lid',
        field: 'spec.parameters.size',
      },
      {
        reason: 'FieldValueNotSupported',
        message: 'Unsupported value: "green": supported values: "red", "blue"',
        field: 'spec.parameters.lid',
      },
    ])
    expect(await hub.admin.of(claimKind).find('jar', 'shop')).toBeUndefined()
  })

  test('a parameter that the plan fixes is refused by name', async () => {
    const error = await refusal({ className: 'jars', plan: 'large', parameters: { lid: 'blue' } })
    expect(error?.message).toContain('spec.parameters.lid: Forbidden: fixed to "blue" by plan large')
  })

  test.each(['nope', 'secret'])(
    'a class that the namespace does not see passes: status tells (%s)',
    async (className) => {
      expect(await refusal({ className, parameters: { lid: 'green' } })).toBeUndefined()
      expect(await hub.cause(claimKind, 'jar', 'shop')).toMatchObject({ reason: 'ClassNotFound' })
    },
  )

  test('an update is checked too, and a class that has become stricter locks nobody out', async () => {
    await hub.claim('jar', { className: 'jars', parameters: { lid: 'red' } })
    await hub.ready('jar')
    const claims = hub.admin.of(claimKind)
    const bad = claims.patch('jar', { spec: { parameters: { lid: 'green' } } }, { namespace: 'shop' })
    await expect(bad).rejects.toMatchObject({ code: 422 })
    const schema = { type: 'object', properties: { lid: { type: 'string', enum: ['blue'] } } }
    await hub.admin.of(classKind).patch('jars', { spec: { parameters: { openAPIV3Schema: schema } } })
    await claims.patch('jar', { metadata: { labels: { a: 'b' } } }, { namespace: 'shop' })
    await claims.delete('jar', { namespace: 'shop' })
  })
})
