/** What a stranger has: the package of the kit as it would be published, an empty folder, and a driver. */
import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const kit = join(import.meta.dirname, '../../packages/kit')
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'larder-stranger-'))
  await run('npx', ['tsc', '-b', kit], { cwd: join(kit, '../..') })
  await run('npm', ['pack', '--pack-destination', folder], { cwd: kit })
  const [tarball] = readdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'jars', private: true, type: 'module' }))
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`], { cwd: folder })
  copyFileSync(join(import.meta.dirname, 'tiny-driver.test.mjs'), join(folder, 'tiny-driver.test.mjs'))
}, 120_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const suite = (env: Record<string, string>) =>
  run(process.execPath, ['--test', '--test-reporter=tap', 'tiny-driver.test.mjs'], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })

test('the suite runs there on a driver that keeps the rules', async () => {
  const { stdout } = await suite({})
  expect(stdout).toMatch(/# pass [4-9]\d/)
  expect(stdout).toContain('# fail 0')
}, 60_000)

test('and names the rule that a driver breaks', async () => {
  const failed = await suite({ BROKEN: 'yes' }).catch((error: { stdout: string }) => error)
  expect(failed.stdout).toMatch(/^not ok \d+ - D9: bind repeated gives the same credential/m)
}, 60_000)
