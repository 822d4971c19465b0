/**
 * Whether what was applied has come to be. A rule of the package decides, where it has one for the kind; else what the kinds of Kubernetes
 * and of its neighbours are known by; else a condition `Ready`, if there is one. What tells nothing is ready by being there.
 */
import { isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import { matches, type WaitRule } from './config.ts'
import { describeApplied, type Applied } from './manifest.ts'

export type Readiness = { readonly type: 'ready' } | { readonly type: 'waiting' | 'failed'; readonly why: string }

const ready: Readiness = { type: 'ready' }

/** Conditions that say yes, in the order in which they are asked; and those that say that it will never be. */
const GOOD = ['ReconcileSucceeded', 'ACK.ResourceSynced', 'Established', 'Complete', 'Ready'] as const
const BAD = ['ReconcileFailed', 'ACK.Terminal', 'Failed', 'Stalled'] as const
/** Of these nobody has a say: a condition in it is about something else. */
const SILENT: ReadonlySet<string> = new Set(['Service', 'Node', 'HorizontalPodAutoscaler', 'PodDisruptionBudget'])

interface Condition {
  readonly type: string
  readonly status: string
  readonly message: string
}

export function readinessOf(at: Applied, object: JsonObject, rules: readonly WaitRule[]): Readiness {
  const what = describeApplied(at)
  const status = isObject(object['status']) ? object['status'] : {}
  const conditions = conditionsIn(status)
  const rule = rules.find(({ kinds }) => matches(kinds, at))
  if (rule) return byRule(rule, { what, object, status, conditions })
  if (SILENT.has(at.kind)) return ready
  const told = at.kind === 'Deployment' || at.kind === 'StatefulSet' ? rolledOut(what, object, status) : ready
  if (told.type !== 'ready') return told
  return byConditions(what, object, status, conditions)
}

function byConditions(
  what: string,
  object: JsonObject,
  status: JsonObject,
  conditions: readonly Condition[],
): Readiness {
  const bad = conditions.find(({ type, status: is }) => is === 'True' && (BAD as readonly string[]).includes(type))
  if (bad) return { type: 'failed', why: `${what}: ${bad.type}${bad.message === '' ? '' : `: ${bad.message}`}` }
  if (isBehind(object, status)) return { type: 'waiting', why: `${what}: nobody has looked at it yet` }
  const good = GOOD.map((name) => conditions.find(({ type }) => type === name)).find((one) => one !== undefined)
  // Of Carvel's kinds the one condition is another one until it has succeeded.
  const carvel = conditions.find(({ type }) => type === 'Reconciling' || type === 'Deleting')
  if (good === undefined && carvel?.status !== 'True') return ready
  if (good?.status === 'True') return ready
  const { type, message } = good ?? carvel!
  return {
    type: 'waiting',
    why: `${what}: ${good ? `${type} is not True` : type}${message === '' ? '' : `: ${message}`}`,
  }
}

interface Looked {
  readonly what: string
  readonly object: JsonObject
  readonly status: JsonObject
  readonly conditions: readonly Condition[]
}

function byRule(rule: WaitRule, { what, object, status, conditions }: Looked): Readiness {
  if (rule.supportsObservedGeneration && isBehind(object, status))
    return { type: 'waiting', why: `${what}: nobody has looked at it yet` }
  for (const matcher of rule.conditionMatchers) {
    const found = conditions.find(({ type, status: is }) => type === matcher.type && is === matcher.status)
    if (!found) continue
    if (matcher.failure)
      return { type: 'failed', why: `${what}: ${found.type}${found.message === '' ? '' : `: ${found.message}`}` }
    if (matcher.success) return ready
  }
  const wanted = rule.conditionMatchers.filter(({ success }) => success).map(({ type }) => type)
  return { type: 'waiting', why: `${what}: waiting for ${wanted.join(' or ')}` }
}

function rolledOut(what: string, object: JsonObject, status: JsonObject): Readiness {
  if (isBehind(object, status)) return { type: 'waiting', why: `${what}: nobody has looked at it yet` }
  const spec = isObject(object['spec']) ? object['spec'] : {}
  const wanted = Number(spec['replicas'] ?? 1)
  const [updated, available] = [Number(status['updatedReplicas'] ?? 0), Number(status['availableReplicas'] ?? 0)]
  if (updated >= wanted && available >= wanted) return ready
  return { type: 'waiting', why: `${what}: ${Math.min(updated, available)} of ${wanted} replicas are available` }
}

function isBehind({ metadata }: JsonObject, status: JsonObject): boolean {
  const generation = isObject(metadata) ? metadata['generation'] : undefined
  const observed = status['observedGeneration']
  return observed !== undefined && generation !== undefined && Number(observed) < Number(generation)
}

function conditionsIn({ conditions }: JsonObject): readonly Condition[] {
  const all = Array.isArray(conditions) ? (conditions as readonly Json[]) : []
  return all.filter(isObject).map(({ type, status, message }) => ({
    type: String(type),
    status: String(status),
    message: typeof message === 'string' ? message : '',
  }))
}
