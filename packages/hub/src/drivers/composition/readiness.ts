/**
 * Whether an object is ready, from what it says itself. A recipe may say it by `readyWhen` and `failedWhen`; else what is known of its
 * kind holds, else its conditions, and an object that reports nothing is ready when it is there.
 */
import { isRecord, type Json } from '@larder/kit'
import { compute, NoValue, type Expression, type Words } from './cel.ts'
import type { Node } from './graph.ts'

export type Readiness =
  | { readonly is: 'ready' }
  | { readonly is: 'unready'; readonly message: string }
  | { readonly is: 'failed'; readonly message: string }

/** What the API hands out, as far as it is read here. */
export interface Thing {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid?: string
    readonly generation?: number
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly deletionTimestamp?: string
  }
  readonly [field: string]: unknown
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly observedGeneration?: number
}

interface Status {
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
  readonly [field: string]: unknown
}

/** Of messages of others, which may be pages long. */
const MAX_MESSAGE = 200
const READY: Readiness = { is: 'ready' }
const unready = (message: string): Readiness => ({ is: 'unready', message: cut(message) })
const failed = (message: string): Readiness => ({ is: 'failed', message: cut(message) })
const cut = (message: string): string => (message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message)

/** `reports`: its kind is known to have conditions, so that one that has none yet was not looked at yet. */
export function readinessOf(node: Node, thing: Thing, words: Words, reports: boolean): Readiness {
  if (thing.metadata.deletionTimestamp !== undefined) return unready('it is being deleted')
  const status: Status = isRecord(thing['status'] as Json) ? (thing['status'] as Status) : {}
  if (node.failedWhen.some((expression) => holds(expression, words))) {
    return failed(saidBy(status) ?? `failedWhen ${sourcesOf(node.failedWhen)} holds`)
  }
  if (node.readyWhen.length > 0) {
    const missing = node.readyWhen.filter((expression) => !holds(expression, words))
    if (missing.length === 0) return READY
    return unready(saidBy(status) ?? `readyWhen ${sourcesOf(missing)} does not hold`)
  }
  if (node.isExternal && node.apiVersion === 'v1') return READY
  return byKind(node, thing, status) ?? byConditions(thing, status, reports)
}

const sourcesOf = (expressions: readonly Expression[]): string => expressions.map(({ source }) => source).join(' and ')

/** What it reads may not be there yet: then it does not hold. */
function holds(expression: Expression, words: Words): boolean {
  try {
    return compute(expression, words) === true
  } catch (error) {
    if (error instanceof NoValue && error.isMissing) return false
    throw error
  }
}

/** Kinds that say it in fields of their own. */
function byKind({ apiVersion, kind }: Node, { metadata, ...thing }: Thing, status: Status): Readiness | undefined {
  const spec = thing['spec'] as { readonly replicas?: number } | undefined
  const count = (field: string) => Number(status[field] ?? 0)
  switch (`${apiVersion} ${kind}`) {
    case 'apps/v1 Deployment':
    case 'apps/v1 StatefulSet': {
      if (isBehind(metadata.generation, status.observedGeneration ?? 0)) return unready('it was not looked at yet')
      const wanted = spec?.replicas ?? 1
      const there = Math.min(count('readyReplicas'), count('updatedReplicas'))
      return there >= wanted ? READY : unready(`${there} of ${wanted} replicas are ready`)
    }
    case 'batch/v1 Job': {
      const is = (type: string) => status.conditions?.find((c) => c.type === type && c.status === 'True')
      const broken = is('Failed')
      if (broken) return failed(wordsOf(broken))
      return is('Complete') ? READY : unready('it has not completed')
    }
    case 'v1 PersistentVolumeClaim':
    case 'v1 Namespace': {
      const phase = String(status['phase'] ?? '')
      return ['Bound', 'Active'].includes(phase) ? READY : unready(phase === '' ? NOT_SEEN : phase)
    }
  }
  return undefined
}

const NOT_SEEN = 'nobody has looked at it yet'

const isBehind = (generation: number | undefined, observed: number | undefined): boolean =>
  generation !== undefined && observed !== undefined && observed < generation

/** In each row: what must be True, and what, when True, says that it failed. Which row holds is seen by what is there. */
const LANGUAGES: readonly { readonly speaks: RegExp; readonly good: string; readonly bad: readonly string[] }[] = [
  // AWS Controllers for Kubernetes.
  { speaks: /^ACK\./, good: 'ACK.ResourceSynced', bad: ['ACK.Terminal'] },
  // Carvel: exactly one condition at a time, always True.
  { speaks: /^(Reconciling|ReconcileSucceeded|ReconcileFailed)$/, good: 'ReconcileSucceeded', bad: [] },
  // What most others write; Stalled as kstatus has it.
  { speaks: /^Ready$/, good: 'Ready', bad: ['Stalled'] },
  { speaks: /^Available$/, good: 'Available', bad: ['Stalled'] },
]

function byConditions({ metadata }: Thing, status: Status, reports: boolean): Readiness {
  if (isBehind(metadata.generation, status.observedGeneration)) return unready('its change was not looked at yet')
  const { conditions = [] } = status
  const language = LANGUAGES.find(({ speaks }) => conditions.some(({ type }) => speaks.test(type)))
  if (!language) return reports ? unready(saidBy(status) ?? NOT_SEEN) : READY
  const of = (type: string) => conditions.find((c) => c.type === type)
  for (const bad of language.bad) {
    const condition = of(bad)
    if (condition?.status === 'True') return failed(wordsOf(condition))
  }
  const good = of(language.good)
  if (good && isBehind(metadata.generation, good.observedGeneration)) return unready('its change was not looked at yet')
  return good?.status === 'True' ? READY : unready(saidBy(status) ?? NOT_SEEN)
}

const wordsOf = ({ type, reason, message }: Condition): string =>
  [reason ?? type, message].filter((each) => each !== undefined && each !== '').join(': ')

/** What it says of itself while it is not ready: `creating`, or the words of a condition. */
export function saidBy(status: unknown): string | undefined {
  const { conditions = [], ...fields } = isRecord(status as Json) ? (status as Status) : {}
  const told = conditions.find((c) => isTold(c) && (c.message ?? '') !== '')
  for (const field of ['status', 'phase', 'state']) {
    const value = fields[field]
    if (typeof value === 'string' && value !== '') return value
  }
  return told && cut(wordsOf(told))
}

/** Conditions that tell of something missing: those that should be True and are not, and those of failures. */
const isTold = ({ type, status }: Condition): boolean =>
  ['ReconcileFailed', 'ACK.Recoverable', 'ACK.Terminal', 'Stalled'].includes(type)
    ? status === 'True'
    : status !== 'True' && type !== 'Stalled' && type !== 'Reconciling'
