/** PATCH: reads, merges and replaces in one turn, so that parallel patches of one object are all applied. */
import { isObject, stringifyJson, type Json, type JsonObject } from '../../../base/json.ts'
import type { Call, PatchType } from '../../../machinery/call.ts'
import { asJson } from '../../../machinery/object.ts'
import { jsonPatch } from '../../../machinery/patch/json.ts'
import { mergePatch } from '../../../machinery/patch/merge.ts'
import type { Resource } from '../../../machinery/shape.ts'
import { badRequest, notFound, unsupportedMediaType } from '../../../machinery/status.ts'
import type { Result } from '../../api.ts'
import { metadataOf, namespaceOf, readBody } from '../body.ts'
import type { Core, Request } from '../core.ts'
import { keyOf } from '../keys.ts'
import { inTurn } from '../turns.ts'
import { apply } from './apply.ts'
import { replace } from './update.ts'

export async function patch(core: Core, request: Request, call: Call & { verb: 'patch' }): Promise<Result> {
  const { resource, served, target } = request
  const name = target.name ?? ''
  if (call.patchType === 'application/apply-patch+yaml') return apply(core, request, call)
  checkPatchType(resource, call.patchType)
  const key = keyOf(resource, target.namespace, name)
  return inTurn(core, resource, key, async () => {
    const entry = core.store.get(key)
    if (!entry) throw notFound(resource, name)
    const current = asJson(core.versions.view(served, entry).object)
    const patched = readBody(resource, applyPatch(resource, current, call.patchType, call.body))
    namespaceOf(request, metadataOf(patched))
    checkSameName(patched, name)
    return replace(core, request, entry, patched, call.options, {
      type: 'patch',
      describe: () => describePatch(resource, call.body),
      name,
    })
  })
}

/** Throws ApiError 415. */
export function checkPatchType({ shape }: Pick<Resource, 'shape'>, patchType: PatchType): void {
  if (patchType === 'application/strategic-merge-patch+json' && !shape.strategicMerge) {
    throw unsupportedMediaType([
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/apply-patch+yaml',
    ])
  }
}

/** The patched object. Throws ApiError 400 or 422 for a patch that cannot be applied. */
export function applyPatch(
  { shape }: Pick<Resource, 'shape'>,
  current: JsonObject,
  patchType: PatchType,
  body: Json,
): Json {
  if (patchType === 'application/json-patch+json') return jsonPatch(current, body)
  if (!isObject(body)) throw badRequest(`a patch of type ${patchType} must be a JSON object`)
  return patchType === 'application/strategic-merge-patch+json'
    ? shape.strategicMerge!(current, body)
    : mergePatch(current, body)
}

function checkSameName(patched: JsonObject, name: string): void {
  const given = metadataOf(patched)['name']
  if (given === name) return
  throw badRequest(`the name of the object (${String(given ?? '')}) does not match the name on the URL (${name})`)
}

/** The patch as error texts quote it. That of a Secret holds what no error may show. */
function describePatch(resource: Resource, body: Json): string {
  return resource.group === '' && resource.resource === 'secrets' ? '(not shown)' : stringifyJson(body)
}
