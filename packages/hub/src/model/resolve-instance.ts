import type { JsonObject } from '@larder/engine/base/json'
import type { FieldProblem } from '@larder/engine/machinery/status'
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

/** What a claim says, with the values of its Secrets in their places; nothing of those may be told. */
export interface Placed {
  readonly parameters: JsonObject
  readonly secrets: readonly string[]
}

/**
 * The instance that a claim asks for. Defaults are resolved here, into the instance, and never written into the claim: what a
 * person wrote stays what they wrote.
 */
export async function resolveInstance(
  service: Class,
  claim: Claim,
  held: Held,
  placed: Placed,
): Promise<Resolved | Refusal> {
  const plan = choosePlan(service, claim.spec.plan, held.plan)
  if (isRefusal(plan)) return plan
  const role = chooseRole(service, claim.spec.role, held.role)
  if (isRefusal(role)) return role
  const said = claim.spec.parameters ?? {}
  const from = claim.spec.parametersFrom
  const plain = await checkParameters(service, plan.plan, said)
  const { parameters } = plain
  // What is written has no secrets in it; what is checked has them.
  const { problems } = from ? await checkParameters(service, plan.plan, placed.parameters) : plain
  const found = [...unexpectedParameters(service, placed.parameters), ...problems]
  const all = from ? found.map((problem) => withoutSecrets(problem, from, placed.secrets)) : found
  if (all.length > 0) return refuse('ParametersInvalid', all.map(describeProblem).join('; '))
  return {
    role: role.role?.name,
    spec: {
      className: service.metadata.name,
      ...(plan.plan && { plan: plan.plan.name }),
      ...(Object.keys(parameters).length > 0 && { parameters }),
      ...(from && { parametersFrom: from.map((each) => inNamespace(each, claim.metadata.namespace ?? '')) }),
      sharing: service.spec.sharing ?? 'Exclusive',
      reclaimPolicy: service.spec.reclaimPolicy ?? 'Delete',
      ...(service.spec.deletionProtection !== undefined && { deletionProtection: service.spec.deletionProtection }),
    },
  }
}

type From = NonNullable<Claim['spec']['parametersFrom']>

/** Instances live elsewhere. */
const inNamespace = ({ secretKeyRef, at }: From[number], namespace: string): From[number] => ({
  secretKeyRef: { ...secretKeyRef, namespace },
  at,
})

/** A problem quotes the value that it is about, in part or as a whole: what comes from a Secret, or holds such a value, is not shown. */
function withoutSecrets(problem: FieldProblem, from: From, secrets: readonly string[]): FieldProblem {
  const steps = stepsOf(problem.path)
  const touches = from.some(({ at }) => {
    const place = at.slice(1).split('/')
    return steps.every((step, i) => i >= place.length || step === place[i])
  })
  if (!touches && !secrets.some((secret) => problem.detail.includes(secret))) return problem
  return { ...problem, detail: 'Invalid value: what comes from a Secret does not fit' }
}

/** `spec.parameters.a[0].b` is `a`, `0`, `b`. */
const stepsOf = (path: string): readonly string[] =>
  path
    .slice('spec.parameters'.length)
    .split(/[.[\]]+/)
    .filter((step) => step !== '')
