/** What is to be applied: manifests with their place in the API, in the order in which they are needed. */
import type { JsonObject } from '@larder/engine/base/json'
import type { ServedKinds } from '@larder/engine/client/served-kinds'
import type { Target } from '@larder/engine/machinery/call'
import { parseApiVersion, type KubeObject } from '@larder/engine/machinery/object'

/** One object, as the record of an App remembers it. */
export interface Applied {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

export interface Manifest extends Applied {
  readonly object: JsonObject & KubeObject
}

const CRD = 'CustomResourceDefinition'

/** Kinds in the order in which others need them; the rest comes last, as it was written. */
const ORDER: readonly (readonly string[])[] = [
  ['Namespace'],
  [CRD],
  ['ServiceAccount', 'ClusterRole', 'Role', 'ClusterRoleBinding', 'RoleBinding'],
]

export const rankOf = ({ kind }: Applied): number => {
  const rank = ORDER.findIndex((kinds) => kinds.includes(kind))
  return rank < 0 ? ORDER.length : rank
}

export const isDefinition = ({ kind }: Applied): boolean => kind === CRD

export const inOrder = <A extends Applied>(all: readonly A[]): readonly A[] =>
  all
    .map((one, i) => ({ one, i }))
    .sort((a, b) => rankOf(a.one) - rankOf(b.one) || a.i - b.i)
    .map(({ one }) => one)

export const idOf = ({ apiVersion, kind, namespace = '', name }: Applied): string =>
  `${parseApiVersion(apiVersion).group}/${kind}/${namespace}/${name}`

/** `Deployment shop/cache`, for people. */
export const describeApplied = ({ kind, namespace, name }: Applied): string =>
  namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`

/** Where it is in the API; undefined while nobody serves its kind. */
export async function targetOf(
  { apiVersion, kind, name, namespace }: Applied,
  kinds: ServedKinds,
): Promise<(Target & { readonly name: string }) | undefined> {
  const served = await kinds.find(apiVersion, kind)
  if (!served) return undefined
  const { resource, namespaced } = served
  // Placed while nobody served its kind: nothing was made of it.
  if (namespaced && namespace === undefined) return undefined
  return { ...parseApiVersion(apiVersion), resource, name, ...(namespaced && { namespace }) }
}

/** As a hub knows them, and what else a group is served in. */
export interface Kinds extends ServedKinds {
  /** Of a group, without the group; none where nobody serves it. */
  versionsOf(group: string): Promise<readonly string[]>
}

/** Where it is though the version in which it was applied is served no more; undefined once no version has its kind. */
export async function leftAt(one: Applied, kinds: Kinds): Promise<(Target & { readonly name: string }) | undefined> {
  const target = await targetOf(one, kinds)
  if (target) return target
  const { group } = parseApiVersion(one.apiVersion)
  for (const version of await kinds.versionsOf(group)) {
    const other = await targetOf({ ...one, apiVersion: `${group}/${version}` }, kinds)
    if (other) return other
  }
  return undefined
}

interface Placing {
  readonly kinds: ServedKinds
  /** Of what has none. */
  readonly namespace: string
  /** Of everything that lives in one. */
  readonly intoNs: string | undefined
}

/** With the namespaces that they will have. Kinds that are served by a definition among them are taken at its word. */
export async function place(objects: readonly JsonObject[], placing: Placing): Promise<readonly Manifest[]> {
  const defined = new Map(objects.flatMap((object) => definedBy(object)))
  const placed: Manifest[] = []
  for (const json of objects) {
    const object = withData(json) as JsonObject & KubeObject
    const { apiVersion, kind, metadata } = object
    const served = await placing.kinds.find(apiVersion, kind)
    const namespaced =
      served?.namespaced ??
      defined.get(`${parseApiVersion(apiVersion).group}/${kind}`) ??
      metadata.namespace !== undefined
    const namespace = namespaced ? (placing.intoNs ?? metadata.namespace ?? placing.namespace) : undefined
    const { namespace: _, ...rest } = metadata
    const where = namespace === undefined ? {} : { namespace }
    placed.push({
      apiVersion,
      kind,
      name: metadata.name,
      ...where,
      object: { ...object, metadata: { ...rest, ...where } } as JsonObject & KubeObject,
    })
  }
  return inOrder(placed)
}

function definedBy(object: JsonObject): readonly (readonly [string, boolean])[] {
  if (object['kind'] !== CRD) return []
  const { group, scope, names } = (object['spec'] ?? {}) as {
    group?: string
    scope?: string
    names?: { kind?: string }
  }
  return [[`${group}/${names?.kind}`, scope === 'Namespaced']]
}

/** The API keeps texts of a Secret as `data`, where what was applied is looked for later. */
function withData(object: JsonObject): JsonObject {
  const { stringData, ...rest } = object
  if (object['kind'] !== 'Secret' || object['apiVersion'] !== 'v1' || stringData === undefined) return object
  const texts = Object.entries((stringData ?? {}) as Record<string, unknown>)
  const encoded = texts.map(([key, text]) => [key, Buffer.from(String(text)).toString('base64')] as const)
  return { ...rest, data: { ...(object['data'] as JsonObject | undefined), ...Object.fromEntries(encoded) } }
}
