/**
 * A page of docs as a script. Its `sh` blocks run one after the other in one shell, in a folder of their own; a block with `file=NAME`
 * behind its language is written there first; and what a `sh` block prints to standard output is the `text` block behind it, where `…` stands
 * for what differs each time. A `sh` block without one may print anything. `sh skip` is for what a test cannot do, and says why. Files that
 * lie beside the page are in that folder, too.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { LARDER } from '../testing/hub.ts'
import { kubectl } from '../testing/kubectl.ts'
import { pathWithNats } from '../testing/nats.ts'
import { run, type Finished } from '../testing/processes.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const MARK = '@@@ end of block'

interface Block {
  readonly language: string
  /** The words behind the language. */
  readonly notes: readonly string[]
  readonly text: string
}

interface Step {
  readonly commands: string
  /** Undefined: anything. */
  readonly output: readonly string[] | undefined
}

export interface Page {
  readonly files: ReadonlyMap<string, string>
  readonly steps: readonly Step[]
  /** The page starts a hub itself. */
  readonly startsHub: boolean
}

export function readPage(path: string): Page {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const blocks = [...text.matchAll(/^```(\w+)([^\n]*)\n(.*?)^```$/gms)].map(([, language, notes, content]): Block => ({
    language: language!,
    notes: notes!.trim().split(/\s+/),
    text: content!,
  }))
  const files = blocks.flatMap(({ notes, text: content }) => {
    const file = notes.find((note) => note.startsWith('file='))
    return file ? [[file.slice('file='.length), content] as const] : []
  })
  const steps = blocks.flatMap((block, i) => {
    if (block.language !== 'sh' || block.notes.includes('skip')) return []
    const next = blocks[i + 1]
    const output = next?.language === 'text' ? linesOf(next.text) : undefined
    return [{ commands: block.text, output }]
  })
  return {
    files: new Map([...filesBeside(path), ...files]),
    steps,
    startsHub: /^```sh\n[^`]*larder (up|hub) /m.test(text),
  }
}

function filesBeside(path: string): readonly (readonly [name: string, text: string])[] {
  const folder = dirname(join(ROOT, path))
  const found = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.endsWith('.md'),
  )
  return found.map(({ name }) => [name, readFileSync(join(folder, name), 'utf8')])
}

export interface Shown {
  /** What each step printed, where it fits what the page says in the words of the page. */
  readonly printed: readonly (readonly string[])[]
  readonly finished: Finished
}

/** Runs the page, and stops every hub that it left. `env` beside what the shell has anyway. */
export async function runPage(page: Page, env: Readonly<Record<string, string>> = {}): Promise<Shown> {
  const folder = mkdtempSync(join(tmpdir(), 'larder-page-'))
  const path = await toolsOf(folder)
  // As in a clone, or where somebody has installed what a page names.
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const [name, content] of page.files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  // Ports that nobody else has: a page says `larder up` and means the usual ones.
  mkdirSync(join(folder, '.larder'))
  writeFileSync(join(folder, '.larder/ports.json'), JSON.stringify({ http: await freePort(), api: await freePort() }))
  const begin = page.startsHub ? [] : ['larder up --detach --wait', 'export KUBECONFIG=$PWD/.larder/kubeconfig']
  const script = [
    'set -e',
    // What a page runs in the background must not outlive a page that failed.
    `trap 'kill $(jobs -p) 2> /dev/null || true' EXIT`,
    ...begin,
    `echo '${MARK}'`,
    ...page.steps.map(({ commands }) => `${commands}\necho; echo '${MARK}'`),
  ].join('\n')
  try {
    const options = {
      ...env,
      KUBECACHEDIR: join(folder, '.kube-cache'),
      KUBECONFIG: undefined,
      PATH: `${path}:${pathWithNats()}`,
    }
    const finished = await run('bash', ['-c', script], { cwd: folder, env: options, timeoutMs: 180_000 })
    const printed = finished.stdout.split(`${MARK}\n`).slice(1).map(linesOf)
    return { finished, printed: page.steps.map(({ output }, i) => asWritten(printed[i] ?? [], output)) }
  } finally {
    await run(process.execPath, [LARDER, 'down', '--data', join(folder, '.larder')])
    await rm(folder, { recursive: true, force: true })
  }
}

/** `larder` and `kubectl` by those names. */
async function toolsOf(folder: string): Promise<string> {
  const path = join(folder, '.path')
  mkdirSync(path)
  symlinkSync((await kubectl()).path, join(path, 'kubectl'))
  symlinkSync(LARDER, join(path, 'larder'))
  return path
}

const linesOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')

const asWritten = (lines: readonly string[], output: readonly string[] | undefined): readonly string[] =>
  lines.map((line, i) => (matches(line, output?.[i]) ? output![i]! : line))

/** Columns are as wide as what is in them, which may differ: any run of spaces is one. */
function matches(line: string, expected: string | undefined): boolean {
  if (expected === undefined) return false
  const pattern = narrow(expected)
    .split('…')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('.*')
  return new RegExp(`^${pattern}$`).test(narrow(line))
}

const narrow = (text: string): string => text.replaceAll(/ {2,}/g, '  ')

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
