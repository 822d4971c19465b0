import type { Class, Plan, Role } from './class.ts'
import { named, refuse, type Refusal } from './refusal.ts'

/** The choice; `plan` is absent when the class has none to choose from. */
export interface PlanChoice {
  readonly plan: Plan | undefined
}

/**
 * The plan that a claim means. `held` is the plan that it has already: one that is no longer offered may be kept, and a
 * change of plan needs both to be updatable.
 */
export function choosePlan(service: Class, asked: string | undefined, held: string | undefined): PlanChoice | Refusal {
  const plans = service.spec.plans ?? []
  const where = `class ${service.metadata.name}`
  if (plans.length === 0) {
    if (asked === undefined) return { plan: undefined }
    return refuse('PlanNotFound', `spec.plan: ${where} has no plans, so that ${JSON.stringify(asked)} is unknown`)
  }
  const plan = asked === undefined ? defaultOf(plans, held) : plans.find((p) => p.name === asked)
  const allowed = named(plans.filter((p) => p.offered !== false).map((p) => p.name))
  if (!plan) {
    return asked === undefined
      ? refuse('PlanRequired', `spec.plan: ${where} has no default plan; allowed: ${allowed}`)
      : refuse('PlanNotFound', `spec.plan: ${where} has no plan ${JSON.stringify(asked)}; allowed: ${allowed}`)
  }
  return refusedPlan(plan, where, held, plans) ?? { plan }
}

/** Who named no plan keeps the one it has when the default moves. */
function defaultOf(plans: readonly Plan[], held: string | undefined): Plan | undefined {
  const kept = held === undefined ? undefined : plans.find((p) => p.name === held)
  return kept ?? plans.find((p) => p.default) ?? (plans.length === 1 ? plans[0] : undefined)
}

function refusedPlan(plan: Plan, where: string, held: string | undefined, plans: readonly Plan[]): Refusal | undefined {
  if (plan.name === held) return undefined
  const said = `spec.plan: plan ${plan.name} of ${where}`
  if (plan.offered === false) return refuse('PlanNotOffered', `${said} takes no new claims`)
  if (plan.bindable === false) return refuse('PlanNotBindable', `${said} gives no credentials`)
  if (held === undefined) return undefined
  const fixed = [plan, plans.find((p) => p.name === held)].find((p) => p?.updatable === false)
  if (!fixed) return undefined
  return refuse(
    'PlanNotUpdatable',
    `spec.plan: cannot move from ${held} to ${plan.name}; ${fixed.name} cannot be changed`,
  )
}

export interface RoleChoice {
  readonly role: Role | undefined
}

/** The role that a claim means; `held` is the role of the credentials that it has. */
export function chooseRole(service: Class, asked: string | undefined, held: string | undefined): RoleChoice | Refusal {
  const roles = service.spec.roles ?? []
  const where = `class ${service.metadata.name}`
  if (roles.length === 0) {
    if (asked === undefined) return { role: undefined }
    return refuse('RoleNotFound', `spec.role: ${where} has no roles, so that ${JSON.stringify(asked)} is unknown`)
  }
  const allowed = named(roles.map((r) => r.name))
  if (asked !== undefined) {
    const role = roles.find((r) => r.name === asked)
    return role
      ? { role }
      : refuse('RoleNotFound', `spec.role: ${where} has no role ${JSON.stringify(asked)}; allowed: ${allowed}`)
  }
  const role =
    roles.find((r) => r.name === held) ?? roles.find((r) => r.default) ?? (roles.length === 1 ? roles[0] : undefined)
  return role ? { role } : refuse('RoleRequired', `spec.role: ${where} has no default role; allowed: ${allowed}`)
}
