/** IP addresses and CIDR blocks as CEL's k8s library knows them. IPv4-mapped IPv6 addresses and zones are refused there. */
import { ipv6Groups, isIpv4 } from '../schema/formats.ts'

export class IpAddress {
  readonly family: 4 | 6
  readonly bits: bigint
  constructor(family: 4 | 6, bits: bigint) {
    this.family = family
    this.bits = bits
  }

  static parse(text: string): IpAddress | undefined {
    if (isIpv4(text)) return new IpAddress(4, joined(text.split('.').map(Number), 8n))
    const groups = text.includes(':') ? ipv6Groups(text) : undefined
    if (!groups || text.includes('.')) return undefined
    return new IpAddress(6, joined(groups, 16n))
  }

  get #width(): bigint {
    return this.family === 4 ? 32n : 128n
  }

  isIn(block: bigint, prefixLength: number): boolean {
    const shift = this.#width - BigInt(prefixLength)
    return this.bits >> shift === block >> shift
  }

  masked(prefixLength: number): IpAddress {
    const shift = this.#width - BigInt(prefixLength)
    return new IpAddress(this.family, (this.bits >> shift) << shift)
  }

  get isUnspecified(): boolean {
    return this.bits === 0n
  }

  get isLoopback(): boolean {
    return this.family === 4 ? this.bits >> 24n === 127n : this.bits === 1n
  }

  get isLinkLocalMulticast(): boolean {
    return this.family === 4 ? this.bits >> 8n === 0xe00000n : ((this.bits >> 112n) & 0xff0fn) === 0xff02n
  }

  get isLinkLocalUnicast(): boolean {
    return this.family === 4 ? this.bits >> 16n === 0xa9fen : this.bits >> 118n === 0x3fan
  }

  get #isMulticast(): boolean {
    return this.family === 4 ? this.bits >> 28n === 0xen : this.bits >> 120n === 0xffn
  }

  get isGlobalUnicast(): boolean {
    if (this.family === 4 && this.bits === 0xffffffffn) return false
    return !this.isUnspecified && !this.isLoopback && !this.#isMulticast && !this.isLinkLocalUnicast
  }

  toString(): string {
    if (this.family === 4) return [24n, 16n, 8n, 0n].map((shift) => (this.bits >> shift) & 0xffn).join('.')
    const groups = Array.from({ length: 8 }, (_, i) => Number((this.bits >> BigInt(112 - 16 * i)) & 0xffffn))
    return compressed(groups)
  }
}

function joined(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((bits, part) => (bits << width) | BigInt(part), 0n)
}

const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':')

/** RFC 5952: the first longest run of two or more zero groups becomes `::`. */
function compressed(groups: readonly number[]): string {
  let best = { at: -1, length: 1 }
  for (let at = 0; at < 8; at++) {
    let end = at
    while (end < 8 && groups[end] === 0) end++
    if (end - at > best.length) best = { at, length: end - at }
  }
  if (best.at < 0) return text(groups)
  return `${text(groups.slice(0, best.at))}::${text(groups.slice(best.at + best.length))}`
}

export class Cidr {
  readonly address: IpAddress
  readonly prefixLength: number
  constructor(address: IpAddress, prefixLength: number) {
    this.address = address
    this.prefixLength = prefixLength
  }

  static parse(text: string): Cidr | undefined {
    const match = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/.exec(text)
    const address = match ? IpAddress.parse(match[1]!) : undefined
    const length = Number(match?.[2])
    if (!address || length > (address.family === 4 ? 32 : 128)) return undefined
    return new Cidr(address, length)
  }

  containsIp(ip: IpAddress): boolean {
    return ip.family === this.address.family && ip.isIn(this.address.bits, this.prefixLength)
  }

  containsCidr(other: Cidr): boolean {
    return other.prefixLength >= this.prefixLength && this.containsIp(other.address)
  }

  toString(): string {
    return `${this.address.toString()}/${this.prefixLength}`
  }
}
