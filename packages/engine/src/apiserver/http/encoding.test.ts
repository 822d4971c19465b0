import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseJson } from '../../base/json.ts'
import { prettyJson, toYaml } from './encoding.ts'

test('pretty JSON keeps every literal as it was', () => {
  const text = '{"a":9007199254740993,"b":[],"c":{},"d":[1.0,"x{,}:\\"y"],"e":{"f":null}}'
  const pretty = prettyJson(text)
  expect(pretty).toBe(`{
  "a": 9007199254740993,
  "b": [],
  "c": {},
  "d": [
    1.0,
    "x{,}:\\"y"
  ],
  "e": {
    "f": null
  }
}
`)
  expect(parseJson(pretty)).toEqual(parseJson(text))
})

test('YAML keeps strings strings for a YAML 1.1 reader, and long integers whole', async () => {
  const yaml = await toYaml({
    a: 'yes',
    b: '0777',
    c: 9007199254740993n,
    d: '2026-01-01',
    e: 'x'.repeat(200),
    f: '1e3',
  })
  expect(parse(yaml, { version: '1.1', intAsBigInt: true })).toEqual({
    a: 'yes',
    b: '0777',
    c: 9007199254740993n,
    d: '2026-01-01',
    e: 'x'.repeat(200),
    f: '1e3',
  })
})
