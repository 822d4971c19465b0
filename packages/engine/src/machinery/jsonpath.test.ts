import { expect, test } from 'vitest'
import type { Json } from '../base/json.ts'
import { compileJsonPath } from './jsonpath.ts'

const object = {
  metadata: { name: 'a', annotations: { 'example.com/x': 'y' } },
  spec: { 'a.b': 1, ports: [{ n: 'x', p: 1 }, { n: 'y', p: 2 }, { n: 'z' }] },
  status: {
    conditions: [
      { type: 'Synced', status: 'True' },
      { type: 'Ready', status: 'False' },
    ],
  },
}

test.each<[string, Json[]]>([
  ['.metadata.name', ['a']],
  ['{.metadata.name}', ['a']],
  ['$.metadata.name', ['a']],
  ['.metadata.missing.deeper', []],
  ["['spec']['a.b']", [1]],
  ['.spec.a\\.b', [1]],
  ['.metadata.annotations.example\\.com/x', ['y']],
  ['.spec.ports[0].n', ['x']],
  ['.spec.ports[-1].n', ['z']],
  ['.spec.ports[9]', []],
  ['.spec.ports[1:].n', ['y', 'z']],
  ['.spec.ports[*].p', [1, 2]],
  ['.metadata.annotations.*', ['y']],
  ['.status.conditions[?(@.type=="Ready")].status', ['False']],
  [".status.conditions[?(@.type == 'Nope')].status", []],
  ['.spec.ports[?(@.p>1)].n', ['y']],
  ['.spec.ports[?(@.p)].n', ['x', 'y']],
  ['.spec.ports[?(@.p!=1)].n', ['y']],
])('%s finds %j', (path, expected) => {
  const compiled = compileJsonPath(path)
  expect(compiled.all(object)).toEqual(expected)
  expect(compiled.first(object)).toEqual(expected[0])
})

test('a path of fields alone tells them', () => {
  expect(compileJsonPath('.spec.color').fields).toEqual(['spec', 'color'])
  expect(compileJsonPath('.spec.ports[0]').fields).toBeUndefined()
})

test.each<[string, Json[]]>([
  ['..type', ['Synced', 'Ready']],
  ['.spec..n', ['x', 'y', 'z']],
  ['..ports[1].n', ['y']],
])('%s reaches into the depth, where that is allowed', (path, found) => {
  expect(compileJsonPath(path, { descent: true }).all(object)).toEqual(found)
})

test.each(['spec', '..name', '.spec.', '.spec[', '.a[?(@.x==y)]', '.a[(@.length)]'])('%s is refused', (path) => {
  expect(() => compileJsonPath(path)).toThrow(/^invalid JSONPath/)
})
