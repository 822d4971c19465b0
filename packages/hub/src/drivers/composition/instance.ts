/** The verbs over an instance: what exists of it, making and changing it, removing it. */
import { blocked, invalid, isDriverError, type Ack, type Seen, type Want } from '@larder/kit'
import { NoValue, type Words } from './cel.ts'
import { boundObjects } from './bound-objects.ts'
import { checkComposition } from './check.ts'
import type { Composition } from './graph.ts'
import { groundOf, readComposition, usableComposition, type Base } from './ground.ts'
import { readMemory, remembered, writeMemory, type Made, type Memory } from './memory.ts'
import { lookAtLeft, removeLeft, describeLeft, type Left } from './removal.ts'
import { schemasOf } from './schemas.ts'
import { AGAIN_MS, isThere, seenOf } from './seen.ts'
import { messageOf, planned, walk, type Ground, type Walk } from './walk.ts'

interface Scene {
  readonly graph: Composition
  readonly ground: Ground
  readonly words: Words
  readonly walk: Walk
  /** What the recipe has now. */
  readonly plan: Memory
}

/** Everything for a walk over an instance. Throws `invalid` for a recipe or a claim that says too little. */
export async function sceneOf(base: Base, want: Want, signal: AbortSignal): Promise<Scene> {
  const graph = usableComposition(want.recipe)
  const { ground, words } = await groundOf(base, graph, want, signal)
  const graphs = [graph.instance]
  const given: Walk = {
    graph: graph.instance,
    graphs,
    words,
    owner: { instance: want.id },
    existing: want.existing,
    memory: readMemory(want.state),
    apply: false,
    id: want.id,
    signal,
  }
  return { graph, ground, words, walk: given, plan: planned(ground, given) }
}

/** As `sceneOf`, or undefined where the recipe cannot be used and nothing was ever made by it. */
async function sceneOrNothing(base: Base, want: Want, signal: AbortSignal): Promise<Scene | undefined> {
  try {
    return await sceneOf(base, want, signal)
  } catch (error) {
    // Whoever goes on to make it hears what is wrong.
    if (isDriverError(error) && error.code === 'invalid' && readMemory(want.state).size === 0) return undefined
    throw error
  }
}

export async function observeInstance(base: Base, want: Want, signal: AbortSignal): Promise<Seen> {
  if (want.intent === 'delete') return observeRemoval(base, want, signal)
  const scene = await sceneOrNothing(base, want, signal)
  if (!scene) return { phase: 'absent' }
  const walked = await walk(scene.ground, scene.walk)
  const left = await leftOf(base, scene, walked.memory, want, signal)
  // What may be made next is known to the hub before it is.
  const memory = new Map([...scene.plan, ...withoutGone(walked.memory, scene.plan, left)])
  const { name } = scene.words['instance'] as { readonly name: string }
  const sight = {
    walked: { ...walked, memory },
    left,
    state: want.state,
    outputs: scene.graph.outputs,
    name,
    wasMade: want.intent === 'update' || want.existing === 'Observe',
    isOnlyLookedAt: want.existing === 'Observe',
  }
  const seen = seenOf(sight)
  if (seen.phase !== 'ready' || scene.graph.binding.nodes.length === 0) return seen
  const bound = await boundObjects(base, scene.graph, want)
  return { ...seen, bindings: [...bound.keys()].sort() }
}

/** What was made and is not in the recipe any more. */
function leftOf(
  { kube }: Base,
  { plan }: Scene,
  memory: Memory,
  want: Want,
  signal: AbortSignal,
): Promise<readonly Left[]> {
  const former = new Map([...memory].filter(([key]) => !plan.has(key)))
  return lookAtLeft({ kube, memory: former, owner: { instance: want.id }, signal })
}

const withoutGone = (memory: Memory, plan: Memory, left: readonly Left[]): Memory =>
  new Map([...memory].filter(([key, made]) => plan.has(key) || left.some((each) => each.made === made)))

/** Makes what can be made by now, and brings what differs to what it should be. Nothing of an update makes a service anew. */
export async function changeInstance(
  base: Base,
  want: Want,
  does: 'create' | 'update',
  signal: AbortSignal,
): Promise<Ack> {
  const scene = await sceneOf(base, want, signal)
  const { name } = scene.words['instance'] as { readonly name: string }
  const before = await walk(scene.ground, scene.walk)
  const foreign = before.steps.find(({ look }) => look.is === 'foreign')
  if (foreign) throw blocked(messageOf(foreign))
  const isNew = !isThere(before)
  if (isNew && does === 'update') return {}
  const known = isNew ? forgotten(scene.walk.memory) : before.memory
  const outside = { id: name }
  if (isUntold(known, scene.plan, scene.walk.memory, isNew)) {
    if (isNew) await refuseMistakes(base, scene.graph, signal)
    return { state: writeMemory(new Map([...scene.plan, ...known])), outside }
  }
  const walked = await walk(scene.ground, { ...scene.walk, memory: updated(known, scene.plan), apply: true })
  const isReady = walked.steps.every(({ look }) => look.is === 'ready' || look.is === 'excluded')
  if (isReady) await removeFormer(base, scene, walked.memory, want, signal)
  return { ...remembered(walked.memory, want.state), outside }
}

/** A class had it checked, by the schemas that there were; an instance without a class had not. */
async function refuseMistakes(base: Base, graph: Composition, signal: AbortSignal): Promise<void> {
  const nodes = [...graph.instance.nodes, ...graph.binding.nodes]
  const [first] = checkComposition(graph, await schemasOf(base.kube, nodes, signal))
  if (first) throw invalid(first.path, first.message)
}

/** What nobody would know of if the hub were killed while it is made. */
function isUntold(known: Memory, plan: Memory, told: Memory, isNew: boolean): boolean {
  if ([...plan.keys()].some((key) => !told.has(key) && !(known.get(key)?.uid !== undefined))) return true
  return isNew && [...told.values()].some(({ uid }) => uid !== undefined)
}

/** All of it is gone: what is made now is another. */
const forgotten = (memory: Memory): Memory =>
  new Map([...memory].map(([key, { uid: _uid, kept: _kept, ...made }]) => [key, made]))

/** Order and flags as the recipe has them now. */
const updated = (memory: Memory, plan: Memory): Memory =>
  new Map([...memory].map(([key, made]) => [key, withPlan(made, plan.get(key))]))

function withPlan(made: Made, now: Made | undefined): Made {
  if (!now) return made
  const { uid, kept } = made
  return { ...now, ...(uid !== undefined && { uid }), ...(kept && { kept }) }
}

async function removeFormer(base: Base, scene: Scene, memory: Memory, want: Want, signal: AbortSignal): Promise<void> {
  const former = new Map([...memory].filter(([key]) => !scene.plan.has(key)))
  if (former.size > 0) await removeLeft({ kube: base.kube, memory: former, owner: { instance: want.id }, signal })
}

/** Of all that was made, by memory and by recipe: each may know what the other does not. */
async function allMade(base: Base, want: Want, signal: AbortSignal): Promise<Memory> {
  const memory = readMemory(want.state)
  const { composition: graph, errors } = readComposition(want.recipe)
  if (!graph || errors.length > 0) return memory
  try {
    const { ground, words } = await groundOf(base, graph, want, signal)
    return new Map([...planned(ground, { graph: graph.instance, graphs: [graph.instance], words }), ...memory])
  } catch (error) {
    // A claim that says too little: by it nothing was made.
    if (error instanceof NoValue || (isDriverError(error) && error.code === 'invalid')) return memory
    throw error
  }
}

/** Credentials first: they stand on the instance. */
async function stillThere(
  base: Base,
  want: Want,
  signal: AbortSignal,
  look: typeof lookAtLeft,
): Promise<{ readonly left: readonly Left[]; readonly total: number }> {
  const { kube } = base
  const { composition: graph } = readComposition(want.recipe)
  const bound = graph ? await boundObjects(base, graph, want) : new Map<string, Memory>()
  const left: Left[] = []
  for (const [credential, memory] of bound) {
    left.push(...(await look({ kube, memory, owner: { instance: want.id, credential }, signal })))
  }
  const memory = await allMade(base, want, signal)
  if (left.length > 0) return { left, total: memory.size + left.length }
  return { left: await look({ kube, memory, owner: { instance: want.id }, signal }), total: memory.size }
}

async function observeRemoval(base: Base, want: Want, signal: AbortSignal): Promise<Seen> {
  const { left, total } = await stillThere(base, want, signal, lookAtLeft)
  if (left.length === 0) {
    base.news.forget(want.id)
    return { phase: 'absent' }
  }
  if (left.some(({ isNext }) => isNext)) return { phase: 'unknown' }
  for (const { made } of left) base.news.about(made, want.id)
  return { phase: 'changing', ...describeLeft(left, total), againMs: AGAIN_MS }
}

export async function removeInstance(base: Base, want: Want, signal: AbortSignal): Promise<Ack> {
  const { left } = await stillThere(base, want, signal, removeLeft)
  // News of what goes come to whoever waits for it.
  for (const { made } of left) base.news.about(made, want.id)
  if (left.length === 0) base.news.forget(want.id)
  return {}
}
