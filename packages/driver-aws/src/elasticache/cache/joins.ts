/**
 * Who waits to join a user group. ElastiCache changes a group once at a time, and each change takes a while: all who came meanwhile join with
 * the next one.
 */
export class Joins {
  readonly #waiting = new Map<string, Set<string>>()

  add(group: string, user: string): void {
    const users = this.#waiting.get(group) ?? new Set()
    this.#waiting.set(group, users.add(user))
  }

  /** All who wait; they have their chance now. */
  take(group: string): readonly string[] {
    const users = [...(this.#waiting.get(group) ?? [])]
    this.#waiting.delete(group)
    return users
  }

  leave(group: string, user: string): void {
    this.#waiting.get(group)?.delete(user)
  }
}
