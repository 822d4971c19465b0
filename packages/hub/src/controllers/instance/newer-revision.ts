/**
 * Shows who is behind: the class has another recipe by now, and an instance takes it only when somebody sets `spec.revision`. A field of
 * status and no condition, because nothing is wrong.
 */
import type { Informers } from '@larder/engine/client/informers'
import { keyOf, type Key, type Pass } from '@larder/engine/runtime/pass'
import { classKind, type Class } from '../../model/class.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'

export function showNewerRevision(pass: Pass<Instance>): void {
  const { className } = pass.object.spec
  const newer = className === undefined ? undefined : newerThan(pass.object, pass.cache(classKind).get(className))
  if (newer === undefined) delete pass.status.newerRevision
  else pass.status.newerRevision = newer
}

function newerThan({ spec }: Instance, service: Class | undefined): string | undefined {
  const current = service?.status?.revision
  return current !== undefined && spec.revision !== current ? current : undefined
}

/** The instances of a class of which status says something else than the class does now. */
export function outOfDate(service: Class, informers: Informers): readonly Key[] {
  return informers
    .of(instanceKind)
    .byIndex('class', service.metadata.name)
    .filter((i) => i.status !== undefined && i.status.newerRevision !== newerThan(i, service))
    .map(keyOf)
}
