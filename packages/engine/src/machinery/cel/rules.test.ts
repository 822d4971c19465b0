import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../base/json.ts'
import { compileSchema, loadSchemaEngines, type CompiledSchema } from '../schema/structural.ts'

const properties: JsonObject = {
  n: { type: 'integer' },
  d: { type: 'number' },
  s: { type: 'string' },
  t: { type: 'string', format: 'date-time' },
  dur: { type: 'string', format: 'duration' },
  l: { type: 'array', items: { type: 'integer' } },
  names: { type: 'array', items: { type: 'string' } },
  m: { type: 'object', additionalProperties: { type: 'string' } },
  o: {
    type: 'object',
    properties: { a: { type: 'integer' }, 'b-c': { type: 'string' }, namespace: { type: 'string' } },
  },
  maybe: { type: 'string', nullable: true },
  ios: { 'x-kubernetes-int-or-string': true },
  list: { type: 'array', items: { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'string' } } } },
}
const spec: JsonObject = {
  n: 5,
  d: 2,
  s: 'Abc',
  t: '2026-01-02T03:04:05Z',
  dur: '1h30m',
  l: [1, 2, 3],
  names: ['x', 'y'],
  m: { k: 'v', 'a-b': 'w' },
  o: { a: 1, 'b-c': 'q', namespace: 'ns' },
  maybe: null,
  ios: '5%',
  list: [{ a: 1, b: 'x' }, { a: 2 }],
}

async function compiled(rules: Json, fields: JsonObject = properties): Promise<CompiledSchema> {
  const schema = {
    type: 'object',
    properties: { spec: { type: 'object', properties: fields, 'x-kubernetes-validations': rules } },
  }
  await loadSchemaEngines(schema)
  return compileSchema(schema)
}

async function judge(rule: string, value: Json = spec): Promise<string[]> {
  const { schema, problems } = await compiled([{ rule }])
  expect(problems).toEqual([])
  return schema!.validate({ spec: value }, undefined).map((p) => p.detail)
}

const failure = async (rule: JsonObject, value: JsonObject = spec) => {
  const { schema } = await compiled([rule])
  return schema!.validate({ spec: value }, undefined).map((p) => `${p.reason} ${p.path}: ${p.detail}`)
}

const judgeChange = async (rules: JsonObject[], value: JsonObject, old?: JsonObject) => {
  const { schema, problems } = await compiled(rules)
  expect(problems).toEqual([])
  return schema!.validate({ spec: value }, old && { spec: old }).map((p) => p.detail)
}

const schemaWith = async (rule: string) => {
  const json = { type: 'object', properties: {}, 'x-kubernetes-validations': [{ rule }] }
  await loadSchemaEngines(json)
  return compileSchema(json)
}

describe('expressions that hold', () => {
  test.each([
    'self.n == 5',
    'self.n > 3 && self.n < 5.5',
    'self.n == 5.0',
    'self.d == 2',
    'self.d / 4.0 == 0.5',
    'self.n / 2 == 2',
    'self.n % 2 == 1',
    'has(self.o.a) && !has(self.ios) || true',
    'self.l.all(x, x > 0)',
    'self.l.exists(x, x == 2)',
    'self.l.exists_one(x, x == 2)',
    'self.l.map(x, x * 2) == [2, 4, 6]',
    'self.l.filter(x, x > 1).size() == 2',
    "self.m.all(k, k.size() < 9) && 'k' in self.m && self.m['k'] == 'v'",
    'self.l.isSorted() && self.l.sum() == 6 && self.l.min() == 1 && self.l.max() == 3',
    'self.l.indexOf(2) == 1 && self.l.lastIndexOf(9) == -1 && self.names.indexOf("y") == 1',
    'self.names.isSorted()',
    "self.s.matches('(?i)^ABC$')",
    "self.s.matches('b')",
    "matches(self.s, '^A')",
    "'a1b22'.find('[0-9]+') == '1' && 'a1b22'.findAll('[0-9]+') == ['1', '22'] && 'a1b22'.findAll('[0-9]+', 1) == ['1']",
    "self.s.lowerAscii() == 'abc' && self.s.charAt(1) == 'b' && self.s.replace('b', 'x') == 'Axc' && self.s.substring(1) == 'bc'",
    "'a,b'.split(',') == ['a', 'b'] && self.names.join('-') == 'x-y' && ' a '.trim() == 'a'",
    "'%s is %d, %.2f, %x'.format([self.s, self.n, self.d, 255]) == 'Abc is 5, 2.00, ff'",
    "url('https://u@h.example:80/p?a=b').getHost() == 'h.example:80' && url('https://[::1]:80/').getHostname() == '::1'",
    "url('https://h/p?a=b&a=c').getQuery()['a'] == ['b', 'c'] && isURL('/p') && !isURL('h')",
    "quantity('1Gi').isGreaterThan(quantity('1000Mi')) && quantity('1').add(quantity('500m')).compareTo(quantity('1500m')) == 0",
    "quantity('2k').asInteger() == 2000 && isQuantity('10Q') == false && quantity('1000m') == quantity('1')",
    "ip('127.0.0.1').isLoopback() && ip('::1').family() == 6 && isIP('::1') && !isIP('::g') && ip.isCanonical('::1')",
    "cidr('10.0.0.0/8').containsIP('10.1.2.3') && !cidr('10.0.0.0/8').containsIP(ip('11.0.0.1'))",
    "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('::/0').prefixLength() == 0",
    'sets.contains([1, 2, 3], [2]) && sets.equivalent([1, 2], [2, 1, 1]) && !sets.intersects([1], [2])',
    "self.t < timestamp('2027-01-01T00:00:00Z') && self.t.getFullYear() == 2026",
    "self.dur == duration('90m') && self.dur.getMinutes() == 90",
    'self.maybe == null',
    "type(self.ios) == string && self.ios == '5%'",
    "self.o.b__dash__c == 'q' && self.o.__namespace__ == 'ns'",
    "self.?s.orValue('x') == 'Abc' && self.?maybe.hasValue()",
    'cel.bind(x, self.n + 1, x * x) == 36',
    'self.list.exists(i, has(i.b) && i.a == 1) && self.list[1].a == 2',
    'self == self && self.o == self.o && self.list == self.list && self.list != []',
    'self.list.map(i, i.a) == [1, 2]',
    'size(self.s) == 3 && self.names.size() == 2 && self.m.size() == 2',
    "self.l.all(i, v, v == i + 1) && self.m.exists(k, v, k == 'k' && v == 'v') && self.l.existsOne(i, v, v == 2)",
    'self.l.transformList(i, v, i + v) == [1, 3, 5] && self.l.transformList(i, v, v > 1, v) == [2, 3]',
    "self.m.transformMap(k, v, v + '!')['k'] == 'v!'",
    'self.n in self.l || true',
    "'😀'.size() == 1",
    'string(self.n) == "5" && int("7") == 7 && double(self.n) == 5.0 && dyn(self.n) == 5',
  ])('%s', async (rule) => {
    expect(await judge(rule)).toEqual([])
  })
})

describe('rules that cannot be judged are refused with their CRD', () => {
  const at = 'openAPIV3Schema.properties[spec].x-kubernetes-validations[0]'
  test.each<[JsonObject, string]>([
    [{ rule: 'self.nope == 1' }, `${at}.rule: Invalid value: "self.nope == 1": compilation failed: No such key: nope`],
    [{ rule: 'has(self.nope)' }, `${at}.rule: Invalid value: "has(self.nope)": compilation failed: No such key: nope`],
    [
      { rule: 'frob(self.n)' },
      `${at}.rule: Invalid value: "frob(self.n)": compilation failed: found no matching overload for 'frob(int)'`,
    ],
    [{ rule: 'other == 1' }, `${at}.rule: Invalid value: "other == 1": compilation failed: Unknown variable: other`],
    [
      { rule: 'self.n + "x" == "y"' },
      `${at}.rule: Invalid value: "self.n + \\"x\\" == \\"y\\"": compilation failed: no such overload: int + string`,
    ],
    [{ rule: 'self.n' }, `${at}.rule: Invalid value: "self.n": must evaluate to a bool, not int`],
    [
      { rule: 'self.s.matches("(?=x)")' },
      `${at}.rule: Invalid value: "self.s.matches(\\"(?=x)\\")": compilation failed: error parsing regexp: invalid or unsupported Perl syntax: \`(?=\``,
    ],
    [
      { rule: 'authorizer.path("/x").check("get").allowed()' },
      `${at}.rule: Invalid value: "authorizer.path(\\"/x\\").check(\\"get\\").allowed()": compilation failed: Unknown variable: authorizer`,
    ],
    [
      { rule: 'true', messageExpression: 'self.n' },
      `${at}.messageExpression: Invalid value: "self.n": must evaluate to a string, not int`,
    ],
    [
      { rule: 'true', fieldPath: '.nope' },
      `${at}.fieldPath: Invalid value: ".nope": fieldPath must be a valid path of fields of the schema`,
    ],
    [
      { rule: 'true', reason: 'Bad' },
      `${at}.reason: Unsupported value: "Bad": supported values: "FieldValueRequired", "FieldValueInvalid", "FieldValueForbidden", "FieldValueDuplicate"`,
    ],
    [{ rule: 'true', message: ' ' }, `${at}.message: Invalid value: " ": message must be non-empty if specified`],
    [
      { rule: 'true &&\n true' },
      `${at}.message: Required value: message must be specified if rule contains line breaks`,
    ],
    [
      { rule: 'true', optionalOldSelf: true },
      `${at}.optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule`,
    ],
  ])('%o', async (rule, expected) => {
    const { schema, problems } = await compiled([rule])
    expect(schema).toBeUndefined()
    expect(problems.map((p) => `${p.path}: ${p.detail}`)).toEqual([expected])
  })

  test('syntax', async () => {
    const { problems } = await compiled([{ rule: 'self.n ==' }])
    expect(problems).toHaveLength(1)
    expect(problems[0]!.detail).toMatch(/^Invalid value: "self\.n ==": compilation failed: /)
  })

  test('oldSelf in the items of an atomic list', async () => {
    const items = { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self >= oldSelf' }] }
    const { problems } = await compiled([], { l: { type: 'array', items } })
    expect(problems.map((p) => p.detail)).toEqual([
      'Invalid value: "self >= oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema: make the list x-kubernetes-list-type: map',
    ])
  })
})

describe('failures', () => {
  test.each<[JsonObject, string]>([
    [{ rule: ' self.n < 3 ' }, 'FieldValueInvalid spec: Invalid value: "object": failed rule: self.n < 3'],
    [{ rule: 'self.n < 3', message: 'too big' }, 'FieldValueInvalid spec: Invalid value: "object": too big'],
    [
      { rule: 'self.n < 3', message: 'no', messageExpression: "'n is %d'.format([self.n])" },
      'FieldValueInvalid spec: Invalid value: "object": n is 5',
    ],
    [
      { rule: 'self.n < 3', message: 'no', messageExpression: 'self.names[9]' },
      'FieldValueInvalid spec: Invalid value: "object": no',
    ],
    [
      { rule: 'self.n < 3', fieldPath: '.n' },
      'FieldValueInvalid spec.n: Invalid value: "object": failed rule: self.n < 3',
    ],
    [
      { rule: 'self.n < 3', reason: 'FieldValueForbidden', message: 'never' },
      'FieldValueForbidden spec: Forbidden: never',
    ],
    [
      { rule: 'self.n < 3', reason: 'FieldValueRequired', fieldPath: '.o.a' },
      'FieldValueRequired spec.o.a: Required value: failed rule: self.n < 3',
    ],
    [
      { rule: 'self.l[7] == 1' },
      'FieldValueInvalid spec: Invalid value: "object": No such key: index out of bounds, index 7 >= size 3 evaluating rule: self.l[7] == 1',
    ],
  ])('%o says %s', async (rule, expected) => {
    expect(await failure(rule)).toEqual([expected])
  })

  test('a rule that an absent field breaks says so', async () => {
    expect(await failure({ rule: 'self.n < 3' }, {})).toEqual([
      'FieldValueInvalid spec: Invalid value: "object": No such key: n evaluating rule: self.n < 3',
    ])
  })

  test('rules wait until the schema holds', async () => {
    expect(await failure({ rule: 'self.n < 3' }, { n: 'x' })).toEqual([
      'FieldValueTypeInvalid spec.n: Invalid value: "string": spec.n in body must be of type integer: "string"',
    ])
  })
})

describe('rules about changes', () => {
  const immutable = { rule: 'self.s == oldSelf.s', message: 's is immutable' }

  test('are judged on update only', async () => {
    expect(await judgeChange([immutable], { s: 'a' })).toEqual([])
    expect(await judgeChange([immutable], { s: 'a', n: 2 }, { s: 'a', n: 1 })).toEqual([])
    expect(await judgeChange([immutable], { s: 'b' }, { s: 'a' })).toEqual(['Invalid value: "object": s is immutable'])
  })

  test('see an optional old value when they ask for it', async () => {
    const rule = {
      rule: 'oldSelf.hasValue() ? self.n >= oldSelf.value().n : self.n == 0',
      optionalOldSelf: true,
      message: 'no',
    }
    expect(await judgeChange([rule], { n: 0 })).toEqual([])
    expect(await judgeChange([rule], { n: 1 })).toEqual(['Invalid value: "object": no'])
    expect(await judgeChange([rule], { n: 1 }, { n: 0 })).toEqual([])
    expect(await judgeChange([rule], { n: 0 }, { n: 1 })).toEqual(['Invalid value: "object": no'])
  })

  test('find the twins of items in a map list', async () => {
    const items = {
      type: 'object',
      required: ['k'],
      properties: {
        k: { type: 'string' },
        v: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self >= oldSelf', message: 'shrunk' }] },
      },
    }
    const fields = { l: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], items } }
    const { schema, problems } = await compiled([], fields)
    expect(problems).toEqual([])
    const found = schema!.validate(
      {
        spec: {
          l: [
            { k: 'b', v: 1 },
            { k: 'new', v: 0 },
            { k: 'a', v: 3 },
          ],
        },
      },
      {
        spec: {
          l: [
            { k: 'a', v: 2 },
            { k: 'b', v: 2 },
          ],
        },
      },
    )
    expect(found.map((p) => `${p.path}: ${p.detail}`)).toEqual(['spec.l[0].v: Invalid value: "integer": shrunk'])
  })

  test('an unchanged part that breaks a newer rule does not fail the update', async () => {
    const { schema } = await compiled([{ rule: 'self.n < 3' }])
    const old = { metadata: { labels: { a: 'b' } }, spec: { n: 5 } }
    expect(schema!.validate({ spec: { n: 5 } }, old)).toEqual([])
    expect(schema!.validate({ spec: { n: 6 } }, old)).toHaveLength(1)
  })
})

describe('the root', () => {
  test('shows apiVersion, kind and the name, and no other metadata', async () => {
    const { schema } = await schemaWith("self.metadata.name.startsWith('a') && self.kind == 'K'")
    const object = { apiVersion: 'x/v1', kind: 'K', metadata: { name: 'abc', labels: {} } }
    expect(schema!.validate(object, undefined)).toEqual([])
    const other = schema!.validate({ ...object, metadata: { name: 'b' } }, undefined)
    expect(other.map((p) => p.path)).toEqual(['<nil>'])
    expect((await schemaWith('self.metadata.labels == {}')).problems).toHaveLength(1)
  })
})

// Without a budget each of these runs for minutes: the test's own time limit would end it.
describe('the budget', () => {
  const big = Array.from({ length: 3000 }, (_, i) => i)
  test.each([
    'self.l.all(x, self.l.all(y, x + y >= 0))',
    'self.l.all(x, self.l.all(y, true))',
    "self.l.exists(x, self.s.contains('b'))",
    "self.l.exists(x, self.s.matches('(a|b)*c'))",
    'self.l.all(x, self.l == self.l)',
    'self.l.all(i, v, self.l.exists(j, w, w == -1) || true)',
  ])('ends %s', async (rule) => {
    const found = await judge(rule, { l: big, s: 'a'.repeat(100_000) })
    expect(found).toEqual([`Invalid value: "object": call cost exceeds limit for rule: ${rule}`])
  })

  test.each([
    "self.l.all(x, 'a'.find('a{900}' + string(x)) == '')",
    "self.s.replace('a', self.s).size() > 0",
    'self.l.all(x, self.l.all(y, self.l.all(z, true))) || true',
  ])('is not escaped by %s', async (rule) => {
    const found = await judge(rule, { l: big, s: 'a'.repeat(100_000) })
    expect(found).toEqual([`Invalid value: "object": call cost exceeds limit for rule: ${rule}`])
  })

  test('of the whole object ends when many rules each take their share', async () => {
    const rule = 'self.all(x, self.all(y, x + y >= 0))'
    const items = { type: 'array', items: { type: 'integer' }, 'x-kubernetes-validations': [{ rule }] }
    const { schema } = await compiled([], { lists: { type: 'array', items } })
    const found = schema!.validate({ spec: { lists: Array.from({ length: 200 }, () => big) } }, undefined)
    expect(found.length).toBeLessThan(10)
    expect(found.at(-1)!.detail).toBe(
      'Invalid value: "array": validation failed due to running out of cost budget, no further validation rules will be run',
    )
  })

  test('leaves room for honest work', async () => {
    expect(await judge('self.l.all(x, x >= 0 && self.l.size() > 2)', { l: big })).toEqual([])
  })
})
