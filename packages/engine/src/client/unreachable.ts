const BRAND = Symbol.for('larder.engine.Unreachable')

/** No answer came. The call may or may not have taken effect. */
export class Unreachable extends Error {
  readonly [BRAND] = true
  /** `https://127.0.0.1:6443`. */
  readonly address: string

  constructor(address: string, why: string, options?: ErrorOptions) {
    super(`no answer from ${address}: ${why}`, options)
    this.name = 'Unreachable'
    this.address = address
  }
}

export function isUnreachable(error: unknown): error is Unreachable {
  return error instanceof Error && BRAND in error
}
