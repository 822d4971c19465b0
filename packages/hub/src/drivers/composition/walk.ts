/**
 * One walk over a graph, each resource after those that it reads: what is there, what is ready, what is missing. With `apply` it makes and
 * corrects on its way what can be; without, it only looks. Both are one function so that what a hub sees and what it does cannot differ.
 *
 *     subnets ready · users ready · group made now, not ready yet · cache waits for the group
 */
import {
  checkShape,
  type Existing,
  type FieldError,
  invalid,
  isDriverError,
  isRecord,
  type Json,
  type JsonSchema,
  type KubeApi,
  type News,
  type Ref,
} from '@larder/kit'
import { celOf, compute, NoValue, type Words } from './cel.ts'
import { kindKey } from './check.ts'
import { differences, project } from './difference.ts'
import { madeBefore, type Composition, type Graph, type Node } from './graph.ts'
import { refOf, type Made, type Memory } from './memory.ts'
import { APPLIED_ANNOTATION, FIELD_MANAGER, fingerprint, keyOf, told } from './naming.ts'
import { objectOf, ofTheClaim, ownershipOf, placeOf, type Owner } from './objects.ts'
import { readinessOf, type Thing } from './readiness.ts'
import { BUILT_IN } from './schemas.ts'

type Look =
  /** Left out by `includeWhen`, its own or that of what it reads. */
  | { readonly is: 'excluded' }
  /** What it reads is not ready. */
  | { readonly is: 'behind' }
  /** What it reads is ready and lacks a field. */
  | { readonly is: 'pending'; readonly message: string }
  /** It can be made now. */
  | { readonly is: 'missing' }
  /** It was there, held data, and is gone. */
  | { readonly is: 'lost' }
  /** That name is somebody else's. */
  | { readonly is: 'foreign'; readonly message: string }
  | { readonly is: 'unready'; readonly message: string }
  | { readonly is: 'failed'; readonly message: string }
  | { readonly is: 'ready' }

export interface Step {
  readonly node: Node
  readonly look: Look
  readonly ref: Ref | undefined
  readonly thing: Thing | undefined
  /** Paths at which it differs from what should be; not looked for while what it reads is not ready. */
  readonly drift: readonly string[]
}

export interface Walked {
  readonly steps: readonly Step[]
  /** With what was seen and done. */
  readonly memory: Memory
  /** Static ones, and every resource that exists. */
  readonly words: Words
}

export interface Ground {
  readonly kube: KubeApi
  readonly news: News
  readonly composition: Composition
  /** Of the Backend: where resources are that name no namespace. */
  readonly namespace: string | undefined
  /** Kinds that are known to report conditions. */
  readonly reports: (node: Node) => boolean
}

export interface Walk {
  readonly graph: Graph
  /** Of graphs before this one as well: for the order of deletion. */
  readonly graphs: readonly Graph[]
  readonly words: Words
  readonly owner: Owner
  readonly existing: Existing
  readonly memory: Memory
  readonly apply: boolean
  /** For news. */
  readonly id: string
  readonly signal: AbortSignal
}

/** What is made of the graph, and where, by what is known from the start. */
export function planned(ground: Ground, { graph, graphs, words }: Pick<Walk, 'graph' | 'graphs' | 'words'>): Memory {
  const made = new Map<string, Made>()
  const without = leftOut(ground.composition, graph, words)
  for (const node of graph.nodes) {
    if (node.isExternal || without.has(node.id)) continue
    const { apiVersion, kind, namespace, name } = placeOf(node, ground.composition, ground.namespace, words)
    const place = { apiVersion, kind, name, ...(namespace !== undefined && { namespace }) }
    const after = madeBefore(node, graphs)
    made.set(keyOf(place), { id: node.id, ...place, after, ...(node.holdsData && { holdsData: true as const }) })
  }
  return made
}

/** The ids of the graph, and of the one before it, that `includeWhen` leaves out, with those that read one. */
export function leftOut({ instance, binding }: Composition, graph: Graph, words: Words): ReadonlySet<string> {
  const ids = new Set<string>()
  const nodes = graph === binding ? [...instance.nodes, ...binding.nodes] : instance.nodes
  for (const { id, reads, includeWhen } of nodes) {
    const isOut = [...reads].some((word) => ids.has(word)) || !includeWhen.every((each) => isTrue(each, words))
    if (isOut) ids.add(id)
  }
  return ids
}

function isTrue(expression: Node['includeWhen'][number], words: Words): boolean {
  try {
    return compute(expression, words) === true
  } catch (error) {
    throw ofTheClaim(error)
  }
}

export async function walk(ground: Ground, { graph, memory: before, ...given }: Walk): Promise<Walked> {
  const without = leftOut(ground.composition, graph, given.words)
  const memory = new Map(before)
  const words: Record<string, unknown> = { ...given.words }
  const readyIds = new Set<string>()
  const steps: Step[] = []
  const found = await fetchMade(
    ground,
    graph.nodes.filter(({ id, isExternal }) => !without.has(id) && !isExternal),
    given,
  )
  for (const node of graph.nodes) {
    const step = without.has(node.id)
      ? { node, look: { is: 'excluded' as const }, ref: undefined, thing: undefined, drift: [] }
      : await visit(ground, node, found, { ...given, words, memory, readyIds })
    if (step.thing && step.look.is !== 'foreign') words[node.id] = celOf(step.thing)
    if (step.look.is === 'ready') readyIds.add(node.id)
    steps.push(step)
  }
  return { steps, memory, words }
}

type Found = ReadonlyMap<string, Thing | undefined>

/** All at once: their places are known before any of them is. */
async function fetchMade(
  ground: Ground,
  nodes: readonly Node[],
  { words, id, signal }: Pick<Walk, 'words' | 'id' | 'signal'>,
): Promise<Found> {
  const entries = nodes.map(async (node) => {
    const ref = placeOf(node, ground.composition, ground.namespace, words)
    return [node.id, await fetch(ground, ref, id, signal)] as const
  })
  return new Map(await Promise.all(entries))
}

async function fetch({ kube, news }: Ground, ref: Ref, id: string, signal: AbortSignal): Promise<Thing | undefined> {
  signal.throwIfAborted()
  news.about(ref, id)
  return (await kube.get(ref)) as Thing | undefined
}

interface Visit extends Omit<Walk, 'graph' | 'memory'> {
  readonly memory: Map<string, Made>
  readonly readyIds: ReadonlySet<string>
}

async function visit(ground: Ground, node: Node, found: Found, visit: Visit): Promise<Step> {
  const isBehind = node.needs.some((id) => !visit.readyIds.has(id))
  return node.isExternal
    ? visitExternal(ground, node, isBehind, visit)
    : visitMade(ground, node, found, isBehind, visit)
}

async function visitExternal(ground: Ground, node: Node, isBehind: boolean, visit: Visit): Promise<Step> {
  const nothing = { node, ref: undefined, thing: undefined, drift: [] }
  let ref: Ref
  try {
    ref = placeOf(node, ground.composition, ground.namespace, visit.words)
  } catch (error) {
    if (isBehind && error instanceof NoValue) return { ...nothing, look: { is: 'behind' } }
    if (!(error instanceof NoValue)) throw error
    return { ...nothing, look: { is: 'pending', message: error.message } }
  }
  const thing = await fetch(ground, ref, visit.id, visit.signal)
  const look = thing ? readiness(ground, node, thing, visit) : { is: 'pending' as const, message: 'it is not there' }
  return { ...nothing, ref, thing, look: isBehind && look.is === 'ready' ? { is: 'behind' } : look }
}

async function visitMade(ground: Ground, node: Node, found: Found, isBehind: boolean, visit: Visit): Promise<Step> {
  const ref = placeOf(node, ground.composition, ground.namespace, visit.words)
  const thing = found.get(node.id)
  const step = { node, ref, thing, drift: [] }
  const foreign = thing && foreignness(thing, ref, visit)
  if (foreign !== undefined) return { ...step, look: { is: 'foreign', message: foreign } }
  const key = keyOf(ref)
  const made = visit.memory.get(key)
  if (!thing && node.holdsData && made?.uid !== undefined) return { ...step, look: { is: 'lost' } }
  if (thing) visit.memory.set(key, seenAs(made ?? plannedOne(node, ref, visit.graphs), thing))
  if (thing?.metadata.deletionTimestamp !== undefined) {
    return { ...step, look: { is: 'unready', message: 'it is being deleted' } }
  }
  if (isBehind) return { ...step, look: thing ? behind(readiness(ground, node, thing, visit)) : { is: 'behind' } }
  return correct(ground, step, made, visit)
}

/** What is there and ready itself is not for others to build on while what it reads is not. */
const behind = (look: Look): Look => (look.is === 'ready' ? { is: 'behind' } : look)

function plannedOne(node: Node, ref: Ref, graphs: readonly Graph[]): Made {
  const after = madeBefore(node, graphs)
  return { id: node.id, ...refOf(ref), after, ...(node.holdsData && { holdsData: true as const }) }
}

function seenAs(made: Made, { metadata }: Thing): Made {
  return metadata.uid === undefined ? made : { ...made, uid: metadata.uid }
}

function foreignness(thing: Thing, ref: Ref, { owner, existing }: Visit): string | undefined {
  const ownership = ownershipOf(thing, owner)
  if (ownership === 'ours' || (ownership === 'nobodys' && existing !== 'Refuse')) return undefined
  const whose = ownership === 'others' ? 'belongs to another instance' : 'was not made by this instance'
  return `${told(ref)} exists and ${whose}: remove or rename it`
}

type Here = Pick<Step, 'node' | 'thing'> & { readonly ref: Ref }

/** What should be is known now: makes it or brings it there, if it may. */
async function correct(
  ground: Ground,
  { node, ref, thing }: Here,
  made: Made | undefined,
  visit: Visit,
): Promise<Step> {
  let wanted: Json
  try {
    wanted = objectOf(node, ref, visit.words, visit.owner)
  } catch (error) {
    const cause = ofTheClaim(error)
    if (!(cause instanceof NoValue)) throw cause
    return { node, ref, thing, drift: [], look: { is: 'pending', message: cause.message } }
  }
  const drift = thing ? driftOf(node, thing, wanted, made) : []
  if (thing && (drift.length === 0 || !visit.apply)) {
    return { node, ref, thing, drift, look: readiness(ground, node, thing, visit) }
  }
  if (!visit.apply) return { node, ref, thing, drift, look: { is: 'missing' } }
  visit.signal.throwIfAborted()
  const answer = await applied(ground, node, ref, wanted)
  visit.memory.set(keyOf(ref), keptOf(seenAs(made ?? plannedOne(node, ref, visit.graphs), answer), answer, wanted))
  return { node, ref, thing: answer, drift: [], look: readiness(ground, node, answer, visit) }
}

/** What the API refuses is told by the place in the recipe that asks for it. */
async function applied({ kube }: Ground, node: Node, ref: Ref, wanted: Json): Promise<Thing> {
  const { path } = node
  try {
    return (await kube.apply(wanted, FIELD_MANAGER)) as unknown as Thing
  } catch (error) {
    if (!isDriverError(error) || error.code !== 'invalid') throw error
    const [wrong] = misfits(BUILT_IN.get(kindKey(node)), wanted, `${path}.template`)
    if (wrong) throw invalid(wrong.path, `${told(ref)}: ${wrong.message}`)
    throw invalid(`${path}.template`, `${told(ref)}: ${error.message}`)
  }
}

/** Of a claim's values the types are known only now, and of a built-in kind the API does not say which field it cannot read. */
function misfits(schema: JsonSchema | undefined, wanted: Json, path: string): readonly FieldError[] {
  const properties = isRecord(schema?.['properties']) ? schema['properties'] : {}
  if (!isRecord(wanted)) return []
  return Object.entries(wanted).flatMap(([name, value]) => {
    const field = properties[name]
    return isRecord(field) ? checkShape(field, value, `${path}.${name}`) : []
  })
}

function driftOf(node: Node, thing: Thing, wanted: Json, made: Made | undefined): readonly string[] {
  const have = thing as unknown as Json
  const paths = differences(have, wanted, `resources.${node.id}`)
  if (paths.length === 0 || !made?.kept) return named(node, paths)
  const isKept = made.kept.of === fingerprint(wanted) && made.kept.as === fingerprint(project(have, wanted))
  return isKept ? [] : named(node, paths)
}

/** A field that is not wanted any more shows only in the fingerprint. */
function named(node: Node, paths: readonly string[]): readonly string[] {
  const fields = paths.filter((path) => !path.endsWith(`.${APPLIED_ANNOTATION}`))
  return fields.length > 0 || paths.length === 0 ? fields : [`resources.${node.id}`]
}

/** Some APIs write a value in other words than it was applied: that is remembered, and no drift. */
function keptOf({ kept: _kept, ...made }: Made, answer: Thing, wanted: Json): Made {
  const have = answer as unknown as Json
  if (differences(have, wanted, '').length === 0) return made
  return { ...made, kept: { of: fingerprint(wanted), as: fingerprint(project(have, wanted)) } }
}

function readiness({ reports }: Ground, node: Node, thing: Thing, { words }: Visit): Look {
  try {
    return readinessOf(node, thing, { ...words, [node.id]: celOf(thing) }, reports(node))
  } catch (error) {
    throw ofTheClaim(error)
  }
}

/** `creating`, or what else is to be said of a step that is not ready. */
export function messageOf({ look }: Step): string {
  if ('message' in look) return look.message
  return look.is === 'missing' ? 'it is not there' : 'waiting for what it reads'
}
