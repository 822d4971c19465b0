/**
 * `x-kubernetes-validations`: rules in CEL over parts of an object.
 *
 * A rule that cannot be judged is refused with its CRD: unknown functions, variables and fields, wrong types, syntax that is
 * not supported, all are problems that name the rule. What a rule then does with an object is bounded by a budget.
 */
import { Optional, type Environment } from '@marcbachmann/cel-js'
import { equalJson, isObject, type Json, type JsonObject } from '../../base/json.ts'
import { compileJsonPath } from '../jsonpath.ts'
import { invalidValue, requiredValue, unsupportedValue } from '../problems.ts'
import type { CelRule, SchemaNode } from '../schema/node.ts'
import { indexByKeys, keyOf } from '../schema/list-keys.ts'
import type { FieldProblem } from '../status.ts'
import { Budget, BudgetExceeded } from './budget.ts'
import { compileExpression, ExpressionError, reasonOf, type Expression } from './expression.ts'
import { kubernetesEnvironment } from './library.ts'
import { CelTypes, type CelType, type ValueCache } from './values.ts'

/** Judges an object that its schema found valid. */
export type RuleCheck = (value: JsonObject, old: JsonObject | undefined) => readonly FieldProblem[]

const LIMITS = { maxAstNodes: 2000, maxDepth: 50 }
let base: Environment | undefined

/** The rules of a schema and everything below it; undefined when there are none. Problems are appended. */
export function compileRules(root: SchemaNode, isResource: boolean, problems: FieldProblem[]): RuleCheck | undefined {
  base ??= kubernetesEnvironment(LIMITS)
  const compiler = new RuleCompiler(base.clone(), problems)
  const tree = compiler.node(root, { correlatable: true, isRoot: isResource })
  if (!tree) return undefined
  return (value, old) => {
    const run = new RuleRun()
    run.node(tree, value, '', old)
    return run.problems
  }
}

interface CompiledRule {
  readonly rule: CelRule
  readonly expression: Expression
  readonly messageExpression: Expression | undefined
  readonly usesOldSelf: boolean
  /** `.a.b` as it follows the path of the node. */
  readonly below: string
}

interface RuleTree {
  readonly schema: SchemaNode
  readonly type: CelType
  readonly rules: readonly CompiledRule[]
  readonly fields: readonly (readonly [string, RuleTree])[]
  readonly items: RuleTree | undefined
  readonly additional: RuleTree | undefined
  /** Parts of stored objects that keep the rules where nothing changes: a write of the status alone judges them no more. */
  readonly passed: WeakSet<object>
}

interface Scope {
  /** False below lists that are not of type map: their items have no twin in the stored object. */
  readonly correlatable: boolean
  readonly isRoot: boolean
}

const REASONS = ['FieldValueRequired', 'FieldValueInvalid', 'FieldValueForbidden', 'FieldValueDuplicate'] as const

class RuleCompiler {
  readonly #environment: Environment
  readonly #types: CelTypes
  readonly #problems: FieldProblem[]

  constructor(environment: Environment, problems: FieldProblem[]) {
    this.#environment = environment
    this.#types = new CelTypes(environment)
    this.#problems = problems
  }

  node(schema: SchemaNode, scope: Scope): RuleTree | undefined {
    const inner = (child: SchemaNode, correlatable = scope.correlatable) =>
      this.node(child, { correlatable, isRoot: false })
    // Types are declared before the environment is cloned for a rule, which freezes it: parents first, for they hold the rest.
    const type = this.#types.of(schema, scope.isRoot)
    const fields = [...schema.properties].flatMap(([name, child]) => {
      const tree = inner(child)
      return tree ? [[name, tree] as const] : []
    })
    const items = schema.items && inner(schema.items, scope.correlatable && schema.listType === 'map')
    const additional = schema.additional && schema.additional !== true ? inner(schema.additional) : undefined
    const rules = schema.rules.flatMap((rule, i) => this.#rule(rule, i, schema, type, scope) ?? [])
    if (rules.length === 0 && fields.length === 0 && !items && !additional) return undefined
    return { schema, type, rules, fields, items, additional, passed: new WeakSet() }
  }

  #rule(rule: CelRule, i: number, schema: SchemaNode, type: CelType, scope: Scope): CompiledRule | undefined {
    const at = `${schema.at}.x-kubernetes-validations[${i}]`
    const before = this.#problems.length
    this.#texts(rule, at)
    const below = this.#fieldPath(rule, schema, at)
    const environment = this.#environment.clone()
    environment.registerVariable('self', type.name)
    environment.registerVariable('oldSelf', rule.optionalOldSelf === true ? `optional<${type.name}>` : type.name)
    const expression = this.#expression(environment, rule.rule, `${at}.rule`, 'bool')
    const messageExpression =
      rule.messageExpression === undefined
        ? undefined
        : this.#expression(environment, rule.messageExpression, `${at}.messageExpression`, 'string')
    const usesOldSelf = expression?.names.has('oldSelf') === true
    if (usesOldSelf && !scope.correlatable) {
      const why =
        'oldSelf cannot be used on the uncorrelatable portion of the schema: make the list x-kubernetes-list-type: map'
      this.#problems.push(invalidValue(`${at}.rule`, rule.rule, why))
    }
    if (rule.optionalOldSelf === true && expression && !usesOldSelf) {
      const why = 'may not be set if oldSelf is not used in rule'
      this.#problems.push(invalidValue(`${at}.optionalOldSelf`, true, why))
    }
    if (!expression || this.#problems.length > before) return undefined
    return { rule, expression, messageExpression, usesOldSelf, below }
  }

  #texts(rule: CelRule, at: string): void {
    const { message, reason } = rule
    if (message !== undefined && message.trim() === '') {
      this.#problems.push(invalidValue(`${at}.message`, message, 'message must be non-empty if specified'))
    } else if (message?.includes('\n')) {
      this.#problems.push(invalidValue(`${at}.message`, message, 'message must not contain line breaks'))
    } else if (message === undefined && rule.rule.trim().includes('\n')) {
      this.#problems.push(requiredValue(`${at}.message`, 'message must be specified if rule contains line breaks'))
    }
    if (reason !== undefined && !(REASONS as readonly string[]).includes(reason)) {
      this.#problems.push(unsupportedValue(`${at}.reason`, reason, REASONS))
    }
  }

  #expression(environment: Environment, source: string, at: string, wanted: string): Expression | undefined {
    try {
      const expression = compileExpression(environment, source)
      if (expression.type === wanted || expression.type === 'dyn') return expression
      this.#problems.push(invalidValue(at, source, `must evaluate to a ${wanted}, not ${expression.type}`))
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error
      this.#problems.push(invalidValue(at, source, `compilation failed: ${error.message}`))
    }
    return undefined
  }

  /** `.a['b-c']` as the end of a path, `.a.b-c`; it must name fields that the schema has. */
  #fieldPath(rule: CelRule, schema: SchemaNode, at: string): string {
    const { fieldPath } = rule
    if (fieldPath === undefined || fieldPath === '') return ''
    let node: SchemaNode | undefined = schema
    try {
      let below = ''
      for (const name of compileJsonPath(fieldPath).fields ?? []) {
        const property: SchemaNode | undefined = node?.properties.get(name)
        const other: SchemaNode | undefined = node?.additional === true ? undefined : node?.additional
        below += property ? `.${name}` : `[${name}]`
        node = property ?? other
      }
      if (node && below !== '') return below
    } catch {
      // The problem below says it: what is no path names no field.
    }
    this.#problems.push(
      invalidValue(`${at}.fieldPath`, fieldPath, 'fieldPath must be a valid path of fields of the schema'),
    )
    return ''
  }
}

/** The judging of one object. */
class RuleRun {
  readonly problems: FieldProblem[] = []
  readonly #budget = new Budget()
  readonly #cache: ValueCache = new Map()
  #exhausted = false

  node(tree: RuleTree, value: Json, path: string, old: Json | undefined): void {
    if (value === null || this.#exhausted) return
    if (tree.rules.length > 0) this.#rules(tree, value, path, old)
    if (isObject(value)) this.#object(tree, value, path, isObject(old) ? old : undefined)
    else if (Array.isArray(value) && tree.items) this.#list(tree, tree.items, value, path, old)
  }

  #object(tree: RuleTree, value: JsonObject, path: string, old: JsonObject | undefined): void {
    const below = (name: string) => (path === '' ? name : `${path}.${name}`)
    for (const [name, field] of tree.fields) {
      const item = value[name]
      if (item !== undefined) this.node(field, item, below(name), old?.[name])
    }
    if (!tree.additional) return
    for (const name of Object.keys(value)) this.node(tree.additional, value[name]!, below(name), old?.[name])
  }

  #list(tree: RuleTree, items: RuleTree, list: readonly Json[], path: string, old: Json | undefined): void {
    const { listType, listMapKeys } = tree.schema
    const twins = listType === 'map' && Array.isArray(old) ? indexByKeys(old, listMapKeys) : undefined
    for (const [i, item] of list.entries())
      this.node(items, item, `${path}[${i}]`, twins?.get(keyOf(item, listMapKeys)))
  }

  #rules(tree: RuleTree, value: Json, path: string, old: Json | undefined): void {
    const unchanged = old !== undefined && equalJson(value, old)
    const part = typeof value === 'object' && value !== null ? value : undefined
    if (unchanged && part && tree.passed.has(part)) return
    const before = this.problems.length
    for (const compiled of tree.rules) {
      if (this.#exhausted) return
      // An unchanged part that breaks a newer rule does not lock people out; rules about changes are always judged.
      if (compiled.usesOldSelf ? !compiled.rule.optionalOldSelf && !isThere(old) : unchanged) continue
      const why = this.#failure(compiled, this.#variables(tree, compiled, value, old))
      if (why !== undefined) this.problems.push(problemOf(compiled, tree.schema, path, why))
    }
    if (unchanged && part && this.problems.length === before) tree.passed.add(part)
  }

  #variables({ type }: RuleTree, { rule, usesOldSelf }: CompiledRule, value: Json, old: Json | undefined) {
    const self = type.toCel(value, this.#cache)
    if (!usesOldSelf) return { self }
    const oldSelf = isThere(old) ? type.toCel(old, this.#cache) : undefined
    if (rule.optionalOldSelf !== true) return { self, oldSelf }
    return { self, oldSelf: oldSelf === undefined ? Optional.none() : Optional.of(oldSelf) }
  }

  /** Why the object breaks the rule; undefined when it does not. */
  #failure(compiled: CompiledRule, variables: Record<string, unknown>): string | undefined {
    const { rule } = compiled
    const shown = rule.message ?? `rule: ${rule.rule.trim()}`
    try {
      this.#budget.startRule()
      const result = compiled.expression.run(variables, this.#budget)
      if (result === true) return undefined
      if (result !== false) return `must evaluate to a bool evaluating ${shown}`
      return this.#message(compiled, variables)
    } catch (error) {
      if (!(error instanceof BudgetExceeded)) return `${reasonOf(error)} evaluating ${shown}`
      this.#exhausted = error.scope === 'object'
      return this.#exhausted
        ? 'validation failed due to running out of cost budget, no further validation rules will be run'
        : `call cost exceeds limit for ${shown}`
    }
  }

  /** A message expression that fails is no reason to hide the rule's failure. */
  #message(compiled: CompiledRule, variables: Record<string, unknown>): string {
    const { rule, messageExpression } = compiled
    const fallback = rule.message ?? `failed rule: ${rule.rule.trim()}`
    if (!messageExpression) return fallback
    try {
      const text = messageExpression.run(variables, this.#budget)
      const usable = typeof text === 'string' && text.trim() !== '' && !text.includes('\n') && text.length <= 5120
      return usable ? text.trim() : fallback
    } catch (error) {
      if (error instanceof BudgetExceeded && error.scope === 'object') throw error
      return fallback
    }
  }
}

const isThere = (old: Json | undefined): old is Json => old !== undefined && old !== null

function problemOf({ rule, below }: CompiledRule, schema: SchemaNode, path: string, why: string): FieldProblem {
  const at = path === '' ? below.replace(/^\./, '') || '<nil>' : `${path}${below}`
  const shown = JSON.stringify(schema.type ?? (schema.intOrString ? 'integer,string' : 'object'))
  // What an expression says of a value, or an error of it, may quote that.
  const plain = rule.message ?? `failed rule: ${rule.rule.trim()}`
  switch (rule.reason) {
    case 'FieldValueRequired':
      return {
        path: at,
        reason: 'FieldValueRequired',
        detail: `Required value: ${why}`,
        why: `Required value: ${plain}`,
      }
    case 'FieldValueForbidden':
      return { path: at, reason: 'FieldValueForbidden', detail: `Forbidden: ${why}`, why: `Forbidden: ${plain}` }
    case 'FieldValueDuplicate':
      return { path: at, reason: 'FieldValueDuplicate', detail: `Duplicate value: ${shown}`, why: 'Duplicate value' }
    case undefined:
    default:
      return {
        path: at,
        reason: 'FieldValueInvalid',
        detail: `Invalid value: ${shown}: ${why}`,
        why: `Invalid value: ${plain}`,
      }
  }
}
