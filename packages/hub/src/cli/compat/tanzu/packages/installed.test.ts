/** What `package installed update` says is true of the values that it brought, and not of those before. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { secretType } from '@larder/engine/client/builtin'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { installKind, repositoryKind } from '../../../../companions/carvel-packaging/kinds.ts'
import {
  at,
  NAMESPACE,
  packagingHub,
  type PackagingHub,
} from '../../../../companions/carvel-packaging/testing/packaging-hub.ts'
import { cachePackage } from '../../../../companions/carvel-packaging/testing/packages.ts'
import type { Terminal } from '../../../terminal.ts'
import { update } from './installed.ts'
import { installType } from './kinds.ts'
import { keepValues } from './owned.ts'

const place = { name: 'cache', namespace: NAMESPACE }
const SECRET = `cache-${NAMESPACE}-values`
let house: PackagingHub
let folder: string
let said: string
const terminal = (): Terminal => ({
  out: (text) => (said += text),
  note: () => {},
  interactive: false,
  colour: false,
  env: {},
  cwd: folder,
  signal: new AbortController().signal,
  now: () => Date.now(),
})

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'larder-tanzu-test-'))
  said = ''
  house = await packagingHub()
  await house.account()
  await house.repository({ 'packages/a.yml': cachePackage('1.0.0') })
  await house.is(repositoryKind, 'ReconcileSucceeded', 'references')
  await keepValues(house.hub.admin, place, 'name: one\nsize: 1', terminal())
  await house.install({
    serviceAccountName: 'installer',
    packageRef: { refName: 'cache.example.com' },
    values: [{ secretRef: { name: SECRET } }],
  })
  await house.is(installKind, 'ReconcileSucceeded')
})
afterEach(async () => {
  await house.hub.stop()
  rmSync(folder, { recursive: true })
})

const updated = async (values: string) => {
  writeFileSync(join(folder, 'values.yaml'), values)
  const current = await house.hub.admin.of(installType).get('cache', NAMESPACE)
  await update(house.hub.admin, place, current, { 'values-file': 'values.yaml' }, terminal())
}
const paused = async () => (await house.hub.admin.of(installType).get('cache', NAMESPACE)).spec.paused

test('what was true before new values is not told of them, however long the hub takes to look', async () => {
  await house.hub.kill()
  const wrong = updated('name: one\nsize: 9')
  await house.hub.until('the pause', async () => ((await paused()) ? true : undefined))
  await house.hub.start()
  await expect(wrong).rejects.toMatchObject({
    message: 'PackageInstall shop/cache: reconcile failed',
    why: 'values.size: Invalid value: values.size in body should be less than or equal to 5',
  })
  await updated('name: one\nsize: 2')
  expect(said).toContain("'PackageInstall' resource successfully reconciled\n")
  expect((await house.config('one'))?.['size']).toBe('of 2')
  expect(await paused()).toBeUndefined()
})

test('an update that goes wrong leaves no pause behind', async () => {
  await house.hub.admin.of(secretType).delete(SECRET, at)
  await house.values('name: one', SECRET)
  await expect(updated('name: two')).rejects.toThrow(`Secret ${SECRET} is there already`)
  expect(await paused()).toBeUndefined()
})

test('a pause of somebody else stays, and is told', async () => {
  await house.hub.admin.of(installKind).patch('cache', { spec: { paused: true } }, at)
  await updated('name: two')
  expect(said).toContain("Package install 'cache' is paused: this counts once it goes on\n")
  expect(said).toContain(`kubectl patch packageinstall cache -n ${NAMESPACE} --type merge -p '{"spec":`)
  expect(said).not.toContain('successfully reconciled')
  expect(await paused()).toBe(true)
  await house.hub.admin.of(installKind).patch('cache', { spec: { paused: null } }, at)
  await house.hub.until('the new values', () => house.config('two'))
})
