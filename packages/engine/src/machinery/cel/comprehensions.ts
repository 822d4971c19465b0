/**
 * Macros over two variables, index and item of a list or key and value of a map: `all`, `exists`, `existsOne`, `transformList`, `transformMap`.
 *
 * cel-js has the forms with one variable. Its macro interface gives the checker's and the evaluator's contexts, in which a
 * variable is added by a fork; two forks make the two variables.
 */
import type { Environment } from '@marcbachmann/cel-js'

interface TypeDeclaration {
  readonly kind: string
  readonly keyType?: TypeDeclaration
  readonly valueType?: TypeDeclaration
  isDynOrBool(): boolean
}

interface Context {
  forkWithVariable(name: string, type: TypeDeclaration): Context
  reuse(parent: Context): Context
  setIterValue(value: unknown, evaluator: Evaluator): Context
}

interface Node {
  readonly op: string
  readonly args: unknown
}

interface Checker {
  check(node: Node, context: Context): TypeDeclaration
  getType(name: string): TypeDeclaration
  readonly registry: {
    getListType(type: TypeDeclaration): TypeDeclaration
    getMapType(key: TypeDeclaration, value: TypeDeclaration): TypeDeclaration
  }
}

interface Evaluator {
  run(node: Node, context: Context): unknown
}

interface MacroCall {
  readonly args: readonly Node[]
  readonly receiver: Node
}

/** What a macro makes of its entries: `step` evaluates its last argument with the two variables set to entry `i`. */
interface Form {
  readonly name: string
  readonly isPredicate: boolean
  type(checker: Checker, key: TypeDeclaration, step: TypeDeclaration): TypeDeclaration
  fold(keys: readonly unknown[], step: (i: number) => unknown): unknown
}

const FORMS: readonly Form[] = [
  {
    name: 'all',
    isPredicate: true,
    type: (checker) => checker.getType('bool'),
    fold: (keys, step) => keys.every((_, i) => step(i) === true),
  },
  {
    name: 'exists',
    isPredicate: true,
    type: (checker) => checker.getType('bool'),
    fold: (keys, step) => keys.some((_, i) => step(i) === true),
  },
  {
    name: 'existsOne',
    isPredicate: true,
    type: (checker) => checker.getType('bool'),
    fold: (keys, step) => keys.filter((_, i) => step(i) === true).length === 1,
  },
  {
    name: 'transformList',
    isPredicate: false,
    type: (checker, _key, step) => checker.registry.getListType(step),
    fold: (keys, step) => keys.map((_, i) => step(i)),
  },
  {
    name: 'transformMap',
    isPredicate: false,
    type: (checker, key, step) => checker.registry.getMapType(key, step),
    fold: (keys, step) => new Map(keys.map((key, i) => [key, step(i)])),
  },
]

export function registerComprehensions(environment: Environment): void {
  for (const form of FORMS) {
    const register = (parameters: string) =>
      environment.registerFunction(`list.${form.name}(${parameters}): dyn`, (call: MacroCall) => macroOf(form, call))
    register('ast, ast, ast')
    if (!form.isPredicate) register('ast, ast, ast, ast')
  }
}

function macroOf(form: Form, call: MacroCall) {
  const [first, second] = call.args.slice(0, 2).map((node) => nameOf(form, node)) as [string, string]
  const filter = call.args.length === 4 ? call.args[2] : undefined
  const step = call.args.at(-1)!
  let outer: Context
  let inner: Context
  return {
    async: false,
    typeCheck(checker: Checker, _macro: unknown, context: Context): TypeDeclaration {
      const range = checker.check(call.receiver, context)
      const dyn = checker.getType('dyn')
      const key = range.kind === 'list' ? checker.getType('int') : (range.keyType ?? dyn)
      outer = context.forkWithVariable(first, key)
      inner = outer.forkWithVariable(second, range.valueType ?? dyn)
      if (filter) checkPredicate(form, checker.check(filter, inner))
      const type = checker.check(step, inner)
      if (form.isPredicate) checkPredicate(form, type)
      return form.type(checker, key, type)
    },
    evaluate(evaluator: Evaluator, _macro: unknown, context: Context): unknown {
      const scope = outer.reuse(context)
      const innermost = inner.reuse(scope)
      const run = (node: Node, [key, value]: readonly [unknown, unknown]) => {
        scope.setIterValue(key, evaluator)
        return evaluator.run(node, innermost.setIterValue(value, evaluator))
      }
      const all = entriesOf(evaluator.run(call.receiver, context))
      const entries = filter ? all.filter((entry) => run(filter, entry) === true) : all
      return form.fold(
        entries.map(([key]) => key),
        (i) => run(step, entries[i]!),
      )
    },
  }
}

function checkPredicate(form: Form, type: TypeDeclaration): void {
  if (!type.isDynOrBool()) throw new TypeError(`${form.name}() takes a predicate that returns bool`)
}

function nameOf(form: Form, node: Node): string {
  if (node.op === 'id' && typeof node.args === 'string') return node.args
  throw new TypeError(`the first two arguments of ${form.name}() must be names`)
}

function entriesOf(range: unknown): readonly (readonly [unknown, unknown])[] {
  if (Array.isArray(range)) return range.map((item: unknown, i) => [BigInt(i), item] as const)
  if (range instanceof Map) return [...range]
  if (typeof range === 'object' && range !== null) return Object.entries(range)
  throw new TypeError('a comprehension needs a list or a map')
}
