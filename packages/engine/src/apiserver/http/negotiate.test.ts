import { expect, test } from 'vitest'
import { accepts, negotiate, negotiateDiscovery } from './negotiate.ts'

const KUBECTL_TABLE =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json'

test.each([
  [undefined, 'json', 'Object', 'v1'],
  ['application/json', 'json', 'Object', 'v1'],
  ['application/json, */*', 'json', 'Object', 'v1'],
  ['application/vnd.kubernetes.protobuf,application/json', 'json', 'Object', 'v1'],
  ['application/vnd.kubernetes.protobuf, */*', 'json', 'Object', 'v1'],
  ['application/yaml', 'yaml', 'Object', 'v1'],
  ['application/json;q=0.5,application/yaml', 'yaml', 'Object', 'v1'],
  [KUBECTL_TABLE, 'json', 'Table', 'v1'],
  ['application/json;as=Table;v=v1beta1;g=meta.k8s.io', 'json', 'Table', 'v1beta1'],
  ['application/json;as=Table;v=v9;g=meta.k8s.io,application/json', 'json', 'Object', 'v1'],
  [
    'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json',
    'json',
    'Metadata',
    'v1',
  ],
  ['application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1', 'json', 'Metadata', 'v1'],
])('Accept %s gets %s as %s %s', (accept, media, as, version) => {
  expect(negotiate(accept, 'answer')).toEqual({ media, as, version })
})

test('what cannot be given is refused with what can', () => {
  expect(() => negotiate('application/cbor', 'answer')).toThrow(
    'only the following media types are accepted: application/json, application/yaml',
  )
  expect(() => negotiate('application/vnd.kubernetes.protobuf', 'answer')).toThrow(
    expect.objectContaining({ code: 406 }),
  )
  expect(() => negotiate('application/json;as=Banana;v=v1;g=meta.k8s.io', 'answer')).toThrow()
  expect(() => negotiate('application/json;q=0', 'answer')).toThrow()
})

test('a watch is JSON or nothing', () => {
  expect(negotiate('application/json;stream=watch', 'watch').media).toBe('json')
  expect(() => negotiate('application/yaml', 'watch')).toThrow(
    'only the following media types are accepted: application/json',
  )
})

test('a watch with initial events is no Table: the next that the client takes, or nothing', () => {
  expect(negotiate(KUBECTL_TABLE, 'initial events').as).toBe('Object')
  const [table] = KUBECTL_TABLE.split(',')
  expect(() => negotiate(table, 'initial events')).toThrow(expect.objectContaining({ code: 406 }))
  expect(negotiate(table!.replace('Table', 'PartialObjectMetadata'), 'initial events').as).toBe('Metadata')
})

test('discovery comes in the newest form that the client knows', () => {
  const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  const v2beta1 = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'
  expect(negotiateDiscovery(`${v2},${v2beta1},application/json`)).toBe('v2')
  expect(negotiateDiscovery(`${v2beta1},application/json`)).toBe('v2beta1')
  expect(negotiateDiscovery('application/json')).toBe('legacy')
  expect(negotiateDiscovery('*/*')).toBe('legacy')
  expect(negotiateDiscovery(undefined)).toBe('legacy')
  expect(() => negotiateDiscovery('text/html')).toThrow(expect.objectContaining({ code: 406 }))
})

test('accepts asks for one exact type', () => {
  expect(accepts('a/b, c/d@v1.0+x;q=0.5', 'c/d@v1.0+x')).toBe(true)
  expect(accepts('*/*', 'a/b')).toBe(false)
})
