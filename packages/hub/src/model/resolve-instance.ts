import type { Class } from './class.ts'
import type { Claim } from './claim.ts'
import type { Instance } from './instance.ts'
import { checkParameters, unexpectedParameters } from './parameters.ts'
import { choosePlan, chooseRole } from './plan-choice.ts'
import { isRefusal, refuse, type Refusal } from './refusal.ts'
import { describeProblem } from './schema-check.ts'

/** What the claim has already; a choice that was made stays made when defaults move. */
export interface Held {
  readonly plan: string | undefined
  readonly role: string | undefined
}

export interface Resolved {
  readonly role: string | undefined
  /** Everything of the instance that the class and the claim decide. */
  readonly spec: Pick<
    Instance['spec'],
    'className' | 'plan' | 'parameters' | 'parametersFrom' | 'sharing' | 'reclaimPolicy' | 'deletionProtection'
  >
}

/**
 * The instance that a claim asks for. Defaults are resolved here, into the instance, and never written into the claim: what a
 * person wrote stays what they wrote.
 */
export async function resolveInstance(service: Class, claim: Claim, held: Held): Promise<Resolved | Refusal> {
  const plan = choosePlan(service, claim.spec.plan, held.plan)
  if (isRefusal(plan)) return plan
  const role = chooseRole(service, claim.spec.role, held.role)
  if (isRefusal(role)) return role
  const said = claim.spec.parameters ?? {}
  const { parameters, problems } = await checkParameters(service, plan.plan, said)
  const all = [...unexpectedParameters(service, said), ...problems]
  if (all.length > 0) return refuse('ParametersInvalid', all.map(describeProblem).join('; '))
  return {
    role: role.role?.name,
    spec: {
      className: service.metadata.name,
      ...(plan.plan && { plan: plan.plan.name }),
      ...(Object.keys(parameters).length > 0 && { parameters }),
      sharing: service.spec.sharing ?? 'Exclusive',
      reclaimPolicy: service.spec.reclaimPolicy ?? 'Delete',
      ...(service.spec.deletionProtection !== undefined && { deletionProtection: service.spec.deletionProtection }),
    },
  }
}
