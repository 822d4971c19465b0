/** ValidatingAdmissionPolicies: what cannot be compiled is refused when it is written, not when somebody else's write meets it. */
import { equalJson, isObject, type JsonObject } from '../../../base/json.ts'
import { invalid } from '../../../machinery/status.ts'
import { loadPolicyEngine } from '../../policies/engine.ts'
import type { Habits } from '../habits.ts'

const KIND = { group: 'admissionregistration.k8s.io', kind: 'ValidatingAdmissionPolicy' }

export const validatingAdmissionPolicies: Habits = {
  async create(object) {
    await check(object)
    return withStatus(object, 1)
  },

  async update(object, old, subresource) {
    if (subresource !== undefined || equalJson(specOf(object), specOf(old))) return object
    await check(object)
    return withStatus(object, Number((old['metadata'] as JsonObject)['generation'] ?? 0) + 1)
  },
}

const specOf = (policy: JsonObject): JsonObject => (isObject(policy['spec']) ? policy['spec'] : {})

async function check(policy: JsonObject): Promise<void> {
  const engine = await loadPolicyEngine()
  const { problems } = engine.compile(specOf(policy))
  if (problems.length > 0) throw invalid(KIND, String((policy['metadata'] as JsonObject)['name'] ?? ''), problems)
}

/** That it has been looked at. `typeChecking` is absent: expressions are compiled, not checked against the schemas of what they match. */
function withStatus(policy: JsonObject, generation: number): JsonObject {
  const status = isObject(policy['status']) ? policy['status'] : {}
  return { ...policy, status: { ...status, observedGeneration: generation } }
}
