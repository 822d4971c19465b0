import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import { isApiError } from '../status.ts'
import { mergeSchemaOf } from '../types/merging.ts'
import { readFixtures } from '../types/testing/fixtures.ts'
import { structure, structureNames, type FieldType } from '../types/types.ts'
import { strategicMerge, type MergeSchema } from './strategic.ts'

function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withoutNulls(item))
  if (!isObject(value)) return value
  const kept = Object.entries(value).filter(([, item]) => item !== null)
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutNulls(item)]))
}

describe('as upstream', () => {
  it.each(readFixtures().patches.map((one) => [`${one.type} ${one.name}`, one] as const))('%s', (_, one) => {
    const before = structuredClone(one.before)
    const patch = structuredClone(one.patch)
    const merge = () => strategicMerge(one.before, one.patch, mergeSchemaOf(one.type))
    if (one.error) expect(merge).toThrow(expect.objectContaining({ code: 400, reason: 'BadRequest' }))
    else expect(withoutNulls(merge())).toEqual(withoutNulls(one.after!))
    expect([one.before, one.patch]).toEqual([before, patch])
  })
})

describe('every list of the type table with a merge key', () => {
  const lists = structureNames().flatMap((type) =>
    structure(type)
      .fields.filter((field) => field.type.form === 'list' && field.patch.merge && field.patch.key !== undefined)
      .map((field) => [type, field.name, field.patch.key!, field.type] as const),
  )
  it('are many', () => expect(lists.length).toBeGreaterThan(30))

  it.each(lists)('%s.%s: a patch of one item leaves the others', (type, name, key, listType) => {
    const [one, two, three] = keysFor(listType, key)
    const item = (value: Json): JsonObject => ({ [key]: value, untouched: true })
    const before = { [name]: [item(one), item(two), item(three)] }
    const after = strategicMerge(before, { [name]: [{ [key]: two, changed: 1 }] }, mergeSchemaOf(type))
    expect(after).toEqual({ [name]: [item(one), { ...item(two), changed: 1 }, item(three)] })
  })
})

function keysFor(type: FieldType, key: string): readonly [Json, Json, Json] {
  const item = type.form === 'list' && type.of.form === 'struct' ? structure(type.of.name).byName.get(key) : undefined
  expect(item, `the merge key ${key} is a field of the items`).toBeDefined()
  return item!.type.form === 'scalar' && item!.type.scalar === 'int32' ? [1, 2, 3] : ['a', 'b', 'c']
}

describe('properties', () => {
  const schema: MergeSchema = {
    field: (name) => ({
      merge: name === 'set' || name === 'items',
      key: name === 'items' ? 'name' : undefined,
      schema,
    }),
  }
  const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 })
  const object = fc.record({
    plain: fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.integer()),
    set: names,
    items: names.map((all) => all.map((name, index) => ({ name, index }))),
    atomic: fc.array(fc.integer(), { maxLength: 3 }),
  })

  it('an empty patch changes nothing', () => {
    fc.assert(
      fc.property(object, (before) => {
        expect(strategicMerge(before, {}, schema)).toEqual(before)
      }),
    )
  })

  it('applying a patch twice is applying it once', () => {
    fc.assert(
      fc.property(object, object, (before, patch) => {
        const once = strategicMerge(before, patch, schema)
        expect(strategicMerge(once, patch, schema)).toEqual(once)
      }),
    )
  })

  it('every item of either side is there once', () => {
    fc.assert(
      fc.property(object, object, (before, patch) => {
        const { items } = strategicMerge(before, patch, schema) as unknown as { items: { name: string }[] }
        const expected = new Set([...before.items, ...patch.items].map((item) => item.name))
        expect(items.map((item) => item.name).toSorted()).toEqual([...expected].toSorted())
      }),
    )
  })

  it('a deleted item is gone and no other', () => {
    fc.assert(
      fc.property(object, fc.constantFrom('a', 'b', 'c'), (before, name) => {
        const after = strategicMerge(before, { items: [{ name, $patch: 'delete' }] }, schema)
        expect(after['items']).toEqual(before.items.filter((item) => item.name !== name))
      }),
    )
  })

  it('the order list decides the order', () => {
    fc.assert(
      fc.property(object, fc.func(fc.integer()), (before, shuffle) => {
        const order = before.items.map(({ name }) => ({ name })).toSorted((a, b) => shuffle(a.name) - shuffle(b.name))
        const after = strategicMerge(before, { '$setElementOrder/items': order }, schema)
        expect((after['items'] as JsonObject[]).map((item) => item['name'])).toEqual(order.map((item) => item.name))
      }),
    )
  })
})

it.each(['$deleteFromPrimitiveList/set', '$setElementOrder/items', '$retainKeys'])('%s must be a list', (directive) => {
  let thrown: unknown
  try {
    strategicMerge({ set: ['a'] }, { [directive]: 'a' }, undefined)
  } catch (error) {
    thrown = error
  }
  expect(isApiError(thrown, 'BadRequest')).toBe(true)
})
