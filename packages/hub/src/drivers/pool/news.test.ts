import { createApi } from '@larder/engine/apiserver/core/api'
import type { Api } from '@larder/engine/apiserver/api'
import { inProcessTransport } from '@larder/engine/apiserver/in-process'
import { systemClock } from '@larder/engine/base/clock'
import { randomIds } from '@larder/engine/base/ids'
import { silentLog } from '@larder/engine/base/log'
import { turnedClock } from '@larder/engine/base/testing/turned-clock'
import { openMemoryStore } from '@larder/engine/storage/memory/store'
import { createNews, denied, type KubeApi } from '@larder/kit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createKubeApi } from '../../controllers/session/kube-api.ts'

const member = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'member' }
const written = (version: string) => {
  const { name, namespace, ...kind } = member
  return { ...kind, metadata: { name, namespace }, data: { version } }
}

let api: Api
let kube: KubeApi
let stop: AbortController
beforeEach(async () => {
  api = await createApi({ store: openMemoryStore(), clock: systemClock, ids: randomIds, log: silentLog })
  const transport = inProcessTransport(api, { name: 'driver', groups: ['system:masters'] })
  kube = createKubeApi({ transport, clock: systemClock })
  stop = new AbortController()
})
afterEach(async () => {
  stop.abort()
  await api.close()
})

/** What is told from now on, with the clock that the news wait by. */
function heard(through: KubeApi = kube) {
  const clock = turnedClock()
  const news = createNews(through, clock)
  news.about(member, 'holder')
  const told: string[] = []
  const begin = () => news.tell((id) => told.push(id), stop.signal)
  return { clock, told, begin }
}

test('a member that went between the first look and the begin of its watch is looked at again', async () => {
  await kube.apply(written('1'), 'owner')
  const { told, begin } = heard()
  await kube.delete(member)
  const over = begin()
  await expect.poll(() => told).toEqual(['holder'])
  stop.abort()
  await over
  expect(told).toEqual(['holder'])
})

test('who holds a member hears of its change, and not of that of its neighbours', async () => {
  const { told, begin } = heard()
  void begin()
  await expect.poll(() => told).toEqual(['holder'])
  const { metadata, ...neighbour } = written('1')
  await kube.apply({ ...neighbour, metadata: { ...metadata, name: 'neighbour' } }, 'owner')
  await kube.apply(written('1'), 'owner')
  await expect.poll(() => told).toEqual(['holder', 'holder'])
  await kube.apply(written('2'), 'owner')
  await expect.poll(() => told).toEqual(['holder', 'holder', 'holder'])
})

test('a right to watch that is taken away is news at once, and asked for again ever more seldom', async () => {
  const asked: number[] = []
  const { clock, told, begin } = heard({
    ...kube,
    async watch() {
      asked.push(clock.now())
      throw denied('the account of the backend may not watch')
    },
  })
  const startedAt = clock.now()
  void begin()
  await clock.advance(1000)
  expect(asked.map((at) => at - startedAt)).toEqual([0, 250, 750])
  expect(told.length).toBeGreaterThanOrEqual(asked.length)
})
