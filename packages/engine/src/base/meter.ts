/**
 * Counts what happens, in plain numbers: the library that writes them down is loaded only by who scrapes. Instruments are declared once, as
 * constants, and the reference page of metrics is made from the declarations.
 *
 *     const PASSES = counter('controller_runtime_reconcile_total', 'Passes by how they ended.', ['controller', 'result'])
 *     meter.add(PASSES, ['claim', 'success'])
 */
export interface Instrument {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds in rising order, without infinity; of histograms. */
  readonly buckets: readonly number[]
  /** Labels whose values are names of objects: left out, and summed over, where anybody may read. */
  readonly named: readonly string[]
}

/** `labels` marked by `*` hold names of objects: `backend*`. */
export function counter(name: string, help: string, labels: readonly string[] = []): Instrument {
  return declare('counter', name, help, labels, [])
}

export function gauge(name: string, help: string, labels: readonly string[] = []): Instrument {
  return declare('gauge', name, help, labels, [])
}

/** For durations in seconds unless told. */
export function histogram(
  name: string,
  help: string,
  labels: readonly string[] = [],
  buckets: readonly number[] = SECONDS,
): Instrument {
  return declare('histogram', name, help, labels, buckets)
}

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800]

function declare(
  type: Instrument['type'],
  name: string,
  help: string,
  labels: readonly string[],
  buckets: readonly number[],
): Instrument {
  const named = labels.filter((label) => label.endsWith('*')).map((label) => label.slice(0, -1))
  return { type, name, help, buckets, named, labels: labels.map((label) => label.replace(/\*$/, '')) }
}

export interface Sample {
  /** `_bucket`, `_sum`, `_count`, or nothing. */
  readonly suffix: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Meter {
  /** `values` in the order of the instrument's labels. */
  add(instrument: Instrument, values: readonly string[], by?: number): void
  set(instrument: Instrument, values: readonly string[], value: number): void
  observe(instrument: Instrument, values: readonly string[], value: number): void
  /** Forgets all values of a gauge, before they are counted anew. */
  reset(instrument: Instrument): void
  /** Is called before each reading, for gauges that are counted then. Returns the end of it. */
  onRead(fill: () => void): () => void
  /** Of one instrument; `open`: without names. */
  samples(instrument: Instrument, open: boolean): readonly Sample[]
  /** Calls those of `onRead`. */
  read(): void
}

interface Series {
  readonly values: readonly string[]
  value: number
  count: number
  readonly buckets: number[]
}

/** Labels are bounded by design; should one not be, the rest is counted together rather than filling the memory. */
const MAX_SERIES = 2000
const OTHER = 'other'

export function createMeter(): Meter {
  const all = new Map<string, Map<string, Series>>()
  const fills = new Set<() => void>()

  function seriesOf(instrument: Instrument, values: readonly string[]): Series {
    let ofInstrument = all.get(instrument.name)
    if (!ofInstrument) all.set(instrument.name, (ofInstrument = new Map()))
    const key = values.join('\u0000')
    const known = ofInstrument.get(key)
    if (known) return known
    if (ofInstrument.size >= MAX_SERIES && !values.includes(OTHER)) {
      return seriesOf(
        instrument,
        values.map(() => OTHER),
      )
    }
    const fresh = { values, value: 0, count: 0, buckets: instrument.buckets.map(() => 0) }
    ofInstrument.set(key, fresh)
    return fresh
  }

  return {
    add(instrument, values, by = 1) {
      seriesOf(instrument, values).value += by
    },
    set(instrument, values, value) {
      seriesOf(instrument, values).value = value
    },
    observe(instrument, values, value) {
      const series = seriesOf(instrument, values)
      series.value += value
      series.count++
      const at = instrument.buckets.findIndex((bound) => value <= bound)
      if (at >= 0) series.buckets[at]!++
    },
    reset(instrument) {
      all.delete(instrument.name)
    },
    onRead(fill) {
      fills.add(fill)
      return () => fills.delete(fill)
    },
    read() {
      for (const fill of fills) fill()
    },
    samples(instrument, open) {
      const series = [...(all.get(instrument.name)?.values() ?? [])]
      const hidden = open ? instrument.named : []
      return merged(instrument, series, hidden).flatMap((each) => samplesOf(instrument, each, hidden))
    },
  }
}

/** One series for all that differ in hidden labels alone. */
function merged(instrument: Instrument, all: readonly Series[], hidden: readonly string[]): readonly Series[] {
  if (hidden.length === 0) return all
  const sums = new Map<string, Series>()
  for (const { values, value, count, buckets } of all) {
    const shown = values.map((text, i) => (hidden.includes(instrument.labels[i]!) ? '' : text))
    const key = shown.join('\u0000')
    const sum = sums.get(key) ?? { values: shown, value: 0, count: 0, buckets: buckets.map(() => 0) }
    sums.set(key, {
      values: shown,
      value: sum.value + value,
      count: sum.count + count,
      buckets: sum.buckets.map((n, i) => n + buckets[i]!),
    })
  }
  return [...sums.values()]
}

function samplesOf(instrument: Instrument, series: Series, hidden: readonly string[]): readonly Sample[] {
  const { values, value, count, buckets } = series
  const shown = instrument.labels.flatMap((label, i) =>
    hidden.includes(label) ? [] : [[label, values[i] ?? ''] as const],
  )
  const labels = Object.fromEntries(shown)
  if (instrument.type !== 'histogram') return [{ suffix: '', labels, value }]
  let below = 0
  const bounded = instrument.buckets.map((bound, i) => {
    below += buckets[i]!
    return { suffix: '_bucket', labels: { ...labels, le: String(bound) }, value: below }
  })
  return [
    ...bounded,
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
    { suffix: '_sum', labels, value },
    { suffix: '_count', labels, value: count },
  ]
}
