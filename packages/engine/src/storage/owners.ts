import type { Index } from './store.ts'

/** Which keys name an owner, by its uid. */
export class Owners {
  /** Most owners own one thing, and a Set for each would be most of the memory. */
  readonly #keys = new Map<string, string | Set<string>>()

  of(uid: string): readonly string[] {
    const keys = this.#keys.get(uid)
    if (keys === undefined) return []
    return typeof keys === 'string' ? [keys] : [...keys].sort()
  }

  /** A key had the index `before` and has `now`; undefined where it does not exist. */
  replace(key: string, before: Index | undefined, now: Index | undefined): void {
    if (before?.owners) for (const uid of before.owners) this.#remove(uid, key)
    if (now?.owners) for (const uid of now.owners) this.#add(uid, key)
  }

  #add(uid: string, key: string): void {
    const keys = this.#keys.get(uid)
    if (keys === undefined) this.#keys.set(uid, key)
    else if (typeof keys !== 'string') keys.add(key)
    else if (keys !== key) this.#keys.set(uid, new Set([keys, key]))
  }

  #remove(uid: string, key: string): void {
    const keys = this.#keys.get(uid)
    if (typeof keys === 'string') {
      if (keys === key) this.#keys.delete(uid)
    } else if (keys?.delete(key) && keys.size === 0) this.#keys.delete(uid)
  }
}
