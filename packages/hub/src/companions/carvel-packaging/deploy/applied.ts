/** Whether an object is as it was applied: by a mark of what that was, and by looking, since others may have changed it. */
import { createHash } from 'node:crypto'
import { equalJson, isObject, stringifyJson, type Json, type JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import { matches, type KeepRule } from './config.ts'
import type { Manifest } from './manifest.ts'
import { APP_LABEL } from './record.ts'

/** On what is applied: another whenever that is, since fields that are said no more are to go from the object as well. */
export const MARK = 'larder.dev/applied'

export const markOf = (applied: Json): string =>
  createHash('sha256').update(stringifyJson(applied)).digest('hex').slice(0, 16)

/** With the label of its App, and a mark. */
export function marked({ object }: Manifest, id: string): JsonObject & KubeObject {
  const { metadata, status: _, ...rest } = object as JsonObject & KubeObject & { status?: Json }
  const labels = { ...metadata.labels, [APP_LABEL]: id }
  const labelled = { ...rest, metadata: { ...metadata, labels } }
  const annotations = { ...metadata.annotations, [MARK]: markOf(labelled as unknown as Json) }
  return { ...labelled, metadata: { ...metadata, labels, annotations } } as unknown as JsonObject & KubeObject
}

/** Defaults and what others add are no difference, and neither is an empty map that is not there. Items of a list are told apart by their names, where they have any. */
export function covers(actual: Json | undefined, wanted: Json): boolean {
  if (actual === undefined && isEmpty(wanted)) return true
  if (isObject(wanted))
    return (
      isObject(actual) && Object.entries(wanted).every(([key, value]) => value === null || covers(actual[key], value))
    )
  if (!Array.isArray(wanted)) return equalJson(actual, wanted)
  if (!Array.isArray(actual) || actual.length !== wanted.length) return false
  return wanted.every((item, i) => covers(sameItem(actual, item) ?? actual[i], item))
}

const isEmpty = (value: Json): boolean =>
  value === null || (typeof value === 'object' && Object.keys(value).length === 0)

const sameItem = (items: readonly Json[], wanted: Json): Json | undefined =>
  isObject(wanted) && wanted['name'] !== undefined
    ? items.find((item) => isObject(item) && item['name'] === wanted['name'])
    : undefined

/** With those fields as they are that the package leaves to others. */
export function keeping(wanted: JsonObject, current: JsonObject | undefined, rules: readonly KeepRule[]): JsonObject {
  if (!current) return wanted
  const at = { apiVersion: String(wanted['apiVersion']), kind: String(wanted['kind']) }
  return rules
    .filter(({ kinds }) => matches(kinds, at))
    .reduce((object, { path }) => {
      const existing = path.reduce<Json | undefined>(
        (value, name) => (isObject(value) ? value[name] : undefined),
        current,
      )
      return existing === undefined ? object : withAt(object, path, existing)
    }, wanted)
}

function withAt(object: JsonObject, [name, ...rest]: readonly string[], value: Json): JsonObject {
  if (name === undefined) return object
  const below = object[name]
  return { ...object, [name]: rest.length === 0 ? value : withAt(isObject(below) ? below : {}, rest, value) }
}
