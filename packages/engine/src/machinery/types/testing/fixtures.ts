/** What upstream's own Go code made of objects, quantities and patches; written by tools/typetable. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { parseJson, type JsonObject } from '../../../base/json.ts'

export interface Example {
  readonly json: JsonObject
  /** Base64. */
  readonly protobuf: string
}

export interface PatchCase {
  readonly name: string
  readonly type: string
  readonly before: JsonObject
  readonly patch: JsonObject
  readonly after?: JsonObject
  readonly error?: true
}

export interface Fixtures {
  readonly objects: Readonly<Record<string, { readonly full: Example; readonly zero: Example }>>
  /** The canonical text of each; empty: refused. */
  readonly quantities: Readonly<Record<string, string>>
  readonly patches: readonly PatchCase[]
}

export function readFixtures(): Fixtures {
  const text = gunzipSync(readFileSync(new URL('./fixtures.json.gz', import.meta.url))).toString()
  return parseJson(text) as unknown as Fixtures
}
