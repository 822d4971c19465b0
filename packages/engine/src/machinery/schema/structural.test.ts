import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { freezeJson, type Json, type JsonObject } from '../../base/json.ts'
import { compileSchema, loadSchemaEngines, type StructuralSchema } from './structural.ts'

async function compiled(properties: JsonObject, more: JsonObject = {}): Promise<StructuralSchema> {
  const json = { type: 'object', properties, ...more }
  await loadSchemaEngines(json)
  const { schema, problems } = compileSchema(json)
  expect(problems).toEqual([])
  return schema!
}

async function problemsOf(field: Json, value: Json): Promise<string[]> {
  const schema = await compiled({ f: field })
  return schema.validate({ f: value }, undefined).map((p) => `${p.reason} ${p.path}: ${p.detail}`)
}

describe('values', () => {
  test.each<[Json, Json, string[]]>([
    [
      { type: 'integer' },
      'x',
      ['FieldValueTypeInvalid f: Invalid value: "string": f in body must be of type integer: "string"'],
    ],
    [
      { type: 'integer' },
      1.5,
      ['FieldValueTypeInvalid f: Invalid value: "number": f in body must be of type integer: "number"'],
    ],
    [{ type: 'integer' }, 2n ** 60n, []],
    [{ type: 'number' }, 3, []],
    [
      { type: 'string' },
      [null],
      ['FieldValueTypeInvalid f: Invalid value: "array": f in body must be of type string: "array"'],
    ],
    [
      { type: 'array', items: { type: 'string' } },
      [null],
      ['FieldValueTypeInvalid f[0]: Invalid value: "null": f[0] in body must be of type string: "null"'],
    ],
    [{ type: 'string', nullable: true }, null, []],
    [
      { type: 'string', enum: ['a', 'b'] },
      'x',
      ['FieldValueNotSupported f: Unsupported value: "x": supported values: "a", "b"'],
    ],
    [
      { type: 'integer', maximum: 5 },
      6,
      ['FieldValueInvalid f: Invalid value: 6: f in body should be less than or equal to 5'],
    ],
    [
      { type: 'integer', maximum: 5, exclusiveMaximum: true },
      5,
      ['FieldValueInvalid f: Invalid value: 5: f in body should be less than 5'],
    ],
    [
      { type: 'integer', minimum: 5 },
      4,
      ['FieldValueInvalid f: Invalid value: 4: f in body should be greater than or equal to 5'],
    ],
    [
      { type: 'number', minimum: 5, exclusiveMinimum: true },
      5,
      ['FieldValueInvalid f: Invalid value: 5: f in body should be greater than 5'],
    ],
    [{ type: 'number', multipleOf: 0.1 }, 0.3, []],
    [
      { type: 'integer', multipleOf: 3 },
      10,
      ['FieldValueInvalid f: Invalid value: 10: f in body should be a multiple of 3'],
    ],
    [
      { type: 'integer', format: 'int32' },
      2 ** 31,
      ['FieldValueInvalid f: Invalid value: 2147483648: Checked value must be of type integer with format int32'],
    ],
    [{ type: 'string', maxLength: 3 }, '😀😀😀', []],
    [{ type: 'string', maxLength: 3 }, 'abcd', ['FieldValueTooLong f: Too long: may not be more than 3 bytes']],
    [
      { type: 'string', minLength: 3 },
      '😀😀',
      ['FieldValueInvalid f: Invalid value: "😀😀": f in body should be at least 3 chars long'],
    ],
    [
      { type: 'string', pattern: '^[a-z]+$' },
      'aB',
      ['FieldValueInvalid f: Invalid value: "aB": f in body should match \'^[a-z]+$\''],
    ],
    [{ type: 'string', pattern: 'b' }, 'abc', []],
    [{ type: 'string', pattern: '(?i)^B\\z' }, 'b', []],
    [
      { type: 'string', pattern: '(a+)+$' },
      `${'a'.repeat(5000)}!`,
      [`FieldValueInvalid f: Invalid value: "${'a'.repeat(5000)}!": f in body should match '(a+)+$'`],
    ],
    [
      { type: 'array', maxItems: 1, items: { type: 'integer' } },
      [1, 2],
      ['FieldValueTooMany f: Too many: 2: must have at most 1 items'],
    ],
    [
      { type: 'array', minItems: 1, items: { type: 'integer' } },
      [],
      ['FieldValueInvalid f: Invalid value: 0: f in body should have at least 1 items'],
    ],
    [
      { type: 'object', additionalProperties: { type: 'string' }, maxProperties: 1 },
      { a: 'x', b: 'y' },
      ['FieldValueTooMany f: Too many: 2: must have at most 1 items'],
    ],
    [
      { type: 'object', additionalProperties: { type: 'string' }, minProperties: 1 },
      {},
      ['FieldValueInvalid f: Invalid value: 0: f in body should have at least 1 properties'],
    ],
    [
      { type: 'object', additionalProperties: { type: 'string' } },
      { a: 1 },
      ['FieldValueTypeInvalid f.a: Invalid value: "integer": f.a in body must be of type string: "integer"'],
    ],
    [
      { type: 'object', required: ['a'], properties: { a: { type: 'string' } } },
      {},
      ['FieldValueRequired f.a: Required value'],
    ],
    [{ 'x-kubernetes-int-or-string': true }, '5%', []],
    [{ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] }, 5, []],
    [
      { 'x-kubernetes-int-or-string': true },
      true,
      ['FieldValueTypeInvalid f: Invalid value: "boolean": f in body must be of type integer,string: "boolean"'],
    ],
    [
      { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
      ['a', 'b', 'a'],
      ['FieldValueDuplicate f[2]: Duplicate value: "a"'],
    ],
    [
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
      },
      [{ name: 'a' }, { name: 'a' }],
      ['FieldValueDuplicate f[1]: Duplicate value: {"name":"a"}'],
    ],
    [
      {
        type: 'object',
        properties: { a: { type: 'string' }, b: { type: 'string' } },
        oneOf: [{ required: ['a'] }, { required: ['b'] }],
      },
      { a: 'x', b: 'y' },
      [
        'FieldValueInvalid f: Invalid value: "": "f" must validate one and only one schema (oneOf). Found 2 valid alternatives',
      ],
    ],
    [
      {
        type: 'object',
        properties: { a: { type: 'string' }, b: { type: 'string' } },
        anyOf: [{ required: ['a'] }, { required: ['b'] }],
      },
      {},
      [
        'FieldValueInvalid f: Invalid value: "": "f" must validate at least one schema (anyOf)',
        'FieldValueRequired f.a: Required value',
      ],
    ],
    [
      { type: 'string', not: { enum: ['x'] } },
      'x',
      ['FieldValueInvalid f: Invalid value: "": "f" must not validate the schema (not)'],
    ],
    [
      { type: 'integer', allOf: [{ minimum: 3 }, { maximum: 5 }] },
      6,
      [
        'FieldValueInvalid f: Invalid value: "": "f" must validate all the schemas (allOf)',
        'FieldValueInvalid f: Invalid value: 6: f in body should be less than or equal to 5',
      ],
    ],
    [
      { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
      { kind: 'A' },
      ['FieldValueRequired f.apiVersion: Required value: must not be empty'],
    ],
  ])('%o judges %o', async (field, value, expected) => {
    expect(await problemsOf(field, value)).toEqual(expected)
  })

  test.each<[string, string[], string[]]>([
    ['ipv4', ['1.2.3.4'], ['1.2.3', '1.2.3.256', '01.2.3.4']],
    ['ipv6', ['::1', 'fe80::1:2', '::ffff:1.2.3.4', '1:2:3:4:5:6:7:8'], ['1::2::3', ':1', '1.2.3.4', '1:2:3:4:5:6:7']],
    ['cidr', ['10.0.0.0/8', '::/0'], ['10.0.0.0', '10.0.0.0/33']],
    ['uri', ['https://x.y/z', '/path', 'urn:a:b'], ['x y', 'x', '']],
    ['email', ['a@b.c'], ['a', 'a@', 'a b@c']],
    ['hostname', ['a.b', 'xn--a'], ['-a', 'a..b', 'a_b']],
    ['mac', ['01:23:45:67:89:ab'], ['01:23']],
    ['uuid', ['123e4567-e89b-12d3-a456-426614174000'], ['123']],
    ['uuid4', ['123e4567-e89b-42d3-a456-426614174000'], ['123e4567-e89b-12d3-a456-426614174000']],
    ['byte', ['', 'YQ=='], ['YQ', '!!!!']],
    ['date', ['2026-02-28'], ['2026-02-30', '26-1-1']],
    ['date-time', ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.5+01:00'], ['2026-01-01']],
    ['duration', ['1h30m', '0', '3 days'], ['soon', '3 lunches']],
    ['hexcolor', ['#fff', 'a0b1c2'], ['#ff']],
    ['creditcard', ['4111 1111 1111 1111'], ['4111 1111 1111 1112']],
    ['isbn', ['0-306-40615-2', '978-0-306-40615-7'], ['0-306-40615-3']],
    ['made-up', ['anything'], []],
  ])('format %s', async (format, good, bad) => {
    for (const text of good) expect([text, await problemsOf({ type: 'string', format }, text)]).toEqual([text, []])
    for (const text of bad) {
      expect(await problemsOf({ type: 'string', format }, text)).toEqual([
        `FieldValueTypeInvalid f: Invalid value: ${JSON.stringify(text)}: f in body must be of type ${format}: ${JSON.stringify(text)}`,
      ])
    }
  })

  test('a type error at the root names no field', async () => {
    const schema = await compiled({}, { minProperties: 2 })
    expect(schema.validate({}, undefined).map((p) => `${p.path}: ${p.detail}`)).toEqual([
      '<nil>: Invalid value: 0: "" in body should have at least 2 properties',
    ])
  })
})

describe('ratcheting', () => {
  const properties = {
    name: { type: 'string', maxLength: 3 },
    list: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: {
        type: 'object',
        required: ['k'],
        properties: { k: { type: 'string' }, v: { type: 'integer', maximum: 5 } },
      },
    },
    atomic: { type: 'array', items: { type: 'integer', maximum: 5 } },
  }
  test('unchanged invalid values do not fail an update, changed ones do', async () => {
    const schema = await compiled(properties)
    const old = {
      name: 'long one',
      list: [
        { k: 'a', v: 9 },
        { k: 'b', v: 1 },
      ],
      atomic: [9, 1],
    }
    const paths = (value: JsonObject) => schema.validate(value, old).map((p) => p.path)
    expect(paths(old)).toEqual([])
    expect(
      paths({
        ...old,
        list: [
          { k: 'b', v: 2 },
          { k: 'a', v: 9 },
        ],
      }),
    ).toEqual([])
    expect(
      paths({
        ...old,
        list: [
          { k: 'b', v: 9 },
          { k: 'a', v: 9 },
        ],
      }),
    ).toEqual(['list[0].v'])
    expect(paths({ ...old, name: 'long two' })).toEqual(['name'])
    expect(paths({ ...old, atomic: [9, 2] })).toEqual(['atomic[0]'])
    expect(schema.validate(old, undefined).map((p) => p.path)).toEqual(['name', 'list[0].v', 'atomic[0]'])
  })
})

describe('pruning and defaults', () => {
  const spec = {
    type: 'object',
    default: {},
    properties: {
      size: { type: 'integer', default: 3 },
      nested: { type: 'object', properties: { a: { type: 'string', default: 'x' } } },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { known: { type: 'object' } } },
      map: {
        type: 'object',
        additionalProperties: { type: 'object', properties: { b: { type: 'boolean', default: true } } },
      },
      list: { type: 'array', items: { type: 'object', properties: { c: { type: 'string', default: 'y' } } } },
      may: { type: 'string', nullable: true, default: 'z' },
      pod: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object' } } },
    },
  }

  test.each<[string, JsonObject, JsonObject, string[]]>([
    ['defaults fill in from the root down', {}, { spec: { size: 3, may: 'z' } }, []],
    ['unknown fields go', { spec: { foo: 1, size: 1 }, top: 1 }, { spec: { size: 1, may: 'z' } }, ['spec.foo', 'top']],
    [
      'no default where the parent is missing',
      { spec: { nested: {} } },
      { spec: { nested: { a: 'x' }, size: 3, may: 'z' } },
      [],
    ],
    ['a null becomes the default', { spec: { size: null } }, { spec: { size: 3, may: 'z' } }, []],
    ['a null without a default goes', { spec: { nested: null } }, { spec: { size: 3, may: 'z' } }, []],
    ['a nullable null stays', { spec: { may: null } }, { spec: { may: null, size: 3 } }, []],
    [
      'a free object keeps what it does not know',
      { spec: { free: { x: 1, known: { y: 1 } } } },
      { spec: { free: { x: 1, known: {} }, size: 3, may: 'z' } },
      ['spec.free.known.y'],
    ],
    [
      'maps and lists',
      { spec: { map: { k: {} }, list: [{ d: 1 }] } },
      { spec: { map: { k: { b: true } }, list: [{ c: 'y' }], size: 3, may: 'z' } },
      ['spec.list[0].d'],
    ],
    [
      'an embedded resource keeps its identity',
      { spec: { pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', foo: 1 }, status: {} } } },
      { spec: { pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } }, size: 3, may: 'z' } },
      ['spec.pod.metadata.foo', 'spec.pod.status'],
    ],
    [
      'the root keeps its identity',
      { apiVersion: 'a/v1', kind: 'K', metadata: { x: 1 } },
      { apiVersion: 'a/v1', kind: 'K', metadata: { x: 1 }, spec: { size: 3, may: 'z' } },
      [],
    ],
  ])('%s', async (_, value, expected, unknown) => {
    const schema = await compiled({ spec })
    const seen = schema.normalize(freezeJson(value))
    expect(seen).toEqual({ value: expected, unknown, problems: [] })
  })

  test('are idempotent', async () => {
    const schema = await compiled({ spec })
    const key = fc.constantFrom(
      'size',
      'nested',
      'free',
      'map',
      'list',
      'may',
      'pod',
      'a',
      'c',
      'known',
      '__proto__',
      'kind',
    )
    const json = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json>(null, 1, 'x', true),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4 }),
      ),
    })).value
    fc.assert(
      fc.property(json, (value) => {
        const once = schema.normalize(freezeJson({ spec: value })).value
        const twice = schema.normalize(once)
        expect(twice.unknown).toEqual([])
        expect(twice.value).toEqual(once)
      }),
    )
  })
})

describe('structural rules', () => {
  const at = 'openAPIV3Schema'
  test.each<[string, Json, string[]]>([
    ['a root without type', {}, [`${at}.type: Required value: must not be empty at the root`]],
    [
      'a root that is no object',
      { type: 'string' },
      [`${at}.type: Invalid value: "string": must be object at the root`],
    ],
    [
      'a field without type',
      { type: 'object', properties: { a: {} } },
      [`${at}.properties[a].type: Required value: must not be empty for specified object fields`],
    ],
    [
      'items without type',
      { type: 'object', properties: { a: { type: 'array', items: {} } } },
      [`${at}.properties[a].items.type: Required value: must not be empty for specified array items`],
    ],
    ['$ref', { type: 'object', $ref: '#/x' }, [`${at}.$ref: Forbidden: $ref is not supported`]],
    [
      'unique items',
      { type: 'object', properties: { a: { type: 'array', uniqueItems: true, items: { type: 'string' } } } },
      [
        `${at}.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
      ],
    ],
    [
      'properties beside additionalProperties',
      { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'string' } },
      [`${at}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`],
    ],
    [
      'a type inside the logic',
      { type: 'object', properties: { a: { type: 'string', anyOf: [{ minLength: 1 }, { type: 'object' }] } } },
      [`${at}.properties[a].anyOf[1].type: Forbidden: must be empty to be structural`],
    ],
    [
      'a field that only the logic knows',
      { type: 'object', anyOf: [{ properties: { a: { minLength: 1 } } }] },
      [`${at}.properties[a]: Required value: because it is defined in ${at}.anyOf[0].properties[a]`],
    ],
    [
      'restrictions of metadata',
      { type: 'object', properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } },
      [
        `${at}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`,
      ],
    ],
    [
      'a map list without keys',
      {
        type: 'object',
        properties: { a: { type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object' } } },
      },
      [
        `${at}.properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`,
      ],
    ],
    [
      'a map key that may be missing',
      {
        type: 'object',
        properties: {
          a: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['k'],
            items: { type: 'object', properties: { k: { type: 'string' } } },
          },
        },
      },
      [
        `${at}.properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
      ],
    ],
    [
      'a bad pattern',
      { type: 'object', properties: { a: { type: 'string', pattern: '(?=x)' } } },
      [
        `${at}.properties[a].pattern: Invalid value: "(?=x)": must be a valid regular expression, but isn't: error parsing regexp: invalid or unsupported Perl syntax: \`(?=\``,
      ],
    ],
    [
      'an invalid default',
      { type: 'object', properties: { a: { type: 'integer', default: 'x' } } },
      [
        `${at}.properties[a].default: Invalid value: "string": ${at}.properties[a].default in body must be of type integer: "string"`,
      ],
    ],
    [
      'a default with an unknown field',
      { type: 'object', properties: { a: { type: 'object', default: { b: 1 } } } },
      [
        `${at}.properties[a].default: Invalid value: {"b":1}: must not have unknown field ${at}.properties[a].default.b`,
      ],
    ],
    [
      'an unknown type',
      { type: 'object', properties: { a: { type: 'int' } } },
      [
        `${at}.properties[a].type: Unsupported value: "int": supported values: "array", "boolean", "integer", "number", "object", "string"`,
        `${at}.properties[a].type: Required value: must not be empty for specified object fields`,
      ],
    ],
  ])('%s is refused', async (_, schema, expected) => {
    await loadSchemaEngines(schema)
    const { problems } = compileSchema(schema)
    expect(problems.map((p) => `${p.path}: ${p.detail}`)).toEqual(expected)
  })
})
