/**
 * One compiled expression: parsed, type-checked, and instrumented so that its running is paid for.
 *
 * cel-js keeps an evaluate function (and for calls and operators a handle) at each node of the tree. After the check they are
 * wrapped here, which is also where `matches` leaves JavaScript's regular expressions for RE2. The seam is not part of
 * cel-js's documented interface: `rules.test.ts` fails if an update moves it.
 */
import type { Environment } from '@marcbachmann/cel-js'
import { compilePattern, type Pattern } from '../schema/pattern.ts'
import type { Budget } from './budget.ts'
import { isPatternAtHand, matches } from './library.ts'

interface CelNode {
  readonly op: string
  readonly args: unknown
  check: (checker: Checker, node: CelNode, context: unknown) => unknown
  evaluate: (evaluator: unknown, node: CelNode, context: unknown) => unknown
  handle?: (...args: unknown[]) => unknown
}

interface Checker {
  check(node: CelNode, context: unknown): unknown
}

export class ExpressionError extends Error {
  constructor(why: string, cause?: unknown) {
    super(why, { cause })
    this.name = 'ExpressionError'
  }
}

export interface Expression {
  readonly source: string
  readonly type: string
  readonly names: ReadonlySet<string>
  run(variables: Readonly<Record<string, unknown>>, budget: Budget): unknown
}

const MAX_SOURCE_LENGTH = 10_000

/** Throws ExpressionError for syntax, unknown names and functions, and wrong types. `loadRe2` must have run. */
export function compileExpression(environment: Environment, source: string): Expression {
  if (source.length > MAX_SOURCE_LENGTH) throw new ExpressionError(`longer than ${MAX_SOURCE_LENGTH} characters`)
  const program = parse(environment, source)
  const nodes = allNodes(program.ast as unknown as CelNode)
  for (const node of nodes) checkHas(node)
  const { valid, type, error } = program.check()
  if (!valid || type === undefined) throw new ExpressionError(reasonOf(error), error)
  const current: { budget: Budget | undefined } = { budget: undefined }
  for (const node of nodes) instrument(node, current)
  const names = new Set(nodes.filter((node) => node.op === 'id').map((node) => String(node.args)))
  return {
    source,
    type,
    names,
    run(variables, budget) {
      current.budget = budget
      const result: unknown = program(variables)
      // `||`, `&&` and the quantifiers swallow errors of one side; running out is none of those.
      budget.charge(0)
      return result
    },
  }
}

function parse(environment: Environment, source: string) {
  try {
    return environment.parse(source)
  } catch (error) {
    throw new ExpressionError(reasonOf(error), error)
  }
}

/** The first line: what follows is a drawing of the source. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!
}

function isNode(value: unknown): value is CelNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'evaluate' in value
}

function allNodes(root: CelNode): CelNode[] {
  const found: CelNode[] = []
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item)
    else if (isNode(value) && !found.includes(value)) {
      found.push(value)
      visit(value.args)
    }
  }
  visit(root)
  return found
}

/** cel-js takes `has(self.typo)` for false; here it is a mistake, as upstream has it. */
function checkHas(node: CelNode): void {
  if (node.op !== 'call' || !Array.isArray(node.args) || node.args[0] !== 'has') return
  const argument: unknown = (node.args[1] as unknown[])[0]
  if (!isNode(argument)) return
  const check = node.check
  node.check = (checker, self, context) => {
    const type = check.call(node, checker, self, context)
    checker.check(argument, context)
    return type
  }
}

/** Reaching into a value costs the same whatever its size. */
const ACCESS = new Set(['.', '.?', '[]', '[?]', '?:'])

function instrument(node: CelNode, current: { budget: Budget | undefined }): void {
  const { handle } = node
  let { evaluate } = node
  const paid: CelNode['evaluate'] = (evaluator, self, context) => {
    current.budget?.charge(1)
    return evaluate.call(node, evaluator, self, context)
  }
  // A node replaces its own evaluate when it first runs; what it sets is what is paid for.
  Object.defineProperty(node, 'evaluate', {
    get: () => paid,
    set: (specialised: CelNode['evaluate']) => {
      evaluate = specialised
    },
  })
  if (!handle || ACCESS.has(node.op)) return
  const name = node.op === 'rcall' || node.op === 'call' ? String((node.args as unknown[])[0]) : node.op
  const isMatches = name === 'matches' && node.op === 'rcall'
  const literal = isMatches ? literalPattern(node) : undefined
  node.handle = (...args) => {
    if (name === 'size') return handle(...args)
    const { budget } = current
    for (const arg of args.slice(0, 2)) if (!isNode(arg) && isValue(arg)) budget?.chargeSize(arg)
    if (node.op === 'rcall' || node.op === 'call') budget?.charge(priceOf(name, args[0] as unknown[]))
    if (!isMatches) return handle(...args)
    const [text, pattern] = args[0] as [unknown, unknown]
    if (typeof text !== 'string' || typeof pattern !== 'string') throw new ExpressionError('matches() takes texts')
    return literal ? literal.test(text) : matches(text, pattern)
  }
}

/** The cost of compiling a pattern that is not at hand: a millisecond for one with large repetitions. */
const PATTERN_UNITS = 5000

/** What a function costs beyond the size of its arguments. */
function priceOf(name: string, args: readonly unknown[]): number {
  const [text, pattern, replacement] = args
  switch (name) {
    case 'matches':
    case 'find':
    case 'findAll':
      // RE2 takes time in proportion to both.
      if (typeof text !== 'string' || typeof pattern !== 'string') return 0
      return (text.length * pattern.length) / 100 + (isPatternAtHand(pattern) ? 0 : PATTERN_UNITS)
    case 'replace':
      return typeof text === 'string' && typeof replacement === 'string' ? (text.length * replacement.length) / 10 : 0
    case 'join':
      return Array.isArray(text) && typeof pattern === 'string' ? (text.length * pattern.length) / 10 : 0
    case 'check':
      // A question to RBAC: microseconds for each rule that the user has.
      return 300
    default:
      return 0
  }
}

function isValue(arg: unknown): boolean {
  return typeof arg === 'string' || Array.isArray(arg) || arg instanceof Map || arg instanceof Uint8Array
}

/** A pattern that stands in the rule is compiled once, and refused with its CRD when it is none. */
function literalPattern(node: CelNode): Pattern | undefined {
  const [pattern] = (node.args as [string, CelNode, CelNode[]])[2]
  if (!pattern || pattern.op !== 'value' || typeof pattern.args !== 'string') return undefined
  try {
    return compilePattern(pattern.args)
  } catch (error) {
    throw new ExpressionError(reasonOf(error), error)
  }
}
