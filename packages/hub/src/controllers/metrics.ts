/**
 * What the hub counts of its own. A label that holds the name of an object (`*`) is shown only to who may read `/metrics` of the Kubernetes
 * API; on the port without login those are summed over. No label holds a namespace, a user or anything of a claim.
 */
import { counter, gauge, histogram, type Instrument, type Meter } from '@larder/engine/base/meter'
import type { Informer } from '@larder/engine/client/informer'
import type { Informers } from '@larder/engine/client/informers'
import type { KubeObject } from '@larder/engine/machinery/object'
import { findCondition } from '@larder/engine/runtime/conditions'
import type { Condition } from '@larder/engine/client/builtin'
import { claimKind, type Claim } from '../model/claim.ts'
import { instanceKind, type Instance } from '../model/instance.ts'
import type { SessionObserver } from './session/calls.ts'

const BUILD = gauge('larder_build_info', 'Always 1; the version of this hub.', ['version'])
const LEADER = gauge('leader_election_master_status', '1 while this process leads.', ['name'])
const CLAIMS = gauge('larder_claims', 'Claims: `ready`, `waiting`, `stalled` or `deleting`.', ['class*', 'state'])
const INSTANCES = gauge('larder_instances', 'Instances, by class and state as for claims.', ['class*', 'state'])
const POOL = gauge('larder_pool_instances', 'Instances that claims may hold: `held` or `free`.', ['class*', 'state'])
const TO_READY = histogram(
  'larder_claim_time_to_ready_seconds',
  'From the creation of a claim until it was Ready for the first time.',
  ['class*', 'plan*'],
)
const STEPS = histogram('larder_step_duration_seconds', 'How long steps of instances took.', [
  'class*',
  'step',
  'outcome',
])
const UP = gauge('larder_backend_up', '1 while the backend answers.', ['backend*'])
const REQUESTS = counter(
  'larder_backend_requests_total',
  'Calls of drivers; `code` is `ok` or the reason of the failure.',
  ['backend*', 'operation', 'code'],
)
const DURATION = histogram('larder_backend_request_duration_seconds', 'How long calls of drivers took.', [
  'backend*',
  'operation',
])
const WAITED = histogram('larder_backend_queue_duration_seconds', 'How long calls waited for their turn.', ['backend*'])
const DECISIONS = counter(
  'larder_policy_decisions_total',
  'Claims that ClaimPolicies of another namespace allowed or denied, counted when that changes.',
  ['class*', 'decision'],
)

export const HUB_INSTRUMENTS: readonly Instrument[] = [
  BUILD,
  LEADER,
  CLAIMS,
  INSTANCES,
  POOL,
  TO_READY,
  STEPS,
  UP,
  REQUESTS,
  DURATION,
  WAITED,
  DECISIONS,
]

export function countBuild(meter: Meter, version: string): void {
  meter.set(BUILD, [version], 1)
}

/** `isLeading` is asked at each reading. */
export function countLeader(meter: Meter, lease: string, isLeading: () => boolean): () => void {
  return meter.onRead(() => meter.set(LEADER, [lease], isLeading() ? 1 : 0))
}

export function countCalls(meter: Meter): SessionObserver {
  return {
    call({ backend, verb, code, startedAt, endedAt, waitedMs }) {
      meter.add(REQUESTS, [backend, verb, code])
      meter.observe(DURATION, [backend, verb], (endedAt - startedAt) / 1000)
      meter.observe(WAITED, [backend], waitedMs / 1000)
    },
    backend(name, up) {
      // What is no longer used is told as not up: gauges that vanish raise no alarm.
      meter.set(UP, [name], up === true ? 1 : 0)
    },
  }
}

/** Counts what there is, when it is read: by indexes of the caches, because a look at each of 100,000 claims would take a second. */
export function countObjects(meter: Meter, informers: Pick<Informers, 'existing'>): () => void {
  return meter.onRead(() => {
    const claims = informers.existing(claimKind)
    const instances = informers.existing(instanceKind)
    count(meter, CLAIMS, claims, (claim) => [claim.spec.className ?? '', stateOf(claim)])
    count(meter, INSTANCES, instances, (instance) => [instance.spec.className ?? '', stateOf(instance)])
    count(meter, POOL, instances, ({ spec: { className = '', reclaimPolicy, claimRef, sharing } }) =>
      reclaimPolicy === 'Delete' || sharing === 'Shared' ? undefined : [className, claimRef ? 'held' : 'free'],
    )
  })
}

type Labels = readonly string[] | undefined

function count<T extends KubeObject>(
  meter: Meter,
  gauge: Instrument,
  informer: Informer<T> | undefined,
  labelsOf: (object: T) => Labels,
): void {
  meter.reset(gauge)
  if (!informer) return
  if (!informer.hasIndex(gauge.name)) {
    informer.addIndex(gauge.name, (object) =>
      [labelsOf(object)].flatMap((labels) => (labels ? [JSON.stringify(labels)] : [])),
    )
  }
  for (const [labels, objects] of informer.counts(gauge.name)) meter.add(gauge, JSON.parse(labels) as string[], objects)
}

type Reported = { readonly conditions?: readonly Condition[] | undefined }

function stateOf({ metadata, status }: KubeObject & { readonly status?: Reported }): string {
  if (metadata.deletionTimestamp !== undefined) return 'deleting'
  if (findCondition(status?.conditions, 'Ready')?.status === 'True') return 'ready'
  return findCondition(status?.conditions, 'Stalled') ? 'stalled' : 'waiting'
}

/** For `RuntimeMetrics.reported`: what changed in the status of claims and instances. */
export function countReports(meter: Meter, now: () => number): (object: KubeObject, status: object) => void {
  return (object, status) => {
    if (object.kind === 'Claim') countClaim(meter, object as Claim, status, now())
    if (object.kind === 'Instance') countSteps(meter, object as Instance, status)
  }
}

function countClaim(meter: Meter, claim: Claim, after: NonNullable<Claim['status']>, nowMs: number): void {
  const { className = '', plan = '' } = claim.spec
  const before = findCondition(claim.status?.conditions, 'Ready')
  const ready = findCondition(after.conditions, 'Ready')
  if (ready?.reason === 'NotPermitted' && before?.reason !== 'NotPermitted') meter.add(DECISIONS, [className, 'denied'])
  if (ready?.status !== 'True' || before?.status === 'True') return
  const elsewhere = (after.resourceRef?.namespace ?? claim.metadata.namespace) !== claim.metadata.namespace
  if (elsewhere) meter.add(DECISIONS, [className, 'allowed'])
  // It has been Ready before. A copy that is withdrawn takes the name of the Secret along, new credentials the time of the old.
  if (claim.status?.binding || claim.status?.credential?.issuedAt !== undefined) return
  const seconds = (nowMs - Date.parse(claim.metadata.creationTimestamp ?? '')) / 1000
  if (Number.isFinite(seconds)) meter.observe(TO_READY, [className, plan], Math.max(0, seconds))
}

function countSteps(meter: Meter, instance: Instance, after: NonNullable<Instance['status']>): void {
  const before = new Map((instance.status?.steps ?? []).map((step) => [`${step.name} ${step.startedAt}`, step.outcome]))
  for (const { name, startedAt, outcome, took } of after.steps ?? []) {
    if (outcome === 'Running' || took === undefined || before.get(`${name} ${startedAt}`) === outcome) continue
    meter.observe(STEPS, [instance.spec.className ?? '', stepWord(name), outcome], secondsOf(took))
  }
}

/** Steps are named by the hub or, while a backend works, by its driver, whose words are not bounded. */
const KNOWN_STEPS = ['create', 'update', 'delete', 'wipe', 'bind', 'unbind']
const stepWord = (name: string): string => (KNOWN_STEPS.includes(name) ? name : 'work')

/** Of `412ms`, `2.4s`, `3m40s`. */
function secondsOf(took: string): number {
  const unit = { ms: 0.001, s: 1, m: 60, h: 3600 }
  return [...took.matchAll(/([0-9.]+)(ms|s|m|h)/g)].reduce(
    (sum, [, amount, of]) => sum + Number(amount) * unit[of as keyof typeof unit],
    0,
  )
}
