import { isObject } from '@larder/engine/base/json'
import { controllerRevisionType } from '@larder/engine/client/builtin'
import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Backend } from '../../model/backend.ts'
import { classKind } from '../../model/class.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { SYSTEM_NAMESPACE } from '../../model/names.ts'
import type { HubContext } from '../context.ts'
import { usedBy } from '../in-use.ts'

/** A backend goes when nothing needs it to be removed any more. */
export const finalizeBackend =
  (hub: HubContext) =>
  (pass: Pass<Backend>): Outcome => {
    const { name, uid = '' } = pass.object.metadata
    const classes = pass
      .cache(classKind)
      .list()
      .filter((c) => c.spec.backendRef.name === name)
    const instances = pass
      .cache(instanceKind)
      .list()
      .filter((i) => backendOfInstance(i, pass) === name)
    if (classes.length + instances.length > 0) {
      return wait('InUse', usedBy([...classes, ...instances]))
    }
    hub.sessions.drop(uid)
    return done
  }

function backendOfInstance({ spec }: Instance, pass: Pass<Backend>): string | undefined {
  if (spec.backendRef) return spec.backendRef.name
  const data = pass.cache(controllerRevisionType).get(spec.revision ?? '', SYSTEM_NAMESPACE)?.data
  const backend = isObject(data) ? data['backend'] : undefined
  return typeof backend === 'string' ? backend : undefined
}
