/**
 * Answers and watch events as bytes.
 *
 * Objects leave as the bytes that the store keeps: nothing is parsed and printed again on the way out. A list is the
 * concatenation of its objects; only Table, PartialObjectMetadata and YAML need to look inside.
 */
import { type Json, type JsonObject, stringifyJson } from '../../base/json.ts'
import type { Document } from '../../machinery/document.ts'
import { asJson, formatApiVersion } from '../../machinery/object.ts'
import type { Resource } from '../../machinery/shape.ts'
import { badRequest } from '../../machinery/status.ts'
import type { ApiWatchEvent, Result } from '../api.ts'
import type { Form } from './negotiate.ts'

export type IncludeObject = 'None' | 'Metadata' | 'Object'

/** What a client wants to see: the negotiated form and, for Tables, how much of each object. */
export interface View {
  readonly form: Form
  readonly includeObject: IncludeObject
  /** For ages in Tables. */
  readonly nowMs: number
}

/** Throws ApiError 400. */
export function includeObjectOf(value: string | null | undefined): IncludeObject {
  if (value === null || value === undefined || value === '') return 'Metadata'
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(value)}`)
}

type ListResult = Extract<Result, { type: 'list' }>

const COMMA = Buffer.from(',')
const LIST_END = Buffer.from(']}')

/** How one form looks. */
interface Encoder {
  /** What stands alone. */
  object(resource: Resource, document: Document, view: View): Buffer
  /** A list up to and including the bracket that opens its items. */
  listHead(resource: Resource, metadata: JsonObject, view: View): string
  item(resource: Resource, document: Document, view: View): Buffer
}

const ENCODERS: Record<Form['as'], Encoder> = {
  Object: {
    object: (_, document) => document.bytes,
    listHead({ group, version, listKind }, metadata) {
      return listHead(listKind, formatApiVersion(group, version), metadata)
    },
    item: (_, document) => document.bytes,
  },
  Metadata: {
    object: (_, document, view) => Buffer.from(partialObject(document, view.form.version)),
    listHead: (_, metadata, view) =>
      listHead('PartialObjectMetadataList', `meta.k8s.io/${view.form.version}`, metadata),
    item: (_, document, view) => Buffer.from(partialObject(document, view.form.version)),
  },
  Table: {
    object(resource, document, view) {
      const head = tableHead(resource, view, revisionOf(document), true)
      return Buffer.from(`${head}${row(resource, document, view)}]}`)
    },
    listHead: (resource, metadata, view) => tableHead(resource, view, metadata, true),
    item: (resource, document, view) => Buffer.from(row(resource, document, view)),
  },
}

/** One object in JSON. */
export function encodeObject(resource: Resource, document: Document, view: View): Buffer {
  return ENCODERS[view.form.as].object(resource, document, view)
}

/** A list in JSON, in pieces: large ones are never copied into one. */
export function encodeList(result: ListResult, view: View): Buffer[] {
  const { resource, documents } = result
  const metadata = {
    resourceVersion: result.resourceVersion,
    ...(result.continue !== undefined && { continue: result.continue }),
    ...(result.remainingItemCount !== undefined && { remainingItemCount: result.remainingItemCount }),
  }
  const encoder = ENCODERS[view.form.as]
  const chunks: Buffer[] = [Buffer.from(encoder.listHead(resource, metadata, view))]
  documents.forEach((document, i) => {
    if (i > 0) chunks.push(COMMA)
    chunks.push(encoder.item(resource, document, view))
  })
  chunks.push(LIST_END)
  return chunks
}

function listHead(kind: string, apiVersion: string, metadata: JsonObject): string {
  return `{"kind":${quote(kind)},"apiVersion":${quote(apiVersion)},"metadata":${stringifyJson(metadata)},"items":[`
}

function revisionOf(document: Document): JsonObject {
  const { resourceVersion } = document.object.metadata
  return resourceVersion === undefined ? {} : { resourceVersion }
}

function partialObject(document: Document, version: string): string {
  const metadata = stringifyJson(asJson(document.object)['metadata'] as Json)
  return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":${metadata}}`
}

function tableHead(resource: Resource, view: View, metadata: JsonObject, withColumns: boolean): string {
  // In a watch only the first Table says what its columns are.
  const columns = withColumns ? stringifyJson(resource.shape.columns as unknown as Json) : 'null'
  return `{"kind":"Table","apiVersion":"meta.k8s.io/${view.form.version}","metadata":${stringifyJson(metadata)},"columnDefinitions":${columns},"rows":[`
}

function row(resource: Resource, document: Document, view: View): string {
  const cells = stringifyJson(resource.shape.row(asJson(document.object), view.nowMs))
  return `{"cells":${cells},"object":${rowObject(document, view)}}`
}

function rowObject(document: Document, view: View): string {
  if (view.includeObject === 'None') return 'null'
  if (view.includeObject === 'Object') return document.bytes.toString()
  return partialObject(document, view.form.version)
}

const NEWLINE = Buffer.from('}\n')
const EVENT_HEAD = Object.fromEntries(
  ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'].map((type) => [
    type,
    Buffer.from(`{"type":"${type}","object":`),
  ]),
) as Record<ApiWatchEvent['type'] | 'ERROR', Buffer>

/** One line of a watch. `isFirst` matters to Tables alone. */
export function encodeEvent(resource: Resource, event: ApiWatchEvent, view: View, isFirst: boolean): Buffer {
  const object =
    view.form.as === 'Table' ? tableEvent(resource, event, view, isFirst) : encodeObject(resource, event.document, view)
  return frame(event.type, object)
}

export function frame(type: ApiWatchEvent['type'] | 'ERROR', object: Buffer): Buffer {
  return Buffer.concat([EVENT_HEAD[type], object, NEWLINE])
}

function tableEvent(resource: Resource, event: ApiWatchEvent, view: View, isFirst: boolean): Buffer {
  const head = tableHead(resource, view, revisionOf(event.document), isFirst)
  // A bookmark has nothing to show in columns; its revision stands in the Table's metadata.
  const rows = event.type === 'BOOKMARK' ? '' : row(resource, event.document, view)
  return Buffer.from(`${head}${rows}]}`)
}

function quote(text: string): string {
  return JSON.stringify(text)
}

/** JSON text with line breaks and two spaces, every literal as it was: numbers keep their digits. */
export function prettyJson(text: string): string {
  let out = ''
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (c === '"') {
      const end = endOfString(text, i)
      out += text.slice(i, end)
      i = end - 1
    } else if (c === '{' || c === '[') {
      const isEmpty = text[i + 1] === '}' || text[i + 1] === ']'
      out += isEmpty ? c + text[++i]! : `${c}${lineBreak(++depth)}`
    } else if (c === '}' || c === ']') out += lineBreak(--depth) + c
    else if (c === ',') out += `,${lineBreak(depth)}`
    else if (c === ':') out += ': '
    else out += c
  }
  return `${out}\n`
}

function lineBreak(depth: number): string {
  return `\n${'  '.repeat(depth)}`
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** YAML that a YAML 1.1 reader, such as kubectl, takes for the same values: `"yes"` stays quoted. */
export async function toYaml(value: Json): Promise<string> {
  const { stringify } = await import('yaml')
  return stringify(value, { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0, sortMapEntries: false })
}
