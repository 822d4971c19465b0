/**
 * One call for all who ask the same: two hundred claims that wait for a pool ask what is in it each time that something is released.
 *
 * Nobody gets an answer older than the question: who asks while a call is under way gets that of the next, which begins when that
 * one ends. So however many ask, one call runs and one waits.
 */
export interface Batches<T> {
  ask(question: string, wake: (() => void) | undefined): Promise<T>
}

interface Batch<T> {
  readonly answer: Promise<T>
  readonly wakes: Set<() => void>
}

/** `call` gets a function that wakes everybody who waits for its answer. */
export function createBatches<T>(call: (question: string, wake: () => void) => Promise<T>): Batches<T> {
  const running = new Map<string, Promise<T>>()
  const waiting = new Map<string, Batch<T>>()

  function begin(question: string, wakes: ReadonlySet<() => void>): Promise<T> {
    const answer = call(question, () => {
      for (const wake of wakes) wake()
    })
    running.set(question, answer)
    const over = () => {
      if (running.get(question) === answer) running.delete(question)
    }
    answer.then(over, over)
    return answer
  }

  return {
    ask(question, wake) {
      const before = running.get(question)
      let batch = waiting.get(question)
      if (!before && !batch) return begin(question, new Set(wake && [wake]))
      if (!batch) {
        const wakes = new Set<() => void>()
        const next = () => {
          waiting.delete(question)
          return begin(question, wakes)
        }
        batch = { answer: before!.then(next, next), wakes }
        waiting.set(question, batch)
      }
      if (wake) batch.wakes.add(wake)
      return batch.answer
    },
  }
}
