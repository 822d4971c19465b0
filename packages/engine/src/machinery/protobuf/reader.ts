/**
 * Reads the protobuf that client-go sends: the envelope here, messages by the type table in types/protobuf.ts.
 *
 * Only reading: clients take JSON answers, so nothing here writes. All failures are an `ApiError` 400.
 */
import { badRequest, type ApiError } from '../status.ts'

/** What follows the tag of a field. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

const malformed = (what: string): ApiError => badRequest(`the protobuf body is malformed: ${what}`)

/** A cursor over one message. Numbers beyond 2^53 come as bigint. */
export class ProtobufReader {
  readonly #bytes: Buffer
  #at: number
  readonly #end: number

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#at = 0
    this.#end = this.#bytes.length
  }

  get done(): boolean {
    return this.#at >= this.#end
  }

  /** The next field's number and wire type. */
  tag(): { readonly number: number; readonly wire: number } {
    const tag = Number(this.#varint())
    const number = Math.floor(tag / 8)
    if (number === 0) throw malformed('field number 0')
    return { number, wire: tag % 8 }
  }

  #varint(): bigint | number {
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    let wide = BigInt(value)
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      wide |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return wide
    }
    throw malformed('a number longer than 64 bits')
  }

  #byte(): number {
    if (this.#at >= this.#end) throw malformed('it ends in the middle of a number')
    return this.#bytes[this.#at++]!
  }

  /** A signed integer of up to 64 bits. */
  integer(): number | bigint {
    const raw = this.#varint()
    if (typeof raw === 'number') return raw
    const signed = BigInt.asIntN(64, raw)
    const narrow = Number(signed)
    return Number.isSafeInteger(narrow) ? narrow : signed
  }

  double(): number {
    const at = this.#advance(8)
    return this.#bytes.readDoubleLE(at)
  }

  /** A view, no copy. */
  bytes(): Buffer {
    const length = Number(this.#varint())
    const at = this.#advance(length)
    return this.#bytes.subarray(at, at + length)
  }

  string(): string {
    return this.bytes().toString('utf8')
  }

  #advance(length: number): number {
    const at = this.#at
    if (length > this.#end - at) throw malformed('it ends in the middle of a field')
    this.#at = at + length
    return at
  }

  /** Passes over a field that nobody knows: a newer client's. */
  skip(wire: number): void {
    if (wire === WIRE.varint) this.#varint()
    else if (wire === WIRE.fixed64) this.#advance(8)
    else if (wire === WIRE.bytes) this.bytes()
    else if (wire === WIRE.fixed32) this.#advance(4)
    else throw malformed(`wire type ${wire}`)
  }
}

/** The message around every protobuf body. */
export interface Envelope {
  readonly apiVersion: string
  readonly kind: string
  /** The object's own message, for `Shape.decodeProtobuf`. A view, no copy. */
  readonly raw: Uint8Array
  /** Of `raw`; empty means protobuf. */
  readonly contentType: string
}

/** `k8s\0`. */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00])

/** True when a body starts like a Kubernetes protobuf body. */
export function hasEnvelope(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && MAGIC.equals(bytes.subarray(0, 4))
}

/** Takes the envelope off. Throws ApiError 400 when there is none or it cannot be read. */
export function openEnvelope(bytes: Uint8Array): Envelope {
  if (!hasEnvelope(bytes)) throw badRequest('the protobuf body does not begin with the Kubernetes prefix "k8s\\0"')
  const reader = new ProtobufReader(bytes.subarray(4))
  let type = { apiVersion: '', kind: '' }
  let raw: Uint8Array = new Uint8Array(0)
  let encoding = ''
  let contentType = ''
  while (!reader.done) {
    const { number, wire } = reader.tag()
    if (wire !== WIRE.bytes) reader.skip(wire)
    else if (number === 1) type = readTypeMeta(reader.bytes())
    else if (number === 2) raw = reader.bytes()
    else if (number === 3) encoding = reader.string()
    else if (number === 4) contentType = reader.string()
    else reader.skip(wire)
  }
  if (encoding !== '')
    throw badRequest(`the protobuf body has the content encoding ${JSON.stringify(encoding)}; send it plain`)
  return { ...type, raw, contentType }
}

function readTypeMeta(bytes: Uint8Array): { apiVersion: string; kind: string } {
  const reader = new ProtobufReader(bytes)
  const type = { apiVersion: '', kind: '' }
  while (!reader.done) {
    const { number, wire } = reader.tag()
    if (number === 1 && wire === WIRE.bytes) type.apiVersion = reader.string()
    else if (number === 2 && wire === WIRE.bytes) type.kind = reader.string()
    else reader.skip(wire)
  }
  return type
}
