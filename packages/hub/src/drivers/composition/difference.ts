/** Where an object differs from what was applied: fields that others have beside ours are theirs. */
import { isRecord, type Json } from '@larder/kit'

/** Of `have` what `want` names, in the same shape. */
export function project(have: Json | undefined, want: Json): Json | undefined {
  if (have === undefined) return undefined
  if (Array.isArray(want)) return Array.isArray(have) ? projectList(have, want) : have
  if (!isRecord(want) || !isRecord(have)) return have
  return Object.fromEntries(
    Object.entries(want).flatMap(([name, field]) => {
      const value = project(have[name], field)
      return value === undefined ? [] : [[name, value] as const]
    }),
  )
}

/** Items by their place; of another number all of them, so that they differ. */
const projectList = (have: readonly Json[], want: readonly Json[]): Json =>
  have.length === want.length ? have.map((item, i) => project(item, want[i]!) ?? item) : have

/** Paths at which they differ; deterministic, and without values. */
export function differences(have: Json | undefined, want: Json, path: string): readonly string[] {
  if (isRecord(want) && isRecord(have)) {
    return Object.entries(want).flatMap(([name, field]) => differences(have[name], field, `${path}.${name}`))
  }
  if (Array.isArray(want) && Array.isArray(have) && want.length === have.length) {
    return want.flatMap((item: Json, i) => differences(have[i], item, `${path}[${i}]`))
  }
  if (isEmpty(want) && (have === undefined || isEmpty(have))) return []
  return same(have, want) ? [] : [path]
}

/** APIs leave out what is empty. */
const isEmpty = (value: Json): boolean =>
  value === null || (Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0)

const same = (a: Json | undefined, b: Json): boolean =>
  a === b || (isNumber(a) && isNumber(b) && String(a) === String(b))
const isNumber = (value: Json | undefined): boolean => typeof value === 'number' || typeof value === 'bigint'
