/** What happens around a death: where a hub dies, and how the next goes on. */
import type { TestHub } from './hub.ts'

/** The writes of a life, each with the moment before it and the one after it, as `test.each` takes them. */
export const momentsOf = (writes: number) =>
  Array.from({ length: writes }, (_, i) => i + 1).flatMap((write) => [
    [write, 'before'] as const,
    [write, 'after'] as const,
  ])

/** Runs until the planned death or until `settled`, and after a death goes on with a new hub until that. True when it died. */
export async function surviving(hub: TestHub, settled: () => Promise<unknown>): Promise<boolean> {
  let isOver = false
  const death = () => hub.until('the death of the hub', () => (hub.cut.dead || isOver ? true : undefined))
  const end = settled()
  try {
    await Promise.race([death().catch(() => end), end])
    // Over HTTPS the world may be settled before the hub hears of its last write.
    if (hub.cut.doomed) await death()
  } finally {
    // Where nobody dies nobody is to look for it during the next test.
    isOver = true
  }
  if (!hub.cut.dead) {
    hub.cut.dieAt(Infinity, 'before')
    return false
  }
  await hub.kill()
  await hub.start()
  await settled()
  return true
}
