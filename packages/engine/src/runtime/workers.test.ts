import { expect, test } from 'vitest'
import { away, createWorkers, wakerOf } from './workers.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A pass that waits outside until it is told, and notes what it does. */
function pass(workers: ReturnType<typeof createWorkers>, name: string, notes: string[]) {
  const { signal } = new AbortController()
  let answer!: () => void
  const waited = new Promise<void>((resolve) => (answer = resolve))
  const run = async () => {
    await workers.take()
    const end = workers.begin(signal, () => notes.push(`wake ${name}`))
    notes.push(`${name} begins`)
    await away(signal, () => waited)
    notes.push(`${name} goes on`)
    await turn()
    end()
  }
  return { run, answer, signal }
}

test('a pass that waits outside lends its worker, and comes back before keys that have not begun', async () => {
  const workers = createWorkers(1)
  const notes: string[] = []
  const [a, b] = ['a', 'b'].map((name) => pass(workers, name, notes))
  const first = a!.run()
  await turn()
  expect(workers.active).toBe(0)
  await workers.take()
  const second = b!.run()
  a!.answer()
  b!.answer()
  await turn()
  expect(notes).toEqual(['a begins'])
  workers.give()
  await Promise.all([first, second])
  expect(notes).toEqual(['a begins', 'a goes on', 'b begins', 'b goes on'])
  expect(workers.active).toBe(0)
  wakerOf(a!.signal)?.()
  expect(notes.at(-1)).toBe('wake a')
})

test('waits that overlap lend one worker, and a pass that ends while one goes on gives no worker twice', async () => {
  const workers = createWorkers(2)
  const { signal } = new AbortController()
  await workers.take()
  const end = workers.begin(signal, () => undefined)
  let later!: () => void
  const stray = away(signal, () => new Promise<void>((resolve) => (later = resolve)))
  const short = away(signal, () => Promise.resolve())
  await short
  expect(workers.active).toBe(0)
  end()
  later()
  await stray
  expect(workers.active).toBe(0)
  await workers.take()
  await workers.take()
  expect(workers.active).toBe(2)
})

test('the signal of no pass lends nothing and wakes nobody', async () => {
  const { signal } = new AbortController()
  expect(await away(signal, () => Promise.resolve(1))).toBe(1)
  expect(wakerOf(signal)).toBeUndefined()
})
