/** Every page of the tutorial and the how-tos does what it says: its commands run as they stand and print what it shows. */
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { readPage, runPage } from './page.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const PAGES = ['tutorial', 'how-to'].flatMap((folder) =>
  readdirSync(join(ROOT, 'docs', folder)).map((name) => `docs/${folder}/${name}`),
)

test.each(PAGES)('%s', { timeout: 200_000 }, async (path) => {
  const page = readPage(path)
  expect(page.steps.length).toBeGreaterThan(0)
  const { printed, finished } = await runPage(page)
  const said = `${finished.stdout}\n${finished.stderr}`
  page.steps.forEach(({ output, commands }, i) => {
    if (output) expect(printed[i], `${commands}\n${said}`).toEqual(output)
  })
  expect(finished.code, said).toBe(0)
})
