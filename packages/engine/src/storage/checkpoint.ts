/**
 * What a clean stop leaves for the next start, so that it need not be worked out again. It is never the truth: whoever keeps something
 * here must be able to do without it, because after a kill, an update or a copy that was put back it is not there.
 */
export interface Checkpoint {
  /** What the last stop kept under this name, of the very state that was opened; undefined when there is nothing. It is given once. */
  kept(name: string): unknown
  /** Asks for the state at the next clean stop, behind the last write: what `v8.serialize` takes. `undefined` keeps nothing. */
  keep(name: string, state: () => unknown): void
}

/** Of stores that forget. */
export const noCheckpoint: Checkpoint = { kept: checkName, keep: checkName }

/** The store's own. */
export const LEDGER = 'ledger'
const NAME = /^[a-z0-9][a-z0-9.-]{0,99}$/

/** Names are names of files. Throws for one that could be that of another file. */
export function checkName(name: string): undefined {
  if (name === LEDGER) throw new TypeError(`"${LEDGER}" is what the store keeps itself; choose another name`)
  if (!NAME.test(name)) {
    throw new TypeError(`${JSON.stringify(name)} cannot be kept: a name is of a to z, 0 to 9, "." and "-", at most 100`)
  }
}
