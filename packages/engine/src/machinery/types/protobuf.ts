/**
 * A protobuf message of any type of the table, as the JSON object that the same client would have sent as JSON.
 *
 * Zero values of fields that are no pointers are kept here, as the encoder wrote them; `normalizeStructure` drops them as it
 * does for JSON. Unknown field numbers are passed over: a newer client's.
 */
import { JsonSyntaxError, parseJson, setOwn, type Json, type JsonObject } from '../../base/json.ts'
import { ProtobufReader, WIRE } from '../protobuf/reader.ts'
import { badRequest } from '../status.ts'
import { formatMicroTime, formatTime } from '../time.ts'
import { structure, type Field, type FieldType, type Scalar, type Structure } from './types.ts'

type Fields = Record<string, Json>

/** Deeper messages are refused: only JSON schemas nest, and nobody's that deep. */
const MAX_DEPTH = 200
const SCHEMA: FieldType = { form: 'struct', name: 'apiextensions.v1.JSONSchemaProps' }
const STRING: FieldType = { form: 'scalar', scalar: 'string' }

/** Throws ApiError 400. */
export function decodeProtobufOf(typeName: string, message: Uint8Array): JsonObject {
  const result: Fields = {}
  decodeInto(structure(typeName), message, result, 0)
  return result
}

function decodeInto(type: Structure, message: Uint8Array, target: Fields, depth: number): void {
  if (depth > MAX_DEPTH) throw badRequest(`the protobuf body nests deeper than ${MAX_DEPTH}`)
  const reader = new ProtobufReader(message)
  while (!reader.done) {
    const { number, wire } = reader.tag()
    const found = type.byNumber.get(number)
    if (!found) reader.skip(wire)
    else if (isStructure(found)) decodeInto(found, nestedMessage(reader, wire, found.name), target, depth + 1)
    else decodeField(found, reader, wire, target, depth)
  }
}

const isStructure = (entry: Field | Structure): entry is Structure => 'byNumber' in entry

function decodeField(field: Field, reader: ProtobufReader, wire: number, target: Fields, depth: number): void {
  const { type, name } = field
  if (type.form === 'list' && !type.wrapped) {
    const list = (target[name] ??= []) as Json[]
    if (wire === WIRE.bytes && isPackable(type.of)) decodePacked(type.of, reader.bytes(), list)
    else list.push(decodeValue(type.of, reader, wire, depth, name) ?? null)
  } else if (type.form === 'map') {
    decodeEntry(type.of, nestedMessage(reader, wire, name), (target[name] ??= {}) as Fields, depth)
  } else if (type.form === 'struct') {
    decodeInto(structure(type.name), nestedMessage(reader, wire, name), (target[name] ??= {}) as Fields, depth + 1)
  } else {
    const value = decodeValue(type, reader, wire, depth, name)
    if (value !== undefined) target[name] = value
  }
}

/** The bytes of a nested message, string or list. */
function nestedMessage(reader: ProtobufReader, wire: number, name: string): Buffer {
  expectWire(wire, WIRE.bytes, name)
  return reader.bytes()
}

function expectWire(wire: number, expected: number, name: string): void {
  if (wire !== expected) throw badRequest(`the protobuf body is malformed: field ${name} has wire type ${wire}`)
}

const PACKABLE: ReadonlySet<string> = new Set(['bool', 'int32', 'int64'])
const isPackable = (type: FieldType): boolean => type.form === 'scalar' && PACKABLE.has(type.scalar)

function decodePacked(of: FieldType, bytes: Uint8Array, list: Json[]): void {
  const reader = new ProtobufReader(bytes)
  while (!reader.done) list.push(decodeValue(of, reader, WIRE.varint, 0, 'list') ?? null)
}

/** A map is a list of entries: 1 is the key, 2 the value; either may be left out when empty. */
function decodeEntry(of: FieldType, message: Uint8Array, target: Fields, depth: number): void {
  const reader = new ProtobufReader(message)
  let key = ''
  let value: Json | undefined
  while (!reader.done) {
    const { number, wire } = reader.tag()
    if (number === 1 && wire === WIRE.bytes) key = reader.string()
    else if (number === 2) value = decodeValue(of, reader, wire, depth, key)
    else reader.skip(wire)
  }
  setOwn(target, key, value ?? null)
}

/** Undefined: the value means "absent". */
function decodeValue(
  type: FieldType,
  reader: ProtobufReader,
  wire: number,
  depth: number,
  name: string,
): Json | undefined {
  if (type.form === 'scalar') return decodeScalar(type.scalar, reader, wire, depth, name)
  const message = nestedMessage(reader, wire, name)
  const result: Fields = {}
  if (type.form === 'struct') decodeInto(structure(type.name), message, result, depth + 1)
  else if (type.form === 'list') return decodeItems(type.of, message, 1, depth)
  else decodeEntry(type.of, message, result, depth)
  return result
}

/** The repeated field `number` of a message. */
function decodeItems(of: FieldType, message: Uint8Array, number: number, depth: number): Json[] {
  const reader = new ProtobufReader(message)
  const items: Json[] = []
  while (!reader.done) {
    const tag = reader.tag()
    if (tag.number === number) items.push(decodeValue(of, reader, tag.wire, depth + 1, 'items') ?? null)
    else reader.skip(tag.wire)
  }
  return items
}

function decodeScalar(
  scalar: Scalar,
  reader: ProtobufReader,
  wire: number,
  depth: number,
  name: string,
): Json | undefined {
  if (scalar === 'bool' || scalar === 'int32' || scalar === 'int64') {
    expectWire(wire, WIRE.varint, name)
    const value = reader.integer()
    return scalar === 'bool' ? Number(value) !== 0 : value
  }
  if (scalar === 'double') {
    expectWire(wire, WIRE.fixed64, name)
    return reader.double()
  }
  const bytes = nestedMessage(reader, wire, name)
  if (scalar === 'string') return bytes.toString('utf8')
  if (scalar === 'bytes') return bytes.toString('base64')
  return MESSAGES[scalar](bytes, depth, name)
}

type MessageScalar = Exclude<Scalar, 'bool' | 'int32' | 'int64' | 'double' | 'string' | 'bytes'>

/** The scalars that are small messages of their own. */
const MESSAGES: Readonly<
  Record<MessageScalar, (message: Uint8Array, depth: number, name: string) => Json | undefined>
> = {
  time: (message) => decodeTime(message, false),
  microtime: (message) => decodeTime(message, true),
  quantity: (message) => parts(message).get(1)?.toString() ?? '0',
  intorstring: (message) => decodeIntOrString(message),
  raw: (message, _depth, name) => decodeRaw(parts(message).get(1), name),
  schemaorbool: (message, depth) => decodeSchema(message, 2, depth) ?? Number(numbers(message).get(1) ?? 0) !== 0,
  schemaorarray: (message, depth) =>
    decodeSchema(message, 1, depth) ?? nonEmpty(decodeItems(SCHEMA, message, 2, depth)),
  schemaorstrings: (message, depth) =>
    decodeSchema(message, 1, depth) ?? nonEmpty(decodeItems(STRING, message, 2, depth)),
}

const nonEmpty = (items: Json[]): Json[] | undefined => (items.length > 0 ? items : undefined)

/** The length-delimited fields of a small message, the last of each number. */
function parts(message: Uint8Array): ReadonlyMap<number, Buffer> {
  const reader = new ProtobufReader(message)
  const found = new Map<number, Buffer>()
  while (!reader.done) {
    const { number, wire } = reader.tag()
    if (wire === WIRE.bytes) found.set(number, reader.bytes())
    else reader.skip(wire)
  }
  return found
}

function numbers(message: Uint8Array): ReadonlyMap<number, number | bigint> {
  const reader = new ProtobufReader(message)
  const found = new Map<number, number | bigint>()
  while (!reader.done) {
    const { number, wire } = reader.tag()
    if (wire === WIRE.varint) found.set(number, reader.integer())
    else reader.skip(wire)
  }
  return found
}

/** An empty message is Go's zero time. The range is that of years 1 to 9999, beyond which there is no RFC 3339. */
function decodeTime(message: Uint8Array, precise: boolean): Json | undefined {
  const found = numbers(message)
  const seconds = Number(found.get(1) ?? 0)
  const nanos = Number(found.get(2) ?? 0)
  if (seconds === 0 && nanos === 0) return undefined
  if (seconds < -62135596800 || seconds > 253402300799 || nanos < 0 || nanos > 999_999_999) {
    throw badRequest('the protobuf body is malformed: a time outside the years 1 to 9999')
  }
  return precise ? formatMicroTime(seconds, Math.floor(nanos / 1000)) : formatTime(seconds)
}

function decodeIntOrString(message: Uint8Array): Json {
  const found = numbers(message)
  return Number(found.get(1) ?? 0) === 0 ? (found.get(2) ?? 0) : (parts(message).get(3)?.toString() ?? '')
}

function decodeSchema(message: Uint8Array, number: number, depth: number): Json | undefined {
  const schema = parts(message).get(number)
  if (!schema) return undefined
  const result: Fields = {}
  decodeInto(structure('apiextensions.v1.JSONSchemaProps'), schema, result, depth + 1)
  return result
}

function decodeRaw(text: Buffer | undefined, name: string): Json | undefined {
  if (!text || text.length === 0) return undefined
  try {
    return parseJson(text.toString())
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    throw badRequest(`the protobuf body is malformed: field ${name} holds no JSON: ${error.message}`)
  }
}
