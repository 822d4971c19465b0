import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../base/json.ts'
import { isApiError } from '../status.ts'
import { builtinShapeOf } from './builtin.ts'
import { autoscalerFromV2, autoscalerToV2, conversionOf, eventFromCore, eventToCore } from './conversion.ts'
import { normalizeStructure } from './normalize.ts'
import { structure } from './types.ts'
import { readFixtures } from './testing/fixtures.ts'

const { objects } = readFixtures()

const namesOf = (type: string) => structure(type).fields.map(({ name }) => [name, name] as const)

describe('an event', () => {
  it.each(['full', 'zero'] as const)('is the same after a round trip through the other group: %s', (variant) => {
    const core = normalizeStructure('core.v1.Event', objects['core.v1.Event']![variant].json).object
    const event = normalizeStructure('events.v1.Event', eventFromCore(core))
    expect(event.unknown).toEqual([])
    expect(event.problems).toEqual([])
    expect(normalizeStructure('core.v1.Event', eventToCore(event.object)).object).toEqual(core)
  })

  it('has a place for every field of either group in the other', () => {
    const core = Object.keys(eventToCore(Object.fromEntries(namesOf('events.v1.Event'))))
    const event = Object.keys(eventFromCore(Object.fromEntries(namesOf('core.v1.Event'))))
    expect(core.toSorted()).toEqual(
      namesOf('core.v1.Event')
        .map(([name]) => name)
        .toSorted(),
    )
    expect(event.toSorted()).toEqual(
      namesOf('events.v1.Event')
        .map(([name]) => name)
        .toSorted(),
    )
  })
})

describe('an autoscaler', () => {
  const v2 = builtinShapeOf({ group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler' })!
  const memory = {
    type: 'Resource',
    resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 70 } },
  }
  const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }
  const autoscaler = (spec: JsonObject): JsonObject =>
    v2.normalize({
      metadata: { name: 'a', annotations: { mine: 'kept' } },
      spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd' }, ...spec },
      status: { desiredReplicas: 1, conditions: [{ type: 'AbleToScale', status: 'True' }] },
    }).object

  it.each([
    ['a CPU target', { metrics: [cpu] }],
    ['other metrics', { metrics: [cpu, memory] }],
    ['a behavior', { metrics: [cpu], behavior: { scaleDown: { stabilizationWindowSeconds: 5 } } }],
  ])('of v2 with %s is the same after a round trip through v1', (_, spec) => {
    const before = autoscaler(spec)
    expect(v2.normalize(autoscalerToV2(autoscalerFromV2(before))).object).toEqual(before)
  })

  it('of v1 shows the CPU target as its own field', () => {
    const { spec } = autoscalerFromV2(autoscaler({ metrics: [memory, cpu] })) as { spec: JsonObject }
    expect(spec['targetCPUUtilizationPercentage']).toBe(50)
    expect('metrics' in spec).toBe(false)
  })

  it('whose annotation is no JSON is refused', () => {
    const broken = { metadata: { annotations: { 'autoscaling.alpha.kubernetes.io/metrics': '[' } } }
    let thrown: unknown
    try {
      autoscalerToV2(broken)
    } catch (error) {
      thrown = error
    }
    expect(isApiError(thrown, 'BadRequest')).toBe(true)
  })
})

it('no other kind needs a conversion', () => {
  expect(conversionOf({ group: '', version: 'v1', resource: 'events' })).toBeUndefined()
  expect(conversionOf({ group: 'events.k8s.io', version: 'v1', resource: 'events' })).toBeDefined()
})
