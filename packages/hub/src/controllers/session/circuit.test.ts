import { turnedClock } from '@larder/engine/base/testing/turned-clock'
import { expect, test } from 'vitest'
import { createCircuit } from './circuit.ts'
import { DriverFailure } from './failure.ts'
import { createTurns } from './turns.ts'

const settle = () => new Promise((resolve) => setImmediate(resolve))
const noAnswer = () => new DriverFailure('BackendUnavailable', 'no answer')

function circuitOf() {
  const clock = turnedClock()
  const turns = createTurns({ backend: 'b', limit: 4, clock, random: () => 0.5 })
  const world = { up: true, probes: 0 }
  const turned: boolean[] = []
  const circuit = createCircuit({
    turns,
    clock,
    random: () => 0.5,
    probe: () => {
      world.probes++
      return world.up ? Promise.resolve() : Promise.reject(noAnswer())
    },
    turned: (open) => turned.push(open),
  })
  const fail = async (times: number) => {
    for (let i = 0; i < times; i++) circuit.failed(noAnswer())
    await settle()
  }
  return { clock, circuit, world, turned, fail }
}

test('calls without an answer open it only when a probe gets none either', async () => {
  const { circuit, world, turned, fail } = circuitOf()
  await fail(3)
  expect(world.probes).toBe(1)
  expect(circuit.failure).toBeUndefined()
  world.up = false
  await fail(2)
  expect(world.probes).toBe(1)
  await fail(1)
  expect(world.probes).toBe(2)
  expect(circuit.failure?.message).toBe('no answer')
  expect(turned).toEqual([true])
})

test('a success between failures is no suspicion, and neither is a refusal', async () => {
  const { circuit, world, fail } = circuitOf()
  await fail(2)
  circuit.succeeded()
  await fail(2)
  circuit.failed(new DriverFailure('BackendDenied', 'you may not'))
  await fail(2)
  expect(world.probes).toBe(0)
})

test('one probe at a time finds out that the backend is back, ever more seldom', async () => {
  const { clock, circuit, world, turned } = circuitOf()
  world.up = false
  circuit.probed(noAnswer())
  const at: number[] = []
  for (let i = 0; i < 8; i++) {
    at.push(clock.nextMs ?? 0)
    await clock.advance(clock.nextMs ?? 0)
  }
  expect(at).toEqual([1500, 2000, 3000, 5000, 9000, 17_000, 31_000, 31_000])
  expect(world.probes).toBe(8)
  world.up = true
  await clock.advance(60_000)
  expect(circuit.failure).toBeUndefined()
  expect(turned).toEqual([true, false])
  expect(world.probes).toBe(9)
})

test('a limit of the backend keeps everybody away for as long as it says, and no probe asks', async () => {
  const { clock, circuit, world, turned } = circuitOf()
  circuit.failed(new DriverFailure('BackendThrottled', 'ten a minute', { afterMs: 6000 }))
  expect(circuit.failure?.reason).toBe('BackendThrottled')
  await clock.advance(5999)
  expect(circuit.failure).toBeDefined()
  await clock.advance(700)
  expect(circuit.failure).toBeUndefined()
  expect(turned).toEqual([true, false])
  expect(world.probes).toBe(0)
})

test('what is no longer used asks no more', async () => {
  const { clock, circuit, world } = circuitOf()
  world.up = false
  circuit.probed(noAnswer())
  circuit.end()
  await clock.advance(600_000)
  expect(world.probes).toBe(0)
})
