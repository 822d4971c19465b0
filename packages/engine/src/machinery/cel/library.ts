/**
 * The functions that Kubernetes adds to CEL: lists, regular expressions, URLs, quantities, addresses, sets, format, and the parts of
 * the strings extension that cel-js lacks. Names, signatures and failures follow apiserver's `cel/library`.
 *
 * The authorizer is not among them: only admission policies have it (authorizer.ts). Left out: `strings.quote`, semver and JSON
 * patch types. A rule that uses them does not compile, so its CRD is refused.
 */
import { Environment } from '@marcbachmann/cel-js'
import type { RE2JS } from 're2js'
import { addQuantities, compareQuantities, parseQuantity, subtractQuantities, type Quantity } from '../quantity.ts'
import { compileRe2 } from '../schema/pattern.ts'
import { Cidr, IpAddress } from './addresses.ts'
import { registerComprehensions } from './comprehensions.ts'
import { celCompare, celEquals, CelQuantity, registerEquality } from './equality.ts'
import { formatText } from './format.ts'
import { parseUrl, UrlValue } from './url.ts'

/** Namespaces are constants of types of their own: `sets.contains`, `ip.isCanonical`. */
class SetsNamespace {
  readonly name = 'sets'
}
class IpNamespace {
  readonly name = 'ip'
}

/** An environment with every library and no variables. Clone it for each schema. */
export function kubernetesEnvironment(limits: { maxAstNodes: number; maxDepth: number }): Environment {
  const environment = new Environment({
    enableOptionalTypes: true,
    // Lists of mixed literals are for format; upstream exempts only that, but no rule that compiles there changes meaning here.
    homogeneousAggregateLiterals: false,
    limits,
  })
  numbers(environment)
  registerComprehensions(environment)
  lists(environment)
  sets(environment)
  strings(environment)
  urls(environment)
  quantities(environment)
  addresses(environment)
  return environment
}

function failing(why: string): never {
  throw new Error(why)
}

/** Ints and doubles are equal when their values are; cel-js orders them already. */
function numbers(environment: Environment): void {
  // cel-js adds the other direction itself.
  for (const pair of ['int == double', 'int == uint', 'uint == double']) registerEquality(environment, pair)
}

function lists(environment: Environment): void {
  environment
    .registerFunction('list.isSorted(): bool', (list: unknown[]) =>
      list.every((item, i) => i === 0 || celCompare(list[i - 1], item) <= 0),
    )
    .registerFunction('list<int>.sum(): int', (list: bigint[]) => {
      const sum = list.reduce((total, item) => total + item, 0n)
      return BigInt.asIntN(64, sum) === sum ? sum : failing('integer overflow')
    })
    .registerFunction('list<double>.sum(): double', (list: number[]) => list.reduce((total, item) => total + item, 0))
    .registerFunction('list<A>.min(): A', (list: unknown[]) => extreme(list, 'min', -1))
    .registerFunction('list<A>.max(): A', (list: unknown[]) => extreme(list, 'max', 1))
    .registerFunction('list<A>.indexOf(A): int', (list: unknown[], wanted: unknown) =>
      BigInt(list.findIndex((item) => celEquals(item, wanted))),
    )
    .registerFunction('list<A>.lastIndexOf(A): int', (list: unknown[], wanted: unknown) =>
      BigInt(list.findLastIndex((item) => celEquals(item, wanted))),
    )
}

function extreme(list: readonly unknown[], name: string, sign: number): unknown {
  if (list.length === 0) failing(`${name} called on empty list`)
  return list.reduce((best, item) => (celCompare(item, best) * sign > 0 ? item : best))
}

const contains = (list: readonly unknown[], item: unknown) => list.some((one) => celEquals(one, item))

const containsAll = (list: readonly unknown[], other: readonly unknown[]) => other.every((x) => contains(list, x))

function sets(environment: Environment): void {
  environment
    .registerType('SetsNamespace', SetsNamespace)
    .registerConstant('sets', 'SetsNamespace', new SetsNamespace())
    .registerFunction('SetsNamespace.contains(list, list): bool', (_: unknown, a: unknown[], b: unknown[]) =>
      containsAll(a, b),
    )
    .registerFunction(
      'SetsNamespace.equivalent(list, list): bool',
      (_: unknown, a: unknown[], b: unknown[]) => containsAll(a, b) && containsAll(b, a),
    )
    .registerFunction('SetsNamespace.intersects(list, list): bool', (_: unknown, a: unknown[], b: unknown[]) =>
      a.some((item) => contains(b, item)),
    )
}

const MAX_PATTERNS = 200
const patterns = new Map<string, RE2JS>()

/** Whether using the pattern needs no compiling. */
export function isPatternAtHand(pattern: string): boolean {
  return patterns.has(pattern)
}

function patternOf(source: string): RE2JS {
  const known = patterns.get(source)
  if (known) return known
  const compiled = compileRe2(source)
  if (patterns.size >= MAX_PATTERNS) patterns.clear()
  patterns.set(source, compiled)
  return compiled
}

/** What `string.matches` must run instead of JavaScript's regular expressions. */
export function matches(text: string, pattern: string): boolean {
  return patternOf(pattern).test(text)
}

function findAll(text: string, pattern: string, limit: bigint): string[] {
  const matcher = patternOf(pattern).matcher(text)
  const found: string[] = []
  const most = limit < 0n ? Number.POSITIVE_INFINITY : Number(limit)
  for (let i = 0; i < most && matcher.find(); i++) found.push(matcher.group() ?? '')
  return found
}

function strings(environment: Environment): void {
  environment
    .registerFunction('matches(string, string): bool', matches)
    .registerFunction('string.find(string): string', (text: string, p: string) => findAll(text, p, 1n)[0] ?? '')
    .registerFunction('string.findAll(string): list<string>', (text: string, p: string) => findAll(text, p, -1n))
    .registerFunction('string.findAll(string, int): list<string>', findAll)
    .registerFunction('string.charAt(int): string', (text: string, index: bigint) => {
      const points = Array.from(text)
      if (index < 0n || index > BigInt(points.length)) failing(`index out of range: ${index}`)
      return points[Number(index)] ?? ''
    })
    .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
      text.replaceAll(from, () => to),
    )
    .registerFunction('string.replace(string, string, int): string', replaceSome)
    .registerFunction('string.format(list): string', formatText)
}

function replaceSome(text: string, from: string, to: string, limit: bigint): string {
  let left = limit < 0n ? Number.POSITIVE_INFINITY : Number(limit)
  return text.replaceAll(from, (found) => (left-- > 0 ? to : found))
}

function urls(environment: Environment): void {
  environment
    .registerType('kubernetes.URL', UrlValue)
    .registerFunction('url(string): kubernetes.URL', (text: string) => {
      return parseUrl(text) ?? failing(`URL parse error during conversion from string: ${JSON.stringify(text)}`)
    })
    .registerFunction('isURL(string): bool', (text: string) => parseUrl(text) !== undefined)
    .registerFunction('kubernetes.URL.getScheme(): string', (url: UrlValue) => url.scheme)
    .registerFunction('kubernetes.URL.getHost(): string', (url: UrlValue) => url.host)
    .registerFunction('kubernetes.URL.getHostname(): string', (url: UrlValue) => url.hostname)
    .registerFunction('kubernetes.URL.getPort(): string', (url: UrlValue) => url.port)
    .registerFunction('kubernetes.URL.getEscapedPath(): string', (url: UrlValue) => url.path)
    .registerFunction('kubernetes.URL.getQuery(): map<string, list<string>>', (url: UrlValue) => url.query)
}

function readQuantity(text: string): Quantity | undefined {
  try {
    return parseQuantity(text)
  } catch {
    // Only its syntax can be wrong.
    return undefined
  }
}

const of = (value: Quantity) => new CelQuantity(value)
const ofInt = (value: bigint): Quantity => ({ nano: value * 1_000_000_000n, format: 'DecimalSI' })
const compare = (a: CelQuantity, b: CelQuantity) => compareQuantities(a.value, b.value)

function quantities(environment: Environment): void {
  const q = 'kubernetes.Quantity'
  environment
    .registerType(q, CelQuantity)
    .registerFunction(`quantity(string): ${q}`, (text: string) =>
      of(readQuantity(text) ?? failing(`quantity parse error: ${JSON.stringify(text)}`)),
    )
    .registerFunction('isQuantity(string): bool', (text: string) => readQuantity(text) !== undefined)
    .registerFunction(`${q}.sign(): int`, ({ value }: CelQuantity) =>
      BigInt(Number(value.nano > 0n) - Number(value.nano < 0n)),
    )
    .registerFunction(`${q}.isInteger(): bool`, ({ value }: CelQuantity) => value.nano % 1_000_000_000n === 0n)
    .registerFunction(`${q}.asInteger(): int`, ({ value }: CelQuantity) =>
      value.nano % 1_000_000_000n === 0n ? value.nano / 1_000_000_000n : failing('cannot convert value to integer'),
    )
    .registerFunction(`${q}.asApproximateFloat(): double`, ({ value }: CelQuantity) => Number(value.nano) / 1e9)
    .registerFunction(`${q}.add(${q}): ${q}`, (a: CelQuantity, b: CelQuantity) => of(addQuantities(a.value, b.value)))
    .registerFunction(`${q}.add(int): ${q}`, (a: CelQuantity, b: bigint) => of(addQuantities(a.value, ofInt(b))))
    .registerFunction(`${q}.sub(${q}): ${q}`, (a: CelQuantity, b: CelQuantity) =>
      of(subtractQuantities(a.value, b.value)),
    )
    .registerFunction(`${q}.sub(int): ${q}`, (a: CelQuantity, b: bigint) => of(subtractQuantities(a.value, ofInt(b))))
    .registerFunction(`${q}.isGreaterThan(${q}): bool`, (a: CelQuantity, b: CelQuantity) => compare(a, b) > 0)
    .registerFunction(`${q}.isLessThan(${q}): bool`, (a: CelQuantity, b: CelQuantity) => compare(a, b) < 0)
    .registerFunction(`${q}.compareTo(${q}): int`, (a: CelQuantity, b: CelQuantity) => BigInt(compare(a, b)))
  registerEquality(environment, `${q} == ${q}`)
}

const ipOf = (text: string) =>
  IpAddress.parse(text) ?? failing(`IP Address ${JSON.stringify(text)} parse error during conversion from string`)
const cidrOf = (text: string) =>
  Cidr.parse(text) ?? failing(`network address parse error during conversion from string: ${JSON.stringify(text)}`)

function addresses(environment: Environment): void {
  const ip = 'net.IP'
  const cidr = 'net.CIDR'
  environment
    .registerType(ip, IpAddress)
    .registerType(cidr, Cidr)
    .registerType('IpNamespace', IpNamespace)
    .registerConstant('ip', 'IpNamespace', new IpNamespace())
    .registerFunction(
      'IpNamespace.isCanonical(string): bool',
      (_: unknown, text: string) => ipOf(text).toString() === text,
    )
    .registerFunction(`ip(string): ${ip}`, ipOf)
    .registerFunction('isIP(string): bool', (text: string) => IpAddress.parse(text) !== undefined)
    .registerFunction(`${ip}.family(): int`, (a: IpAddress) => BigInt(a.family))
    .registerFunction(`${ip}.isUnspecified(): bool`, (a: IpAddress) => a.isUnspecified)
    .registerFunction(`${ip}.isLoopback(): bool`, (a: IpAddress) => a.isLoopback)
    .registerFunction(`${ip}.isLinkLocalMulticast(): bool`, (a: IpAddress) => a.isLinkLocalMulticast)
    .registerFunction(`${ip}.isLinkLocalUnicast(): bool`, (a: IpAddress) => a.isLinkLocalUnicast)
    .registerFunction(`${ip}.isGlobalUnicast(): bool`, (a: IpAddress) => a.isGlobalUnicast)
    .registerFunction(`string(${ip}): string`, (a: IpAddress) => a.toString())
    .registerFunction(`cidr(string): ${cidr}`, cidrOf)
    .registerFunction('isCIDR(string): bool', (text: string) => Cidr.parse(text) !== undefined)
    .registerFunction(`${cidr}.containsIP(string): bool`, (c: Cidr, text: string) => c.containsIp(ipOf(text)))
    .registerFunction(`${cidr}.containsIP(${ip}): bool`, (c: Cidr, a: IpAddress) => c.containsIp(a))
    .registerFunction(`${cidr}.containsCIDR(string): bool`, (c: Cidr, text: string) => c.containsCidr(cidrOf(text)))
    .registerFunction(`${cidr}.containsCIDR(${cidr}): bool`, (c: Cidr, other: Cidr) => c.containsCidr(other))
    .registerFunction(`${cidr}.ip(): ${ip}`, (c: Cidr) => c.address)
    .registerFunction(
      `${cidr}.masked(): ${cidr}`,
      (c: Cidr) => new Cidr(c.address.masked(c.prefixLength), c.prefixLength),
    )
    .registerFunction(`${cidr}.prefixLength(): int`, (c: Cidr) => BigInt(c.prefixLength))
    .registerFunction(`string(${cidr}): string`, (c: Cidr) => c.toString())
  registerEquality(environment, `${ip} == ${ip}`)
  registerEquality(environment, `${cidr} == ${cidr}`)
}
