/** The fields of metadata that only the server sets, and what an update may not touch. */
import type { Json, JsonObject } from '../../base/json.ts'
import type { Clock } from '../../base/clock.ts'
import type { Ids } from '../../base/ids.ts'

type Fields = Record<string, Json>

/** Removed from every body: the server's own. What a body says of managedFields is read before: see ownership.ts. */
const SERVER_FIELDS = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
] as const

/** Fields that an update takes over from the stored object. */
const KEPT_FIELDS = [
  'uid',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const

/** RFC 3339, whole seconds. */
export function timestamp(nowMs: number): string {
  const second = Math.floor(nowMs / 1000)
  if (second !== last.second) last = { second, text: `${new Date(nowMs).toISOString().slice(0, 19)}Z` }
  return last.text
}

/** Every write tells the time, thousands of them the same. */
let last = { second: Number.NaN, text: '' }

export function newMetadata(
  given: JsonObject,
  at: { readonly name: string; readonly namespace: string | undefined; readonly hasGeneration: boolean },
  { clock, ids }: { readonly clock: Clock; readonly ids: Ids },
): JsonObject {
  const metadata = withoutServerFields(given)
  if (at.name !== '') metadata['name'] = at.name
  if (at.namespace === undefined) delete metadata['namespace']
  else metadata['namespace'] = at.namespace
  metadata['uid'] = ids.uid()
  metadata['creationTimestamp'] = timestamp(clock.now())
  if (at.hasGeneration) metadata['generation'] = 1
  return metadata
}

/** The metadata of an update: what the body says, under what the server keeps. */
export function keptMetadata(given: JsonObject, old: JsonObject): JsonObject {
  const metadata = withoutServerFields(given)
  metadata['name'] = old['name'] ?? ''
  if (old['namespace'] === undefined) delete metadata['namespace']
  else metadata['namespace'] = old['namespace']
  for (const field of KEPT_FIELDS) if (old[field] !== undefined) metadata[field] = old[field]
  return metadata
}

function withoutServerFields(given: JsonObject): Fields {
  const metadata: Fields = { ...given }
  for (const field of SERVER_FIELDS) delete metadata[field]
  return metadata
}
