/**
 * Who waits to join a user group. ElastiCache changes a group once at a time, and each change takes a while: all who came meanwhile join with
 * the next one.
 */
export class Joins {
  readonly #waiting = new Map<string, Set<string>>()
  readonly #busy = new Set<string>()

  add(group: string, user: string): void {
    const users = this.#waiting.get(group) ?? new Set()
    this.#waiting.set(group, users.add(user))
  }

  leave(group: string, user: string): void {
    this.#waiting.get(group)?.delete(user)
  }

  /** All who wait have their chance now, unless others are just having theirs. */
  async take(group: string, join: (users: readonly string[]) => Promise<void>): Promise<void> {
    const users = [...(this.#waiting.get(group) ?? [])]
    if (this.#busy.has(group) || users.length === 0) return
    this.#waiting.delete(group)
    this.#busy.add(group)
    try {
      await join(users)
    } finally {
      this.#busy.delete(group)
    }
  }
}
