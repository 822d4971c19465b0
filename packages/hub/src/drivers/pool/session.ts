import { isDeepStrictEqual } from 'node:util'
import {
  type Clock,
  createNews,
  type Found,
  type Json,
  type KubeApi,
  type News,
  type Query,
  type Ref,
  type Seen,
  type Session,
  type Want,
} from '@larder/kit'
import { blocked, invalid } from '@larder/kit'
import { readRecipe, type PoolRecipe } from './recipe.ts'

/** What the API hands out, as far as it is read here. */
interface Thing {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly deletionTimestamp?: string
  }
  readonly status?: { readonly binding?: { readonly name?: string } }
  readonly type?: string
  /** Of Secrets: base64. */
  readonly data?: Readonly<Record<string, string>>
}

/** On Secrets that the hub made as copies of what claims hold: they are nobody's to hold again. */
const COPY_LABEL = 'larder.dev/copy'

/** The watch tells sooner. */
const AGAIN_MS = 15_000

export function poolSession(kube: KubeApi, clock: Clock): Session {
  const news = createNews(kube, clock)

  return {
    async probe(signal) {
      signal.throwIfAborted()
      return { info: {} }
    },

    /** Only whether the members may be listed: there is nothing to change. */
    async plan(want, signal) {
      signal.throwIfAborted()
      await members(kube, readRecipe(want.recipe))
      return { parameters: want.parameters, errors: [], effects: [] }
    },

    async *discover({ recipe }, signal) {
      signal.throwIfAborted()
      if (recipe === undefined) return
      const pool = readRecipe(recipe)
      for (const query of queriesOf(pool)) news.among(query, foundId)
      yield* (await members(kube, pool)).map((thing) => foundOf(thing, pool, recipe))
    },

    async observe(want, signal) {
      signal.throwIfAborted()
      readRecipe(want.recipe)
      return want.resource ? look(kube, news, want.resource, want) : { phase: 'absent' }
    },

    async create(want, signal) {
      signal.throwIfAborted()
      readRecipe(want.recipe)
      return {}
    },

    async delete(_want, signal) {
      signal.throwIfAborted()
      return {}
    },

    async bind(want, { parameters }, signal) {
      signal.throwIfAborted()
      if (!isDeepStrictEqual(parameters, {}))
        throw invalid('binding.parameters', 'a copy of credentials that exist already takes none')
      if (!want.resource) throw blocked('nothing is held, so that there are no credentials to copy')
      const thing = await get(kube, want.resource)
      if (!thing) return waiting(`${told(want.resource)} does not exist`)
      const ref = sourceOf(thing, want.resource)
      if (!ref) return waiting(`${told(want.resource)} has no status.binding.name`)
      news.about(ref, want.id)
      const secret = ref.name === want.resource.name && isSecret(want.resource) ? thing : await get(kube, ref)
      if (!secret)
        return waiting(`Secret ${ref.namespace}/${ref.name}, which ${told(want.resource)} names, does not exist`)
      const values = Object.entries(secret.data ?? {}).map(([key, value]) => [key, bytesOf(value)] as const)
      return { phase: 'ready', values: Object.fromEntries(values), secretType: secret.type ?? 'Opaque' }
    },

    /** The copy goes with its claim; the credentials are those of the member and live on, as the traits say. */
    async unbind(_want, _credential, signal) {
      signal.throwIfAborted()
      return { phase: 'gone' }
    },

    watch: (changed, signal) => news.tell(changed, signal),
  }
}

const told = ({ kind, namespace, name }: Ref) => `${kind} ${namespace ?? ''}/${name}`
const foundId = ({ namespace = '', name }: Ref) => `${namespace}/${name}`
const isSecret = ({ apiVersion, kind }: Ref) => apiVersion === 'v1' && kind === 'Secret'
const isCopy = ({ metadata }: Thing) => metadata.labels?.[COPY_LABEL] === 'true'
const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'))
const waiting = (message: string) => ({ phase: 'changing', doing: 'Waiting', message, againMs: AGAIN_MS }) as const

async function get(kube: KubeApi, ref: Ref): Promise<Thing | undefined> {
  const thing = (await kube.get(ref)) as Thing | undefined
  // Without a namespace it is of a kind that belongs to nobody, and no policy could permit it.
  return thing?.metadata.namespace === ref.namespace ? thing : undefined
}

/** The Secret with the credentials: the member itself, or the one beside it that it names. */
function sourceOf({ status }: Thing, ref: Ref): Ref | undefined {
  if (isSecret(ref)) return ref
  const name = status?.binding?.name
  if (name === undefined || name === '') return undefined
  return { apiVersion: 'v1', kind: 'Secret', name, ...(ref.namespace !== undefined && { namespace: ref.namespace }) }
}

async function look(kube: KubeApi, news: News, resource: Ref, want: Want): Promise<Seen> {
  news.about(resource, want.id)
  const thing = await get(kube, resource)
  if (!thing) return { phase: 'absent' }
  if (isCopy(thing)) return { phase: 'absent', outputs: { copy: true } }
  const source = sourceOf(thing, resource)
  const outputs: Json = { labels: thing.metadata.labels ?? {}, ...(source && { binding: source.name }) }
  const outside = { id: foundId(resource) }
  if (!source) return { ...waiting(`${told(resource)} has no status.binding.name`), outputs, outside }
  return { phase: 'ready', drift: [], outputs, outside }
}

function queriesOf({ apiVersion, kind, labels, namespaces, fieldSelector }: PoolRecipe): readonly Query[] {
  const query = {
    apiVersion,
    kind,
    ...(labels !== undefined && { labels }),
    ...(fieldSelector !== undefined && { fields: fieldSelector }),
  }
  return namespaces ? namespaces.map((namespace) => ({ ...query, namespace })) : [query]
}

async function members(kube: KubeApi, pool: PoolRecipe): Promise<readonly Thing[]> {
  const lists = await Promise.all(queriesOf(pool).map((query) => kube.list(query)))
  const things = lists.flat() as unknown as readonly Thing[]
  return things.filter(
    (thing) =>
      thing.metadata.namespace !== undefined && thing.metadata.deletionTimestamp === undefined && !isCopy(thing),
  )
}

function foundOf({ metadata }: Thing, { apiVersion, kind }: PoolRecipe, recipe: Json): Found {
  const { namespace = '', name, uid, labels = {} } = metadata
  return {
    found: `${namespace}/${name}`,
    type: kind,
    recipe,
    outside: { id: `${namespace}/${name}` },
    resource: { apiVersion, kind, namespace, name, ...(uid !== undefined && { uid }), labels },
  }
}
