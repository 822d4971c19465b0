import { describe, expect, test } from 'vitest'
import type { ApplyType, ListKey, ListType, ObjectType } from '../apply/types.ts'
import { ownershipOf } from './ownership.ts'

/** The type at a path of fields; `[]` is the items of a list, `{}` the values of a map. */
function at(typeName: string, path: string): ApplyType {
  return path.split('.').reduce<ApplyType>((type, step) => {
    if (step === '[]') return (type as ListType).items
    const found = step === '{}' ? (type as ObjectType).values : (type as ObjectType).field(step)?.type
    if (!found) throw new Error(`${typeName} has no ${step} in ${path}`)
    return found
  }, ownershipOf(typeName))
}

const atomic = (typeName: string, path: string) => (at(typeName, path) as ObjectType).atomic

const keysOf = (typeName: string, path: string) =>
  ((at(typeName, path) as ListType).by as readonly ListKey[]).map(({ name, fallback }) => [name, fallback])

describe('built-in kinds are owned as the published schema of Kubernetes 1.33 has it', () => {
  test('structures that refer to something are owned as a whole, the same elsewhere in parts', () => {
    expect(atomic('core.v1.ConfigMap', 'metadata.ownerReferences.[]')).toBe(true)
    expect(atomic('autoscaling.v2.HorizontalPodAutoscaler', 'spec.scaleTargetRef')).toBe(false)
    expect(atomic('autoscaling.v1.HorizontalPodAutoscaler', 'spec.scaleTargetRef')).toBe(true)
    expect(atomic('core.v1.PersistentVolume', 'spec.claimRef')).toBe(false)
    expect(atomic('core.v1.Service', 'spec.selector')).toBe(true)
    expect(atomic('apps.v1.Deployment', 'spec.selector')).toBe(true)
    expect(atomic('apps.v1.Deployment', 'spec.template.spec.nodeSelector')).toBe(true)
    expect(atomic('core.v1.ConfigMap', 'data')).toBe(false)
  })

  test('lists by keys, as a set, or as a whole', () => {
    expect(keysOf('core.v1.Service', 'spec.ports')).toEqual([
      ['port', 0],
      ['protocol', 'TCP'],
    ])
    expect(keysOf('core.v1.Pod', 'spec.containers')).toEqual([['name', '']])
    expect(keysOf('core.v1.Pod', 'spec.imagePullSecrets')).toEqual([['name', '']])
    expect((at('core.v1.ConfigMap', 'metadata.finalizers') as ListType).by).toBe('value')
    expect((at('core.v1.Pod', 'spec.containers.[].args') as ListType).by).toBe('nothing')
  })
})
