import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Class } from '../../model/class.ts'
import { instanceKind } from '../../model/instance.ts'
import { usedBy } from '../in-use.ts'

/** A class goes when its last instance has gone, because its recipes are needed until then. New claims are refused meanwhile. */
export function finalizeClass(pass: Pass<Class>): Outcome {
  const instances = pass.cache(instanceKind).byIndex('class', pass.object.metadata.name)
  return instances.length === 0 ? done : wait('InUse', usedBy(instances))
}
