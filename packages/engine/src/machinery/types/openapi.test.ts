import { describe, expect, it } from 'vitest'
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import { builtinResources } from './builtin.ts'

function references(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap((item: Json) => references(item))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, item]) =>
    key === '$ref' && typeof item === 'string' ? [item] : references(item),
  )
}

describe.each(builtinResources().map((one) => [`${one.group}/${one.version} ${one.kind}`, one] as const))(
  '%s',
  (_, one) => {
    const schemas = one.shape.schemas()

    it('has all the components it refers to', () => {
      const names = references(schemas).map((ref) => ref.replace('#/components/schemas/', ''))
      expect(names.filter((name) => !schemas[name])).toEqual([])
    })

    it('says of itself and its list which kinds they are', () => {
      const { group, version, kind } = one
      expect(schemas[one.shape.schemaName]!['x-kubernetes-group-version-kind']).toEqual([{ group, version, kind }])
      const list = schemas[`${one.shape.schemaName}List`]!
      expect(list['x-kubernetes-group-version-kind']).toEqual([{ group, version, kind: `${kind}List` }])
    })
  },
)

it('carries what kubectl needs for a strategic merge patch', () => {
  const pods = builtinResources().find((one) => one.resource === 'pods')!
  const { properties, required } = pods.shape.schemas()['io.k8s.api.core.v1.PodSpec'] as {
    properties: Record<string, JsonObject>
    required: string[]
  }
  expect(required).toEqual(['containers'])
  expect(properties['volumes']).toEqual({
    type: 'array',
    items: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.Volume' }] },
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    'x-kubernetes-patch-strategy': 'merge,retainKeys',
    'x-kubernetes-patch-merge-key': 'name',
  })
  expect(properties['terminationGracePeriodSeconds']).toEqual({ type: 'integer', format: 'int64' })
  expect(properties['nodeSelector']).toEqual({
    type: 'object',
    additionalProperties: { type: 'string' },
    'x-kubernetes-map-type': 'atomic',
  })
})
