/**
 * README's five minutes, as they stand: its shell blocks run one after the other in one shell, and what they print is what stands
 * below them.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LARDER } from '../testing/hub.ts'
import { kubectl } from '../testing/kubectl.ts'
import { run } from '../testing/processes.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const SECTION = '## Five minutes'
const MARK = '@@@ end of block'

interface Step {
  readonly commands: string
  /** Line by line; `…` stands for anything. */
  readonly output: readonly string[]
}

/** The shell blocks of the section, each with the block of output behind it. */
function steps(): readonly Step[] {
  const section = readFileSync(join(ROOT, 'README.md'), 'utf8').split(SECTION)[1]!.split(/^## /m)[0]!
  const blocks = [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text]) => ({
    language,
    text: text!,
  }))
  return blocks.flatMap((block, i) => {
    if (block.language !== 'sh') return []
    const next = blocks[i + 1]
    const output = next?.language === 'text' ? next.text.trimEnd().split('\n') : []
    return [{ commands: block.text, output }]
  })
}

/** A folder that looks like a fresh clone, whose hub gets ports that nobody else has. */
let clone: string
let ports: { http: number; api: number }
beforeAll(async () => {
  clone = mkdtempSync(join(tmpdir(), 'larder-readme-'))
  for (const name of readdirSync(ROOT)) if (name !== '.larder') symlinkSync(join(ROOT, name), join(clone, name))
  ports = { http: await freePort(), api: await freePort() }
  mkdirSync(join(clone, '.larder'))
  writeFileSync(join(clone, '.larder/ports.json'), JSON.stringify(ports))
  mkdirSync(join(clone, '.path'))
  symlinkSync((await kubectl()).path, join(clone, '.path/kubectl'))
})
afterAll(async () => {
  await run(process.execPath, [LARDER, 'down', '--data', join(clone, '.larder')])
  rmSync(clone, { recursive: true, force: true })
})

test('the first five minutes print what README says', async () => {
  const all = steps()
  expect(all).toHaveLength(3)
  const script = ['set -e', ...all.map(({ commands }) => `${commands}\necho; echo '${MARK}'`)].join('\n')
  const finished = await run('bash', ['-c', script], {
    cwd: clone,
    // What `npm start` does before it starts was done before the tests, and must not be done beneath others that run.
    env: {
      PATH: `${join(clone, '.path')}:${process.env['PATH']}`,
      PWD: clone,
      KUBECONFIG: undefined,
      npm_config_ignore_scripts: 'true',
    },
    timeoutMs: 120_000,
  })
  expect(finished, finished.stderr).toMatchObject({ code: 0 })
  const printed = finished.stdout.split(`${MARK}\n`).map(lines)
  for (const [i, { output }] of all.entries()) {
    const shown = printed[i]!.map((line) => line.replace(`:${ports.api}`, ':7701').replace(`:${ports.http}`, ':7700'))
    expect(shown.map((line, at) => (matches(line, output[at]) ? output[at] : line))).toEqual(output)
  }
})

/** Without what npm says of the script that it runs. */
const lines = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && !line.startsWith('> '))

function matches(line: string, expected: string | undefined): boolean {
  const pattern = expected
    ?.split('…')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('.+')
  return pattern !== undefined && new RegExp(`^${pattern}$`).test(line)
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolved, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolved(port))
    })
  })
}
