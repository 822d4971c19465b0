/**
 * Types, before anything is made: every expression is checked against what it may read at its place, against the schemas of the kinds as
 * far as they are known, and against the field that it is for. What a claim says is of any type here: the driver is not told the
 * schema of a class's parameters.
 */
import type { Environment } from '@marcbachmann/cel-js'
import { isRecord, type FieldError, type Json, type JsonSchema } from '@larder/kit'
import { environment, readsOf, type Expression } from './cel.ts'
import {
  CREDENTIAL_WORDS,
  isSecret,
  STATIC_WORDS,
  type Composition,
  type Graph,
  type Keys,
  type Node,
} from './graph.ts'
import { expressionsOf, summaryOf, type Template } from './template.ts'
import { registerKind, type Names } from './types.ts'

/** Of a kind that is not in it nothing is known. */
export type Schemas = ReadonlyMap<string, JsonSchema>
export const kindKey = ({ apiVersion, kind }: Pick<Node, 'apiVersion' | 'kind'>): string => `${apiVersion} ${kind}`

type Say = (path: string, message: string) => void

/** What may be read at a place, and what is known of it. */
interface Scope {
  readonly words: readonly string[]
  /** What else may not be read of a resource here, and why. */
  readonly refuse?: (node: Node, field: string | undefined) => string | undefined
}

interface Check {
  readonly composition: Composition
  readonly nodes: ReadonlyMap<string, Node>
  readonly schemas: Schemas
  readonly say: Say
}

export function checkComposition(composition: Composition, schemas: Schemas): readonly FieldError[] {
  const errors = new Map<string, FieldError>()
  const say: Say = (path, message) => {
    if (!errors.has(path)) errors.set(path, { path, reason: 'invalid', message })
  }
  for (const { path, message } of composition.mistakes) say(path, message)
  const all = [...composition.instance.nodes, ...composition.binding.nodes]
  const check: Check = { composition, nodes: new Map(all.map((node) => [node.id, node])), schemas, say }
  const { instance, binding, namespace } = composition
  if (namespace) checkTemplate(check, namespace, { words: STATIC_WORDS }, { type: 'string' })
  for (const node of instance.nodes) checkNode(check, node, [instance], STATIC_WORDS)
  for (const node of binding.nodes) {
    checkNode(check, node, [instance, binding], [...STATIC_WORDS, ...CREDENTIAL_WORDS])
  }
  checkKeys(check, composition.outputs, { words: ['plan', 'instance', 'origin', ...instance.ids], refuse: notReported })
  const forClaims = { words: [...STATIC_WORDS, ...CREDENTIAL_WORDS, ...instance.ids, ...binding.ids] }
  checkKeys(check, composition.values, forClaims)
  for (const keys of composition.roles.values()) checkKeys(check, keys, forClaims)
  return [...errors.values()]
}

function checkNode(check: Check, node: Node, graphs: readonly Graph[], statics: readonly string[]): void {
  // With itself: that is a circle, which is told already.
  const ids = graphs.flatMap((graph) => [...graph.ids])
  const ofAll: Scope = { words: [...statics, ...ids], ...(!isSecret(node) && { refuse: noSecrets }) }
  const ofItself: Scope = { words: [...statics, node.id] }
  for (const expression of node.includeWhen) expect(check, expression, { words: statics }, { type: 'boolean' })
  for (const expression of [...node.readyWhen, ...node.failedWhen]) {
    expect(check, expression, ofItself, { type: 'boolean' })
  }
  // Names are known before anything exists, so that what was made is found again by a hub that remembers nothing.
  const named = node.isExternal ? ofAll : { words: statics }
  checkTemplate(check, node.name, named, { type: 'string' })
  // What a claim says of itself places nothing: all of an instance's are looked for where the instance is.
  const placed = node.isExternal ? ofAll : { words: STATIC_WORDS }
  if (node.namespace) checkTemplate(check, node.namespace, placed, { type: 'string' })
  if (node.clusterScoped && node.namespace) check.say(node.namespace.path, 'clusterScoped: it has no namespace')
  if (node.body) checkTemplate(check, node.body, ofAll, bodySchema(check, node))
}

/** The kind's own, with metadata as every object has it. */
function bodySchema({ schemas }: Check, node: Node): JsonSchema | undefined {
  const schema = schemas.get(kindKey(node))
  if (!isRecord(schema) || !isRecord(schema['properties'])) return undefined
  const text = { type: 'string' }
  const metadata = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  return { ...schema, properties: { ...schema['properties'], apiVersion: text, kind: text, metadata } }
}

const noSecrets: NonNullable<Scope['refuse']> = (node, field) =>
  isSecret(node) && !(field !== undefined && OPEN_FIELDS.has(field))
    ? `reads the values of Secret ${node.id}: only \`binding\` and templates of Secrets may`
    : undefined

const OPEN_FIELDS: ReadonlySet<string> = new Set(['metadata', 'type', 'kind', 'apiVersion', 'immutable'])

/** What was asked for may have come from a Secret; what is reported has not. */
const notReported: NonNullable<Scope['refuse']> = (node, field) => {
  const isReported = field === 'status' || field === 'metadata' || (field === 'data' && node.kind === 'ConfigMap')
  return isReported ? undefined : `outputs may read status and metadata of ${node.id}, and data of ConfigMaps`
}

function checkKeys(check: Check, keys: Keys, scope: Scope): void {
  for (const [, template] of keys) checkTemplate(check, template, scope, undefined)
}

/** `schema`: of the field that the template is for; undefined: any. */
function checkTemplate(check: Check, template: Template, scope: Scope, schema: JsonSchema | undefined): void {
  switch (template.is) {
    case 'literal':
      if (schema && !literalFits(template.value, schema)) {
        check.say(template.path, `must be ${wordOf(schema)}`)
      }
      return
    case 'value':
      expect(check, template.expression, scope, schema)
      return
    case 'text':
      for (const expression of expressionsOf(template)) expect(check, expression, scope, TEXT)
      if (schema && !allows(schema, 'string'))
        check.say(template.path, `must be ${wordOf(schema)}, and text gives text`)
      return
    case 'list':
      if (schema && !allows(schema, 'array')) check.say(template.path, `must be ${wordOf(schema)}`)
      for (const item of template.items) checkTemplate(check, item, scope, schemaOf(schema?.['items']))
      return
    case 'record':
      checkRecord(check, template, scope, schema)
  }
}

function checkRecord(
  check: Check,
  { path, fields }: Extract<Template, { is: 'record' }>,
  scope: Scope,
  schema: JsonSchema | undefined,
): void {
  if (schema && !allows(schema, 'object')) check.say(path, `must be ${wordOf(schema)}`)
  const properties = isRecord(schema?.['properties']) ? schema['properties'] : undefined
  const open = !properties || schema?.['x-kubernetes-preserve-unknown-fields'] === true
  for (const [name, field] of fields) {
    const known = properties && Object.hasOwn(properties, name) ? properties[name] : schema?.['additionalProperties']
    if (!isRecord(known) && !open) {
      check.say(field.path, `is no field of this kind; there are: ${Object.keys(properties).sort().join(', ')}`)
    }
    checkTemplate(check, field, scope, schemaOf(known))
  }
}

const schemaOf = (value: Json | undefined): JsonSchema | undefined => (isRecord(value) ? value : undefined)

/** What a text takes beside other text. */
const TEXT: JsonSchema = { anyOfTypes: ['string', 'integer', 'number', 'boolean'] }

function expect(check: Check, expression: Expression, scope: Scope, schema: JsonSchema | undefined): void {
  const { path, source } = expression
  const wrong = refused(check, expression, scope)
  if (wrong !== undefined) {
    check.say(path, `\${${source}} ${wrong}`)
    return
  }
  const types = environmentOf(check, scope, expression)
  const { valid, type = 'dyn', error } = types.check(source)
  if (!valid) check.say(path, `\${${source}}: ${summaryOf(error)}`)
  else if (schema && !typeFits(type, schema)) check.say(path, `\${${source}} is ${type}, and must be ${wordOf(schema)}`)
}

function refused({ nodes }: Check, { ast }: Expression, { words, refuse }: Scope): string | undefined {
  for (const { word, field } of readsOf(ast)) {
    const node = nodes.get(word)
    const isWord = node !== undefined || [...STATIC_WORDS, ...CREDENTIAL_WORDS].some((each) => each === word)
    if (isWord && !words.includes(word)) return `may not read ${word} here; it may read: ${words.join(', ')}`
    const wrong = node && refuse?.(node, field)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

/** With just the words that the expression reads: kinds of AWS have hundreds of fields. */
function environmentOf({ nodes, schemas }: Check, { words }: Scope, { ast }: Expression): Environment {
  const types = environment(false)
  const names: Names = { next: 0 }
  const read = new Set(readsOf(ast).map(({ word }) => word))
  for (const word of words.filter((each) => read.has(each))) {
    const node = nodes.get(word)
    const schema = node ? schemas.get(kindKey(node)) : WORD_SCHEMAS[word]
    types.registerVariable(word, registerKind(types, names, schema, node !== undefined))
  }
  return types
}

const TEXTS = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, { type: 'string' }]))
const ANY_MAP = { type: 'object', additionalProperties: { 'x-kubernetes-preserve-unknown-fields': true } }
const ORIGIN = { type: 'object', properties: TEXTS('door', 'apiVersion', 'kind', 'namespace', 'name', 'uid') }

const WORD_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  parameters: ANY_MAP,
  plan: { type: 'object', properties: TEXTS('name') },
  instance: { type: 'object', properties: TEXTS('id', 'name', 'namespace') },
  origin: ORIGIN,
  claim: ORIGIN,
  credential: { type: 'object', properties: { ...TEXTS('id', 'name', 'role'), parameters: ANY_MAP } },
}

const CEL_TYPES: Readonly<Record<string, readonly string[]>> = {
  string: ['string'],
  integer: ['int', 'uint'],
  number: ['int', 'uint', 'double'],
  boolean: ['bool'],
}

function typesOf(schema: JsonSchema): readonly string[] | undefined {
  if (schema['x-kubernetes-int-or-string'] === true) return ['integer', 'string']
  const { type, anyOfTypes } = schema
  if (Array.isArray(anyOfTypes)) return anyOfTypes.filter((each: Json) => typeof each === 'string')
  return typeof type === 'string' ? [type] : undefined
}

const wordOf = (schema: JsonSchema): string => typesOf(schema)?.join(' or ') ?? 'anything'
const allows = (schema: JsonSchema, type: string): boolean => typesOf(schema)?.includes(type) ?? true

/** Named types are objects; an optional is what it may hold. */
function typeFits(celType: string, schema: JsonSchema): boolean {
  const allowed = typesOf(schema)
  const type = /^optional<(.*)>$/.exec(celType)?.[1] ?? celType
  if (!allowed || ['dyn', 'null', 'null_type', 'optional'].includes(type)) return true
  return allowed.some((each) => {
    if (each === 'array') return /^list\b/.test(type)
    if (each === 'object') return /^map\b/.test(type) || type.startsWith('Object')
    return CEL_TYPES[each]?.includes(type) ?? false
  })
}

function literalFits(value: Json, schema: JsonSchema): boolean {
  if (value === null) return true
  if (typeof value === 'string') return allows(schema, 'string')
  if (typeof value === 'boolean') return allows(schema, 'boolean')
  const isWhole = typeof value === 'bigint' || Number.isInteger(value)
  return allows(schema, 'number') || (isWhole && allows(schema, 'integer'))
}
