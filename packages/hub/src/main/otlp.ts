/**
 * Sends traces by OTLP over HTTP, with the packages of OpenTelemetry: half a second and 20 MB, which only who wants traces pays. Their
 * variables are understood by them: `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_RESOURCE_ATTRIBUTES` and so on.
 *
 * Of OpenTelemetry only the way out is used, not its tracer: ids of ours derive from the claim (see controllers/tracing.ts), and a span
 * is known whole when it is over.
 */
import type { Clock } from '@larder/engine/base/clock'
import { randomIds } from '@larder/engine/base/ids'
import { errorChain, type Log } from '@larder/engine/base/log'
import type { Client } from '@larder/engine/client/client'
import type { RuntimeMetrics } from '@larder/engine/runtime/metrics'
import { claimKind } from '../model/claim.ts'
import { TRACEPARENT_ANNOTATION } from '../model/names.ts'
import type { ClaimAdmission } from '../controllers/claim/admission.ts'
import type { SessionObserver } from '../controllers/session/calls.ts'
import { createTracing, type Span, type Tracing } from '../controllers/tracing.ts'
import { larderVersion } from './version.ts'

export interface Traces {
  /** What the controllers tell, told on; `client` writes the annotation of claims. */
  follow(metrics: RuntimeMetrics, client: Client): RuntimeMetrics
  observe(calls: SessionObserver): SessionObserver
  admission(plugin: ClaimAdmission): ClaimAdmission
  /** Sends what is left. */
  close(): Promise<void>
}

/** Undefined unless the environment names somebody who takes traces. */
export async function openTraces(env: NodeJS.ProcessEnv, clock: Clock, log: Log): Promise<Traces | undefined> {
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? env['OTEL_EXPORTER_OTLP_ENDPOINT']
  if (endpoint === undefined || endpoint === '') return undefined
  const exit = await openExit(log)
  let client: Client | undefined
  const tracing = createTracing({
    clock,
    instance: randomIds.uid(),
    emit: (span) => exit.send(span),
    annotate(claim, traceparent) {
      const { name, namespace, uid } = claim.metadata
      const body = { metadata: { uid, annotations: { [TRACEPARENT_ANNOTATION]: traceparent } } }
      client
        ?.of(claimKind)
        .patch(name, body, { namespace })
        .catch((error: unknown) => log.debug('cannot write the trace of a claim', { error: errorChain(error) }))
    },
  })
  return {
    follow(metrics, through) {
      client = through
      return {
        ...metrics,
        began: (controller, object, signal) => tracing.began(controller, object, signal),
        reported(object, status) {
          metrics.reported(object, status)
          tracing.reported(object, status)
        },
      }
    },
    observe: (calls) => ({
      backend: (name, up) => calls.backend(name, up),
      call(call) {
        calls.call(call)
        tracing.call(call)
      },
    }),
    admission: (plugin) => traced(plugin, tracing, clock),
    close: () => exit.close(),
  }
}

/** Creations only: whether an update begins a generation is not known before it is written. */
function traced(plugin: ClaimAdmission, tracing: Tracing, clock: Clock): ClaimAdmission {
  return {
    name: plugin.name,
    handles: (resource, verb, subresource) => plugin.handles(resource, verb, subresource),
    async review(request) {
      const startedAt = clock.now()
      const { object, old } = request
      const tell = (error?: string) => object && !old && tracing.admitted(object, startedAt, error)
      try {
        await plugin.review(request)
        tell()
      } catch (error) {
        tell('refused')
        throw error
      }
    },
  }
}

async function openExit(log: Log) {
  const [
    { BatchSpanProcessor },
    { OTLPTraceExporter },
    { defaultResource, detectResources, envDetector, resourceFromAttributes },
  ] = await Promise.all([
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  const version = larderVersion()
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': 'larder', 'service.version': version }))
    .merge(detectResources({ detectors: [envDetector] }))
  const exporter = new OTLPTraceExporter()
  const processor = new BatchSpanProcessor({
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        // OpenTelemetry tells it to nobody by default, and lost traces would be looked for in the wrong place.
        if (result.error) log.warn('traces could not be sent', { spans: spans.length, error: errorChain(result.error) })
        // It would throw what was said above, and keep the hub from ending.
        done({ ...result, code: EXPORTED })
      }),
  })
  const scope = { name: 'larder', version }
  return {
    send(span: Span): void {
      const { traceId, spanId, parentSpanId, startedAt, endedAt, error } = span
      processor.onEnd({
        name: span.name,
        kind: INTERNAL,
        spanContext: () => context(traceId, spanId),
        ...(parentSpanId !== undefined && { parentSpanContext: context(traceId, parentSpanId) }),
        startTime: highResolution(startedAt),
        endTime: highResolution(endedAt),
        duration: highResolution(endedAt - startedAt),
        status: error === undefined ? { code: OK } : { code: ERROR, message: error },
        attributes: span.attributes,
        links: [],
        events: [],
        ended: true,
        resource,
        instrumentationScope: scope,
        droppedAttributesCount: 0,
        droppedEventsCount: 0,
        droppedLinksCount: 0,
      })
    },
    close: () => processor.shutdown(),
  }
}

const SAMPLED = 1
const context = (traceId: string, spanId: string) => ({ traceId, spanId, traceFlags: SAMPLED })
const EXPORTED = 0
const INTERNAL = 0
const OK = 1
const ERROR = 2

/** Seconds and nanoseconds. */
function highResolution(ms: number): [number, number] {
  const whole = Math.max(0, ms)
  return [Math.floor(whole / 1000), Math.round((whole % 1000) * 1e6)]
}
