/** The hub is killed at each of the first writes of a user's life and of its end, and between AWS's deed and its answer: one user, and none at the end. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Aws } from '../../../../../test/aws/endpoint.ts'
import { momentsOf, surviving } from '../../controllers/testing/surviving.ts'
import { ackHub, awsForTests, type AckHub } from './testing/ack-hub.ts'

const WRITES = 5
const WRITES_OF_AN_END = [1, 2, 3, 4]

let aws: Aws
beforeAll(async () => {
  aws = await awsForTests({ creatingMs: 0, deletingMs: 0 })
})
afterAll(() => aws.stop())

/** With the Backend that the door keeps there already: it is made once in the life of a hub. */
async function world(): Promise<AckHub> {
  await aws.reset()
  const hub = await ackHub(aws)
  await hub.start()
  await hub.neutral()
  await hub.synced('User', 'redis-default')
  await hub.secret('redis-writer-creds')
  return hub
}

const idsIn = async (hub: AckHub) =>
  (await hub.truth.users()).map(({ UserId = '' }) => UserId).toSorted((a, b) => a.localeCompare(b))

describe('killed', () => {
  test.each(momentsOf(WRITES))('at write %i of its making, %s it: there is one', async (write, when) => {
    const hub = await world()
    hub.cut.dieAt(hub.cut.writes.length + write, when)
    await hub.user('redis-writer')
    expect(await surviving(hub, () => hub.synced('User', 'redis-writer'))).toBe(true)
    await hub.synced('User', 'redis-writer')
    expect(await idsIn(hub)).toEqual(['redis-default', 'redis-writer'])
    expect(await hub.instances()).toHaveLength(2)
    expect(aws.calls.count({ action: 'CreateUser' })).toBe(2)
    await hub.stop()
  })

  test.each(WRITES_OF_AN_END)('after write %i of its end: nothing of it is left', async (write) => {
    const hub = await world()
    await hub.user('redis-writer')
    await hub.synced('User', 'redis-writer')
    hub.cut.dieAt(hub.cut.writes.length + write, 'after')
    await hub.remove('User', 'redis-writer')
    expect(await surviving(hub, () => hub.gone('User', 'redis-writer'))).toBe(true)
    expect(await idsIn(hub)).toEqual(['redis-default'])
    expect(await hub.instances()).toHaveLength(1)
    await hub.stop()
  })

  test('between what AWS has made and its answer: there is one', async () => {
    const hub = await world()
    const answer = aws.faults.hold({ action: 'CreateUser' }, { at: 'answer', times: 1 })
    await hub.user('redis-writer')
    await answer.reached()
    await hub.kill()
    answer.lift()
    await hub.start()
    await hub.synced('User', 'redis-writer')
    expect(await idsIn(hub)).toEqual(['redis-default', 'redis-writer'])
    expect(aws.calls.count({ action: 'CreateUser' })).toBe(2)
    await hub.stop()
  })
})
