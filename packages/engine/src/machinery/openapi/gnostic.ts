/**
 * OpenAPI v2 as protobuf: the messages of gnostic's `openapi.v2`, which kubectl up to 1.28 insists on. The tables are the field
 * numbers of that package; everything else is one walk over the JSON form.
 */
import { isObject, stringifyJson, type Json, type JsonObject } from '../../base/json.ts'
import { ProtobufWriter } from '../protobuf/writer.ts'

/** A field: number and kind; `*`: repeated. */
type Field = readonly [number: number, kind: string]

interface Message {
  readonly fields?: Readonly<Record<string, Field>>
  /** The JSON object is a map: each entry becomes a named value under this field. */
  readonly named?: Field
  /** The number under which keys with `x-` go. */
  readonly extensions?: number
}

const MESSAGES: Readonly<Record<string, Message>> = {
  Document: {
    fields: {
      swagger: [1, 'string'],
      info: [2, 'Info'],
      paths: [8, 'Paths'],
      definitions: [9, 'Definitions'],
    },
    extensions: 16,
  },
  Info: { fields: { title: [1, 'string'], version: [2, 'string'] }, extensions: 7 },
  Paths: { named: [2, 'PathItem'] },
  PathItem: {
    fields: {
      get: [2, 'Operation'],
      put: [3, 'Operation'],
      post: [4, 'Operation'],
      delete: [5, 'Operation'],
      patch: [8, 'Operation'],
      parameters: [9, 'Parameter*'],
    },
    extensions: 10,
  },
  Operation: {
    fields: {
      tags: [1, 'string*'],
      operationId: [5, 'string'],
      produces: [6, 'string*'],
      consumes: [7, 'string*'],
      parameters: [8, 'Parameter*'],
      responses: [9, 'Responses'],
      schemes: [10, 'string*'],
    },
    extensions: 13,
  },
  Responses: { named: [1, 'Response'] },
  BodyParameter: {
    fields: {
      description: [1, 'string'],
      name: [2, 'string'],
      in: [3, 'string'],
      required: [4, 'bool'],
      schema: [5, 'Schema'],
    },
    extensions: 6,
  },
  QueryParameter: {
    fields: {
      required: [1, 'bool'],
      in: [2, 'string'],
      description: [3, 'string'],
      name: [4, 'string'],
      type: [6, 'string'],
      uniqueItems: [20, 'bool'],
    },
    extensions: 23,
  },
  PathParameter: {
    fields: {
      required: [1, 'bool'],
      in: [2, 'string'],
      description: [3, 'string'],
      name: [4, 'string'],
      type: [5, 'string'],
      uniqueItems: [19, 'bool'],
    },
    extensions: 22,
  },
  Definitions: { named: [1, 'Schema'] },
  Schema: {
    fields: {
      $ref: [1, 'string'],
      format: [2, 'string'],
      title: [3, 'string'],
      description: [4, 'string'],
      default: [5, 'any'],
      multipleOf: [6, 'double'],
      maximum: [7, 'double'],
      exclusiveMaximum: [8, 'bool'],
      minimum: [9, 'double'],
      exclusiveMinimum: [10, 'bool'],
      maxLength: [11, 'integer'],
      minLength: [12, 'integer'],
      pattern: [13, 'string'],
      maxItems: [14, 'integer'],
      minItems: [15, 'integer'],
      uniqueItems: [16, 'bool'],
      maxProperties: [17, 'integer'],
      minProperties: [18, 'integer'],
      required: [19, 'string*'],
      enum: [20, 'any*'],
      additionalProperties: [21, 'AdditionalProperties'],
      type: [22, 'TypeItem'],
      items: [23, 'ItemsItem'],
      properties: [25, 'Properties'],
      example: [30, 'any'],
    },
    extensions: 31,
  },
  Properties: { named: [1, 'Schema'] },
}

/** A JSON form of OpenAPI v2 as `openapi.v2.Document`. */
export function encodeDocument(document: JsonObject): Buffer {
  return encodeMessage('Document', document)
}

function encodeMessage(name: string, value: JsonObject): Buffer {
  const message = MESSAGES[name]!
  const writer = new ProtobufWriter()
  for (const [key, item] of Object.entries(value)) {
    if (message.named) writer.bytes(message.named[0], encodeNamed(key, message.named[1], item as JsonObject))
    else if (message.extensions !== undefined && key.startsWith('x-')) {
      writer.bytes(message.extensions, namedAny(key, item))
    } else {
      const field = message.fields?.[key]
      if (field) writeField(writer, field, item)
    }
  }
  return writer.finish()
}

function encodeNamed(key: string, kind: string, value: JsonObject): Buffer {
  return new ProtobufWriter().string(1, key).bytes(2, encodeValue(kind, value)).finish()
}

function writeField(writer: ProtobufWriter, [number, kind]: Field, value: Json): void {
  if (kind.endsWith('*')) {
    for (const item of value as readonly Json[]) writeField(writer, [number, kind.slice(0, -1)], item)
    return
  }
  switch (kind) {
    case 'string':
      writer.string(number, String(value))
      break
    case 'bool':
      if (value === true) writer.varint(number, 1)
      break
    case 'integer':
      writer.varint(number, Number(value))
      break
    case 'double':
      writer.double(number, Number(value))
      break
    default:
      writer.bytes(number, encodeValue(kind, value))
  }
}

/** Messages that stand for one of several things, which JSON tells apart by its form. */
function encodeValue(kind: string, value: Json): Buffer {
  const writer = new ProtobufWriter()
  switch (kind) {
    case 'any':
      return any(value)
    case 'TypeItem':
      return writer.string(1, String(value)).finish()
    case 'ItemsItem':
      return writer.bytes(1, encodeMessage('Schema', value as JsonObject)).finish()
    case 'AdditionalProperties':
      return isObject(value)
        ? writer.bytes(1, encodeMessage('Schema', value)).finish()
        : writer.varint(2, value === true ? 1 : 0).finish()
    case 'Response':
      return writer.bytes(1, encodeResponse(value as JsonObject)).finish()
    case 'Parameter':
      return writer.bytes(1, encodeParameter(value as JsonObject)).finish()
    default:
      return encodeMessage(kind, value as JsonObject)
  }
}

function encodeResponse(response: JsonObject): Buffer {
  const writer = new ProtobufWriter().string(1, String(response['description']))
  const { schema } = response
  if (isObject(schema)) {
    writer.bytes(2, new ProtobufWriter().bytes(1, encodeMessage('Schema', schema)).finish())
  }
  return writer.finish()
}

/** In the path, in the query or the body: each is a message of its own inside two that only choose. */
function encodeParameter(parameter: JsonObject): Buffer {
  if (parameter['in'] === 'body')
    return new ProtobufWriter().bytes(1, encodeMessage('BodyParameter', parameter)).finish()
  const [number, name] = parameter['in'] === 'path' ? ([4, 'PathParameter'] as const) : ([3, 'QueryParameter'] as const)
  const inner = new ProtobufWriter().bytes(number, encodeMessage(name, parameter)).finish()
  return new ProtobufWriter().bytes(2, inner).finish()
}

function namedAny(key: string, value: Json): Buffer {
  return new ProtobufWriter().string(1, key).bytes(2, any(value)).finish()
}

/** Any value travels as YAML, of which JSON is a part. */
function any(value: Json): Buffer {
  return new ProtobufWriter().string(2, `${stringifyJson(value)}\n`).finish()
}
