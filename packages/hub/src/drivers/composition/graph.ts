/**
 * A recipe as a graph: resources in an order in which each comes after what its expressions read. Nobody writes the order down, so
 * that it cannot be wrong; what reads itself by way of others is refused.
 */
import type { FieldError, Json } from '@larder/kit'
import { readsOf, type Expression } from './cel.ts'
import type { Entry, Recipe } from './recipe.ts'
import { expressionsOf, parseTemplate, tryParse, type Mistake, type Template } from './template.ts'

export interface Node {
  readonly id: string
  /** In the recipe: `recipe.resources[2]`. */
  readonly path: string
  readonly apiVersion: string
  readonly kind: string
  readonly isExternal: boolean
  readonly clusterScoped: boolean
  readonly holdsData: boolean
  readonly name: Template
  /** Absent: that of the recipe. */
  readonly namespace: Template | undefined
  /** The whole object; of an external one nothing. */
  readonly body: Template | undefined
  readonly includeWhen: readonly Expression[]
  readonly readyWhen: readonly Expression[]
  readonly failedWhen: readonly Expression[]
  /** Every word that it reads. */
  readonly reads: ReadonlySet<string>
  /** The ids of its own graph among them. */
  readonly needs: readonly string[]
}

export interface Graph {
  /** In an order in which each can be made. */
  readonly nodes: readonly Node[]
  readonly ids: ReadonlySet<string>
}

export type Keys = readonly (readonly [key: string, Template])[]

export interface Composition {
  readonly recipe: Recipe
  readonly namespace: Template | undefined
  readonly instance: Graph
  /** Made for each credential; may read the instance's. */
  readonly binding: Graph
  readonly outputs: Keys
  readonly values: Keys
  readonly roles: ReadonlyMap<string, Keys>
  readonly mistakes: readonly FieldError[]
}

/** Names that expressions have besides the resources. */
export const STATIC_WORDS = ['parameters', 'plan', 'instance', 'origin'] as const
export const CREDENTIAL_WORDS = ['credential', 'claim'] as const

/** Of CEL: its own words, and the names of its types and functions that would be hidden. */
const OF_CEL =
  'in true false null as break const continue else for function if import let loop package namespace return var void while ' +
  'has size type string int uint double bool bytes list map dyn timestamp duration optional cel matches'
const RESERVED: ReadonlySet<string> = new Set([...STATIC_WORDS, ...CREDENTIAL_WORDS, ...OF_CEL.split(' ')])

export const isSecret = ({ apiVersion, kind }: Pick<Node, 'apiVersion' | 'kind'>): boolean =>
  apiVersion === 'v1' && kind === 'Secret'

export function composition(recipe: Recipe): Composition {
  const mistakes: FieldError[] = []
  const mistake: Mistake = (path, message) => mistakes.push({ path, reason: 'invalid', message })
  const taken = new Set<string>()
  const parsed = (entries: readonly Entry[], path: string) =>
    entries.flatMap((entry, i) => nodeOf(entry, `${path}[${i}]`, taken, mistake) ?? [])
  const instance = parsed(recipe.resources, 'recipe.resources')
  const binding = parsed(recipe.bindingResources ?? [], 'recipe.bindingResources')
  if (instance.every(({ isExternal }) => isExternal)) {
    mistake('recipe.resources', 'none of them has a template, so that nothing would be made')
  }
  for (const node of binding) {
    if (node.holdsData) {
      const why = 'what is made for a claim is made again when it is gone, so let it hold no data'
      mistake(`${node.path}.holdsData`, `is for \`resources\`: ${why}`)
    }
    const reads = expressionsOf(node.name).flatMap(({ ast }) => readsOf(ast))
    if (node.isExternal || reads.some(({ word }) => word === 'credential')) continue
    mistake(node.name.path, 'must have ${credential.name} in it: each claim has one of its own')
  }
  return {
    recipe,
    namespace:
      recipe.namespace === undefined ? undefined : parseTemplate(recipe.namespace, 'recipe.namespace', mistake),
    instance: ordered(instance, mistake),
    binding: ordered(binding, mistake),
    outputs: keysOf(recipe.outputs, 'recipe.outputs', mistake),
    values: keysOf(recipe.binding, 'recipe.binding', mistake),
    roles: new Map(
      Object.entries(recipe.roles ?? {}).map(([role, { binding: keys }]) => [
        role,
        keysOf(keys, `recipe.roles.${role}.binding`, mistake),
      ]),
    ),
    mistakes,
  }
}

const keysOf = (texts: Recipe['outputs'], path: string, mistake: Mistake): Keys =>
  Object.entries(texts ?? {}).map(([key, text]) => [key, parseTemplate(text, `${path}.${key}`, mistake)])

interface Metadata {
  readonly name?: Json
  readonly namespace?: Json
}

function nodeOf(entry: Entry, path: string, taken: Set<string>, mistake: Mistake): Node | undefined {
  const { id, template, externalRef } = entry
  if (RESERVED.has(id)) mistake(`${path}.id`, `${id} means something else in expressions`)
  if (taken.has(id)) mistake(`${path}.id`, `${id} is the id of another resource`)
  taken.add(id)
  if ((template === undefined) === (externalRef === undefined)) {
    mistake(path, 'needs either template or externalRef')
    return undefined
  }
  const at = template ? `${path}.template` : `${path}.externalRef`
  const { apiVersion, kind } = template ?? externalRef ?? {}
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || `${apiVersion}${kind}`.includes('${')) {
    mistake(at, 'apiVersion and kind must be there, as they are: no expressions')
    return undefined
  }
  if (template?.['status'] !== undefined) mistake(`${at}.status`, 'is what others report, and nothing to ask for')
  const metadata = template ? ((template['metadata'] ?? {}) as Metadata) : (externalRef as Metadata)
  const where = template ? `${at}.metadata` : at
  if (typeof metadata.name !== 'string') mistake(`${where}.name`, 'is required')
  const { namespace } = metadata
  const expressions = (sources: readonly string[] | undefined, field: string) =>
    (sources ?? []).flatMap((source, i) => {
      const place = `${path}.${field}[${i}]`
      if (!source.trimStart().startsWith('${')) return tryParse(source, place, mistake) ?? []
      mistake(place, 'is CEL as it stands: leave out ${ and }')
      return []
    })
  return {
    id,
    path,
    apiVersion,
    kind,
    isExternal: externalRef !== undefined,
    clusterScoped: entry.clusterScoped ?? false,
    holdsData: entry.holdsData ?? false,
    name: parseTemplate(metadata.name ?? '', `${where}.name`, mistake),
    namespace: namespace === undefined ? undefined : parseTemplate(namespace, `${where}.namespace`, mistake),
    body: template && parseTemplate(template, at, mistake),
    includeWhen: expressions(entry.includeWhen, 'includeWhen'),
    readyWhen: expressions(entry.readyWhen, 'readyWhen'),
    failedWhen: expressions(entry.failedWhen, 'failedWhen'),
    reads: new Set(),
    needs: [],
  }
}

/** What the object itself reads; what it reads of itself is no need. */
function expressionsOfBody({ body, name, namespace }: Node): readonly Expression[] {
  if (body) return expressionsOf(body)
  return [...expressionsOf(name), ...(namespace ? expressionsOf(namespace) : [])]
}

/** Each after what it reads; among those that could come next the first of the recipe. */
function ordered(nodes: readonly Node[], mistake: Mistake): Graph {
  const ids = new Set(nodes.map(({ id }) => id))
  const left = nodes.map((node) => {
    const reads = new Set(expressionsOfBody(node).flatMap(({ ast }) => readsOf(ast).map(({ word }) => word)))
    return { ...node, reads, needs: [...reads].filter((word) => ids.has(word)) }
  })
  const done: Node[] = []
  const isDone = (id: string) => done.some((node) => node.id === id)
  while (left.length > 0) {
    const next = left.findIndex(({ needs }) => needs.every(isDone))
    if (next < 0) {
      const [first] = left
      mistake(first!.path, `what it reads goes round in a circle: ${circle(left)}`)
      done.push(...left.splice(0))
    } else done.push(...left.splice(next, 1))
  }
  return { nodes: done, ids }
}

/** `a reads b reads a`. */
function circle(nodes: readonly Node[]): string {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const walked: string[] = []
  let node = nodes[0]
  while (node && !walked.includes(node.id)) {
    walked.push(node.id)
    node = node.needs.map((id) => byId.get(id)).find((need) => need !== undefined)
  }
  const from = node ? walked.indexOf(node.id) : 0
  return [...walked.slice(from), ...(node ? [node.id] : [])].join(' reads ')
}

/** The ids of made things that must be there before this one: what it reads, also by way of what is only read. */
export function madeBefore(node: Node, graphs: readonly Graph[]): readonly string[] {
  const nodes = graphs.flatMap((graph) => graph.nodes)
  return node.needs.flatMap((id) => {
    const need = nodes.find((each) => each.id === id)
    if (!need) return []
    return need.isExternal ? madeBefore(need, graphs) : [id]
  })
}
