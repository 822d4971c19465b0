/**
 * Kinds that are questions: POST asks, the answer comes back in the same object, and nothing is stored.
 *
 * The built-in ones are upstream's reviews (`SelfSubjectAccessReview`); whoever embeds the API adds some with
 * `createApi({ queries })`. They are in discovery, OpenAPI and RBAC (verb `create`) like any kind, `kubectl create -f` asks them, and
 * every other verb is 405.
 *
 *     const ping: Query = {
 *       group: 'query.example.com', version: 'v1', kind: 'Ping', resource: 'pings', namespaced: true,
 *       schema: { type: 'object', properties: { spec: ..., status: ... } },
 *       create: async ({ transport }, object) => ({ ...object, status: { objects: await count(transport) } }),
 *     }
 *
 * Rejected: a CRD whose objects a controller answers in status and somebody deletes later. A question asked a thousand times
 * a second would be as many objects, and its answer readable by whoever may read the namespace.
 */
import type { JsonObject } from '../base/json.ts'
import type { Transport } from '../machinery/call.ts'
import { crdDefaults, loadSchemaEngines, resourcesOfCrd, validateCrd } from '../machinery/crd.ts'
import type { Resource } from '../machinery/shape.ts'
import type { User } from './api.ts'

/** Who asks, where, and with whose rights the answer may be looked up. */
export interface QueryCall {
  /** The one who asks; for an impersonated request, the one who is impersonated. */
  readonly user: User
  /** Acts as that user: what they may not read the answer cannot contain. For `createClient(transport)`. */
  readonly transport: Transport
  /** Of the URL; undefined for a cluster-scoped query. It exists. */
  readonly namespace: string | undefined
}

export interface Query {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** The plural, lower case. */
  readonly resource: string
  readonly namespaced: boolean
  readonly shortNames?: readonly string[]
  /** A structural schema, as in a CRD: it prunes, defaults and judges (CEL rules included) what is asked. */
  readonly schema: JsonObject
  /**
   * The object as it is answered: usually what was asked, with a `status`. What is asked is valid and has apiVersion, kind and, for a namespaced
   * query, metadata.namespace. An ApiError that it throws is the answer; anything else is 500.
   */
  create(call: QueryCall, object: JsonObject): JsonObject | Promise<JsonObject>
}

/** What is served for a query. Throws for a declaration that no CRD could have, naming the field. */
export async function resourceOfQuery(query: Query): Promise<Resource> {
  const definition = crdDefaults(definitionOf(query))
  await loadSchemaEngines(definition)
  const problems = validateCrd(definition)
  const [resource] = problems.length === 0 ? resourcesOfCrd(definition).resources : []
  if (!resource) {
    const why = problems.map(({ path, detail }) => `${path}: ${detail}`).join('; ')
    throw new Error(`the query ${query.resource}.${query.group} cannot be served: ${why}`)
  }
  return { ...resource, verbs: ['create'], hasGeneration: false }
}

function definitionOf(query: Query): JsonObject {
  const { group, version, kind, resource, namespaced, shortNames = [], schema } = query
  return {
    metadata: { name: `${resource}.${group}` },
    spec: {
      group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: { plural: resource, kind, shortNames },
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  }
}
