/** The engine of policies, loaded with the first one: CEL and RE2 cost 60 ms and 15 MB that most APIs never need. */
import type { JsonObject } from '../../base/json.ts'
import type { CompiledPolicy } from '../../machinery/cel/policy.ts'
import { loadRe2 } from '../../machinery/schema/pattern.ts'
import type { FieldProblem } from '../../machinery/status.ts'
import type { PolicyEngine } from './judge.ts'

export interface LoadedEngine extends PolicyEngine {
  /** Problems name the fields of the policy. */
  compile(spec: JsonObject): { readonly policy: CompiledPolicy; readonly problems: readonly FieldProblem[] }
}

let loading: Promise<LoadedEngine> | undefined

export function loadPolicyEngine(): Promise<LoadedEngine> {
  return (loading ??= load())
}

async function load(): Promise<LoadedEngine> {
  const [{ compilePolicy, PolicyRun }, { BudgetExceeded }] = await Promise.all([
    import('../../machinery/cel/policy.ts'),
    import('../../machinery/cel/budget.ts'),
    loadRe2(),
  ])
  return {
    compile: compilePolicy,
    run: (policy, input) => new PolicyRun(policy, input),
    isOverBudget: (error) => error instanceof BudgetExceeded,
  }
}
