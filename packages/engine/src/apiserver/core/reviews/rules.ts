/** SelfSubjectRulesReview: everything that the asker may do in a namespace. */
import { isObject, type Json, type JsonObject } from '../../../base/json.ts'
import { badRequest } from '../../../machinery/status.ts'
import type { PolicyRule } from '../../rbac-rules.ts'
import type { Core, Request } from '../core.ts'

export function reviewOwnRules(core: Core, { user }: Request, review: JsonObject): JsonObject {
  const namespace = isObject(review['spec']) ? review['spec']['namespace'] : undefined
  if (typeof namespace !== 'string' || namespace === '') throw badRequest('no namespace on request')
  const rules = core.rbac.rulesFor(user, namespace)
  return {
    resourceRules: rules.filter((rule) => rule.resources?.length).map(resourceRule),
    nonResourceRules: rules.filter((rule) => rule.nonResourceURLs?.length).map(pathRule),
    incomplete: false,
  }
}

function resourceRule({ verbs, apiGroups = [], resources = [], resourceNames }: PolicyRule): Json {
  return { verbs, apiGroups, resources, ...(resourceNames !== undefined && { resourceNames }) }
}

function pathRule({ verbs, nonResourceURLs = [] }: PolicyRule): Json {
  return { verbs, nonResourceURLs }
}
