/** Small objects that would become large: each is refused in words that name what is too large, before the hub has it in memory. */
import { describe, expect, test } from 'vitest'
import { createBudget } from './budget.ts'
import type { Neighbours } from './fetch/source.ts'
import { fetchAll } from './fetch/source.ts'
import type { TemplateStep, FetchSource } from './kinds.ts'
import { templateAll } from './template/template.ts'
import { mergeValues } from './template/values.ts'

const signal = new AbortController().signal
const MB = 1024 * 1024

/** One Secret and one ConfigMap that everything names. */
const holding = (text: string): Neighbours => ({
  secret: (name) =>
    Promise.resolve({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name },
      data: { a: Buffer.from(text).toString('base64') },
    }),
  configMap: (name) => Promise.resolve({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: text } }),
})

const made = (file: string, steps: readonly TemplateStep[], text: string) =>
  templateAll(steps, {
    files: new Map([['a.yml', `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n${file}\n`]]),
    neighbours: holding(text),
    secrets: [],
    signal,
    budget: createBudget(),
  })

const filling = [{ values: { valuesFrom: [{ secretRef: { name: 'v' } }] } }]

describe('a small object that becomes large', () => {
  const big = `a: ${'x'.repeat(MB)}`

  test.each([
    ['a value in many places of a text', `data: {x: "${'$(values.a)'.repeat(400)}"}`, 'values.a'],
    ['all values in many places of a text', `data: {x: "${'$(values)-'.repeat(400)}"}`, 'values'],
    ['all values in many places of a list', `data: [${'$(values),'.repeat(400)}]`, 'values'],
  ])('%s is refused by name', async (_, file, what) => {
    await expect(made(file, filling, big)).rejects.toThrow(
      `a.yml with ${what} in it is too large: all files and values`,
    )
  })

  test('one Secret that is named a thousand times for values is refused', async () => {
    const valuesFrom = Array.from({ length: 1000 }, () => ({ secretRef: { name: 'v' } }))
    await expect(made('', [{ values: { valuesFrom } }], big)).rejects.toThrow('Reading values: Secret "v" is too large')
  })

  test.each(['secretRef', 'configMapRef'])(
    'one object that is named a thousand times for files by %s is refused',
    async (ref) => {
      const pathsFrom = Array.from({ length: 1000 }, (_, i) => ({ [ref]: { name: 'v', directoryPath: String(i) } }))
      const fetching = {
        neighbours: holding(big),
        signal,
        budget: createBudget(),
        images: undefined as never,
        secrets: [],
      }
      await expect(fetchAll([{ inline: { pathsFrom } }] as readonly FetchSource[], fetching)).rejects.toThrow(
        /^Fetching resources: spec\.fetch\[0\]\.inline\.pathsFrom\[1\d\] is too large/,
      )
    },
  )

  test.each([
    ['a long list', '- a\n'.repeat(200_000), 'words and signs'],
    ['a long text', `x: ${'y'.repeat(2 * MB)}`, '2097152 bytes'],
    ['many aliases', `a: &x 1\nb:\n${'- *x\n'.repeat(600)}`, '500 aliases'],
    ['a few aliases of much', `a: &x ${'y'.repeat(MB)}\nb:\n${'- *x\n'.repeat(50)}`, 'all files and values'],
  ])('YAML that is %s is refused', async (_, text, limit) => {
    const failed = mergeValues([{ name: 'key a', text }], createBudget())
    await expect(failed).rejects.toThrow(/^Reading values: key a is too large: /)
    await expect(failed).rejects.toThrow(limit)
  })

  test('what many small files have in all counts', async () => {
    const files = new Map(Array.from({ length: 100 }, (_, i) => [`${i}.yml`, '- a\n'.repeat(5000)] as const))
    const made = templateAll([], { files, neighbours: holding(''), secrets: [], signal, budget: createBudget() })
    await expect(made).rejects.toThrow(/^Templating dir: \d+\.yml is too large: all YAML may have/)
  })
})

const read = (lines: readonly string[]) => mergeValues([{ name: 'v', text: lines.join('\n') }], createBudget())

describe('YAML', () => {
  test('with ten thousand keys is read at once, and a key that is there twice is refused with its line', async () => {
    const keys = Array.from({ length: 10_000 }, (_, i) => `k${i}: 1`)
    expect(Object.keys(await read(keys))).toHaveLength(10_000)
    await expect(read([...keys, 'k5: 2'])).rejects.toThrow('Reading values: v is no YAML: DUPLICATE_KEY')
    await expect(made('a: 1\na: 2', [], '')).rejects.toThrow('Templating dir: a.yml:5 is no YAML: DUPLICATE_KEY')
  })
})
