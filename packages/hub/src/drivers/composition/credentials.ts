/** The verbs over credentials: the values of the Secret of a claim, and what is made for it alone. */
import {
  blocked,
  invalid,
  isDriverError,
  type Bound,
  type Credential,
  type Json,
  type Unbound,
  type Want,
} from '@larder/kit'
import { NoValue, type Words } from './cel.ts'
import type { Keys } from './graph.ts'
import type { Base } from './ground.ts'
import { sceneOf } from './instance.ts'
import { readMemory, remembered, writeMemory, type Memory } from './memory.ts'
import { told } from './naming.ts'
import { credentialWords, ofTheClaim } from './objects.ts'
import { describeLeft, lookAtLeft, removeLeft } from './removal.ts'
import { isThere, waiting } from './seen.ts'
import { render } from './template.ts'
import { leftOut, messageOf, planned, walk, type Walk, type Walked } from './walk.ts'

/** The hub remembers first; then it asks again at once. */
const AT_ONCE_MS = 1
/** News of objects wake instances and no claims, and what is made for a claim is a matter of moments. */
const SOON_MS = 500

interface Scene {
  readonly base: Base
  readonly want: Want
  readonly credential: Credential
  readonly signal: AbortSignal
}

export async function bindCredential(scene: Scene): Promise<Bound> {
  const { base, want, credential, signal } = scene
  const instance = await sceneOf(base, want, signal)
  const { graph, ground } = instance
  const keys = keysOf(graph.values, graph.roles, credential.role)
  const walked = await walk(ground, instance.walk)
  if (!isThere(walked)) throw blocked('the service is not there, so that nobody can be let in')
  const words = { ...walked.words, ...credentialWords(want, credential) }
  const made = graph.binding.nodes.length > 0 ? await makeFor(scene, { ...instance, walked }, words) : undefined
  if (made?.bound) return made.bound
  const kept = made ? remembered(made.walked.memory, credential.state) : {}
  const valued = valuesOf(keys, made?.walked.words ?? words, leftOut(graph, graph.binding, words))
  if (valued instanceof NoValue) {
    const message = `${valued.expression.path}: ${valued.message}`
    return { ...kept, phase: 'changing', doing: 'Waiting for values', message, againMs: SOON_MS }
  }
  const { secretType } = graph.recipe
  return { ...kept, phase: 'ready', values: valued, ...(secretType !== undefined && { secretType }) }
}

function keysOf(values: Keys, roles: ReadonlyMap<string, Keys>, role: string | undefined): Keys {
  if (role === undefined || roles.size === 0) return values
  const own = roles.get(role)
  if (!own) throw invalid('role', `role ${role} is not in the recipe; there are: ${[...roles.keys()].join(', ')}`)
  return [...new Map([...values, ...own])]
}

type Instance = Awaited<ReturnType<typeof sceneOf>> & { readonly walked: Walked }

/** What is made for this credential: `bound` while it is not ready. */
async function makeFor(
  scene: Scene,
  instance: Instance,
  words: Words,
): Promise<{ readonly walked: Walked; readonly bound?: Bound }> {
  const { ground } = instance
  const given = walkFor(scene, instance, words)
  const plan = planned(ground, given)
  const before = await walk(ground, given)
  const foreign = before.steps.find(({ look }) => look.is === 'foreign')
  if (foreign) throw blocked(messageOf(foreign))
  const memory = before.memory
  if ([...plan.keys()].some((key) => !given.memory.has(key) && memory.get(key)?.uid === undefined)) {
    const state = writeMemory(new Map([...plan, ...memory]))
    return { walked: before, bound: { state, phase: 'changing', doing: 'Beginning', againMs: AT_ONCE_MS } }
  }
  const walked = await walk(ground, { ...given, memory, apply: true })
  const kept = remembered(walked.memory, scene.credential.state)
  const broken = walked.steps.find(({ look }) => look.is === 'failed')
  if (broken) {
    const message = `${broken.ref ? told(broken.ref) : broken.node.id}: ${messageOf(broken)}`
    return {
      walked,
      bound: { ...kept, phase: 'failed', reason: 'ResourceFailed', message, usable: false, retry: 'same' },
    }
  }
  if (walked.steps.every(({ look }) => look.is === 'ready' || look.is === 'excluded')) return { walked }
  return { walked, bound: { ...kept, ...waiting(walked.steps), againMs: SOON_MS } }
}

function walkFor({ want, credential, signal }: Scene, { graph }: Pick<Instance, 'graph'>, words: Words): Walk {
  return {
    graph: graph.binding,
    graphs: [graph.binding],
    words,
    owner: { instance: want.id, credential: credential.id },
    existing: 'Refuse',
    // A password that is gone is no loss: it is made again.
    memory: readMemory(credential.state),
    apply: false,
    id: want.id,
    signal,
  }
}

/** The error of the first that has no value yet. What would read a resource that is left out never has one. */
function valuesOf(keys: Keys, words: Words, without: ReadonlySet<string>): Readonly<Record<string, Json>> | NoValue {
  const values: Record<string, Json> = {}
  for (const [key, template] of keys) {
    try {
      const value = render(template, words)
      if (value !== undefined) values[key] = value
    } catch (error) {
      const cause = ofTheClaim(error)
      if (cause instanceof NoValue && cause.unknown !== undefined && without.has(cause.unknown)) continue
      if (cause instanceof NoValue && cause.isMissing) return cause
      throw cause instanceof NoValue ? invalid(cause.expression.path, cause.message) : cause
    }
  }
  return values
}

export async function unbindCredential(scene: Scene): Promise<Unbound> {
  const { base, want, credential, signal } = scene
  const memory = await madeFor(scene)
  const removal = { kube: base.kube, memory, owner: { instance: want.id, credential: credential.id }, signal }
  await removeLeft(removal)
  const left = await lookAtLeft(removal)
  if (left.length === 0) return { phase: 'gone' }
  for (const { made } of left) base.news.about(made, want.id)
  return { phase: 'changing', ...describeLeft(left, memory.size), againMs: SOON_MS }
}

/** By memory and by recipe: the answer that told what to remember may have been lost. */
async function madeFor(scene: Scene): Promise<Memory> {
  const { base, want, credential, signal } = scene
  const memory = readMemory(credential.state)
  try {
    const { graph, ground, words } = await sceneOf(base, want, signal)
    const all = { ...words, ...credentialWords(want, credential) }
    return new Map([...planned(ground, walkFor(scene, { graph }, all)), ...memory])
  } catch (error) {
    if (error instanceof NoValue || (isDriverError(error) && error.code === 'invalid')) return memory
    throw error
  }
}
