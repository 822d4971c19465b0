/** What one policy says of one request with one parameter: the decisions and annotations of upstream's `validator`. */
import type { CompiledPolicy, CompiledValidation, PolicyInput, PolicyRun, Verdict } from '../../machinery/cel/policy.ts'
import type { Expression } from '../../machinery/cel/expression.ts'

export interface Denial {
  /** Position of the validation; undefined when it is the policy as a whole that could not be judged. */
  readonly index: number | undefined
  readonly message: string
  readonly reason: string
}

export interface Judgement {
  readonly denials: readonly Denial[]
  /** Audit annotations that could not be made, under the failure policy Fail. They deny whatever the binding's actions are. */
  readonly annotationErrors: readonly string[]
}

/** The part of machinery/cel that is loaded only once there is a policy. */
export interface PolicyEngine {
  run(policy: CompiledPolicy, input: PolicyInput): PolicyRun
  isOverBudget(error: unknown): boolean
}

const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run'
const MAX_MESSAGE_LENGTH = 5 * 1024
const NOTHING: Judgement = { denials: [], annotationErrors: [] }

export function judge(
  engine: PolicyEngine,
  policy: CompiledPolicy,
  input: PolicyInput,
  failurePolicy: string | undefined,
): Judgement {
  const failing = failurePolicy !== 'Ignore'
  const failed = (message: string): Judgement =>
    failing ? { denials: [{ index: undefined, message, reason: 'Invalid' }], annotationErrors: [] } : NOTHING
  try {
    const applies = policy.matchConditions.length === 0 || meetsConditions(engine, engine.run(policy, input), policy)
    if (applies !== true) return applies === false ? NOTHING : failed(applies)
    // Conditions have a budget of their own, as upstream.
    const run = engine.run(policy, input)
    const denials = policy.validations.flatMap((validation, i) => denialOf(run, validation, i, failing) ?? [])
    const isAnnotated = failing && policy.auditAnnotations.length > 0
    return { denials, annotationErrors: isAnnotated ? annotationErrors(engine.run(policy, input), policy) : [] }
  } catch (error) {
    if (engine.isOverBudget(error)) return failed(OUT_OF_BUDGET)
    throw error
  }
}

/** One condition that is false settles it, also when another fails. A text: why it cannot be told. */
export function meetsConditions(
  engine: PolicyEngine,
  run: PolicyRun,
  { matchConditions }: CompiledPolicy,
): boolean | string {
  const errors: string[] = []
  for (const { expression } of matchConditions) {
    const verdict = evaluate(engine, run, expression)
    if ('error' in verdict) errors.push(verdict.error)
    else if (verdict.value === false) return false
  }
  if (errors.length === 0) return true
  return errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]`
}

function evaluate(engine: PolicyEngine, run: PolicyRun, expression: Expression): Verdict {
  try {
    return run.evaluate(expression)
  } catch (error) {
    if (engine.isOverBudget(error)) return { error: OUT_OF_BUDGET }
    throw error
  }
}

function denialOf(run: PolicyRun, validation: CompiledValidation, index: number, failing: boolean): Denial | undefined {
  const verdict = run.evaluate(validation.expression)
  if ('error' in verdict) return failing ? { index, message: verdict.error, reason: 'Invalid' } : undefined
  if (verdict.value === true) return undefined
  return { index, message: messageOf(run, validation), reason: validation.reason ?? 'Invalid' }
}

/** A message expression that fails is no reason to hide the denial. */
function messageOf(run: PolicyRun, { expression, messageExpression, message }: CompiledValidation): string {
  const fallback = message ?? `failed expression: ${expression.source.trim()}`
  if (!messageExpression) return fallback
  const verdict = run.evaluate(messageExpression)
  const text = 'value' in verdict && typeof verdict.value === 'string' ? verdict.value.trim() : ''
  return text === '' || text.length > MAX_MESSAGE_LENGTH || text.includes('\n') ? fallback : text
}

/** There is no audit log to write them to; what they cost their policy when they fail is upstream's all the same. */
function annotationErrors(run: PolicyRun, { auditAnnotations }: CompiledPolicy): string[] {
  return auditAnnotations.flatMap(({ expression }) => annotationError(run, expression) ?? [])
}

function annotationError(run: PolicyRun, expression: Expression): string | undefined {
  const verdict = run.evaluate(expression)
  return 'error' in verdict ? verdict.error : undefined
}
