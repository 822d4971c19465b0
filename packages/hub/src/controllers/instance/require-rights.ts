/**
 * Whether an instance may be made where it stands. Instances of claims live where only the platform writes, and their claims were
 * judged; one in another namespace was written there by somebody who may use only what is open to that namespace. What is not, and
 * what does not exist, are told alike.
 */
import { controllerRevisionType, namespaceType } from '@larder/engine/client/builtin'
import { Stalled } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import { backendKind } from '../../model/backend.ts'
import { classKind } from '../../model/class.ts'
import { homeOf } from '../../model/instance-use.ts'
import type { Instance } from '../../model/instance.ts'
import { CLASS_LABEL, classLabel, SYSTEM_NAMESPACE } from '../../model/names.ts'
import type { Consumers } from '../../model/shared-fields.ts'
import { isConsumer } from '../../model/visibility.ts'
import { isPlatforms } from '../service.ts'

type Reader = Pick<Pass<Instance>, 'cache' | 'object'>

/** Throws `Stalled`. */
export function requireRights(pass: Reader): void {
  const { spec } = pass.object
  if (spec.backendRef) requireBackend(pass, spec.backendRef.name)
  if (spec.className !== undefined) requireClass(pass, spec.className)
}

/** False when the Backend is no longer open to the home of the instance. */
export function mayUseBackend({ cache, object }: Reader, name: string): boolean {
  const backend = cache(backendKind).get(name)
  if (!backend) return false
  return (
    (isPlatforms(object, { cache }) && !object.spec.origin) || isOpen({ cache, object }, backend.spec.consumers, false)
  )
}

function requireBackend(pass: Reader, name: string): void {
  if (mayUseBackend(pass, name)) return
  const message = `spec.backendRef: there is no Backend ${JSON.stringify(name)} for namespace ${homeOf(pass.object)}`
  throw new Stalled('BackendNotFound', message)
}

function requireClass(pass: Reader, name: string): void {
  const { cache, object } = pass
  const service = cache(classKind).get(name)
  // A class that is gone leaves its revisions behind until its last instance goes.
  if (service && !isPlatforms(object, pass) && !isOpen(pass, service.spec.consumers, true)) {
    const message = `spec.className: there is no class ${JSON.stringify(name)} for namespace ${homeOf(object)}`
    throw new Stalled('ClassNotFound', message)
  }
  const revision = cache(controllerRevisionType).get(object.spec.revision ?? '', SYSTEM_NAMESPACE)
  const owner = revision?.metadata.labels?.[CLASS_LABEL]
  if (!revision || owner === classLabel(name)) return
  const message = `spec.revision: ${object.spec.revision} is a revision of class ${owner ?? 'none'}, not of ${name}`
  throw new Stalled('RevisionNotFound', message)
}

function isOpen({ cache, object }: Reader, consumers: Consumers | undefined, absent: boolean): boolean {
  const home = homeOf(object)
  const { labels } = cache(namespaceType).get(home)?.metadata ?? {}
  return isConsumer(consumers, { name: home, labels }, absent)
}
