/** What tests wait for of one instance. */
import { findCondition } from '@larder/engine/runtime/conditions'
import { instanceKind, type Instance } from '../../model/instance.ts'
import type { TestHub } from './hub.ts'

/** The instance once it is Ready as it is wanted now. */
export const instanceReady = (hub: TestHub, name: string, namespace: string): Promise<Instance> =>
  hub.until(`instance ${name} to be Ready`, async () => {
    const instance = await hub.admin.of(instanceKind).get(name, namespace)
    const current = instance.status?.observedGeneration === instance.metadata.generation
    return current && findCondition(instance.status?.conditions, 'Ready')?.status === 'True' ? instance : undefined
  })

export const instanceGone = (hub: TestHub, name: string, namespace: string): Promise<true> =>
  hub.until(`instance ${name} to go`, async () =>
    (await hub.admin.of(instanceKind).find(name, namespace)) ? undefined : true,
  )
