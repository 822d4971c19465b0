/** SelfSubjectReview and TokenReview: who is it? */
import { isObject, type JsonObject } from '../../../base/json.ts'
import { badRequest } from '../../../machinery/status.ts'
import type { User } from '../../api.ts'
import type { Core, Request } from '../core.ts'

export function reviewSelf(_core: Core, { user }: Request): JsonObject {
  return { userInfo: userInfo(user) }
}

/** The token is not repeated in the answer's status, but the review carries it in its spec, as the asker sent it. */
export async function reviewToken(core: Core, _request: Request, review: JsonObject): Promise<JsonObject> {
  const spec = isObject(review['spec']) ? review['spec'] : {}
  const { token, audiences } = spec as { token?: string; audiences?: readonly string[] }
  if (!token) throw badRequest('token is required for TokenReview in authentication')
  if (!core.tokens) return { authenticated: false, error: 'this API was started without a token authority' }
  const user = await core.tokens.verify(token, audiences)
  if (!user) return { authenticated: false, error: 'the token is not valid' }
  return { authenticated: true, user: userInfo(user), audiences: audiences ?? [core.tokens.audience] }
}

function userInfo({ name, uid, groups, extra }: User): JsonObject {
  return {
    username: name,
    ...(uid !== undefined && { uid }),
    groups,
    ...(extra !== undefined && { extra: { ...extra } }),
  }
}
