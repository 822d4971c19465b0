/** Go durations: `1h30m`, `-1.5s`. */
const WHOLE = /^([-+]?)(0|(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)$/
const PART = /([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)/g
const NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

/** Nanoseconds; undefined when the text is no duration. */
export function durationNanos(text: string): bigint | undefined {
  const match = WHOLE.exec(text)
  if (!match) return undefined
  let total = 0n
  for (const [, whole = '', fraction = '', unit] of match[2]!.matchAll(PART)) {
    const size = NANOS[unit!]!
    total += BigInt(whole || '0') * size
    if (fraction !== '') total += (BigInt(fraction) * size) / 10n ** BigInt(fraction.length)
  }
  return match[1] === '-' ? -total : total
}
