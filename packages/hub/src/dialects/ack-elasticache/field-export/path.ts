/** Paths as FieldExports have them: of jq, the part that names one field. `.status.nodeGroups[0].primaryEndpoint.address`, `.metadata.labels["a.b"]`. */
import { isObject, type Json } from '@larder/engine/base/json'

type Step = string | number

const STEP = /\.([A-Za-z_][\w-]*)|\.?\[(\d+)\]|\.?\["((?:[^"\\]|\\.)*)"\]|\."((?:[^"\\]|\\.)*)"/y

/** Undefined: it is no such path. */
export function parsePath(path: string): readonly Step[] | undefined {
  const steps: Step[] = []
  STEP.lastIndex = 0
  while (STEP.lastIndex < path.length) {
    const found = STEP.exec(path)
    if (!found) return undefined
    const [, field, index, quoted, quotedField] = found
    steps.push(index === undefined ? (field ?? unquoted(quoted ?? quotedField ?? '')) : Number(index))
  }
  return steps.length === 0 ? undefined : steps
}

const unquoted = (text: string): string => text.replaceAll(/\\(.)/g, '$1')

export const valueAt = (steps: readonly Step[], whole: Json): Json | undefined =>
  steps.reduce<Json | undefined>((at, step) => {
    if (typeof step === 'number') return Array.isArray(at) ? (at as readonly Json[])[step] : undefined
    return isObject(at) && Object.hasOwn(at, step) ? at[step] : undefined
  }, whole)
