/** Times as the API writes them: UTC with `Z`, `Time` in whole seconds, `MicroTime` with six digits. */

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/
/** Go's zero time, which the API takes for "absent". */
const ZERO_SECONDS = -62135596800

export interface Moment {
  /** Since 1970. */
  readonly seconds: number
  readonly micros: number
}

/** Read a moment ago: an object says the same few times over and over, and so do those that are written with it. */
const recent = new Map<string, Moment>()
const MAX_RECENT = 256
/** Of those that are written by programs; what anybody sends may be of any length, and would be kept. */
const MAX_LENGTH = '2006-01-02T15:04:05.000000Z'.length

/** Undefined: not RFC 3339 or no such date. */
export function parseTime(text: string): Moment | undefined {
  const known = recent.get(text)
  if (known) return known
  const moment = readTime(text)
  if (!moment || text.length > MAX_LENGTH) return moment
  if (recent.size >= MAX_RECENT) recent.clear()
  recent.set(text, moment)
  return moment
}

function readTime(text: string): Moment | undefined {
  const match = RFC3339.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  date.setUTCHours(hour, minute, second)
  const offset = offsetSeconds(match[8]!)
  if (offset === undefined) return undefined
  return { seconds: date.getTime() / 1000 - offset, micros: Number((match[7] ?? '').padEnd(6, '0').slice(0, 6)) }
}

function offsetSeconds(zone: string): number | undefined {
  if (zone === 'Z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(4, 6))
  if (hours > 24 || minutes > 59) return undefined
  return (hours * 3600 + minutes * 60) * (zone.startsWith('-') ? -1 : 1)
}

export function formatTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`
}

export function formatMicroTime(seconds: number, micros: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(micros).padStart(6, '0')}Z`
}

export function isZeroTime(seconds: number): boolean {
  return seconds === ZERO_SECONDS
}
