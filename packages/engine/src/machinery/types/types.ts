/**
 * The type table of the built-in kinds: facts about every struct of the Kubernetes API, as one line of text each.
 *
 * From these lines come checking, protobuf, patches and OpenAPI, so that no kind needs code of its own. A line stays text
 * until its type is first used: parsing all of them at start would cost more than the kinds a hub ever sees. The table
 * is written by `tools/typetable` (Go) and never edited.
 *
 * A line is fields separated by `;`, a field is words separated by a space: JSON name, protobuf number, type, then
 * - flags: `*` pointer, `?` omitempty, `!` required by upstream's OpenAPI;
 * - `patch=merge,retainKeys` and `key=name`: strategic merge;
 * - `list=map|set|atomic`, `keys=a,b`, `map=atomic`: server-side apply;
 * - `enum=T`: one of the values listed for T.
 *
 *     "core.v1.EnvVar": "name 1 string !;value 2 string ?;valueFrom 3 core.v1.EnvVarSource *?"
 *
 * Two names are special. `~` is an embedded struct: its fields lie in the JSON object of the owner, in protobuf it is a
 * message of its own. `@` is apiVersion and kind, which protobuf leaves to the envelope.
 */
import table from './table.json' with { type: 'json' }

/** Types with a form of their own in JSON or in protobuf. */
export type Scalar =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'double'
  /** Base64 in JSON. */
  | 'bytes'
  /** RFC 3339; `time` in whole seconds, `microtime` in microseconds. */
  | 'time'
  | 'microtime'
  | 'quantity'
  | 'intorstring'
  /** Any JSON, kept as it is; in protobuf its text. */
  | 'raw'
  /** The places of a JSON schema that take a schema, or a boolean, a list of schemas, a list of strings. */
  | 'schemaorbool'
  | 'schemaorarray'
  | 'schemaorstrings'

export type FieldType =
  | { readonly form: 'scalar'; readonly scalar: Scalar }
  /** `wrapped`: in protobuf the list is a message of its own, with the items as field 1. */
  | { readonly form: 'list'; readonly of: FieldType; readonly wrapped: boolean }
  /** Keys are strings. */
  | { readonly form: 'map'; readonly of: FieldType }
  | { readonly form: 'struct'; readonly name: string }

export interface Field {
  readonly name: string
  /** Protobuf field number; 0: not in the message. */
  readonly number: number
  readonly type: FieldType
  /** Absent and zero are told apart. */
  readonly pointer: boolean
  readonly omitEmpty: boolean
  readonly required: boolean
  /** Of strategic merge; without `merge` a list or object is replaced as a whole. */
  readonly patch: { readonly merge: boolean; readonly retainKeys: boolean; readonly key: string | undefined }
  readonly list: 'map' | 'set' | 'atomic' | undefined
  readonly listKeys: readonly string[]
  readonly map: 'atomic' | 'granular' | undefined
  /** Allowed strings; absent: any. */
  readonly values: readonly string[] | undefined
}

export interface Structure {
  /** `core.v1.PodSpec`. */
  readonly name: string
  /** The fields of the JSON object, embedded ones included, in upstream's order. */
  readonly fields: readonly Field[]
  readonly byName: ReadonlyMap<string, Field>
  /** What each protobuf number means: a field, or an embedded struct whose fields belong to the same JSON object. */
  readonly byNumber: ReadonlyMap<number, Field | Structure>
}

const LINES: Readonly<Record<string, string>> = table.types
const ENUMS: Readonly<Record<string, readonly string[]>> = table.enums
const PACKAGES: Readonly<Record<string, string>> = table.packages

const structures = new Map<string, Structure>()
const fieldTypes = new Map<string, FieldType>()

/** Throws when the table has no such type: a misspelt name in our own data. */
export function structure(name: string): Structure {
  let found = structures.get(name)
  if (!found) {
    found = readStructure(name)
    structures.set(name, found)
  }
  return found
}

/** The names of all types of the table. */
export function structureNames(): readonly string[] {
  return Object.keys(LINES)
}

/** The name of a type in OpenAPI: `core.v1.Pod` is `io.k8s.api.core.v1.Pod`. */
export function componentName(name: string): string {
  const dot = name.lastIndexOf('.')
  return `${PACKAGES[name.slice(0, dot)]}${name.slice(dot)}`
}

function readStructure(name: string): Structure {
  const line = LINES[name]
  if (line === undefined) throw new Error(`the type table has no type ${name}`)
  const fields: Field[] = []
  const byNumber = new Map<number, Field | Structure>()
  for (const text of line === '' ? [] : line.split(';')) {
    const words = text.split(' ')
    if (words[0] === '@') {
      fields.push(readField(['apiVersion', '0', 'string', '?']), readField(['kind', '0', 'string', '?']))
    } else if (words[0] === '~') {
      const embedded = structure(words[2]!)
      fields.push(...embedded.fields)
      byNumber.set(Number(words[1]), embedded)
    } else {
      const field = readField(words)
      fields.push(field)
      byNumber.set(field.number, field)
    }
  }
  return { name, fields, byName: new Map(fields.map((field) => [field.name, field])), byNumber }
}

function readField(words: readonly string[]): Field {
  const [name, number, type] = words as [string, string, string]
  const flags = words[3] !== undefined && !words[3].includes('=') ? words[3] : ''
  const option = (key: string): string | undefined =>
    words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1)
  const strategies = option('patch')?.split(',') ?? []
  const enumName = option('enum')
  return {
    name,
    number: Number(number),
    type: readType(type),
    pointer: flags.includes('*'),
    omitEmpty: flags.includes('?'),
    required: flags.includes('!'),
    patch: { merge: strategies.includes('merge'), retainKeys: strategies.includes('retainKeys'), key: option('key') },
    list: option('list') as Field['list'],
    listKeys: option('keys')?.split(',') ?? [],
    map: option('map') as Field['map'],
    values: enumName === undefined ? undefined : ENUMS[enumName],
  }
}

function readType(text: string): FieldType {
  let type = fieldTypes.get(text)
  if (!type) {
    if (text.startsWith('[]')) type = { form: 'list', of: readType(text.slice(2)), wrapped: false }
    else if (text.startsWith('wrapped[]')) type = { form: 'list', of: readType(text.slice(9)), wrapped: true }
    else if (text.startsWith('{}')) type = { form: 'map', of: readType(text.slice(2)) }
    else if (text.includes('.')) type = { form: 'struct', name: text }
    else type = { form: 'scalar', scalar: text as Scalar }
    fieldTypes.set(text, type)
  }
  return type
}
