/** Whether an object is what was applied: by a mark of what that was, and by looking, since others may have changed it. */
import { createHash } from 'node:crypto'
import { equalJson, isObject, type Json } from '@larder/engine/base/json'
import { asJson, type KubeObject } from '@larder/engine/machinery/object'

const MARK = 'larder.dev/applied'

type Part = Pick<KubeObject, 'metadata'>

/** With a mark that is another whenever the part is: what it no longer says is to go from the object as well. */
export function marked<P extends Part>(part: P): P {
  const hash = createHash('sha256').update(JSON.stringify(part)).digest('hex').slice(0, 16)
  return { ...part, metadata: { ...part.metadata, annotations: { ...part.metadata.annotations, [MARK]: hash } } }
}

/** `part` is marked. */
export const isApplied = (object: KubeObject | undefined, part: Part): boolean =>
  object !== undefined && covers(asJson(object), asJson(part as KubeObject))

/** Defaults and what others add are no difference. Items of a list are told apart by their names, where they have any. */
function covers(actual: Json | undefined, wanted: Json): boolean {
  if (isObject(wanted))
    return isObject(actual) && Object.entries(wanted).every(([key, value]) => covers(actual[key], value))
  if (!Array.isArray(wanted)) return equalJson(actual, wanted)
  return Array.isArray(actual) && wanted.every((item, i) => covers(sameItem(actual, item) ?? actual[i], item))
}

const sameItem = (items: readonly Json[], wanted: Json): Json | undefined =>
  isObject(wanted) && wanted['name'] !== undefined
    ? items.find((item) => isObject(item) && item['name'] === wanted['name'])
    : undefined
