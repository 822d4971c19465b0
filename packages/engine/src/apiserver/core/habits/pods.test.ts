import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../base/json.ts'
import { at, openWorld, refusal, type World } from '../testing/world.ts'

let world: World
beforeEach(async () => {
  world = await openWorld()
})
afterEach(() => world.close())

const pods = at('pods', 'default')
const named = at('pods', 'default', 'p')
const pod = (...resources: readonly JsonObject[]) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: resources.map((each, index) => ({ name: `c${index}`, image: 'i', resources: each })) },
})

describe('a new pod', () => {
  test('is Pending, whatever status its body claims, and is found by that phase', async () => {
    const created = await world.admin.create(pods, { ...pod({}), status: { phase: 'Running', podIP: '10.0.0.1' } })
    expect(created['status']).toEqual({ phase: 'Pending', qosClass: 'BestEffort' })
    expect((await world.admin.get(named))['status']).toEqual(created['status'])
  })

  test('keeps the status that a controller wrote when its labels change', async () => {
    const created = await world.admin.create(pods, pod({}))
    const status = at('pods', 'default', 'p', 'status')
    const running = await world.admin.update(status, { ...created, status: { phase: 'Running' } })
    const labelled = { ...running, metadata: { ...running.metadata, labels: { a: 'b' } }, status: { phase: 'Failed' } }
    expect((await world.admin.update(named, labelled))['status']).toMatchObject({ phase: 'Running' })
  })

  test('with a quantity that is none is refused by its field', async () => {
    expect(await refusal(world.admin.create(pods, pod({ limits: { cpu: 'much' } })))).toMatch(/^400 .*cpu/)
  })
})

describe('the QoS class', () => {
  const both = { cpu: '1', memory: '1Gi' }
  test.each<readonly [string, readonly JsonObject[], string]>([
    ['BestEffort when nothing is asked for', [{}, {}], 'BestEffort'],
    ['BestEffort when only a device is asked for', [{ limits: { 'example.com/card': '1' } }], 'BestEffort'],
    ['BestEffort when zero is asked for', [{ requests: { cpu: '0' } }], 'BestEffort'],
    ['Burstable when one container asks', [{ requests: { cpu: '100m' } }, {}], 'Burstable'],
    ['Burstable when limits exceed requests', [{ limits: both, requests: { cpu: '500m' } }], 'Burstable'],
    ['Burstable when only cpu is limited', [{ limits: { cpu: '1' } }], 'Burstable'],
    ['Guaranteed when limits alone are given for both', [{ limits: both }], 'Guaranteed'],
    [
      'Guaranteed when requests are as large, written otherwise',
      [{ limits: both, requests: { cpu: '1000m' } }],
      'Guaranteed',
    ],
    ['Burstable when only one of two is covered', [{ limits: both }, {}], 'Burstable'],
  ])('is %s', async (_, resources, qosClass) => {
    expect((await world.admin.create(pods, pod(...resources)))['status']).toMatchObject({ qosClass })
  })
})
