/**
 * The expressions of a ValidatingAdmissionPolicy: compiled once, run for each request that the policy is about.
 *
 * An expression sees `object`, `oldObject`, `request`, `params` (if the policy has a kind of them), `namespaceObject`, `authorizer`
 * and, beside `matchConditions`, `variables`, each of which may use those before it and is evaluated when first asked for.
 * What cannot be compiled is refused with its policy, by field; what fails while it runs is up to the failure policy.
 */
import type { Environment } from '@marcbachmann/cel-js'
import type { Json, JsonObject } from '../../base/json.ts'
import { isObject } from '../../base/json.ts'
import { invalidValue } from '../problems.ts'
import type { FieldProblem } from '../status.ts'
import {
  Authorizer,
  AUTHORIZER_TYPE,
  registerAuthorizer,
  type AccessDecider,
  type AccessQuestion,
} from './authorizer.ts'
import { Budget, BudgetExceeded } from './budget.ts'
import { compileExpression, ExpressionError, reasonOf, type Expression } from './expression.ts'
import { kubernetesEnvironment } from './library.ts'
import { untyped } from './values.ts'

export interface PolicyInput {
  /** Null for a deletion. */
  readonly object: JsonObject | null
  /** Null for a creation. */
  readonly oldObject: JsonObject | null
  /** An AdmissionRequest without objects; what is empty is absent. */
  readonly request: JsonObject
  readonly params: JsonObject | null
  /** Null for what is in no namespace. */
  readonly namespaceObject: JsonObject | null
  readonly decider: AccessDecider
  /** What `authorizer.requestResource` asks about. */
  readonly asked: Omit<AccessQuestion, 'verb'>
}

export interface CompiledPolicy {
  readonly variables: readonly Named[]
  readonly matchConditions: readonly Named[]
  readonly validations: readonly CompiledValidation[]
  readonly auditAnnotations: readonly Named[]
}

interface Named {
  readonly name: string
  readonly expression: Expression
}

export interface CompiledValidation {
  readonly expression: Expression
  readonly messageExpression: Expression | undefined
  readonly message: string | undefined
  readonly reason: string | undefined
}

/** What one run said. `error`: it could not be evaluated. */
export type Verdict = { readonly value: unknown } | { readonly error: string }

const LIMITS = { maxAstNodes: 2000, maxDepth: 50 }

class Struct extends Map<string, unknown> {}
class RequestKind extends Struct {}
class RequestResource extends Struct {}
class UserInfo extends Struct {}
class AdmissionRequestValue extends Struct {}

const TEXTS = (...names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, 'string']))

/** Types of `request`, so that a misspelt field is refused with its policy. */
function registerRequest(environment: Environment): void {
  const [kind, resource, user] = ['GroupVersionKind', 'GroupVersionResource', 'UserInfo'].map(
    (name) => `kubernetes.${name}`,
  ) as [string, string, string]
  environment
    .registerType(kind, { ctor: RequestKind, fields: TEXTS('group', 'version', 'kind') })
    .registerType(resource, { ctor: RequestResource, fields: TEXTS('group', 'version', 'resource') })
    .registerType(user, {
      ctor: UserInfo,
      fields: { ...TEXTS('username', 'uid'), groups: 'list<string>', extra: 'map<string, list<string>>' },
    })
    .registerType(REQUEST_TYPE, {
      ctor: AdmissionRequestValue,
      fields: {
        ...TEXTS('subResource', 'requestSubResource', 'name', 'namespace', 'operation'),
        kind,
        resource,
        requestKind: kind,
        requestResource: resource,
        userInfo: user,
        dryRun: 'bool',
        options: 'dyn',
      },
    })
}

const REQUEST_TYPE = 'kubernetes.AdmissionRequest'

function requestValue(request: JsonObject): AdmissionRequestValue {
  const value = new AdmissionRequestValue()
  for (const [name, field] of Object.entries(request)) value.set(name, requestField(name, field))
  return value
}

function requestField(name: string, field: Json): unknown {
  const plain = untyped(field)
  if (!(plain instanceof Map)) return plain
  const entries = plain as ReadonlyMap<string, unknown>
  if (name === 'kind' || name === 'requestKind') return new RequestKind(entries)
  if (name === 'resource' || name === 'requestResource') return new RequestResource(entries)
  return name === 'userInfo' ? new UserInfo(entries) : entries
}

let base: Environment | undefined

function environmentOf(hasParams: boolean): Environment {
  if (!base) {
    base = kubernetesEnvironment(LIMITS)
    registerRequest(base)
    registerAuthorizer(base)
  }
  const environment = base.clone()
  for (const name of ['object', 'oldObject', 'namespaceObject']) environment.registerVariable(name, 'dyn')
  environment.registerVariable('request', REQUEST_TYPE)
  if (hasParams) environment.registerVariable('params', 'dyn')
  return environment
}

/** Problems name the fields of the policy. `loadRe2` must have run. */
export function compilePolicy(spec: JsonObject): {
  readonly policy: CompiledPolicy
  readonly problems: readonly FieldProblem[]
} {
  const compiler = new PolicyCompiler(isObject(spec['paramKind']))
  const variables = compiler.variables(listOf(spec, 'variables'))
  const policy = {
    variables,
    matchConditions: compiler.matchConditions(listOf(spec, 'matchConditions')),
    validations: compiler.validations(listOf(spec, 'validations'), variables),
    auditAnnotations: compiler.auditAnnotations(listOf(spec, 'auditAnnotations'), variables),
  }
  return { policy, problems: compiler.problems }
}

const listOf = (spec: JsonObject, field: string): readonly JsonObject[] => (spec[field] ?? []) as readonly JsonObject[]
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

class PolicyCompiler {
  readonly problems: FieldProblem[] = []
  readonly #hasParams: boolean

  constructor(hasParams: boolean) {
    this.#hasParams = hasParams
  }

  variables(list: readonly JsonObject[]): Named[] {
    const done: Named[] = []
    for (const [i, variable] of list.entries()) {
      const environment = this.#withAuthorizer(done)
      const at = `spec.variables[${i}].expression`
      const expression = this.#compile(environment, textOf(variable['expression']), at, ANY)
      if (expression) done.push({ name: textOf(variable['name']), expression })
    }
    return done
  }

  matchConditions(list: readonly JsonObject[]): Named[] {
    if (list.length === 0) return []
    const environment = this.#withAuthorizer([])
    return list.flatMap(({ name, expression: source }, i) => {
      const at = `spec.matchConditions[${i}].expression`
      const expression = this.#compile(environment, textOf(source).trim(), at, BOOL)
      return expression ? [{ name: textOf(name), expression }] : []
    })
  }

  validations(list: readonly JsonObject[], variables: readonly Named[]): CompiledValidation[] {
    if (list.length === 0) return []
    const environment = this.#withAuthorizer(variables)
    const forMessages = this.#environment(variables)
    return list.flatMap((one, i) => {
      const at = `spec.validations[${i}]`
      const expression = this.#compile(environment, textOf(one['expression']), `${at}.expression`, BOOL)
      const source = textOf(one['messageExpression'])
      const messageExpression =
        source.trim() === '' ? undefined : this.#compile(forMessages, source, `${at}.messageExpression`, STRING)
      const message = textOf(one['message']).trim() || undefined
      const reason = textOf(one['reason']) || undefined
      return expression ? [{ expression, messageExpression, message, reason }] : []
    })
  }

  auditAnnotations(list: readonly JsonObject[], variables: readonly Named[]): Named[] {
    if (list.length === 0) return []
    const environment = this.#withAuthorizer(variables)
    return list.flatMap(({ key, valueExpression }, i) => {
      const at = `spec.auditAnnotations[${i}].valueExpression`
      const expression = this.#compile(environment, textOf(valueExpression).trim(), at, TEXT_OR_NULL)
      return expression ? [{ name: textOf(key), expression }] : []
    })
  }

  #withAuthorizer(variables: readonly Named[]): Environment {
    return this.#environment(variables).registerVariable('authorizer', AUTHORIZER_TYPE)
  }

  #environment(variables: readonly Named[]): Environment {
    const environment = environmentOf(this.#hasParams)
    if (variables.length === 0) return environment
    const fields = Object.fromEntries(variables.map(({ name, expression }) => [name, expression.type]))
    return environment
      .registerType('kubernetes.variables', { ctor: Variables, fields })
      .registerVariable('variables', 'kubernetes.variables')
  }

  #compile(
    environment: Environment,
    source: string,
    at: string,
    types: readonly string[] | undefined,
  ): Expression | undefined {
    // That it is missing is said by the schema of the policy.
    if (source.trim() === '') return undefined
    try {
      const expression = compileExpression(environment, source)
      if (!types || types.includes(expression.type)) return expression
      const wanted = types.length === 1 ? types[0]! : `one of [${types.join(' ')}]`
      this.problems.push(invalidValue(at, source, `must evaluate to ${wanted} but got ${expression.type}`))
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error
      this.problems.push(invalidValue(at, source, `compilation failed: ${error.message}`))
    }
    return undefined
  }
}

const ANY = undefined
const BOOL = ['bool']
const STRING = ['string']
const TEXT_OR_NULL = ['string', 'null']

/** `variables`: each is evaluated when it is first read, and remembered for this request. */
class Variables extends Map<string, unknown> {
  readonly #evaluate: (name: string) => unknown
  readonly #known = new Map<string, unknown>()

  constructor(evaluate: (name: string) => unknown) {
    super()
    this.#evaluate = evaluate
  }

  override has(): boolean {
    return true
  }

  override get(name: string): unknown {
    if (!this.#known.has(name)) this.#known.set(name, this.#evaluate(name))
    return this.#known.get(name)
  }
}

const converted = new WeakMap<JsonObject, unknown>()

/** Objects are never changed, and those of the store are shared: each is converted once, however many policies look at it. */
function celObject(object: JsonObject | null): unknown {
  if (object === null) return null
  let value = converted.get(object)
  if (value === undefined) {
    value = untyped(object)
    converted.set(object, value)
  }
  return value
}

/** The running of one policy for one request and one parameter. Throws BudgetExceeded from every method. */
export class PolicyRun {
  readonly #activation: Record<string, unknown>
  readonly #budget = new Budget()

  constructor(policy: CompiledPolicy, input: PolicyInput) {
    let request: AdmissionRequestValue | undefined
    const variables = new Variables((name) => this.#variable(policy, name))
    // Converted when an expression names them: most look at a field or two of one.
    const activation: Record<string, unknown> = {
      get object() {
        return celObject(input.object)
      },
      get oldObject() {
        return celObject(input.oldObject)
      },
      get request() {
        return (request ??= requestValue(input.request))
      },
      get params() {
        return celObject(input.params)
      },
      get namespaceObject() {
        return celObject(input.namespaceObject)
      },
      authorizer: new Authorizer(input.decider, input.asked),
      variables,
    }
    this.#activation = activation
  }

  /** Throws BudgetExceeded. */
  evaluate(expression: Expression): Verdict {
    this.#budget.startRule()
    try {
      return { value: expression.run(this.#activation, this.#budget) }
    } catch (error) {
      if (error instanceof BudgetExceeded) throw error
      const why = reasonOf(error)
      return { error: `expression '${expression.source}' resulted in error: ${lowerFirst(why)}` }
    }
  }

  #variable({ variables }: CompiledPolicy, name: string): unknown {
    const variable = variables.find((one) => one.name === name)
    if (!variable) throw new Error(`no such key: ${name}`)
    try {
      return variable.expression.run(this.#activation, this.#budget)
    } catch (error) {
      if (error instanceof BudgetExceeded) throw error
      throw new Error(`composited variable "${name}" fails to evaluate: ${lowerFirst(reasonOf(error))}`, {
        cause: error,
      })
    }
  }
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
