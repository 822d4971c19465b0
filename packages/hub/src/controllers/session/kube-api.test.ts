import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '@larder/engine/base/clock'
import { randomIds } from '@larder/engine/base/ids'
import type { JsonObject } from '@larder/engine/base/json'
import { silentLog } from '@larder/engine/base/log'
import type { Api } from '@larder/engine/apiserver/api'
import { createApi } from '@larder/engine/apiserver/core/api'
import { inProcessTransport } from '@larder/engine/apiserver/in-process'
import type { Transport } from '@larder/engine/machinery/call'
import { expired } from '@larder/engine/machinery/status'
import { openMemoryStore } from '@larder/engine/storage/memory/store'
import { createKubeApi } from './kube-api.ts'

let api: Api
beforeEach(async () => {
  api = await createApi({ store: openMemoryStore(), clock: systemClock, ids: randomIds, log: silentLog })
})
afterEach(() => api.close())

const kubeApi = (groups: readonly string[]) =>
  createKubeApi({
    transport: inProcessTransport(api, { name: 'system:serviceaccount:default:driver', groups }),
    clock: systemClock,
  })
const map = (data: JsonObject) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'c', namespace: 'default' },
  data,
})
const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'c' }

test('a driver applies: what it no longer names is gone, what others set stays', async () => {
  const driver = kubeApi(['system:masters'])
  expect(await driver.apply(map({ a: '1', b: '1' }), 'driver')).toMatchObject({ data: { a: '1', b: '1' } })
  await driver.apply(map({ c: '1' }), 'somebody')
  await driver.apply(map({ a: '2', c: '2' }), 'driver')
  expect(await driver.get(ref)).toMatchObject({ data: { a: '2', c: '2' } })
  await driver.apply(map({}), 'driver')
  expect(((await driver.get(ref)) as JsonObject)['data'] ?? {}).toEqual({})
})

test('a driver whose account may not apply is told so without the object', async () => {
  const refused = kubeApi(['system:authenticated']).apply(map({ password: 'secret' }), 'driver')
  await expect(refused).rejects.toThrow('the account of the backend may not apply ConfigMap of v1 in namespace default')
})

test('what the API refuses is told by its field, and not by its value', async () => {
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's', namespace: 'default' } }
  const refused = kubeApi(['system:masters']).apply({ ...service, spec: { ports: [{ port: 654321 }] } }, 'driver')
  const error = await refused.catch((thrown: Error) => thrown)
  expect(error).toMatchObject({ code: 'invalid', message: expect.stringContaining(' at spec.ports[0].port') as never })
  expect(String(error)).not.toContain('654321')
})

test('a field that the kind does not have is no trouble of the API', async () => {
  const refused = kubeApi(['system:masters']).apply({ ...map({}), dta: { password: 'secret' } }, 'driver')
  const error = await refused.catch((thrown: Error) => thrown)
  expect(error).toMatchObject({ code: 'invalid', message: expect.stringContaining('has no field .dta') as never })
})

test('a field that an item of a list does not have is told by its whole path, and not by what the item is', async () => {
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's', namespace: 'default' } }
  const ports = [{ name: 'http', port: 4711, nodport: 80 }]
  const refused = kubeApi(['system:masters']).apply({ ...service, spec: { ports } }, 'driver')
  const error = await refused.catch((thrown: Error) => thrown)
  expect(error).toMatchObject({ message: expect.stringMatching(/has no field \.spec\.ports\[\]\.nodport$/) as never })
})

test('a driver that follows hears of what went while its watch could not go on from where it was', async () => {
  const inner = inProcessTransport(api, { name: 'driver', groups: ['system:masters'] })
  const plain = createKubeApi({ transport: inner, clock: systemClock })
  await plain.apply(map({ a: '1' }), 'driver')
  let watches = 0
  const transport: Transport = {
    ...inner,
    call: (call, signal) => inner.call(call, signal),
    async *watch(target, options, signal) {
      if (++watches > 1) return yield* inner.watch(target, options, signal)
      // Nothing was told, and the revision is forgotten.
      await plain.delete(ref)
      throw expired('too old resource version')
    },
  }
  const told: string[] = []
  const stop = new AbortController()
  const goneIsTold = new Promise<void>((resolve) => {
    const changed = ({ name }: { readonly name: string }) => {
      told.push(name)
      if (told.length === 2) resolve()
    }
    const { name: _, ...query } = ref
    void createKubeApi({ transport, clock: systemClock }).watch(query, changed, stop.signal)
  })
  await goneIsTold
  stop.abort()
  expect(told).toEqual(['c', 'c'])
  expect(await plain.get(ref)).toBeUndefined()
})
