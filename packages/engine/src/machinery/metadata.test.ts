import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../base/json.ts'
import { normalizeMetadata, validateMetadata } from './metadata.ts'

const rules = { namespaced: true }
const good = { name: 'a', namespace: 'b' }
const texts = (metadata: JsonObject, old?: JsonObject, r = rules) =>
  validateMetadata(metadata, r, old).map((p) => `${p.path}: ${p.detail}`)

test('unknown fields are dropped and named, nulls mean absent, wrong types are problems', () => {
  const seen = normalizeMetadata({
    name: 'a',
    labels: { x: 'y', z: 1, n: null },
    annotations: null,
    foo: 1,
    finalizers: ['x', 3],
    creationTimestamp: 'soon',
    ownerReferences: [{ name: 'o', extra: true, controller: 'yes' }],
  })
  expect(seen.metadata).toEqual({
    name: 'a',
    labels: { x: 'y', n: '' },
    finalizers: ['x'],
    ownerReferences: [{ name: 'o' }],
  })
  expect(seen.unknown).toEqual(['metadata.foo', 'metadata.ownerReferences[0].extra'])
  expect(seen.problems.map((p) => `${p.path}: ${p.detail}`)).toEqual([
    'metadata.labels.z: Invalid value: 1: must be a string',
    'metadata.finalizers[1]: Invalid value: 3: must be a string',
    'metadata.creationTimestamp: Invalid value: "soon": must be a time in RFC 3339, like 2006-01-02T15:04:05Z',
    'metadata.ownerReferences[0].controller: Invalid value: "yes": must be a boolean',
  ])
  expect(normalizeMetadata('x').problems).toHaveLength(1)
  expect(normalizeMetadata(null)).toEqual({ metadata: {}, unknown: [], problems: [] })
})

describe('values', () => {
  const subdomain =
    /^metadata\.name: Invalid value: "A_": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric/
  test('good metadata has no problem', () => {
    const metadata = {
      ...good,
      labels: { 'example.com/a': 'B.c', e: '' },
      annotations: { 'Example.com/A': 'x' },
      finalizers: ['example.com/f', 'orphan'],
      ownerReferences: [{ apiVersion: 'v1', kind: 'Secret', name: 'x', uid: '1' }],
    }
    expect(texts(metadata)).toEqual([])
  })

  test.each<[string, JsonObject, RegExp | string]>([
    ['no name', { namespace: 'b' }, 'metadata.name: Required value: name or generateName is required'],
    ['a bad name', { ...good, name: 'A_' }, subdomain],
    ['a long name', { ...good, name: 'a'.repeat(254) }, /must be no more than 253 bytes$/],
    ['no namespace', { name: 'a' }, 'metadata.namespace: Required value'],
    [
      'a bad namespace',
      { name: 'a', namespace: 'b.c' },
      /^metadata\.namespace: Invalid value: "b\.c": a lowercase RFC 1123 label/,
    ],
    [
      'a bad label key',
      { ...good, labels: { 'a b': '' } },
      /^metadata\.labels: Invalid value: "a b": name part must consist/,
    ],
    ['a bad label value', { ...good, labels: { a: 'x'.repeat(64) } }, /must be no more than 63 bytes$/],
    [
      'annotations too large',
      { ...good, annotations: { a: 'x'.repeat(262144) } },
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    ],
    [
      'a bad finalizer',
      { ...good, finalizers: ['/x'] },
      'metadata.finalizers: Invalid value: "/x": prefix part must be non-empty',
    ],
    [
      'an owner without uid',
      { ...good, ownerReferences: [{ apiVersion: 'v1', kind: 'A', name: 'x' }] },
      'metadata.ownerReferences[0].uid: Invalid value: "": must not be empty',
    ],
    [
      'a negative generation',
      { ...good, generation: -1 },
      'metadata.generation: Invalid value: -1: must be greater than or equal to 0',
    ],
  ])('%s', (_, metadata, expected) => {
    const found = texts(metadata)
    expect(found).toHaveLength(1)
    if (typeof expected === 'string') expect(found[0]).toBe(expected)
    else expect(found[0]).toMatch(expected)
  })

  test('a base for generated names may end with a dash', () => {
    expect(texts({ ...good, generateName: 'a-' })).toEqual([])
  })

  test('two controllers are refused', () => {
    const owners = ['x', 'y'].map((name) => ({ apiVersion: 'v1', kind: 'A', name, uid: name, controller: true }))
    expect(texts({ ...good, ownerReferences: owners })[0]).toContain(
      'Only one reference can have Controller set to true. Found "true" in references for x and y',
    )
  })

  test('a cluster-scoped object takes no namespace', () => {
    expect(texts(good, undefined, { namespaced: false })).toEqual([
      'metadata.namespace: Forbidden: not allowed on this type',
    ])
  })

  test('an update changes no identity and adds no finalizer to an object that is being deleted', () => {
    const old = { ...good, uid: 'u', generation: 3, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a'] }
    expect(texts({ ...old, finalizers: [] }, old)).toEqual([])
    expect(texts({ ...old, uid: 'v', generation: 2, finalizers: ['a', 'b'] }, old)).toEqual([
      'metadata.uid: Invalid value: "v": field is immutable',
      'metadata.generation: Invalid value: 2: must not be decremented',
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"b"}',
    ])
  })
})
