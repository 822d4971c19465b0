/** What the runtime counts. The program decides where to: the hub adds it to the registry of its API. */
import type { Registry } from 'prom-client'

export interface RuntimeMetrics {
  pass(controller: string, result: PassResult, seconds: number): void
  depth(controller: string, keys: number): void
}

/** `conflict`: overtaken by another writer, repeated soon. `aborted`: the manager stopped. */
export type PassResult = 'done' | 'wait' | 'stalled' | 'failed' | 'conflict' | 'aborted'

export const noMetrics: RuntimeMetrics = { pass() {}, depth() {} }

export interface CountedMetrics extends RuntimeMetrics {
  /** Adds `controller_passes_total`, `controller_pass_seconds_total` and `controller_queue_depth` to a registry. */
  register(registry: Registry): Promise<void>
}

interface Counts {
  readonly passes: Map<PassResult, number>
  seconds: number
  depth: number
}

/** Counts in plain numbers, so that the Prometheus library is loaded only by who scrapes. */
export function countMetrics(): CountedMetrics {
  const controllers = new Map<string, Counts>()

  function countsOf(controller: string): Counts {
    let counts = controllers.get(controller)
    if (!counts) controllers.set(controller, (counts = { passes: new Map(), seconds: 0, depth: 0 }))
    return counts
  }

  return {
    pass(controller, result, seconds) {
      const counts = countsOf(controller)
      counts.passes.set(result, (counts.passes.get(result) ?? 0) + 1)
      counts.seconds += seconds
    },
    depth(controller, keys) {
      countsOf(controller).depth = keys
    },
    async register(registry) {
      const { Counter, Gauge } = await import('prom-client')
      registry.registerMetric(
        new Counter({
          name: 'controller_passes_total',
          help: 'Passes by how they ended.',
          labelNames: ['controller', 'result'],
          registers: [],
          collect() {
            this.reset()
            for (const [controller, { passes }] of controllers) {
              for (const [result, count] of passes) this.inc({ controller, result }, count)
            }
          },
        }),
      )
      registry.registerMetric(
        new Counter({
          name: 'controller_pass_seconds_total',
          help: 'Time spent in passes.',
          labelNames: ['controller'],
          registers: [],
          collect() {
            this.reset()
            for (const [controller, { seconds }] of controllers) this.inc({ controller }, seconds)
          },
        }),
      )
      registry.registerMetric(
        new Gauge({
          name: 'controller_queue_depth',
          help: 'Keys that wait for a worker.',
          labelNames: ['controller'],
          registers: [],
          collect() {
            for (const [controller, { depth }] of controllers) this.set({ controller }, depth)
          },
        }),
      )
    },
  }
}
