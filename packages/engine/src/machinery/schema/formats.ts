/**
 * String formats that the API server checks; unknown ones are ignored, as upstream does. Names are compared without
 * dashes (`date-time` is `datetime`). Rules follow go-openapi's strfmt, which is laxer than the RFCs in places.
 */
import { parseTime } from '../time.ts'

type Format = (text: string) => boolean
const matches =
  (pattern: RegExp): Format =>
  (text) =>
    pattern.test(text)

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)
const HOST_LABEL = '[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]{0,61}[\\p{L}\\p{N}])?'
const HOSTNAME = new RegExp(`^${HOST_LABEL}(?:\\.${HOST_LABEL})*\\.?$`, 'u')
const DURATION_WORDS = /^\s*(?:[0-9]+(?:\.[0-9]+)?\s*(?:ns|us|µs|μs|ms|s|m|h|d|w|[a-z]+s?)\s*)+$/i
const GO_DURATION = /^[-+]?(?:0|(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)$/
const DURATION_UNITS =
  /^(?:ns|nanos?|nanoseconds?|us|µs|μs|micros?|microseconds?|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?)$/i

export function isIpv4(text: string): boolean {
  return IPV4.test(text)
}

export function isIpv6(text: string): boolean {
  return text.includes(':') && ipv6Groups(text) !== undefined
}

/** The eight 16-bit groups of an IPv6 address, undefined when it is none. Zones are refused. */
export function ipv6Groups(text: string): readonly number[] | undefined {
  let address = text
  const dotted = /^(.*:)([0-9.]+)$/.exec(text)
  const tail4 = dotted?.[2] ?? ''
  if (tail4.includes('.')) {
    if (!IPV4.test(tail4)) return undefined
    const [a, b, c, d] = tail4.split('.').map(Number) as [number, number, number, number]
    address = `${dotted![1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  }
  const halves = address.split('::')
  if (halves.length > 2) return undefined
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')))
  if (groups.flat().some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined
  const [head = [], tail = []] = groups.map((half) => half.map((group) => Number.parseInt(group, 16)))
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail]
}

function isCidr(text: string): boolean {
  const match = /^(.+)\/(0|[1-9][0-9]{0,2})$/.exec(text)
  if (!match) return false
  const bits = Number(match[2])
  return isIpv4(match[1]!) ? bits <= 32 : isIpv6(match[1]!) && bits <= 128
}

/** An absolute URI, or a path: what Go's `url.ParseRequestURI` takes. */
function isUri(text: string): boolean {
  if (/[\s\p{Cc}]/u.test(text)) return false
  if (text.startsWith('/')) return !/%(?![0-9a-f]{2})/i.test(text)
  return /^[a-z][a-z0-9+.-]*:/i.test(text) && !/^[a-z][a-z0-9+.-]*:$/i.test(text) && !/%(?![0-9a-f]{2})/i.test(text)
}

function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && parseTime(`${text}T00:00:00Z`) !== undefined
}

function isDateTime(text: string): boolean {
  return parseTime(text.replace(/t/, 'T').replace(/z$/, 'Z')) !== undefined
}

function isDuration(text: string): boolean {
  if (GO_DURATION.test(text)) return true
  if (!DURATION_WORDS.test(text)) return false
  return (text.match(/[a-zµμ]+/giu) ?? []).every((unit) => DURATION_UNITS.test(unit))
}

function hasLuhnSum(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    const doubled = i % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return digits !== '' && sum % 10 === 0
}

function isIsbn10(text: string): boolean {
  const digits = text.replaceAll(/[\s-]/g, '')
  if (!/^[0-9]{9}[0-9X]$/.test(digits)) return false
  const sum = digits.split('').reduce((total, c, i) => total + (c === 'X' ? 10 : Number(c)) * (10 - i), 0)
  return sum % 11 === 0
}

function isIsbn13(text: string): boolean {
  const digits = text.replaceAll(/[\s-]/g, '')
  if (!/^[0-9]{13}$/.test(digits)) return false
  return digits.split('').reduce((total, c, i) => total + Number(c) * (i % 2 === 0 ? 1 : 3), 0) % 10 === 0
}

const FORMATS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['bsonobjectid', matches(/^[0-9a-f]{24}$/i)],
  ['uri', isUri],
  ['email', matches(/^(?:"[^"\\\r\n]+"|[^\s@<>(),;:\\"[\]]+)@[^\s@<>(),;:\\"]+$/u)],
  ['hostname', (text) => text.length <= 253 && HOSTNAME.test(text)],
  ['ipv4', isIpv4],
  ['ipv6', isIpv6],
  ['cidr', isCidr],
  ['mac', matches(/^(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4,18}[0-9a-f]{2}$|^(?:[0-9a-f]{4}\.){2,9}[0-9a-f]{4}$/i)],
  ['uuid', matches(UUID)],
  ['uuid3', matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i)],
  ['uuid4', matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i)],
  ['uuid5', matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i)],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', (text) => /^[0-9][0-9 -]{11,22}[0-9]$/.test(text) && hasLuhnSum(text.replaceAll(/[ -]/g, ''))],
  ['ssn', matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/)],
  ['hexcolor', matches(/^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i)],
  [
    'rgbcolor',
    matches(/^rgb\(\s*(?:(?:\d{1,2}|1\d\d|2[0-4]\d|25[0-5])\s*,\s*){2}(?:\d{1,2}|1\d\d|2[0-4]\d|25[0-5])\s*\)$/i),
  ],
  ['byte', (text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)],
  ['password', () => true],
  ['date', isDate],
  ['duration', isDuration],
  ['datetime', isDateTime],
])

/** The check of a string format; undefined for formats that are not checked. */
export function formatCheck(name: string): Format | undefined {
  return FORMATS.get(name.replaceAll('-', ''))
}
