import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '@larder/engine/base/clock'
import { randomIds } from '@larder/engine/base/ids'
import type { JsonObject } from '@larder/engine/base/json'
import { silentLog } from '@larder/engine/base/log'
import type { Api } from '@larder/engine/apiserver/api'
import { createApi } from '@larder/engine/apiserver/core/api'
import { inProcessTransport } from '@larder/engine/apiserver/in-process'
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
