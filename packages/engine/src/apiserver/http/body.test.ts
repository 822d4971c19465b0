import { expect, test } from 'vitest'
import { decodeBody, decodeDeleteOptions, decodePatch } from './body.ts'

const resources = { find: () => undefined, findKind: () => undefined, all: () => [], generation: 1 }
const decode = (type: string | undefined, text: string | Buffer) => decodeBody(type, Buffer.from(text), resources)

test('JSON keeps long integers and notices keys that stand twice', async () => {
  expect(await decode('application/json; charset=utf-8', '{"a":9007199254740993,"b":{"c":1,"c":2}}')).toEqual({
    value: { a: 9007199254740993n, b: { c: 2 } },
    duplicates: ['b.c'],
  })
  expect((await decode(undefined, '{}')).value).toEqual({})
})

test('YAML means what it means to kubectl', async () => {
  const text = 'a: yes\nb: "yes"\nc: 2026-01-01\nd: 9007199254740993\ne: 12\nf: [1, {g: ~}]\nh: &x {i: 1}\nj: *x\n'
  expect(await decode('application/yaml', text)).toEqual({
    value: {
      a: true,
      b: 'yes',
      c: '2026-01-01',
      d: 9007199254740993n,
      e: 12,
      f: [1, { g: null }],
      h: { i: 1 },
      j: { i: 1 },
    },
    duplicates: [],
  })
})

test('YAML notices keys that stand twice', async () => {
  expect(await decode('application/yaml', 'a:\n- b: 1\n  b: 2\n')).toEqual({
    value: { a: [{ b: 2 }] },
    duplicates: ['a[0].b'],
  })
})

test.each([
  ['application/json', '{"a":', 'the body of the request is not JSON: unexpected end at offset 5'],
  ['application/json', '', 'the body of the request is not JSON: unexpected end at offset 0'],
  ['application/yaml', 'a: [1', 'the body of the request is not YAML: '],
  ['application/yaml', 'a: .nan', 'the body of the request holds NaN, which JSON cannot express'],
  ['application/yaml', 'a: !!binary aGk=', 'the body of the request uses a YAML type that JSON cannot express'],
])('%s %j is refused with 400', async (type, text, message) => {
  await expect(decode(type, text)).rejects.toThrow(message)
  await expect(decode(type, text)).rejects.toMatchObject({ code: 400 })
})

test('bytes that are not UTF-8 are refused, not replaced', async () => {
  await expect(decode('application/json', Buffer.from([0x22, 0xff, 0x22]))).rejects.toThrow('not UTF-8')
})

test('a YAML bomb is refused before it grows', async () => {
  let text = 'a0: &a0 [x,x,x,x,x,x,x,x,x]\n'
  for (let i = 1; i < 9; i++) text += `a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(',')}]\n`
  await expect(decode('application/yaml', text)).rejects.toMatchObject({ code: 400 })
})

test('other types are refused with those that are taken', async () => {
  await expect(decode('text/plain', 'x')).rejects.toMatchObject({
    code: 415,
    message:
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  })
  await expect(decodePatch('application/json', Buffer.from('{}'))).rejects.toMatchObject({ code: 415 })
  await expect(decodeDeleteOptions('text/plain', Buffer.from('x'))).rejects.toMatchObject({ code: 415 })
})

test('each patch type is recognised', async () => {
  expect(await decodePatch('application/merge-patch+json', Buffer.from('{"a":null}'))).toMatchObject({
    patchType: 'application/merge-patch+json',
    value: { a: null },
  })
  expect(await decodePatch('application/apply-patch+yaml', Buffer.from('a: 1'))).toMatchObject({ value: { a: 1 } })
})

const applied = (text: string) => decodePatch('application/apply-patch+yaml', Buffer.from(text))

test('an apply may be JSON, YAML, or YAML that looks like JSON', async () => {
  expect(await applied('{"a":9007199254740993,"a":1}')).toMatchObject({ value: { a: 1 }, duplicates: ['a'] })
  expect((await applied('{a: yes, b: [1]}')).value).toEqual({ a: true, b: [1] })
  expect((await applied('a: 1\n')).value).toEqual({ a: 1 })
  await expect(applied('{"a": ')).rejects.toMatchObject({ code: 400, message: expect.stringMatching(/is not YAML/) })
  const cbor = decodePatch('application/apply-patch+cbor', Buffer.from([0xa0]))
  await expect(cbor).rejects.toMatchObject({ code: 415 })
})

test('a delete may have no body, JSON, or the protobuf of client-go', async () => {
  expect(await decodeDeleteOptions(undefined, Buffer.alloc(0))).toBeUndefined()
  expect(await decodeDeleteOptions('application/json', Buffer.from('{"dryRun":["All"]}'))).toEqual({ dryRun: ['All'] })
  const type = Buffer.from('\x0a\x02v1\x12\x0dDeleteOptions', 'latin1')
  // gracePeriodSeconds 0, preconditions.uid "u-1", propagationPolicy Foreground
  const raw = Buffer.from('\x08\x00\x12\x05\x0a\x03u-1\x22\x0aForeground', 'latin1')
  const unknown = Buffer.concat([Buffer.from([0x0a, type.length]), type, Buffer.from([0x12, raw.length]), raw])
  expect(
    await decodeDeleteOptions('application/vnd.kubernetes.protobuf', Buffer.concat([Buffer.from('k8s\0'), unknown])),
  ).toMatchObject({ gracePeriodSeconds: 0, preconditions: { uid: 'u-1' }, propagationPolicy: 'Foreground' })
})
