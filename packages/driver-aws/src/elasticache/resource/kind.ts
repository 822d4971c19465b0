/** A type of AWS resource, as data and as its few calls; the verbs over all of them are in verbs.ts. */
import { invalid, isRecord } from '@larder/kit'
import type { Json } from '@larder/kit'
import { isRefusal } from '../../account/call.ts'
import type { Lookup } from '../../lookup.ts'
import type { Elasticache } from '../client.ts'

export type Properties = Readonly<Record<string, Json>>

export interface Property {
  readonly type: 'string' | 'integer' | 'boolean' | 'strings' | 'object' | 'objects'
  readonly required?: true
  /** AWS never changes it. */
  readonly fixed?: true
}

export interface Change<T> {
  readonly id: string
  readonly thing: T
  /** Those that differ, not one of them fixed. */
  readonly names: readonly string[]
  readonly properties: Properties
}

export interface Kind<T> {
  readonly type: string
  /** The property that is its name: `UserId`. */
  readonly idProperty: string
  readonly maxIdLength: number
  /** In AWS's own words. */
  readonly properties: Readonly<Record<string, Property>>
  /** Properties that `create` sets with a request of their own, so that a lost answer may have been before them. */
  readonly setLater?: readonly string[]
  /** Codes that only another request can help against; against others time can. */
  readonly terminal: readonly string[]
  lookup(aws: Elasticache): Lookup<T>
  arnOf(thing: T): string
  /** Undefined: it has none, and is there as soon as it exists. */
  statusOf(thing: T): string | undefined
  /** What a description tells of the properties. */
  have(thing: T): { readonly [name: string]: Json | undefined }
  /** `properties` with the id and the tags. */
  create(aws: Elasticache, properties: Properties, signal: AbortSignal): Promise<void>
  /** One request; which of the names it was about. */
  change?(aws: Elasticache, change: Change<T>, signal: AbortSignal): Promise<readonly string[]>
  remove(aws: Elasticache, id: string, signal: AbortSignal): Promise<void>
}

/** What somebody gave, as AWS takes it. */
export function checkedProperties<T>(kind: Kind<T>, given: Json, path: string): Properties {
  if (!isRecord(given)) throw invalid(path, `${path} must be an object`)
  for (const [name, { required }] of Object.entries(kind.properties)) {
    if (required && given[name] === undefined) throw invalid(`${path}.${name}`, `${path}.${name} is required`)
  }
  const fields = Object.entries(given).filter(([name]) => name !== kind.idProperty)
  return Object.fromEntries(
    fields.map(([name, value]) => {
      const property = Object.hasOwn(kind.properties, name) ? kind.properties[name] : undefined
      if (!property) throw invalid(`${path}.${name}`, `${path}.${name} is not a property of ${kind.type}`)
      return [name, checkedValue(value, property, `${path}.${name}`)] as const
    }),
  )
}

function checkedValue(value: Json, { type }: Property, path: string): Json {
  if (type === 'integer') {
    const number = typeof value === 'bigint' ? Number(value) : value
    if (typeof number === 'number' && Number.isInteger(number)) return number
    throw invalid(path, `${path} must be a whole number`)
  }
  const isList = type === 'strings' || type === 'objects'
  const item = type === 'strings' ? 'string' : type === 'objects' ? 'object' : type
  const items = isList ? value : [value]
  const hasType = (each: Json) => (item === 'object' ? isRecord(each) : typeof each === item)
  if (Array.isArray(items) && (items as readonly Json[]).every(hasType)) return value
  throw invalid(path, `${path} must be ${isList ? `a list of ${item}s` : `${item === 'object' ? 'an' : 'a'} ${item}`}`)
}

/** Values that no error may quote. */
export function secretsOf({ Passwords = [], AuthToken, AuthenticationMode }: Properties): string[] {
  const more = isRecord(AuthenticationMode) ? (AuthenticationMode['Passwords'] ?? []) : []
  return [Passwords, AuthToken ?? [], more].flat().filter((value) => typeof value === 'string')
}

/** In the words of AWS alone, which who knows ACK knows. */
export function explained<T>(kind: Kind<T>, error: unknown): unknown {
  if (!isRefusal(error)) return error
  const message = `${error.code}: ${error.said}`
  return kind.terminal.includes(error.code) ? invalid('parameters', message) : error
}
