/**
 * Numbers about requests, watches and the event loop, for `/metrics`.
 *
 * The Prometheus library costs 37 ms to load, too much for a start that aims at 700. Observations of the first moments wait in a
 * short list; the library comes when the list is full or somebody scrapes.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Counter, Gauge, Histogram, Registry } from 'prom-client'

export interface RequestLabels {
  readonly verb: string
  /** `deployments.apps`, or '' for a path that is no resource. Must be a resource that is served: names from URLs are unbounded. */
  readonly resource: string
  readonly code: number
}

export interface ApiMetrics {
  request(labels: RequestLabels, seconds: number): void
  /** +1 when a watch starts, -1 when it ends. */
  watches(change: 1 | -1): void
  /** A watch that was ended because its client did not read. */
  slowWatch(): void
  /** Loads the library. For scraping, and for others to add their own metrics to. */
  registry(): Promise<Registry>
  close(): void
}

const WAITING_REQUESTS = 1000
const DELAY_RESOLUTION_MS = 20
const BUCKETS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

interface Instruments {
  readonly registry: Registry
  readonly requests: Counter
  readonly durations: Histogram
  readonly openWatches: Gauge
  readonly slowWatches: Counter
}

export function createApiMetrics(): ApiMetrics {
  let waiting: { labels: RequestLabels; seconds: number }[] = []
  let loading: Promise<Instruments> | undefined
  let loaded: Instruments | undefined
  let openWatches = 0
  let slowWatches = 0
  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS })
  delay.enable()

  async function load(): Promise<Instruments> {
    const instruments = await createInstruments(() => openWatches, delay)
    loaded = instruments
    for (const { labels, seconds } of waiting) record(instruments, labels, seconds)
    waiting = []
    instruments.slowWatches.inc(slowWatches)
    return instruments
  }
  const ensure = (): Promise<Instruments> => (loading ??= load())

  return {
    request(labels, seconds) {
      if (loaded) record(loaded, labels, seconds)
      else {
        waiting.push({ labels, seconds })
        // Loading fails only if the installation is broken, and then the next scrape says so.
        if (waiting.length === WAITING_REQUESTS) ensure().catch(() => {})
      }
    },
    watches(change) {
      openWatches += change
    },
    slowWatch() {
      if (loaded) loaded.slowWatches.inc()
      else slowWatches++
    },
    registry: async () => (await ensure()).registry,
    close: () => delay.disable(),
  }
}

function record(instruments: Instruments, labels: RequestLabels, seconds: number): void {
  const { verb, resource, code } = labels
  instruments.requests.inc({ verb, resource, code })
  instruments.durations.observe({ verb, resource }, seconds)
}

async function createInstruments(
  openWatches: () => number,
  delay: ReturnType<typeof monitorEventLoopDelay>,
): Promise<Instruments> {
  const { Counter, Gauge, Histogram, Registry } = await import('prom-client')
  const registry = new Registry()
  const registers = [registry]
  const eventLoopDelay = new Gauge({
    name: 'larder_event_loop_delay_p99_seconds',
    help: 'How late timers were, 99th percentile since the last scrape',
    registers: [],
    collect() {
      // Node measures from timer to timer, its own interval included; without samples it answers NaN.
      this.set(delay.count === 0 ? 0 : Math.max(0, delay.percentile(99) / 1e9 - DELAY_RESOLUTION_MS / 1000))
      delay.reset()
    },
  })
  const residentMemory = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of this process',
    registers: [],
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  registry.registerMetric(eventLoopDelay)
  registry.registerMetric(residentMemory)
  return {
    registry,
    requests: new Counter({
      name: 'apiserver_request_total',
      help: 'Requests answered, by verb, resource and code',
      labelNames: ['verb', 'resource', 'code'],
      registers,
    }),
    durations: new Histogram({
      name: 'apiserver_request_duration_seconds',
      help: 'Time from the head of a request to its answer; watches are not counted',
      labelNames: ['verb', 'resource'],
      buckets: BUCKETS_SECONDS,
      registers,
    }),
    openWatches: new Gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Watches that are open now',
      registers,
      collect() {
        this.set(openWatches())
      },
    }),
    slowWatches: new Counter({
      name: 'apiserver_terminated_watchers_total',
      help: 'Watches ended because their client did not read',
      registers,
    }),
  }
}
