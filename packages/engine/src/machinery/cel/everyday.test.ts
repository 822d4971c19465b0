/** Rules as people write them in CRDs, each on a value that keeps it and on one that breaks it. */
import { expect, test } from 'vitest'
import type { Json, JsonObject } from '../../base/json.ts'
import { compileSchema, loadSchemaEngines } from '../schema/structural.ts'

const text = { type: 'string' }
const integer = { type: 'integer' }
const object = (properties: JsonObject) => ({ type: 'object', properties })
const listOf = (items: JsonObject) => ({ type: 'array', items })
const mapOf = (additionalProperties: JsonObject) => ({ type: 'object', additionalProperties })
const choice = object({ a: text, b: text, c: object({ d: integer }) })

test.each<[string, JsonObject, Json, Json]>([
  ['self.min <= self.max', object({ min: integer, max: integer }), { min: 1, max: 1 }, { min: 2, max: 1 }],
  ["self in ['a', 'b']", text, 'a', 'c'],
  ["self.startsWith('x-') || self.endsWith('!')", text, 'x-1', 'y'],
  ['self > 0 && self <= 65535', integer, 80, 0],
  ["self.matches(r'^\\d+$')", text, '12', 'a12'],
  ["self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')", text, 'a-b', 'a-'],
  ['[has(self.a), has(self.b)].filter(x, x).size() == 1', choice, { a: 'x' }, { a: 'x', b: 'y' }],
  ['(has(self.a) ? 1 : 0) + (has(self.b) ? 1 : 0) == 1', choice, { b: 'x' }, {}],
  ['has(self.a) != has(self.b)', choice, { a: 'x' }, {}],
  ["self.a == 'x' ? has(self.c) : !has(self.c)", choice, { a: 'x', c: {} }, { a: 'x' }],
  ['has(self.c) && has(self.c.d) && self.c.d > 1', choice, { c: { d: 2 } }, { c: {} }],
  ['self.?c.?d.orValue(0) < 5', choice, {}, { c: { d: 5 } }],
  ['!has(self.a) || self.a.size() <= 3', choice, {}, { a: 'long' }],
  ['self.all(k, self[k].size() < 3)', mapOf(text), { a: 'x' }, { a: 'long' }],
  ["self.all(k, k.startsWith('a'))", mapOf(integer), { ab: 1 }, { b: 1 }],
  ["'a' in self && has(self.b)", mapOf(integer), { a: 1, b: 2 }, { a: 1 }],
  ['self.all(x, self.exists_one(y, x == y))', listOf(text), ['a', 'b'], ['a', 'a']],
  [
    "self.filter(c, c.type == 'Ready').size() <= 1",
    listOf(object({ type: text })),
    [{ type: 'Ready' }],
    [{ type: 'Ready' }, { type: 'Ready' }],
  ],
  [
    'self.map(p, p.name).isSorted()',
    listOf(object({ name: text })),
    [{ name: 'a' }, { name: 'b' }],
    [{ name: 'b' }, { name: 'a' }],
  ],
  ['self.sum() == 100', listOf(integer), [60, 40], [60]],
  ["duration(self) >= duration('1s')", text, '1m', '1ms'],
  ["self > duration('1s')", { type: 'string', format: 'duration' }, '2s', '1s'],
  [
    "self < timestamp('2030-01-01T00:00:00Z')",
    { type: 'string', format: 'date-time' },
    '2029-12-31T23:59:59Z',
    '2030-01-01T00:00:00Z',
  ],
  ["type(self) == int ? self > 0 : self.matches('^[1-9][0-9]?%$')", { 'x-kubernetes-int-or-string': true }, '50%', 0],
  ["isQuantity(self) && quantity(self).compareTo(quantity('1Gi')) <= 0", text, '512Mi', '2Gi'],
  ["isURL(self) && url(self).getScheme() == 'https'", text, 'https://x.y', 'http://x.y'],
  ["self.split('/').size() == 2 && self.split('/')[0] != ''", text, 'a/b', '/b'],
  ['self == {"a": "b"}', mapOf(text), { a: 'b' }, { a: 'c' }],
  ["self == [{'x': 1}] || self.size() == 0", listOf(mapOf(integer)), [{ x: 1 }], [{ x: 2 }]],
  [
    'self.a + 1 == self.b',
    object({ a: integer, b: integer }),
    { a: 9007199254740992, b: 9007199254740993n },
    { a: 9007199254740992, b: 9007199254740992 },
  ],
  ['100 / self > 0', integer, 5, 0],
  ['self * 9223372036854775807 > 0', integer, 1, 2],
  ['self * 2.0 > 3.0', { type: 'number' }, 2, 1],
  ['double(self) / 2.0 == 1.5', integer, 3, 4],
  ['self > 1', { type: 'integer', nullable: true }, null, 1],
  ["self.matches('(?i)^A\\\\z')", { type: 'string', nullable: true }, 'a', 'b'],
  ["self.matches('(?i)^' + 'A')", { 'x-kubernetes-int-or-string': true }, 'a', 5],
])('%s', async (rule, field, good, bad) => {
  const json = object({ f: { ...field, 'x-kubernetes-validations': [{ rule, message: 'broken' }] } })
  await loadSchemaEngines(json)
  const { schema, problems } = compileSchema(json)
  const judge = (f: Json) => schema!.validate({ f }, undefined).map((p) => p.detail)
  expect(problems).toEqual([])
  expect(judge(good)).toEqual([])
  expect(judge(bad)).toHaveLength(1)
})
