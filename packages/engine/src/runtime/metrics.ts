/** What the runtime counts. The program decides where to: the hub hands in one that fills its Prometheus registry. */
export interface RuntimeMetrics {
  pass(controller: string, result: PassResult, seconds: number): void
  depth(controller: string, keys: number): void
}

/** `conflict`: overtaken by another writer, repeated soon. `aborted`: the manager stopped. */
export type PassResult = 'done' | 'wait' | 'stalled' | 'failed' | 'conflict' | 'aborted'

export const noMetrics: RuntimeMetrics = { pass() {}, depth() {} }
