/** Fills in the defaults of one struct; the rules are data (defaults.ts). */
import { equalJson, isObject, type Json } from '../../base/json.ts'
import { DEFAULTS, type DefaultRule } from './defaults.ts'
import { structure } from './types.ts'

type Fields = Record<string, Json>

interface Step {
  readonly rule: DefaultRule
  /** The field is no pointer, so that an empty string in it says as little as no string. */
  readonly emptyIsAbsent: boolean
}

const steps = new Map<string, readonly Step[]>()

/** Changes `object`, which must be the caller's own; objects below it are changed only along dotted paths. */
export function applyDefaults(typeName: string, object: Fields): void {
  let found = steps.get(typeName)
  if (!found) {
    found = (DEFAULTS[typeName] ?? []).map((rule) => ({ rule, emptyIsAbsent: !isPointer(typeName, rule.path) }))
    steps.set(typeName, found)
  }
  for (const step of found) apply(step, object)
}

function isPointer(typeName: string, path: string): boolean {
  const [first, ...rest] = path.split('.')
  const field = structure(typeName).byName.get(first!)
  if (rest.length === 0 || field?.type.form !== 'struct') return field?.pointer ?? true
  return isPointer(field.type.name, rest.join('.'))
}

function apply({ rule, emptyIsAbsent }: Step, object: Fields): void {
  const { owner, key } = locate(object, rule.path)
  if (!owner) return
  const given = owner[key]
  const absent = given === undefined || (given === '' && emptyIsAbsent)
  const judged = rule.when !== undefined && rule.path in rule.when
  if ((!absent && !judged) || !applies(rule, object)) return
  const value = rule.from === undefined ? rule.value : derive(read(object, rule.from), rule.as)
  if (value !== undefined) owner[key] = value
}

function applies(rule: DefaultRule, object: Fields): boolean {
  if (rule.unlessOthersThan && Object.keys(object).some((key) => !rule.unlessOthersThan!.includes(key))) return false
  for (const path in rule.when) {
    const found = read(object, path) ?? null
    if (!rule.when[path]!.some((allowed) => equalJson(allowed, found))) return false
  }
  return true
}

/** The object that holds the last part of the path; undefined: it is not there, so there is nothing to complete. */
function locate(object: Fields, path: string): { owner: Fields | undefined; key: string } {
  if (!path.includes('.')) return { owner: object, key: path }
  const parts = path.split('.')
  const key = parts.pop()!
  const owner = read(object, parts.join('.'))
  return { owner: isObject(owner) ? owner : undefined, key }
}

function read(object: Fields, path: string): Json | undefined {
  if (!path.includes('.')) return object[path]
  let at: Json | undefined = object
  for (const part of path.split('.')) at = isObject(at) ? at[part] : undefined
  return at
}

function derive(value: Json | undefined, as: DefaultRule['as']): Json | undefined {
  if (as === undefined || typeof value !== 'string') return as === 'pullPolicy' ? pullPolicy('') : value
  if (as === 'pullPolicy') return pullPolicy(value)
  if (value === '') return undefined
  return as === 'lowerCase' ? value.toLowerCase() : `${value}List`
}

/** `Always` for the tag latest, said or implied: what else such an image is changes without notice. */
function pullPolicy(image: string): string {
  const rest = image.slice(image.lastIndexOf('/') + 1)
  if (rest.includes('@')) return 'IfNotPresent'
  const tag = rest.includes(':') ? rest.slice(rest.lastIndexOf(':') + 1) : 'latest'
  return tag === 'latest' ? 'Always' : 'IfNotPresent'
}
