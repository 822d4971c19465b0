/** Mutating admission within a write: what of it holds, and what is left out. See `../mutating-admission.ts`. */
import type { JsonObject } from '../../base/json.ts'
import { errorChain } from '../../base/log.ts'
import { asJson, type KubeObject } from '../../machinery/object.ts'
import { isApiError } from '../../machinery/status.ts'
import type { MutatingPlugin } from '../mutating-admission.ts'
import { metadataOf, normalized } from './body.ts'
import { checkValid } from './checks.ts'
import type { Core, Request } from './core.ts'

/** The object with what plugins add, complete and valid; none when they add nothing, or nothing that can be written. */
export function mutated(
  core: Core,
  request: Request,
  object: JsonObject,
  old: JsonObject | undefined,
): readonly JsonObject[] {
  const { resource, target } = request
  const metadata = metadataOf(object)
  // What is on its way out has no use for a favour.
  if (target.subresource !== undefined || metadata['deletionTimestamp'] !== undefined) return []
  try {
    const given = object as unknown as KubeObject
    const wanted = concernedBy(core, request, given).reduce((so, plugin) => plugin.mutate(so, resource), given)
    if (wanted === given) return []
    const complete = normalized(request, asJson(wanted), { fieldValidation: 'Ignore' }, { type: 'body' })
    checkValid(request, complete, old)
    return [complete]
  } catch (error) {
    tellLeftOut(core, request, error)
    return []
  }
}

function concernedBy(
  { mutations, rbac }: Core,
  { resource, target }: Request,
  { metadata: { name } }: KubeObject,
): readonly MutatingPlugin[] {
  const asked = {
    group: resource.group,
    resource: resource.resource,
    namespace: target.namespace,
    name,
  }
  const mayChange = ({ user }: MutatingPlugin) =>
    ['patch', 'update'].some((verb) => rbac.decide(user, { ...asked, verb }).allowed)
  return mutations.filter((plugin) => plugin.handles(resource) && mayChange(plugin))
}

/** The first that admission lets pass; throws what it says of the last, which is the write as it came. */
export async function firstAdmitted<T>(
  core: Core,
  request: Request,
  candidates: readonly T[],
  review: (candidate: T) => Promise<void>,
): Promise<T> {
  const last = candidates.at(-1)!
  for (const candidate of candidates.slice(0, -1)) {
    try {
      await review(candidate)
      return candidate
    } catch (error) {
      tellLeftOut(core, request, error)
    }
  }
  await review(last)
  return last
}

/** Of what the API says of an object only the fields: it may quote what is in it. */
function tellLeftOut({ log }: Core, { resource, target: { namespace = '' } }: Request, error: unknown): void {
  const why = isApiError(error)
    ? [error.reason, ...(error.details?.causes ?? []).map(({ field = '' }) => field)].join(' ').trim()
    : errorChain(error)
  log.info('what mutating admission adds is left out of a write', { resource: resource.resource, namespace, why })
}
