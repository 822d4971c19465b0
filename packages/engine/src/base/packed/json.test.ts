import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../json.ts'
import { PackedJson } from './json.ts'

const uid = fc.uuid().map((text) => text.toLowerCase())
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 300 }),
  fc.constantFrom('Ready', 'larder.dev/v1alpha1', '', '\ud800', 'é', '名', '__proto__'),
  uid,
  uid.map((u) => u.toUpperCase()),
  fc.tuple(fc.string({ maxLength: 5 }), uid, fc.string({ maxLength: 5 })).map((parts) => parts.join('')),
  fc.tuple(uid, uid).map((parts) => parts.join('.')),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString().replace(/\.\d+Z$/, 'Z')),
  fc.constantFrom('2026-02-30T00:00:00Z', '2026-11-21T24:00:00Z', '1969-12-31T23:59:59Z', '2106-02-07T06:28:16Z'),
)
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
)
const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(text, fc.constantFrom('kind', 'metadata', 'name')), tie('value'), { maxKeys: 6 }),
  ),
})).value

function packOnce(packed: PackedJson, value: Json): Buffer {
  packed.writer.clear()
  packed.write(value)
  return Buffer.from(packed.writer.buffer.subarray(0, packed.writer.length))
}

function unpack(packed: PackedJson, bytes: Buffer): Json {
  packed.reader.start(bytes, 0)
  return packed.read()
}

describe('packed JSON', () => {
  test('comes out as it went in, also what was packed before words and shapes were learned', () => {
    fc.assert(
      fc.property(fc.array(json, { minLength: 1, maxLength: 5 }), (values) => {
        const packed = new PackedJson()
        const bytes: [Json, Buffer][] = []
        // As often as it takes to learn all.
        for (let round = 0; round < 10; round++) {
          for (const value of values) bytes.push([value, packOnce(packed, value)])
        }
        for (const [value, each] of bytes) {
          const back = unpack(packed, each)
          expect(back).toStrictEqual(JSON.parse(JSON.stringify(value, bigAsText), textAsBig))
        }
      }),
    )
  })

  test('is a small part of the text, where objects are alike', () => {
    const packed = new PackedJson()
    const claims = Array.from({ length: 100 }, (_, i) => claim(i))
    const bytes = claims.map((each) => packOnce(packed, each))
    const last = bytes.length - 1
    expect(bytes[last]!.length).toBeLessThan(JSON.stringify(claims[last]).length / 3)
    for (const [i, each] of bytes.entries()) expect(unpack(packed, each)).toEqual(claims[i])
  })

  test('is frozen all through', () => {
    const packed = new PackedJson()
    const back = unpack(packed, packOnce(packed, { a: [{ b: 1 }] })) as { a: { b: number }[] }
    expect([back, back.a, back.a[0]].every(Object.isFrozen)).toBe(true)
  })

  test('what is undefined is left out', () => {
    const packed = new PackedJson()
    const value = { a: undefined, b: 1 } as unknown as Json
    expect(Object.keys(unpack(packed, packOnce(packed, value)) as object)).toEqual(['b'])
  })
})

const bigAsText = (_: string, value: unknown) => (typeof value === 'bigint' ? `bigint:${value}` : value)
const textAsBig = (_: string, value: unknown) =>
  typeof value === 'string' && value.startsWith('bigint:') ? BigInt(value.slice(7)) : value

function claim(i: number) {
  const uid = `b02daf6b-8976-4c15-b33c-328b30f1${String(i).padStart(4, '0')}`
  const at = '2026-11-21T10:16:28Z'
  return {
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'Claim',
    metadata: {
      name: `cache-${i}`,
      namespace: 'default',
      finalizers: ['larder.dev/finalizer'],
      uid,
      generation: 1,
      creationTimestamp: at,
      resourceVersion: String(1000 + i),
    },
    spec: { className: 'nothing' },
    status: {
      instanceRef: { namespace: 'larder-instances', name: `c-${uid}`, uid },
      credential: { id: `c-${uid}-1`, serial: 1, issuedAt: at },
      conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime: at }],
      binding: { name: `cache-${i}` },
    },
  }
}
