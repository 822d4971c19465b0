/**
 * Traces: one for each generation of a claim, from the request that asked for it to the moment when it is as asked.
 *
 *     claim shop/cache                       from the writing of the generation to Ready
 *     ├─ admission
 *     ├─ claim: reconcile
 *     ├─ instance: reconcile                 of the instance that the claim holds
 *     │  └─ process: create                  a call of a driver
 *     └─ claim: reconcile
 *        └─ process: bind
 *
 * The ids of a trace and of its root derive from the claim's uid and generation, so that controllers, two hubs and a hub after a restart
 * say the same without having told each other. A claim that is written with a `traceparent` of its own, in the annotation, continues that
 * trace. Else the hub writes the annotation, so that people find the trace; it is the only thing that tracing writes.
 *
 * Spans are told when they are over: whatever is under way when the hub dies has no span. Nothing but names, reasons and durations is in
 * them, and of a driver's message what was redacted.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '@larder/engine/base/clock'
import type { KubeObject } from '@larder/engine/machinery/object'
import { findCondition } from '@larder/engine/runtime/conditions'
import type { PassResult } from '@larder/engine/runtime/metrics'
import { claimKind, type Claim } from '../model/claim.ts'
import { instanceKind, type Instance } from '../model/instance.ts'
import { TRACEPARENT_ANNOTATION } from '../model/names.ts'
import { RESOLVED_FROM } from './claim/hold-record.ts'
import type { DriverCall } from './session/calls.ts'

/** A span that is over. Ids are hexadecimal, times milliseconds since the epoch. */
export interface Span {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly startedAt: number
  readonly endedAt: number
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  /** What went wrong. */
  readonly error: string | undefined
}

interface Trace {
  readonly traceId: string
  readonly rootSpanId: string
  /** Of somebody else's trace, that this one continues. */
  readonly parentSpanId: string | undefined
}

export interface Tracing {
  /** A pass begins; the returned function tells how it ended. */
  began(controller: string, object: KubeObject, signal: AbortSignal): (result: PassResult) => void
  /** A pass has reported. */
  reported(object: KubeObject, status: object): void
  call(call: DriverCall): void
  admitted(claim: KubeObject, startedAt: number, error: string | undefined): void
}

export interface TracingOptions {
  readonly clock: Clock
  /** Tells processes apart, so that no two give a span the same id. */
  readonly instance: string
  readonly emit: (span: Span) => void
  /** Writes the annotation; failures are its own business. */
  readonly annotate: (claim: KubeObject, traceparent: string) => void
}

/** Claims whose traces are remembered, for their instances. */
const MAX_KNOWN = 10_000

export function createTracing({ clock, instance, emit, annotate }: TracingOptions): Tracing {
  const passes = new WeakMap<AbortSignal, { readonly trace: Trace; readonly spanId: string; calls: number }>()
  const known = new Map<string, Trace>()
  let spans = 0

  function newSpanId(trace: Trace): string {
    return digest(`${trace.traceId} ${instance} ${spans++}`, 16)
  }

  function remember({ uid = '' }: KubeObject['metadata'], trace: Trace): Trace {
    known.delete(uid)
    keep(known, uid, trace)
    return trace
  }

  function traceOf(object: KubeObject): Trace | undefined {
    if (object.kind === claimKind.kind) return remember(object.metadata, claimTrace(object))
    if (object.kind !== instanceKind.kind) return undefined
    const { claimRef } = (object as Instance).spec
    if (!claimRef) return derived(object.metadata.uid ?? '', object.metadata.generation ?? 1)
    const generation = Number(object.metadata.annotations?.[RESOLVED_FROM] ?? 1)
    return known.get(claimRef.uid) ?? derived(claimRef.uid, generation)
  }

  function root(claim: Claim, name: string, startedAt: number): void {
    const trace = claimTrace(claim)
    const { traceId, rootSpanId: spanId, parentSpanId } = trace
    const { className = '', plan = '' } = claim.spec
    const attributes = { ...about(claim), 'larder.class': className, 'larder.plan': plan }
    emit({ name, traceId, spanId, parentSpanId, startedAt, endedAt: clock.now(), attributes, error: undefined })
  }

  /** When this generation was first seen, as far as this process knows. */
  const since = new Map<string, number>()

  return {
    began(controller, object, signal) {
      const trace = traceOf(object)
      if (!trace) return () => undefined
      const startedAt = clock.now()
      const pass = { trace, spanId: newSpanId(trace), calls: 0 }
      passes.set(signal, pass)
      const isClaim = object.kind === claimKind.kind
      if (isClaim && !isSettled(object)) {
        if (!since.has(sinceKey(object))) keep(since, sinceKey(object), startedAt)
        const text = traceparent(trace)
        if (object.metadata.deletionTimestamp === undefined && !continues(object, text)) annotate(object, text)
      }
      return (result) => {
        // Most passes of what is as it should be look and end; they are no news.
        if (pass.calls > 0 || !isSettled(object)) {
          const { traceId, rootSpanId: parentSpanId } = trace
          const attributes = { ...about(object), 'larder.result': result }
          const name = `${controller}: reconcile`
          const error = result === 'failed' || result === 'stalled' ? result : undefined
          emit({ name, traceId, spanId: pass.spanId, parentSpanId, startedAt, endedAt: clock.now(), attributes, error })
        }
        const gone = isClaim && result === 'done' && object.metadata.deletionTimestamp
        if (gone) root(object as Claim, 'claim: delete', Date.parse(gone))
        if (gone) since.delete(sinceKey(object))
      }
    },
    reported(object, status) {
      if (object.kind !== claimKind.kind || isSettled(object) || !isSettled({ ...object, status } as KubeObject)) return
      const first = (object.metadata.generation ?? 1) === 1
      const beganAt = since.get(sinceKey(object)) ?? clock.now()
      since.delete(sinceKey(object))
      root(
        object as Claim,
        'claim',
        first ? Math.min(beganAt, Date.parse(object.metadata.creationTimestamp ?? '')) : beganAt,
      )
    },
    call({ backend, driver, verb, startedAt, endedAt, waitedMs, code, message, signal }) {
      const pass = passes.get(signal)
      if (!pass) return
      pass.calls++
      const { traceId } = pass.trace
      const attributes = { 'larder.backend': backend, 'larder.code': code, 'larder.waited_ms': waitedMs }
      const error = code === 'ok' ? undefined : (message ?? code)
      const spanId = newSpanId(pass.trace)
      emit({
        name: `${driver}: ${verb}`,
        traceId,
        spanId,
        parentSpanId: pass.spanId,
        startedAt,
        endedAt,
        attributes,
        error,
      })
    },
    admitted(claim, startedAt, error) {
      const trace = claimTrace(claim)
      const { traceId, rootSpanId: parentSpanId } = trace
      const spanId = newSpanId(trace)
      const endedAt = clock.now()
      emit({ name: 'admission', traceId, spanId, parentSpanId, startedAt, endedAt, attributes: about(claim), error })
    },
  }
}

const sinceKey = ({ metadata: { uid, generation } }: KubeObject) => `${uid} ${generation}`

/** The oldest make room. */
function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value)
  for (const oldest of map.keys()) {
    if (map.size <= MAX_KNOWN) break
    map.delete(oldest)
  }
}

const about = ({ kind, metadata }: KubeObject) => ({
  'k8s.object.kind': kind,
  'k8s.object.name': metadata.name,
  'k8s.namespace.name': metadata.namespace ?? '',
  'k8s.object.uid': metadata.uid ?? '',
  'k8s.object.generation': metadata.generation ?? 1,
})

/** Ready, and as last asked. */
function isSettled(object: KubeObject): boolean {
  const { metadata, status } = object as Claim
  const ready = findCondition(status?.conditions, 'Ready')
  return (
    metadata.deletionTimestamp === undefined &&
    ready?.status === 'True' &&
    status?.observedGeneration === metadata.generation &&
    findCondition(status?.conditions, 'Reconciling') === undefined
  )
}

const digest = (text: string, length: number): string =>
  createHash('sha256').update(text).digest('hex').slice(0, length)

function derived(uid: string, generation: number): Trace {
  const traceId = digest(`larder trace ${uid} ${generation}`, 32)
  return { traceId, rootSpanId: rootOf(traceId), parentSpanId: undefined }
}

const rootOf = (traceId: string): string => digest(`larder root ${traceId}`, 16)

/** `00-<32 hex>-<16 hex>-<2 hex>`, as W3C has it. */
const FORMAT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/

function claimTrace({ metadata }: KubeObject): Trace {
  const { uid = '', generation = 1, annotations } = metadata
  const own = derived(uid, generation)
  const [, traceId, spanId] = FORMAT.exec(annotations?.[TRACEPARENT_ANNOTATION] ?? '') ?? []
  // What the hub wrote itself, for this generation or an earlier one, names a root of ours.
  if (traceId === undefined || spanId === undefined || spanId === rootOf(traceId)) return own
  return { traceId, rootSpanId: own.rootSpanId, parentSpanId: spanId }
}

const traceparent = ({ traceId, rootSpanId }: Trace): string => `00-${traceId}-${rootSpanId}-01`

/** Whether the annotation says the trace, or a trace of somebody else's that it continues. */
function continues({ metadata }: KubeObject, text: string): boolean {
  const said = metadata.annotations?.[TRACEPARENT_ANNOTATION]
  return said !== undefined && said.slice(0, 35) === text.slice(0, 35)
}
