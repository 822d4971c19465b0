/** Writes protobuf messages: fields in the order of the calls. Only what OpenAPI needs: varints, doubles, bytes. */
import { WIRE } from './reader.ts'

export class ProtobufWriter {
  readonly #parts: Uint8Array[] = []

  /** An integer of at least 0. */
  varint(number: number, value: number | bigint): this {
    return this.#tag(number, WIRE.varint).#push(encodeVarint(BigInt(value)))
  }

  double(number: number, value: number): this {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(value)
    return this.#tag(number, WIRE.fixed64).#push(bytes)
  }

  string(number: number, value: string): this {
    return this.bytes(number, Buffer.from(value))
  }

  /** A nested message, or bytes. */
  bytes(number: number, value: Uint8Array): this {
    return this.#tag(number, WIRE.bytes).#push(encodeVarint(BigInt(value.length))).#push(value)
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts)
  }

  #tag(number: number, wire: number): this {
    return this.#push(encodeVarint(BigInt(number * 8 + wire)))
  }

  #push(bytes: Uint8Array): this {
    this.#parts.push(bytes)
    return this
  }
}

function encodeVarint(value: bigint): Uint8Array {
  if (value < 128n) return Uint8Array.of(Number(value))
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) {
      bytes.push(Number(rest))
      return Uint8Array.from(bytes)
    }
    bytes.push(Number(rest & 127n) | 128)
  }
}
