/** `kubectl wait` through one watch that begins with what is there, as client-go does it by default from 1.35 on. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'

let hub: Hub
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--api-only')
})
afterAll(() => hub.remove())

const wait = (...args: readonly string[]) =>
  hub.kubectl(['wait', '--timeout=30s', ...args], { env: { KUBE_FEATURE_WatchListClient: 'true' } })

/** What kubectl asked of the collection, as it says with `-v=8`. */
const asked = (log: string): readonly string[] => log.match(/\/api\/v1\/namespaces\/default\/configmaps\?[^" ]*/g) ?? []

test('what is there already ends the wait at once, with no list before', async () => {
  await hub.ok(['create', 'configmap', 'there', '--from-literal=color=red'])
  const waited = await wait('configmap/there', '--for=jsonpath={.data.color}=red', '-v=8')
  expect(waited).toMatchObject({ code: 0, stdout: 'configmap/there condition met\n' })
  expect(asked(waited.stderr).length).toBeGreaterThan(0)
  for (const request of asked(waited.stderr)) expect(request).toContain('sendInitialEvents=true')
})

test('what comes later ends it then', async () => {
  await hub.ok(['create', 'configmap', 'later', '--from-literal=color=red'])
  const waiting = wait('configmap/later', '--for=jsonpath={.data.color}=blue')
  await hub.ok(['patch', 'configmap', 'later', '--type=merge', '-p', '{"data":{"color":"blue"}}'])
  expect(await waiting).toMatchObject({ code: 0, stdout: 'configmap/later condition met\n' })
})

test('a deletion ends it', async () => {
  await hub.ok(['create', 'configmap', 'gone'])
  const waiting = wait('configmap/gone', '--for=delete')
  await hub.ok(['delete', 'configmap', 'gone'])
  expect(await waiting).toMatchObject({ code: 0 })
})
