/** ValidatingWebhookConfigurations: match conditions that cannot be compiled are refused when they are written. */
import type { JsonObject } from '../../../base/json.ts'
import { invalid, type FieldProblem } from '../../../machinery/status.ts'
import { loadPolicyEngine } from '../../policies/engine.ts'
import type { Habits } from '../habits.ts'

const KIND = { group: 'admissionregistration.k8s.io', kind: 'ValidatingWebhookConfiguration' }

export const validatingWebhooks: Habits = {
  create: (object) => checked(object),
  update: (object) => checked(object),
}

async function checked(object: JsonObject): Promise<JsonObject> {
  const webhooks = (object['webhooks'] ?? []) as readonly JsonObject[]
  const problems: FieldProblem[] = []
  for (const [i, { matchConditions }] of webhooks.entries()) {
    if (!Array.isArray(matchConditions) || matchConditions.length === 0) continue
    const engine = await loadPolicyEngine()
    for (const problem of engine.compile({ matchConditions }).problems) {
      problems.push({ ...problem, path: problem.path.replace(/^spec\./, `webhooks[${i}].`) })
    }
  }
  if (problems.length === 0) return object
  throw invalid(KIND, String((object['metadata'] as JsonObject)['name'] ?? ''), problems)
}
