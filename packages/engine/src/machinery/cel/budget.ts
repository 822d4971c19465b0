/**
 * What one object may cost. A rule is a program by a stranger that runs inside every write, and `list.all(x, list.all(y, ...))` over
 * a large object would stop the server for minutes.
 *
 * The unit is the evaluation of one node of an expression, about a tenth of a microsecond; functions and comparisons also
 * pay for the size of what they are given, a tenth of a unit for each character and one for each element. Counted, not timed:
 * the same object is refused by every server or by none.
 */
const RULE_UNITS = 1_000_000
const OBJECT_UNITS = 3_000_000

export class BudgetExceeded extends Error {
  readonly scope: 'rule' | 'object'
  constructor(scope: 'rule' | 'object') {
    super(scope === 'rule' ? 'operation cancelled: actual cost limit exceeded' : 'out of cost budget')
    this.name = 'BudgetExceeded'
    this.scope = scope
  }
}

export class Budget {
  #objectLeft = OBJECT_UNITS
  #ruleLeft = 0

  /** Throws when the object has nothing left. */
  startRule(): void {
    if (this.#objectLeft <= 0) throw new BudgetExceeded('object')
    this.#ruleLeft = Math.min(RULE_UNITS, this.#objectLeft)
  }

  charge(units: number): void {
    // Once a rule has run out it stays so: some operators of CEL swallow the errors of one side.
    const paid = Math.min(units, Math.max(this.#ruleLeft, 0))
    this.#objectLeft -= paid
    this.#ruleLeft -= units
    if (this.#ruleLeft < 0) throw new BudgetExceeded(this.#objectLeft <= 0 ? 'object' : 'rule')
  }

  /** Charges for a value as deep as it goes, stopping early when it cannot be paid. */
  chargeSize(value: unknown): void {
    if (typeof value === 'string') this.charge(value.length / 10)
    else if (value instanceof Uint8Array) this.charge(value.length / 10)
    else if (Array.isArray(value)) {
      for (const item of value) {
        this.charge(1)
        this.chargeSize(item)
      }
    } else if (value instanceof Map) {
      for (const item of value.values()) {
        this.charge(1)
        this.chargeSize(item)
      }
    }
  }
}
