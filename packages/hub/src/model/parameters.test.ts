import { expect, test } from 'vitest'
import type { JsonObject } from '@larder/engine/base/json'
import type { Class } from './class.ts'
import { checkParameters } from './parameters.ts'

const SCHEMA = {
  type: 'object',
  properties: {
    size: { type: 'integer' },
    users: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
    mode: { type: 'string', enum: ['fast', 'safe'] },
  },
}
const service: Class = {
  apiVersion: 'larder.dev/v1alpha1',
  kind: 'Class',
  metadata: { name: 'jars' },
  spec: { type: 'jar', backendRef: { name: 'b' }, parameters: { openAPIV3Schema: SCHEMA } },
}

test.each<[string, JsonObject, string]>([
  ['a wrong type', { size: '64' }, 'spec.parameters.size: Invalid value: "64": must be of type integer'],
  ['a fraction', { size: 1.5 }, 'spec.parameters.size: Invalid value: 1.5: must be of type integer'],
  [
    'a wrong type deep inside',
    { users: [{ name: 'a' }, { name: 7 }] },
    'spec.parameters.users[1].name: Invalid value: 7: must be of type string',
  ],
  [
    'a long value',
    { size: 'x'.repeat(200) },
    `spec.parameters.size: Invalid value: "${'x'.repeat(79)}…: must be of type integer`,
  ],
  [
    'a value not in the list',
    { mode: 'wild' },
    'spec.parameters.mode: Unsupported value: "wild": supported values: "fast", "safe"',
  ],
])('names field, value and what is allowed: %s', async (_, said, text) => {
  const { problems } = await checkParameters(service, undefined, said)
  expect(problems.map(({ path, detail }) => `${path}: ${detail}`)).toEqual([text])
})
