/** Calls of subresources, by name. */
import type { Call } from '../../../machinery/call.ts'
import { methodNotSupported } from '../../../machinery/status.ts'
import type { Result } from '../../api.ts'
import type { Core, Request } from '../core.ts'
import { get } from '../verbs/get.ts'
import { patch } from '../verbs/patch.ts'
import { update } from '../verbs/update.ts'
import { createToken } from './token.ts'
import { getScale, patchScale, updateScale } from './scale.ts'

export async function callSubresource(core: Core, request: Request, call: Call): Promise<Result> {
  const { subresource } = request.target
  if (subresource === 'scale') return callScale(core, request, call)
  if (subresource === 'token' && call.verb === 'create') return createToken(core, request, call.body, call.options)
  if (call.verb === 'get') return get(core, request, call)
  if (call.verb === 'update') return update(core, request, call)
  if (call.verb === 'patch') return patch(core, request, call)
  throw methodNotSupported(request.resource, call.verb)
}

async function callScale(core: Core, request: Request, call: Call): Promise<Result> {
  if (call.verb === 'get') return getScale(core, request)
  if (call.verb === 'update') return updateScale(core, request, call.body, call.options)
  if (call.verb === 'patch') return patchScale(core, request, call)
  throw methodNotSupported(request.resource, call.verb)
}
