/** Answering the kinds that are questions: upstream's reviews, and the queries of whoever embeds the API (`../queries.ts`). */
import { isObject, type JsonObject } from '../../base/json.ts'
import type { Call, Transport } from '../../machinery/call.ts'
import { Document } from '../../machinery/document.ts'
import { formatApiVersion, type KubeObject } from '../../machinery/object.ts'
import type { Resource } from '../../machinery/shape.ts'
import { invalid, notFound } from '../../machinery/status.ts'
import type { Result, User } from '../api.ts'
import type { Query } from '../queries.ts'
import { metadataOf, namespaceOf, normalized, readBody } from './body.ts'
import { admit } from './checks.ts'
import type { Core, Request } from './core.ts'
import { namespaceKey } from './keys.ts'
import { reviewAccess, reviewLocalAccess, reviewOwnAccess } from './reviews/access.ts'
import { reviewSelf, reviewToken } from './reviews/identity.ts'
import { reviewOwnRules } from './reviews/rules.ts'

/** From what was asked, in its full form, to what is answered. Throws ApiError for a question that makes no sense. */
export type Answerer = (core: Core, request: Request, asked: JsonObject) => JsonObject | Promise<JsonObject>

/** The status of a review. */
type Reviewer = (core: Core, request: Request, review: JsonObject) => JsonObject | Promise<JsonObject>

const REVIEWERS: Readonly<Record<string, Reviewer>> = {
  'authorization.k8s.io/selfsubjectaccessreviews': reviewOwnAccess,
  'authorization.k8s.io/subjectaccessreviews': reviewAccess,
  'authorization.k8s.io/localsubjectaccessreviews': reviewLocalAccess,
  'authorization.k8s.io/selfsubjectrulesreviews': reviewOwnRules,
  'authentication.k8s.io/selfsubjectreviews': reviewSelf,
  'authentication.k8s.io/tokenreviews': reviewToken,
}

/** Who answers the creation of a built-in kind that is a question; undefined for all the others. */
export function reviewerOf({ group, resource }: Resource): Answerer | undefined {
  const reviewer = REVIEWERS[`${group}/${resource}`]
  return reviewer && (async (core, request, review) => ({ ...review, status: await reviewer(core, request, review) }))
}

export function queryAnswerer(query: Query, transportOf: (user: User) => Transport): Answerer {
  return (core, { resource, user, target }, asked) => {
    const { namespace } = target
    // The answer to a question about a namespace that is not there would read as if it were empty.
    if (namespace !== undefined && !core.store.get(namespaceKey(namespace))) {
      throw notFound({ group: '', resource: 'namespaces' }, namespace)
    }
    const problems = resource.shape.validate(asked, undefined)
    if (problems.length > 0) throw invalid(resource, String(metadataOf(asked)['name'] ?? ''), problems)
    return query.create({ user, transport: transportOf(user), namespace }, asked)
  }
}

/** POST to a kind that is a question. */
export async function ask(
  core: Core,
  request: Request,
  { body, options }: Call & { verb: 'create' },
  answerer: Answerer,
): Promise<Result> {
  const { resource } = request
  const identity = { apiVersion: formatApiVersion(resource.group, resource.version), kind: resource.kind }
  const draft = { ...readBody(resource, body), ...identity }
  const namespace = namespaceOf(request, metadataOf(draft))
  const asked = normalized(request, draft, options, { type: 'body' })
  const placed = namespace === undefined ? asked : { ...asked, metadata: { ...metadataOf(asked), namespace } }
  const dryRun = options?.dryRun === true
  await admit(core, request, { verb: 'create', object: placed as unknown as KubeObject, dryRun })
  const answer = await answerer(core, request, placed)
  const document = Document.fromObject(withMetadata(answer) as unknown as KubeObject)
  return { type: 'object', resource, code: 201, document }
}

/** Printers and clients look for names in it. */
const withMetadata = (object: JsonObject): JsonObject =>
  isObject(object['metadata']) ? object : { ...object, metadata: {} }
