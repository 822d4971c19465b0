/** The objects that a binding gives its policy as parameters. Texts follow upstream's policy dispatcher. */
import type { JsonObject } from '../../base/json.ts'
import { asJson, parseApiVersion } from '../../machinery/object.ts'
import { labelSelectorOf } from '../../machinery/selectors.ts'
import type { Store } from '../../storage/store.ts'
import type { Catalog, Served } from '../core/catalog.ts'
import { keyOf, prefixOf } from '../core/keys.ts'
import type { Versions } from '../core/versions.ts'

export interface ParamKind {
  readonly apiVersion: string
  readonly kind: string
}

export interface ParamRef {
  readonly name?: string
  readonly namespace?: string
  readonly selector?: JsonObject
  readonly parameterNotFoundAction?: string
}

export interface ParamSource {
  readonly store: Store
  readonly catalog: Catalog
  readonly versions: Versions
}

/** The policy or the binding cannot be used as it stands: its failure policy decides. */
export class ConfigurationError extends Error {}

/** The resource of a kind of parameters. Throws ConfigurationError. */
export function servedParams({ catalog }: ParamSource, { apiVersion, kind }: ParamKind): Served {
  const { group, version } = parseApiVersion(apiVersion)
  const resource = catalog.findKind(group, version, kind)
  const served = resource && catalog.lookup(group, version, resource.resource)
  if (served && !served.answerer) return served
  const shown = `${group}/${version}, Kind=${kind}`
  throw new ConfigurationError(`failed to find resource referenced by paramKind: '${shown}'`)
}

/**
 * One entry for each parameter to judge with; null for a policy that takes none, or a binding that gives none. Empty: nothing was
 * found and that is allowed. Throws ConfigurationError.
 */
export function paramsOf(
  source: ParamSource,
  served: Served | undefined,
  ref: ParamRef | undefined,
  requestNamespace: string | undefined,
): readonly (JsonObject | null)[] {
  if (!served || !ref) return [null]
  const namespace = namespaceOf(served, ref, requestNamespace)
  const { name, selector, parameterNotFoundAction } = ref
  const found = name ? named(source, served, namespace, name) : selected(source, served, namespace, selector)
  if (found.length === 0 && parameterNotFoundAction === 'Deny') {
    throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction')
  }
  return found
}

function namespaceOf(
  { resource }: Served,
  { namespace }: ParamRef,
  requestNamespace: string | undefined,
): string | undefined {
  if (!resource.namespaced) {
    if (!namespace) return undefined
    throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
  }
  const place = namespace || requestNamespace
  if (place !== undefined) return place
  throw new ConfigurationError('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources')
}

function named(
  { store, versions }: ParamSource,
  served: Served,
  namespace: string | undefined,
  name: string,
): JsonObject[] {
  const entry = store.get(keyOf(served.resource, namespace, name))
  return entry ? [asJson(versions.view(served, entry).object)] : []
}

function selected(
  { store, versions }: ParamSource,
  served: Served,
  namespace: string | undefined,
  selector: JsonObject | undefined,
): JsonObject[] {
  const wanted = labelSelectorOf(selector)
  const { entries } = store.list({
    prefix: prefixOf(served.resource, namespace),
    match: (_key, { labels }) => wanted.matches(labels),
  })
  return entries.map((entry) => asJson(versions.view(served, entry).object))
}
