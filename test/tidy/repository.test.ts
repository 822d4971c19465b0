/** Tests about the repository itself: links that lead somewhere, dependencies that somebody defends, no leftovers. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)))
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

test('links in Markdown lead to files that exist', () => {
  const pages = tracked.filter((file) => file.endsWith('.md'))
  expect(pages).toContain('README.md')
  const dead = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target]) => target!)
      .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(ROOT, dirname(page), target)))
      .map((target) => `${page} -> ${target}`),
  )
  expect(dead).toEqual([])
})

test('every dependency has its sentence in docs/dependencies.md, and nothing else has', () => {
  const manifests = tracked.filter((file) => /(^|\/)package\.json$/.test(file))
  const used = manifests.flatMap((file) => {
    const manifest = JSON.parse(read(file)) as { dependencies?: object; devDependencies?: object }
    return [...Object.keys(manifest.dependencies ?? {}), ...Object.keys(manifest.devDependencies ?? {})]
  })
  const outside = [...new Set(used.filter((name) => !name.startsWith('@larder/')))].sort()
  const defended = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name!).sort()
  expect(defended).toEqual(outside)
})

test('no marks of unfinished work in the sources', () => {
  const marked = tracked
    .filter((file) => /\.(ts|mjs|js)$/.test(file) && !file.startsWith('test/tidy/'))
    .filter((file) => /\b(TODO|FIXME|XXX|HACK)\b|\.only\(|\bdebugger\b/.test(read(file)))
  expect(marked).toEqual([])
})

/** What a test needs and not everybody has; each that asks for it is named, so that nothing is left out unseen. */
const CONDITIONAL = {
  // They mount a small disk to fill it, or change to another account: who runs the tests as root has them all.
  isRoot: [
    'packages/hub/src/controllers/engine-failures.test.ts: a full disk; with space again, it is made',
    'packages/hub/src/drivers/process/driver.test.ts: a hub that is root runs it as nobody',
    'packages/hub/src/drivers/process/failures.test.ts: below a home that only root may enter',
    'packages/hub/src/drivers/process/failures.test.ts: the disk is full',
    'packages/hub/src/drivers/process/sql.test.ts: a program of many files in a folder that its account may not enter',
    'test/journeys/data-folder.test.ts: a full disk is told with what to do, and with space the hub starts',
  ],
}

test('tests skip nothing in silence', () => {
  const files = tracked.filter((file) => file.endsWith('.test.ts') && !file.startsWith('test/tidy/'))
  const skipping = files.filter((file) => /\b(test|it|describe)\.(skip|todo)\b|\bskip\(|\.skipIf\(/.test(read(file)))
  expect(skipping).toEqual([])
  const conditional = files.flatMap((file) =>
    [...read(file).matchAll(/\.runIf\((?:(\w+)\)\(\s*'([^']+)')?/g)].map(
      ([, needs, title]) => `${needs}: ${file}: ${title}`,
    ),
  )
  const named = Object.entries(CONDITIONAL).flatMap(([needs, tests]) => tests.map((each) => `${needs}: ${each}`))
  expect(conditional.toSorted()).toEqual(named.toSorted())
})

test('kit has no dependencies', () => {
  expect(JSON.parse(read('packages/kit/package.json'))).not.toHaveProperty('dependencies')
})
