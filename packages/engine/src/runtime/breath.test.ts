import { expect, test } from 'vitest'
import { createBreath } from './breath.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('a few writes of one key go on at once; the next lets timers and sockets have their turn', async () => {
  const breath = createBreath(3)
  expect([breath('a'), breath('a'), breath('a')]).toEqual([undefined, undefined, undefined])
  let read = false
  setImmediate(() => (read = true))
  await breath('a')
  expect(read).toBe(true)
})

test('keys do not share, and each turn of the event loop begins anew', async () => {
  const breath = createBreath(3)
  for (let i = 0; i < 3; i++) await breath('a')
  expect(breath('b')).toBeUndefined()
  await turn()
  expect(breath('a')).toBeUndefined()
})
