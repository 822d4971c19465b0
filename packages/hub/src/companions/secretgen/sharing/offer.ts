/** To whom a SecretExport offers its Secret. */
import { compileJsonPath, JsonPathSyntaxError } from '@larder/engine/machinery/jsonpath'
import type { Namespace } from '@larder/engine/client/builtin'
import { asJson } from '@larder/engine/machinery/object'
import type { SecretExport } from '../kinds.ts'

const EVERY = '*'
/** On a namespace that must be named to be meant. */
const EXCLUDED_ANNOTATION = 'secretgen.carvel.dev/excluded-from-wildcard-matching'

type Spec = NonNullable<SecretExport['spec']>
type Requirement = NonNullable<Spec['dangerousToNamespacesSelector']>[number]

export function isOffered({ spec = {} }: SecretExport, namespace: Namespace): boolean {
  const { name, annotations = {} } = namespace.metadata
  const names = [...(spec.toNamespaces ?? []), ...(spec.toNamespace === undefined ? [] : [spec.toNamespace])]
  if (names.includes(name)) return true
  if (names.includes(EVERY) && !(EXCLUDED_ANNOTATION in annotations)) return true
  const requirements = spec.dangerousToNamespacesSelector ?? []
  return requirements.length > 0 && requirements.every((requirement) => holds(requirement, namespace))
}

/** The requirement whose path nobody can read, said for its author; undefined when all are well. */
export function unreadableRequirement({ spec = {} }: SecretExport): string | undefined {
  for (const [index, { key }] of (spec.dangerousToNamespacesSelector ?? []).entries()) {
    const path = compiled(key)
    if (path instanceof JsonPathSyntaxError) return `spec.dangerousToNamespacesSelector[${index}].key: ${path.message}`
  }
  return undefined
}

function holds({ key, operator, values = [] }: Requirement, namespace: Namespace): boolean {
  const path = compiled(key)
  if (path instanceof JsonPathSyntaxError) return false
  const found = path.first(asJson(namespace))
  switch (operator) {
    case 'Exists':
      return found !== undefined
    case 'DoesNotExist':
      return found === undefined
    case 'In':
      return typeof found === 'string' && values.includes(found)
    case 'NotIn':
    default:
      return typeof found !== 'string' || !values.includes(found)
  }
}

/** `metadata.labels.team` is written without the first dot. */
function compiled(key: string) {
  try {
    return compileJsonPath(/^[.[{$]/.test(key) ? key : `.${key}`)
  } catch (error) {
    if (!(error instanceof JsonPathSyntaxError)) throw error
    return error
  }
}
