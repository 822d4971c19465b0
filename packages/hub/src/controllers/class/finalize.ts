/**
 * A class goes when its last instance and its last claim have gone, because its recipes and roles are needed until then. New claims are
 * refused meanwhile.
 *
 * Every tenant reads classes, and no tenant may learn of another's claims: so status says that the class is used and neither by whom nor
 * by how many. Who that is, each reader asks with rights of their own, as the next step says.
 */
import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import { claimKind } from '../../model/claim.ts'
import type { Class } from '../../model/class.ts'
import { instanceKind } from '../../model/instance.ts'

export function finalizeClass({ object, cache }: Pick<Pass<Class>, 'object' | 'cache'>): Outcome {
  const { name } = object.metadata
  // Claims that wait in vain hold nothing, and a class that went is what their status then says.
  const claims = cache(claimKind)
    .byIndex('class', name)
    .filter(({ status }) => status?.instanceRef !== undefined)
  if (cache(instanceKind).byIndex('class', name).length + claims.length === 0) return done
  return wait('InUse', 'claims or instances use it; it takes no new claims and goes with the last')
}
