import { expect, test } from 'vitest'
import { createBatches } from './batches.ts'

const settle = () => new Promise((resolve) => setImmediate(resolve))

test('however many ask, one call runs and one waits, and nobody gets an answer older than the question', async () => {
  const ends: ((answer: string) => void)[] = []
  const wakes: (() => void)[] = []
  const batches = createBatches<string>((_, wake) => {
    wakes.push(wake)
    return new Promise((resolve) => ends.push(resolve))
  })
  const woken: number[] = []
  const answers = [0, 1, 2].map((n) => batches.ask('same', () => woken.push(n)))
  await settle()
  expect(ends).toHaveLength(1)
  ends[0]?.('first')
  await settle()
  expect(ends).toHaveLength(2)
  void batches.ask('other', undefined)
  expect(ends).toHaveLength(3)
  wakes[1]?.()
  expect(woken).toEqual([1, 2])
  ends[1]?.('second')
  expect(await Promise.all(answers)).toEqual(['first', 'second', 'second'])
})

test('a call that fails fails for those who asked, and the next are asked anew', async () => {
  let calls = 0
  const batches = createBatches<number>(() =>
    ++calls === 1 ? Promise.reject(new Error('down')) : Promise.resolve(calls),
  )
  const [first, second] = await Promise.allSettled([batches.ask('q', undefined), batches.ask('q', undefined)])
  expect(first.status).toBe('rejected')
  expect(second).toEqual({ status: 'fulfilled', value: 2 })
  expect(await batches.ask('q', undefined)).toBe(3)
})
