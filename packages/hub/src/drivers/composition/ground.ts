/** What all verbs of a session stand on: recipes that were read, kinds that are known, and the words of a want. */
import {
  type Clock,
  createNews,
  type FieldError,
  type Host,
  invalid,
  isRecord,
  type Json,
  type JsonSchema,
  type KubeApi,
  type News,
  type Want,
} from '@larder/kit'
import type { Words } from './cel.ts'
import { checkComposition, kindKey } from './check.ts'
import { composition, type Composition, type Node } from './graph.ts'
import { fingerprint } from './naming.ts'
import { renderStatic, staticWords } from './objects.ts'
import { readRecipe } from './recipe.ts'
import { schemasOf } from './schemas.ts'
import type { Ground } from './walk.ts'

/** A definition that could not be read may be readable later. */
const ASK_AGAIN_MS = 60_000

export interface Base {
  readonly kube: KubeApi
  readonly news: News
  /** Of the Backend's config. */
  readonly namespace: string | undefined
  readonly kinds: Kinds
}

export interface BaseParts {
  readonly kube: KubeApi
  readonly host: Host
  readonly clock: Clock
  readonly config: Json
}

export function createBase({ kube, host, clock, config }: BaseParts): Base {
  const namespace = isRecord(config) && typeof config['namespace'] === 'string' ? config['namespace'] : undefined
  return { kube, news: createNews(kube, clock), namespace, kinds: createKinds(kube, host) }
}

type Read =
  | { readonly composition: Composition; readonly errors: readonly FieldError[] }
  | { readonly composition: undefined; readonly errors: readonly FieldError[] }

/** Classes and their revisions, of which a hub has some dozens; the oldest goes. */
const MAX_READ = 200
const read = new Map<string, Read>()

/** What the recipe says, and what is wrong with it by itself. */
export function readComposition(recipe: Json): Read {
  if (!isRecord(recipe)) return { composition: undefined, errors: checked(recipe) }
  const key = fingerprint(recipe)
  const known = read.get(key)
  if (known) return known
  const fresh = parse(recipe)
  read.set(key, fresh)
  const [oldest] = read.keys()
  if (read.size > MAX_READ && oldest !== undefined) read.delete(oldest)
  return fresh
}

function parse(recipe: Json): Read {
  const said = readRecipe(recipe)
  if (!('resources' in said)) return { composition: undefined, errors: said }
  const graph = composition(said)
  return { composition: graph, errors: checkComposition(graph, new Map()) }
}

const checked = (recipe: Json): readonly FieldError[] => {
  const said = readRecipe(recipe)
  return 'resources' in said ? [] : said
}

/** Throws `invalid` with the first mistake: nothing is made by half a recipe. */
export function usableComposition(recipe: Json): Composition {
  const { composition: graph, errors } = readComposition(recipe)
  const [first] = errors
  if (first) throw invalid(first.path, first.message)
  if (!graph) throw invalid('recipe', 'must be object')
  return graph
}

/** The ground of one instance, and its words. */
export async function groundOf(
  base: Base,
  graph: Composition,
  want: Want,
  signal: AbortSignal,
): Promise<{ readonly ground: Ground; readonly words: Words }> {
  await base.kinds.learn([...graph.instance.nodes, ...graph.binding.nodes], signal)
  const { kube, news } = base
  const words = wordsOf(base, graph, want)
  const { namespace } = words['instance'] as { readonly namespace: string }
  const ground: Ground = {
    kube,
    news,
    composition: graph,
    namespace: namespace === '' ? base.namespace : namespace,
    reports: (node) => base.kinds.reports(node),
  }
  return { ground, words }
}

/** `instance.namespace` is where resources are that name no namespace; its own template reads the other words. */
export function wordsOf(base: Base, { namespace }: Composition, want: Want): Words {
  const words = staticWords(want, base.namespace)
  if (!namespace) return words
  const said = renderStatic(namespace, words)
  return typeof said === 'string' ? staticWords(want, said) : words
}

interface Kinds {
  /** Reads the definitions of those that are not known yet. */
  learn(nodes: readonly Node[], signal: AbortSignal): Promise<void>
  /** Whether its objects have conditions, by its definition. */
  reports(node: Node): boolean
}

function createKinds(kube: KubeApi, host: Host): Kinds {
  const known = new Map<string, { readonly reports: boolean; readonly until: number }>()
  return {
    async learn(nodes, signal) {
      const now = host.now().getTime()
      const asked = nodes.filter((node) => (known.get(kindKey(node))?.until ?? 0) <= now)
      if (asked.length === 0) return
      const schemas = await schemasOf(kube, asked, signal)
      for (const node of asked) {
        const schema = schemas.get(kindKey(node))
        const until = schema ? Infinity : now + ASK_AGAIN_MS
        known.set(kindKey(node), { reports: schema !== undefined && hasConditions(schema), until })
      }
    },
    reports: (node) => known.get(kindKey(node))?.reports ?? false,
  }
}

const hasConditions = (schema: JsonSchema): boolean => fieldOf(fieldOf(schema, 'status'), 'conditions') !== undefined

const fieldOf = (schema: Json | undefined, name: string): Json | undefined =>
  isRecord(schema) && isRecord(schema['properties']) ? schema['properties'][name] : undefined
