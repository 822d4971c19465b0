/**
 * Fields of a kind, each said once: its schema for the API, its description for people, its type for the code.
 *
 * ```ts
 * const spec = object('What is wanted.', {
 *   driver: required(text('The driver.')),
 *   plans: list('The plans.', object('A plan.', { name: required(text('Its name.')) }), { key: 'name' }),
 * })
 * type Spec = ValueOf<typeof spec> // { readonly driver: string; readonly plans?: readonly { readonly name: string }[] }
 * ```
 *
 * Rejected: literal OpenAPI schemas with `as const` and a type that reads them. The literals are twice as long, and the type
 * grows with every keyword of OpenAPI; here the type is what the function returns.
 */
import type { Json, JsonObject } from '@larder/engine/base/json'

/** A field: `T` is the type of its value, `R` whether it must be there. */
export interface Field<T, R extends boolean = boolean> {
  readonly schema: JsonObject
  readonly required: R
  /** Never set: ties the schema to its type. */
  readonly value?: T
}

export type Fields = Readonly<Record<string, Field<unknown>>>
export type ValueOf<F> = F extends { readonly value?: infer T } ? T : never
type Flat<T> = { [K in keyof T]: T[K] }
export type ObjectOf<P extends Fields> = Flat<
  { readonly [K in keyof P as P[K]['required'] extends true ? K : never]: ValueOf<P[K]> } & {
    readonly [K in keyof P as P[K]['required'] extends true ? never : K]?: ValueOf<P[K]>
  }
>

/** A CEL rule; `message` is what the person reads who broke it. */
interface Rule {
  readonly rule: string
  readonly message: string
}

/** Keywords besides the type, spelled as in OpenAPI. */
export interface Limits {
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly maxItems?: number
  readonly minItems?: number
  readonly maxProperties?: number
  readonly rules?: readonly Rule[]
}

function field<T>(description: string, schema: JsonObject, limits: Limits = {}): Field<T, false> {
  const { rules, ...keywords } = limits
  const validations = rules?.map((r) => ({ rule: r.rule, message: r.message }))
  return {
    schema: { description, ...schema, ...keywords, ...(validations && { 'x-kubernetes-validations': validations }) },
    required: false,
  }
}

export const required = <T>(of: Field<T>): Field<T, true> => ({ schema: of.schema, required: true })

export const text = (description: string, limits?: Limits): Field<string, false> =>
  field(description, { type: 'string' }, limits)

export const whole = (description: string, limits?: Limits): Field<number, false> =>
  field(description, { type: 'integer', format: 'int64' }, limits)

export const flag = (description: string, limits?: Limits): Field<boolean, false> =>
  field(description, { type: 'boolean' }, limits)

/** RFC 3339, `2026-11-21T03:52:07Z`. */
export const time = (description: string): Field<string, false> =>
  field(description, { type: 'string', format: 'date-time' })

export const choice = <const V extends readonly string[]>(
  description: string,
  values: V,
  limits?: Limits,
): Field<V[number], false> => field(description, { type: 'string', enum: values }, limits)

/** An object whose content is somebody else's: kept as it is. */
export const freeObject = (description: string): Field<JsonObject, false> =>
  field(description, { type: 'object', 'x-kubernetes-preserve-unknown-fields': true })

/** Any JSON, also a scalar. */
export const anyValue = (description: string): Field<Json, false> =>
  field(description, { 'x-kubernetes-preserve-unknown-fields': true })

export const map = <T>(description: string, of: Field<T>, limits?: Limits): Field<Readonly<Record<string, T>>, false> =>
  field(description, { type: 'object', additionalProperties: of.schema }, limits)

/** Atomic, unless `key` names the field by which items are told apart. */
export function list<T>(
  description: string,
  of: Field<T>,
  options: Limits & { key?: string } = {},
): Field<readonly T[], false> {
  const { key, ...limits } = options
  const kind =
    key === undefined
      ? { 'x-kubernetes-list-type': 'atomic' }
      : { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] }
  return field(description, { type: 'array', items: of.schema, ...kind }, limits)
}

export function object<P extends Fields>(
  description: string,
  fields: P,
  options: Limits & { keepUnknown?: boolean } = {},
): Field<ObjectOf<P>, false> {
  const { keepUnknown, ...limits } = options
  const names = Object.keys(fields).filter((name) => fields[name]!.required)
  return field(
    description,
    {
      type: 'object',
      properties: Object.fromEntries(Object.entries(fields).map(([name, of]) => [name, of.schema])),
      ...(names.length > 0 && { required: names }),
      ...(keepUnknown && { 'x-kubernetes-preserve-unknown-fields': true }),
    },
    limits,
  )
}
