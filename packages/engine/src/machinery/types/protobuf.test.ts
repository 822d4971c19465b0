import { describe, expect, it } from 'vitest'
import { isObject, stringifyJson, type Json, type JsonObject } from '../../base/json.ts'
import { isApiError } from '../status.ts'
import { builtinResources } from './builtin.ts'
import { normalizeStructure } from './normalize.ts'
import { decodeProtobufOf } from './protobuf.ts'
import { readFixtures } from './testing/fixtures.ts'

const { objects } = readFixtures()
const decode = (type: string, base64: string) => decodeProtobufOf(type, Buffer.from(base64, 'base64'))

/** Upstream's JSON without what is stored as absent: nulls, and lists and maps that are empty. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withoutNulls(item))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutNulls(item)]),
  )
}

describe.each(Object.entries(objects))('%s', (type, examples) => {
  it.each(['full', 'zero'] as const)('is stored equal from JSON and from protobuf: %s', (variant) => {
    const { json, protobuf } = examples[variant]
    const fromJson = normalizeStructure(type, json)
    const fromProtobuf = normalizeStructure(type, decode(type, protobuf))
    expect(fromJson.unknown).toEqual([])
    expect(fromJson.problems).toEqual([])
    expect(fromProtobuf.problems).toEqual([])
    expect(fromProtobuf.object).toEqual(fromJson.object)
  })

  it('loses nothing that upstream writes', () => {
    const { json } = examples.full
    const { object } = normalizeStructure(type, json, { withoutDefaults: true })
    expect(object).toEqual(withoutNulls(json))
  })

  it('is not changed by a second normalization', () => {
    for (const { json } of [examples.full, examples.zero]) {
      const once = normalizeStructure(type, json).object
      expect(normalizeStructure(type, once).object).toEqual(once)
    }
  })

  it('refuses a message that is cut off, as a bad request', () => {
    const bytes = Buffer.from(examples.full.protobuf, 'base64')
    const cuts = [1, Math.floor(bytes.length / 2), bytes.length - 1].filter((length) => length < bytes.length)
    const refused = cuts.filter((length) => {
      try {
        decodeProtobufOf(type, bytes.subarray(0, length))
        return false
      } catch (error) {
        expect(isApiError(error, 'BadRequest')).toBe(true)
        return true
      }
    })
    expect(refused.length).toBeGreaterThan(0)
  })
})

describe('zero and absent', () => {
  const deployments = builtinResources().find((one) => one.resource === 'deployments')!.shape
  /** Deployment{spec: {replicas: 0, minReadySeconds: 0}} as client-go encodes it: the pointer set, the plain int written. */
  const message = Buffer.from([0x12, 0x04, 0x08, 0x00, 0x28, 0x00])

  it('are told apart for pointers and are the same for plain fields', () => {
    const { spec } = deployments.normalize(deployments.decodeProtobuf!(message)).object as { spec: JsonObject }
    expect(spec['replicas']).toBe(0)
    expect('minReadySeconds' in spec).toBe(false)
  })

  it('an absent pointer takes the default', () => {
    const { spec } = deployments.normalize(deployments.decodeProtobuf!(Buffer.from([0x12, 0x00]))).object as {
      spec: JsonObject
    }
    expect(spec['replicas']).toBe(1)
  })
})

it('integers beyond 2^53 keep their digits', () => {
  const { json, protobuf } = objects['core.v1.Pod']!.full
  for (const pod of [json, decode('core.v1.Pod', protobuf)]) {
    const { object } = normalizeStructure('core.v1.Pod', pod)
    const seconds = (object['spec'] as JsonObject)['terminationGracePeriodSeconds']
    expect(seconds).toBe((json['spec'] as JsonObject)['terminationGracePeriodSeconds'])
    expect(typeof seconds).toBe('bigint')
    expect(stringifyJson(object)).toContain(`"terminationGracePeriodSeconds":${String(seconds)}`)
  }
})

it('nulls inside free JSON are data', () => {
  const data = { list: [null, { a: null }] }
  const { object } = normalizeStructure('apps.v1.ControllerRevision', { data, revision: 1 })
  expect(object['data']).toEqual(data)
})
