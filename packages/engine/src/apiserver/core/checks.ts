/** What is checked of every object before it is written, whatever its kind. */
import type { JsonObject } from '../../base/json.ts'
import { validateMetadata } from '../../machinery/metadata.ts'
import type { Resource } from '../../machinery/shape.ts'
import { invalid, type FieldProblem } from '../../machinery/status.ts'
import { KINDS } from '../../machinery/types/kinds.ts'
import { nameProblems } from '../../machinery/types/validate.ts'
import type { AdmissionRequest } from '../admission.ts'
import { metadataOf } from './body.ts'
import type { Core, Request } from './core.ts'

const typeNames = new Map(KINDS.map(({ group, version, resource, type }) => [`${group}/${version}/${resource}`, type]))

/** Throws ApiError 422 that names every problem. */
export function checkValid(request: Request, object: JsonObject, old: JsonObject | undefined): void {
  const { resource } = request
  const metadata = metadataOf(object)
  const rules = { namespaced: resource.namespaced, nameProblems: nameRuleOf(resource) }
  const problems = [
    ...validateMetadata(metadata, rules, old && metadataOf(old)),
    ...resource.shape.validate(object, old),
  ]
  if (problems.length === 0) return
  const name = metadata['name'] ?? metadata['generateName'] ?? ''
  throw invalid(resource, String(name), withoutRepetition(problems))
}

function nameRuleOf(resource: Resource): (name: string) => readonly string[] {
  const typeName = typeNames.get(`${resource.group}/${resource.version}/${resource.resource}`)
  return (name) => nameProblems(typeName ?? '', name)
}

function withoutRepetition(problems: readonly FieldProblem[]): readonly FieldProblem[] {
  const seen = new Set<string>()
  return problems.filter(({ path, detail }) => {
    const text = `${path}: ${detail}`
    return seen.has(text) ? false : seen.add(text)
  })
}

/** Asks the admission plugins. Throws what they throw. */
export async function admit(
  core: Core,
  request: Request,
  review: Omit<AdmissionRequest, 'resource' | 'user' | 'warn' | 'options'>,
): Promise<void> {
  const { resource, user, options } = request
  const { warn } = request.context
  const pending = core.admission.review({
    ...review,
    resource,
    user,
    ...(options && { options }),
    ...(warn && { warn }),
  })
  if (pending) await pending
}
