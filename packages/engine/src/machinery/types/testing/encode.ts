/**
 * A JSON object as the protobuf message that client-go would send: fields in the order of their numbers, plain fields always written,
 * pointers only when they are set. The server only reads protobuf, so this is for tests; they hold it against upstream's own bytes.
 */
import { isObject, stringifyJson, type Json, type JsonObject } from '../../../base/json.ts'
import { ProtobufWriter } from '../../protobuf/writer.ts'
import { parseTime } from '../../time.ts'
import { structure, type Field, type FieldType, type Scalar, type Structure } from '../types.ts'

/** `k8s\0`, the type, the message: a whole body. */
export function encodeBody(typeName: string, object: JsonObject): Buffer {
  const type = new ProtobufWriter().string(1, String(object['apiVersion'])).string(2, String(object['kind'])).finish()
  const message = encodeProtobufOf(typeName, object)
  const envelope = new ProtobufWriter().bytes(1, type).bytes(2, message).string(3, '').string(4, '').finish()
  return Buffer.concat([Buffer.from('k8s\0'), envelope])
}

export function encodeProtobufOf(typeName: string, object: JsonObject): Buffer {
  const writer = new ProtobufWriter()
  const entries = [...structure(typeName).byNumber].sort(([a], [b]) => a - b)
  for (const [number, entry] of entries) {
    if (number === 0) continue
    if (isStructure(entry)) writer.bytes(number, encodeProtobufOf(entry.name, object))
    else encodeField(writer, entry, object[entry.name])
  }
  return writer.finish()
}

const isStructure = (entry: Field | Structure): entry is Structure => 'byNumber' in entry

function encodeField(writer: ProtobufWriter, { number, type, pointer }: Field, value: Json | undefined): void {
  if (type.form === 'list' && !type.wrapped) {
    for (const item of (value ?? []) as Json[]) encodeValue(writer, number, type.of, item)
  } else if (type.form === 'map') {
    encodeMap(writer, number, type.of, (value ?? {}) as JsonObject)
  } else if (value !== undefined && value !== null) {
    encodeValue(writer, number, type, value)
  } else if (!pointer) {
    encodeZero(writer, number, type)
  }
}

function encodeMap(writer: ProtobufWriter, number: number, of: FieldType, entries: JsonObject): void {
  for (const key of Object.keys(entries).sort()) {
    const entry = new ProtobufWriter().string(1, key)
    encodeValue(entry, 2, of, entries[key]!)
    writer.bytes(number, entry.finish())
  }
}

function encodeValue(writer: ProtobufWriter, number: number, type: FieldType, value: Json): void {
  if (type.form === 'struct') writer.bytes(number, encodeProtobufOf(type.name, value as JsonObject))
  else if (type.form === 'scalar') SCALARS[type.scalar](writer, number, value)
  else writer.bytes(number, encodeItems(type.form === 'list' ? type.of : type, value as Json[]))
}

function encodeItems(of: FieldType, items: readonly Json[]): Buffer {
  const writer = new ProtobufWriter()
  for (const item of items) encodeValue(writer, 1, of, item)
  return writer.finish()
}

/** What Go's zero value of a field that is no pointer looks like. */
function encodeZero(writer: ProtobufWriter, number: number, type: FieldType): void {
  if (type.form === 'struct') return void writer.bytes(number, encodeProtobufOf(type.name, {}))
  if (type.form !== 'scalar' || type.scalar === 'bytes') return
  if (type.scalar === 'time' || type.scalar === 'microtime' || type.scalar === 'raw')
    writer.bytes(number, Buffer.alloc(0))
  else SCALARS[type.scalar](writer, number, ZEROS[type.scalar] ?? 0)
}

const ZEROS: Readonly<Partial<Record<Scalar, Json>>> = { string: '', bool: false, quantity: '0' }
const SCHEMA: FieldType = { form: 'struct', name: 'apiextensions.v1.JSONSchemaProps' }
const STRING: FieldType = { form: 'scalar', scalar: 'string' }

type Encode = (writer: ProtobufWriter, number: number, value: Json) => void

const integer: Encode = (writer, number, value) =>
  void writer.varint(number, BigInt.asUintN(64, BigInt(value as number)))
const message =
  (encode: (value: Json) => Buffer): Encode =>
  (writer, number, value) =>
    void writer.bytes(number, encode(value))

const SCALARS: Readonly<Record<Scalar, Encode>> = {
  string: (writer, number, value) => void writer.string(number, value as string),
  bytes: (writer, number, value) => void writer.bytes(number, Buffer.from(value as string, 'base64')),
  bool: (writer, number, value) => void writer.varint(number, value === true ? 1 : 0),
  int32: integer,
  int64: integer,
  double: (writer, number, value) => void writer.double(number, Number(value)),
  time: message(encodeTime),
  microtime: message(encodeTime),
  quantity: message((value) => new ProtobufWriter().string(1, String(value)).finish()),
  intorstring: message(encodeIntOrString),
  raw: message((value) => new ProtobufWriter().string(1, stringifyJson(value)).finish()),
  schemaorbool: message((value) => {
    const writer = new ProtobufWriter().varint(1, value === false ? 0 : 1)
    if (isObject(value)) encodeValue(writer, 2, SCHEMA, value)
    return writer.finish()
  }),
  schemaorarray: message((value) => schemaOr(SCHEMA, value)),
  schemaorstrings: message((value) => schemaOr(STRING, value)),
}

function schemaOr(of: FieldType, value: Json): Buffer {
  const writer = new ProtobufWriter()
  if (isObject(value)) encodeValue(writer, 1, SCHEMA, value)
  else for (const item of value as Json[]) encodeValue(writer, 2, of, item)
  return writer.finish()
}

function encodeTime(value: Json): Buffer {
  const moment = parseTime(value as string)
  if (!moment) throw new Error(`${String(value)} is not a time`)
  return new ProtobufWriter()
    .varint(1, BigInt.asUintN(64, BigInt(moment.seconds)))
    .varint(2, moment.micros * 1000)
    .finish()
}

function encodeIntOrString(value: Json): Buffer {
  const isText = typeof value === 'string'
  const writer = new ProtobufWriter().varint(1, isText ? 1 : 0)
  return writer
    .varint(2, isText ? 0 : BigInt.asUintN(64, BigInt(value as number)))
    .string(3, isText ? value : '')
    .finish()
}
