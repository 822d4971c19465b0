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

test('tests skip nothing in silence', () => {
  const skipping = tracked
    .filter((file) => file.endsWith('.test.ts') && !file.startsWith('test/tidy/'))
    .filter((file) => /\b(test|it|describe)\.(skip|todo)\b|\.skipIf\(/.test(read(file)))
  expect(skipping).toEqual([])
})

test('kit has no dependencies', () => {
  expect(JSON.parse(read('packages/kit/package.json'))).not.toHaveProperty('dependencies')
})
