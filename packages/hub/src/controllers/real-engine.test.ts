/** A claim of the sample class against a real engine, through the controllers alone. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { noopDriver } from '../drivers/noop/driver.ts'
import { claimKind } from '../model/claim.ts'
import { classKind } from '../model/class.ts'
import type { TestHub } from './testing/hub.ts'
import { connect, realHub, type RealHub } from './testing/real-hub.ts'

let real: RealHub
let hub: TestHub

beforeEach(async () => {
  real = await realHub(noopDriver())
  hub = real.hub
})

afterEach(() => real.stop())

const connectAs = async (claim: string) => connect((await hub.secretValues(claim))!['uri']!)

describe('a claim of the sample class', () => {
  test('writes and reads; its reader only reads; after deletion nothing is left', async () => {
    await hub.until(
      'the class',
      async () =>
        findCondition((await hub.admin.of(classKind).find('redis'))?.status?.conditions, 'Ready')?.status === 'True' ||
        undefined,
    )
    await hub.claim('cache', { className: 'redis' })
    const claim = await hub.ready('cache')
    const writer = await connectAs('cache')
    expect(await writer.set('a', '1')).toBe('OK')
    expect(Object.keys((await hub.secretValues('cache'))!).sort()).toEqual([
      'host',
      'password',
      'port',
      'provider',
      'type',
      'uri',
      'username',
    ])

    await hub.admin.of(claimKind).patch('cache', { spec: { role: 'reader' } }, { namespace: 'shop' })
    await hub.until('the reader', async () => {
      const { status } = await hub.ready('cache')
      return status?.credential?.role === 'reader' && !status.credential.predecessor ? true : undefined
    })
    const reader = await connectAs('cache')
    expect(await reader.get('a')).toBe('1')
    await expect(reader.set('a', '2')).rejects.toThrow('NOPERM')

    const values = (await hub.secretValues('cache'))!
    await hub.admin.of(claimKind).delete('cache', { namespace: 'shop' })
    await hub.until('the claim to go', async () =>
      (await hub.admin.of(claimKind).find('cache', 'shop')) ? undefined : true,
    )
    expect(values['password']).toBeTruthy()
    await hub.until('the instance to go', async () => ((await hub.instanceOf(claim)) ? undefined : true))
    const services = join(real.dataDir, 'services')
    expect(existsSync(services) ? readdirSync(services) : []).toEqual([])
    writer.disconnect()
    reader.disconnect()
  })

  test('a parameter reaches the engine, and a change of it too', async () => {
    await hub.claim('cache', { className: 'redis', parameters: { timeoutSeconds: 77 } })
    await hub.ready('cache')
    await hub.admin.of(claimKind).patch('cache', { spec: { plan: 'large' } }, { namespace: 'shop' })
    const claim = await hub.until('the change', async () => {
      const now = await hub.ready('cache')
      const instance = await hub.instanceOf(now)
      const ready = findCondition(instance?.status?.conditions, 'Ready')?.status === 'True'
      return ready && instance?.status?.applied?.plan === 'large' ? now : undefined
    })
    expect(findCondition(claim.status?.conditions, 'Ready')?.status).toBe('True')
    const client = await connectAs('cache')
    expect(await client.info('memory')).toContain('maxmemory:536870912')
    client.disconnect()
  })
})

test('a claim of nothing is Ready within a few passes', async () => {
  await hub.backend('nothing', { driver: 'noop' })
  await hub.service('nothing', { type: 'none', backendRef: { name: 'nothing' } })
  await hub.claim('warm', { className: 'nothing' })
  await hub.ready('warm')
  const took: number[] = []
  for (let i = 0; i < 20; i++) {
    const startedAt = performance.now()
    await hub.claim(`n-${i}`, { className: 'nothing' })
    await hub.ready(`n-${i}`)
    took.push(performance.now() - startedAt)
  }
  const least = Math.min(...took)
  console.log(`claim to Ready, noop, in process: least ${least.toFixed(1)} ms of 20`)
  expect(least).toBeLessThan(100)
})
