/** Durations as kubectl's AGE column shows them; thresholds of apimachinery's `duration.HumanDuration`. */
import { isZeroTime, parseTime } from './time.ts'

/** `5s`, `2m3s`, `3h12m`, `2d4h`, `30d`, `1y40d`. Up to two seconds in the future is still now. */
export function formatAge(durationMs: number): string {
  const seconds = Math.trunc(durationMs / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 120) return `${Math.max(seconds, 0)}s`
  const minutes = Math.trunc(seconds / 60)
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.trunc(minutes / 60)
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.trunc(hours / 24)
  if (days < 8) return pair(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  const years = Math.trunc(days / 365)
  return years < 8 ? pair(years, 'y', days % 365, 'd') : `${years}y`
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`
}

/** Age of an RFC 3339 time: `<unknown>` when there is none (or Go's zero time), `<invalid>` when it is no time. */
export function age(timestamp: string | undefined | null, nowMs: number): string {
  if (timestamp === undefined || timestamp === null || timestamp === '') return '<unknown>'
  const time = parseTime(timestamp)
  if (!time) return '<invalid>'
  if (isZeroTime(time.seconds)) return '<unknown>'
  return formatAge(nowMs - time.seconds * 1000 - Math.trunc(time.micros / 1000))
}
