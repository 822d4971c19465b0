/** What `package install` makes beside an install goes with that one, and with no other whose name reads the same. */
import {
  clusterRoleBindingType,
  clusterRoleType,
  namespaceType,
  serviceAccountType,
} from '@larder/engine/client/builtin'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { testHub, type TestHub } from '../../../../controllers/testing/hub.ts'
import type { Terminal } from '../../../terminal.ts'
import { annotationsOf, deleteOwned, keepAccount } from './owned.ts'

const terminal: Terminal = {
  out: () => {},
  note: () => {},
  interactive: false,
  colour: false,
  env: {},
  cwd: '/',
  signal: new AbortController().signal,
  now: () => 0,
}
const [one, other] = [
  { name: 'a-b', namespace: 'c' },
  { name: 'a', namespace: 'b-c' },
]

let hub: TestHub
beforeEach(async () => {
  hub = await testHub({ drivers: [] })
  for (const name of ['c', 'b-c']) await hub.admin.of(namespaceType).create({ metadata: { name } })
})
afterEach(() => hub.stop())

const left = async () => [
  (await hub.admin.of(clusterRoleType).find('a-b-c-cluster-role')) !== undefined,
  (await hub.admin.of(clusterRoleBindingType).find('a-b-c-cluster-rolebinding')) !== undefined,
  (await hub.admin.of(serviceAccountType).find('a-b-c-sa', 'c')) !== undefined,
]

test('an install in another namespace neither takes over nor deletes what has the same names', async () => {
  await keepAccount(hub.admin, one, terminal)
  await keepAccount(hub.admin, one, terminal)
  await expect(keepAccount(hub.admin, other, terminal)).rejects.toThrow(
    'ClusterRole a-b-c-cluster-role is there already, and was not made for this install',
  )
  const { subjects } = await hub.admin.of(clusterRoleBindingType).get('a-b-c-cluster-rolebinding')
  expect(subjects).toMatchObject([{ namespace: 'c' }])
  await deleteOwned(hub.admin, other, terminal)
  expect(await left()).toEqual([true, true, true])
  await deleteOwned(hub.admin, one, terminal)
  expect(await left()).toEqual([false, false, false])
})

test('a role made by a command that does not say its namespace goes with the install whose annotation it has', async () => {
  const metadata = { name: 'a-b-c-cluster-role', annotations: annotationsOf(one) }
  await hub.admin.of(clusterRoleType).create({ metadata, rules: [] })
  await deleteOwned(hub.admin, one, terminal)
  expect(await left()).toEqual([false, false, false])
})
