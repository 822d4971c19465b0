import { controllerRevisionType } from '@larder/engine/client/builtin'
import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Backend } from '../../model/backend.ts'
import { classKind } from '../../model/class.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import type { HubContext } from '../context.ts'
import { usedBy } from '../in-use.ts'

/** A backend goes when nothing needs it to be removed any more. Who uses it is named: only the platform reads backends. */
export const finalizeBackend =
  (hub: HubContext) =>
  (pass: Pass<Backend>): Outcome => {
    const { name, uid = '' } = pass.object.metadata
    const classes = pass.cache(classKind).byIndex('backend', name)
    const instances = instancesOf(name, pass)
    if (classes.length + instances.length > 0) {
      return wait('InUse', usedBy([...classes, ...instances]))
    }
    hub.sessions.drop(uid)
    return done
  }

/** Made without a class, or by any recipe that names the backend, also one that its class no longer has. */
function instancesOf(name: string, pass: Pass<Backend>): readonly Instance[] {
  const instances = pass.cache(instanceKind)
  const revisions = pass.cache(controllerRevisionType).byIndex('backend', name)
  return [
    ...instances.byIndex('backendRef', name),
    ...revisions.flatMap(({ metadata }) => instances.byIndex('revision', metadata.name)),
  ]
}
