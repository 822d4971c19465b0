/** The built-in resources, as the API server sees them: kinds.ts and the type table put together. */
import type { Kind, Resource, Shape, Subresource } from '../shape.ts'
import { KINDS, type KindEntry, type SubresourceEntry } from './kinds.ts'
import { builtinShape } from './shape.ts'

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const STATUS_VERBS = ['get', 'patch', 'update']

let resources: readonly Resource[] | undefined

/** All of them, in the order in which discovery lists them. Cheap: a kind's types are read from the table on first use. */
export function builtinResources(): readonly Resource[] {
  return (resources ??= KINDS.map(expand))
}

function expand(entry: KindEntry): Resource {
  const kind = entry.type.slice(entry.type.lastIndexOf('.') + 1)
  const identity: Kind = { group: entry.group, version: entry.version, kind }
  const { group, version, resource } = entry
  return {
    ...identity,
    resource,
    singular: kind.toLowerCase(),
    listKind: `${kind}List`,
    namespaced: entry.scope === 'Namespaced',
    shortNames: entry.short ?? [],
    categories: entry.categories ?? [],
    verbs: entry.verbs ?? ALL_VERBS,
    subresources: (entry.subresources ?? []).map((sub) => expandSubresource(sub, identity)),
    shape: builtinShape(identity, entry.type),
    storage: entry.storage ?? { group, version, resource },
    hasGeneration: entry.generation ?? false,
    unconditionalUpdate: entry.unconditionalUpdate ?? true,
    createOnUpdate: entry.createOnUpdate ?? false,
    selectableFields: entry.selectable ?? {},
  }
}

/**
 * Kinds that are never listed: bodies of subresources (Scale, TokenRequest, Eviction, Binding) and of delete calls. Bodies of
 * DeleteOptions come under many apiVersions; decode them with `decodeProtobufOf('meta.v1.DeleteOptions', raw)`.
 */
const BODIES: readonly (Kind & { readonly type: string })[] = [
  { group: 'autoscaling', version: 'v1', kind: 'Scale', type: 'autoscaling.v1.Scale' },
  { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', type: 'authentication.v1.TokenRequest' },
  { group: 'policy', version: 'v1', kind: 'Eviction', type: 'policy.v1.Eviction' },
  { group: '', version: 'v1', kind: 'Binding', type: 'core.v1.Binding' },
  { group: 'meta.k8s.io', version: 'v1', kind: 'DeleteOptions', type: 'meta.v1.DeleteOptions' },
]

let shapes: ReadonlyMap<string, Shape> | undefined
const keyOf = ({ group, version, kind }: Kind): string => `${group}/${version}/${kind}`

/** The shape of any built-in kind, also of those that are only a subresource's body. */
export function builtinShapeOf(kind: Kind): Shape | undefined {
  shapes ??= new Map([
    ...builtinResources().map((resource) => [keyOf(resource), resource.shape] as const),
    ...BODIES.map((body) => [keyOf(body), builtinShape(body, body.type)] as const),
  ])
  return shapes.get(keyOf(kind))
}

function expandSubresource(entry: SubresourceEntry, owner: Kind): Subresource {
  if (entry === 'status') return { name: 'status', kind: owner, verbs: STATUS_VERBS }
  const { name, group, version, kind, verbs } = entry
  return { name, kind: { group, version, kind }, verbs }
}
