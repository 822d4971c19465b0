import {
  DriverError,
  isDriverError,
  isRecord,
  type Effect,
  type FieldError,
  type Plan,
  type Session,
  type Want,
} from '@larder/kit'
import { checkComposition } from './check.ts'
import { NoValue } from './cel.ts'
import { bindCredential, unbindCredential } from './credentials.ts'
import type { Composition, Node } from './graph.ts'
import {
  createBase,
  readComposition,
  usableComposition,
  wordsOf,
  groundOf,
  type Base,
  type BaseParts,
} from './ground.ts'
import { changeInstance, observeInstance, removeInstance } from './instance.ts'
import { readMemory } from './memory.ts'
import { keyOf, told } from './naming.ts'
import { noNamespace, placeOf } from './objects.ts'
import { schemasOf } from './schemas.ts'
import { planned } from './walk.ts'

export function openSession(parts: BaseParts): Required<Omit<Session, 'discover' | 'wipe'>> {
  const base = createBase(parts)
  const { news } = base
  return {
    async probe(signal) {
      signal.throwIfAborted()
      return { info: base.namespace === undefined ? {} : { namespace: base.namespace } }
    },

    async plan(want, signal) {
      signal.throwIfAborted()
      return want.intent === 'update' ? planOfChange(base, want, signal) : planOfRecipe(base, want, signal)
    },

    async observe(want, signal) {
      signal.throwIfAborted()
      return observeInstance(base, want, signal)
    },

    async create(want, signal) {
      signal.throwIfAborted()
      return changeInstance(base, want, 'create', signal)
    },

    async update(want, signal) {
      signal.throwIfAborted()
      return changeInstance(base, want, 'update', signal)
    },

    async delete(want, signal) {
      signal.throwIfAborted()
      return removeInstance(base, want, signal)
    },

    async bind(want, credential, signal) {
      signal.throwIfAborted()
      return bindCredential({ base, want, credential, signal })
    },

    async unbind(want, credential, signal) {
      signal.throwIfAborted()
      return unbindCredential({ base, want, credential, signal })
    },

    watch: (changed, signal) => news.tell(changed, signal),
  }
}

/** What is wrong with the recipe, with the schemas of its kinds at hand. Throws what keeps its kinds from being used. */
async function planOfRecipe(base: Base, want: Want, signal: AbortSignal): Promise<Plan> {
  const { composition, errors: wrong } = readComposition(want.recipe)
  if (!composition) return planWith(want, wrong)
  const nodes = [...composition.instance.nodes, ...composition.binding.nodes]
  const errors = checkComposition(composition, await schemasOf(base.kube, nodes, signal))
  const isSaid = base.namespace !== undefined || composition.namespace !== undefined
  const placeless = nodes.filter(({ namespace, clusterScoped }) => !isSaid && !namespace && !clusterScoped)
  const all = [...errors, ...placeless.map(noNamespace)]
  if (all.length > 0) return planWith(want, all)
  for (const node of nodes) await mayRead(base, composition, node, want, signal)
  return planWith(want, [])
}

/** The hub shows the messages alone, so that each names its place. */
const planWith = (want: Want, errors: readonly FieldError[]): Plan => ({
  parameters: want.parameters,
  errors: errors.map((error) => ({ ...error, message: `spec.${error.path}: ${error.message}` })),
  effects: [],
})

/** Whether the kind is served and the account may look at it; of one whose place only a claim knows, just the former. */
async function mayRead(base: Base, graph: Composition, node: Node, want: Want, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const place = whereOf(base, graph, node, want)
  const { apiVersion, kind } = node
  try {
    const where = node.clusterScoped ? {} : { namespace: place ?? 'default' }
    await base.kube.get({ apiVersion, kind, ...where, name: 'larder-looks-whether-it-may' })
  } catch (error) {
    if (!isDriverError(error)) throw error
    if (error.code === 'denied' && place === undefined && !node.clusterScoped) return
    const { code, afterMs, cause } = error
    const more = { cause, ...(afterMs !== undefined && { afterMs }) }
    throw new DriverError(code, `spec.${node.path}: ${error.message}`, more)
  }
}

function whereOf(base: Base, graph: Composition, node: Node, want: Want): string | undefined {
  try {
    const words = wordsOf(base, graph, want)
    const { namespace } = words['instance'] as { readonly namespace: string }
    const own = namespace === '' ? base.namespace : namespace
    return placeOf({ ...node, name: { is: 'literal', path: node.name.path, value: 'x' } }, graph, own, words).namespace
  } catch (error) {
    const isOfClaim =
      error instanceof NoValue || (isDriverError(error) && error.path?.startsWith('parameters') === true)
    if (isOfClaim || (isDriverError(error) && isRecord(want.parameters) && Object.keys(want.parameters).length === 0))
      return undefined
    throw error
  }
}

/** What holds data and is no part of it any more, or is under another name now, would be removed. */
async function planOfChange(base: Base, want: Want, signal: AbortSignal): Promise<Plan> {
  const graph = usableComposition(want.recipe)
  const { ground, words } = await groundOf(base, graph, want, signal)
  const plan = planned(ground, { graph: graph.instance, graphs: [graph.instance], words })
  const kept = new Set([...plan.values()].map(({ id }) => id))
  const effects = [...readMemory(want.state).values()].flatMap((made): Effect[] => {
    if (plan.has(keyOf(made)) || made.uid === undefined || !made.holdsData) return []
    const isRenamed = kept.has(made.id)
    const message = `${told(made)} holds data and would be removed`
    return [{ kind: isRenamed ? 'replace' : 'destroy', what: `resources.${made.id}`, message }]
  })
  return { parameters: want.parameters, errors: [], effects }
}
