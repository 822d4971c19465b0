/**
 * The step `ytt`: runs the program of that name, which makes documents of templates and values. It sees a folder of its own with the files
 * and nothing of the environment; a template cannot read beyond the files that it is given, which is ytt's own rule.
 */
import { execFile } from 'node:child_process'
import { access, constants, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { Failed } from '../report.ts'
import { MOST_BYTES, type Files } from '../fetch/files.ts'

export interface YttRun {
  readonly files: Files
  readonly values: readonly { readonly text: string }[]
  /** Texts that must not be told, whatever the program says; asked for once it has said something. */
  readonly secret: () => readonly string[]
  readonly flags: readonly string[]
  readonly signal: AbortSignal
}

const TIMEOUT_MS = 60_000
const LONGEST_MESSAGE = 4000
/** Of what the program says; each secret is looked for in it while nothing else happens. */
const MOST_READ = 2 * LONGEST_MESSAGE

async function findYtt(path = process.env['PATH'] ?? ''): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter((one) => one !== '')) {
    const program = join(folder, 'ytt')
    const isThere = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return program
  }
  return undefined
}

/** Answers YAML. Rejects with `Failed`. */
export async function runYtt(run: YttRun): Promise<string> {
  const program = await findYtt()
  if (program === undefined)
    throw new Failed(
      'Templating dir: the package needs the program ytt, and there is none on PATH of the hub: install ytt there and start the hub again',
    )
  const folder = await mkdtemp(join(tmpdir(), 'larder-ytt-'))
  try {
    for (const [path, content] of run.files) await put(join(folder, 'files', path), content)
    for (const [i, { text }] of run.values.entries()) await put(join(folder, `values-${i}.yaml`), text)
    const values = run.values.flatMap((_, i) => ['--data-values-file', join(folder, `values-${i}.yaml`)])
    await mkdir(join(folder, 'files'), { recursive: true })
    return await execute(program, ['-f', join(folder, 'files'), ...values, ...run.flags], run, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function put(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content, { mode: 0o600 })
}

function execute(
  program: string,
  args: readonly string[],
  { signal, secret }: YttRun,
  folder: string,
): Promise<string> {
  const options = {
    cwd: folder,
    env: {},
    timeout: TIMEOUT_MS,
    // A program may not hear a gentler one.
    killSignal: 'SIGKILL' as const,
    maxBuffer: MOST_BYTES,
    signal,
    encoding: 'utf8' as const,
  }
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout)
      const useful = without(secret(), firstLines(stderr.replaceAll(folder, '')))
        .trim()
        .slice(0, LONGEST_MESSAGE)
      const why =
        useful === '' ? (error.killed === true ? `no end within ${TIMEOUT_MS / 1000}s` : String(error.code)) : useful
      reject(
        new Failed('Templating dir: Error (see .status.usefulErrorMessage for details)', {
          useful: `ytt: ${why}`,
          cause: error,
        }),
      )
    })
  })
}

/** Cut between lines: half a secret would be found no more. */
const firstLines = (text: string): string =>
  text.length <= MOST_READ ? text : text.slice(0, text.lastIndexOf('\n', MOST_READ) + 1)

/** The longest first: one may be part of another. */
const without = (secret: readonly string[], text: string): string =>
  [...new Set(secret)].sort((a, b) => b.length - a.length).reduce((rest, one) => rest.replaceAll(one, '***'), text)
