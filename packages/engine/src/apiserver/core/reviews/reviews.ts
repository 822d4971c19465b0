/** Kinds that are questions: POST answers them, nothing is stored. */
import type { Json, JsonObject } from '../../../base/json.ts'
import { Document } from '../../../machinery/document.ts'
import type { KubeObject } from '../../../machinery/object.ts'
import type { Resource } from '../../../machinery/shape.ts'
import { methodNotSupported } from '../../../machinery/status.ts'
import type { Result } from '../../api.ts'
import { normalized, readBody } from '../body.ts'
import type { Core, Request } from '../core.ts'
import { reviewAccess, reviewLocalAccess, reviewOwnAccess } from './access.ts'
import { reviewOwnRules } from './rules.ts'
import { reviewSelf, reviewToken } from './identity.ts'

/** The status of a review. Throws ApiError for a question that makes no sense. */
export type Reviewer = (core: Core, request: Request, review: JsonObject) => JsonObject | Promise<JsonObject>

const REVIEWERS: Readonly<Record<string, Reviewer>> = {
  'authorization.k8s.io/selfsubjectaccessreviews': reviewOwnAccess,
  'authorization.k8s.io/subjectaccessreviews': reviewAccess,
  'authorization.k8s.io/localsubjectaccessreviews': reviewLocalAccess,
  'authorization.k8s.io/selfsubjectrulesreviews': reviewOwnRules,
  'authentication.k8s.io/selfsubjectreviews': reviewSelf,
  'authentication.k8s.io/tokenreviews': reviewToken,
}

export function reviewOf(
  resource: Resource,
): ((core: Core, request: Request, body: Json) => Promise<Result>) | undefined {
  // The slowest part of this on the hot path would be the joined key, so ask the cheap question first.
  if (!resource.group.startsWith('auth')) return undefined
  const reviewer = REVIEWERS[`${resource.group}/${resource.resource}`]
  return reviewer && ((core, request, body) => answer(core, request, body, reviewer))
}

async function answer(core: Core, request: Request, body: Json, reviewer: Reviewer): Promise<Result> {
  const { resource } = request
  if (!resource.verbs.includes('create')) throw methodNotSupported(resource, 'create')
  const review = normalized(request, readBody(resource, body), undefined, { type: 'body' })
  const status = await reviewer(core, request, review)
  const document = Document.fromObject({ ...review, status } as unknown as KubeObject)
  return { type: 'object', resource, code: 201, document }
}
