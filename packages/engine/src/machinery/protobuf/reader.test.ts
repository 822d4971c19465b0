import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isApiError } from '../status.ts'
import { decodeProtobufOf } from '../types/protobuf.ts'
import { hasEnvelope, openEnvelope, ProtobufReader } from './reader.ts'

/** A field of wire type 2. */
const field = (number: number, content: Buffer | string): Buffer => {
  const bytes = Buffer.from(content)
  return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes])
}
const prefix = Buffer.from('k8s\0')
const typeMeta = field(1, Buffer.concat([field(1, 'apps/v1'), field(2, 'Deployment')]))

/** The error's message when it is a bad request; anything else is thrown on. */
function refusal(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (isApiError(error, 'BadRequest')) return error.message
    throw error
  }
}

describe('the envelope', () => {
  it('gives the kind and the message inside, whatever else a newer client adds', () => {
    const raw = Buffer.from([8, 1])
    const body = Buffer.concat([
      prefix,
      typeMeta,
      field(2, raw),
      field(4, 'application/x'),
      field(9, 'new'),
      Buffer.from([0x50, 1]),
    ])
    expect(hasEnvelope(body)).toBe(true)
    const { apiVersion, kind, contentType, raw: inside } = openEnvelope(body)
    expect([apiVersion, kind, contentType]).toEqual(['apps/v1', 'Deployment', 'application/x'])
    expect(Buffer.from(inside)).toEqual(raw)
  })

  it('may be empty', () => {
    expect(openEnvelope(prefix)).toMatchObject({ apiVersion: '', kind: '', contentType: '' })
  })

  it.each([
    ['JSON', Buffer.from('{"kind":"Pod"}'), 'prefix'],
    ['nothing', Buffer.alloc(0), 'prefix'],
    ['a compressed message', Buffer.concat([prefix, typeMeta, field(3, 'gzip')]), '"gzip"'],
    ['a length beyond its end', Buffer.concat([prefix, Buffer.from([0x12, 0x7f, 1])]), 'middle of a field'],
    ['a number without an end', Buffer.concat([prefix, Buffer.alloc(11, 0xff)]), '64 bits'],
    ['field number zero', Buffer.concat([prefix, Buffer.from([0x02, 0])]), 'field number 0'],
    ['a group, which proto3 does not have', Buffer.concat([prefix, Buffer.from([0x53])]), 'wire type 3'],
  ])('refuses %s', (_, body, expected) => {
    expect(refusal(() => openEnvelope(body))).toContain(expected)
  })
})

describe('the reader', () => {
  it.each<[string, number[], number | bigint]>([
    ['0', [0], 0],
    ['300', [0xac, 0x02], 300],
    ['-1', [...Array<number>(9).fill(0xff), 0x01], -1],
    ['2^53 - 1', [...Array<number>(7).fill(0xff), 0x0f], Number.MAX_SAFE_INTEGER],
    ['2^53 + 1', [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10], 9007199254740993n],
    ['the least of 64 bits', [...Array<number>(9).fill(0x80), 0x01], -9223372036854775808n],
  ])('reads %s', (_, bytes, expected) => {
    expect(new ProtobufReader(Buffer.from(bytes)).integer()).toBe(expected)
  })

  it('reads any bytes as some object or refuses them as a bad request', () => {
    const types = [
      'core.v1.Pod',
      'core.v1.Secret',
      'apiextensions.v1.CustomResourceDefinition',
      'meta.v1.DeleteOptions',
    ]
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 60 }), (type, bytes) => {
        const why = refusal(() => decodeProtobufOf(type, bytes))
        expect(why === undefined || why.length > 0).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })

  it('refuses schemas nested without end instead of running out of stack', () => {
    let schema = Buffer.alloc(0)
    // JSONSchemaProps.not is field 28.
    for (let depth = 0; depth < 3000; depth++) {
      const length: number[] = []
      for (let rest = schema.length; ; rest = Math.floor(rest / 128)) {
        if (rest < 128) {
          length.push(rest)
          break
        }
        length.push((rest % 128) + 128)
      }
      schema = Buffer.concat([Buffer.from([0xe2, 0x01, ...length]), schema])
    }
    expect(refusal(() => decodeProtobufOf('apiextensions.v1.JSONSchemaProps', schema))).toContain('deeper')
  })
})
