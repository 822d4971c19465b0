/**
 * One place for the numbers of a hub, shown in two ways: to who may read `/metrics` of the Kubernetes API with all labels, and to anybody
 * on the plain port without those that hold names.
 */
import { createApiMetrics, type ApiMetrics } from '@larder/engine/apiserver/http/metrics'
import type { Clock } from '@larder/engine/base/clock'
import { createMeter, type Instrument, type Meter } from '@larder/engine/base/meter'
import type { Informers } from '@larder/engine/client/informers'
import { CLIENT_INSTRUMENTS, measuredTransport } from '@larder/engine/client/measured'
import type { Transport } from '@larder/engine/machinery/call'
import { countRuntime, RUNTIME_INSTRUMENTS, type RuntimeMetrics } from '@larder/engine/runtime/metrics'
import {
  countBuild,
  countCalls,
  countLeader,
  countObjects,
  countReports,
  HUB_INSTRUMENTS,
} from '../controllers/metrics.ts'
import type { SessionObserver } from '../controllers/session/calls.ts'
import { larderVersion } from './version.ts'

type Registry = Awaited<ReturnType<ApiMetrics['registry']>>

export interface HubMetrics {
  readonly api: ApiMetrics
  readonly controllers: RuntimeMetrics
  readonly calls: SessionObserver
  /** Counts the objects of these caches from now on, and of no others. */
  follow(informers: Informers): void
  /** Says of that lease whether this process holds it. */
  lead(lease: string, isLeading: () => boolean): void
  /** The same transport, counted. */
  measured(transport: Transport, host: string): Transport
  /** Prometheus text that names no object. */
  exposition(): Promise<{ readonly contentType: string; readonly text: string }>
}

export const INSTRUMENTS: readonly Instrument[] = [...HUB_INSTRUMENTS, ...RUNTIME_INSTRUMENTS, ...CLIENT_INSTRUMENTS]

/** Filled when somebody scrapes. */
export function createHubMetrics(clock: Clock): HubMetrics {
  const counted = createApiMetrics()
  const meter = createMeter()
  countBuild(meter, larderVersion())
  let unfollow: (() => void) | undefined
  let registries: ReturnType<typeof load> | undefined

  async function load() {
    const ofApi = await counted.registry()
    const open = new (ofApi.constructor as new () => Registry)()
    // Labels of the API's own metrics name kinds and verbs, and no object.
    for (const metric of ofApi.getMetricsAsArray()) open.registerMetric(metric as never)
    register(open, meter, true)
    register(ofApi, meter, false)
    return { all: ofApi, open }
  }

  return {
    api: { ...counted, registry: async () => (await (registries ??= load())).all },
    controllers: countRuntime(
      meter,
      countReports(meter, () => clock.now()),
    ),
    calls: countCalls(meter),
    follow(informers) {
      unfollow?.()
      unfollow = countObjects(meter, informers)
    },
    lead(lease, isLeading) {
      countLeader(meter, lease, isLeading)
    },
    measured: (transport, host) => measuredTransport(transport, meter, clock, host),
    async exposition() {
      const { open } = await (registries ??= load())
      return { contentType: open.contentType, text: await open.metrics() }
    },
  }
}

/** The library asks each metric for its values when it writes; ours takes them from the meter then. */
function register(registry: Registry, meter: Meter, open: boolean): void {
  for (const [index, instrument] of INSTRUMENTS.entries()) {
    const { name, help, type } = instrument
    const get = () => {
      if (index === 0) meter.read()
      const samples = meter.samples(instrument, open)
      const values = samples.map(({ suffix, labels, value }) => ({ metricName: name + suffix, labels, value }))
      return Promise.resolve({ name, help, type, values, aggregator: 'sum' })
    }
    registry.registerMetric({ name, help, type, get, reset() {}, collect() {} } as never)
  }
}
