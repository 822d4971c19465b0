/** Puts links to this command into a folder: under the name of another program it behaves as that one (cli/compat/names.ts). */
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Run } from '../../cli/command.ts'
import { NAMES } from '../../cli/compat/names.ts'
import { CommandFailed, EXIT } from '../../cli/failure.ts'
import type { Terminal } from '../../cli/terminal.ts'

const COMMAND = fileURLToPath(new URL('../../../../../bin/larder', import.meta.url))

export const run: Run = ({ args, options }, terminal) => {
  const dir = folderOf(options.dir, terminal)
  const unknown = args.find((name) => !NAMES.has(name))
  if (unknown !== undefined)
    throw new CommandFailed(EXIT.usage, `"${unknown}" is no name of this command`, {
      why: `there are: ${[...NAMES.keys()].join(', ')}`,
    })
  // All are looked at before the first is written: of two names none or both are there.
  for (const name of args) refuseOthers(name, dir, options.force === true, terminal)
  mkdirSync(dir, { recursive: true })
  for (const name of args) terminal.out(`${link(join(dir, name))}\n`)
  if (!pathOf(terminal).includes(dir)) terminal.note(`${dir} is not on your PATH.\nNext  export PATH="${dir}:$PATH"\n`)
  return Promise.resolve()
}

function folderOf(dir: string | undefined, { cwd, env }: Terminal): string {
  if (dir === undefined)
    throw new CommandFailed(EXIT.usage, 'which folder? --dir is missing', {
      next: 'larder compat install --dir ~/.local/bin tanzu',
    })
  // A shell leaves it alone in --dir=~/bin.
  return resolve(cwd, dir.replace(/^~(?=\/|$)/, env['HOME'] ?? '~'))
}

const pathOf = ({ env, cwd }: Terminal): readonly string[] =>
  (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => resolve(cwd, folder))

function refuseOthers(name: string, dir: string, force: boolean, terminal: Terminal): void {
  const here = join(dir, name)
  if (isThere(here) && !isOurs(here))
    throw new CommandFailed(EXIT.conflict, `${here} is another program`, {
      why: 'it would be lost, so --force does not overwrite it either',
      next: 'choose another --dir, or move it away',
    })
  const other = pathOf(terminal)
    .map((folder) => join(folder, name))
    .find((file) => isProgram(file) && !isOurs(file))
  if (other !== undefined && !force)
    throw new CommandFailed(EXIT.conflict, `${other} is another program of that name`, {
      why: `${here} would hide it, or be hidden by it`,
      next: `say --force, or call this one as larder ${NAMES.get(name)!.join(' ')}`.trimEnd(),
    })
}

function link(file: string): string {
  if (isThere(file)) {
    const target = readsTo(file)
    // What is no link is a file beside our own, one of the names that this package comes with: to replace it would change the package.
    if (target === undefined || target === COMMAND) return `${file} is there already`
    unlinkSync(file)
  }
  symlinkSync(COMMAND, file)
  return `${file} -> ${COMMAND}`
}

function isThere(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined
}

const readsTo = (file: string): string | undefined =>
  lstatSync(file).isSymbolicLink() ? readlinkSync(file) : undefined

/** A link to a `larder` of any clone, also to one that was moved away since, or a file beside our own. */
function isOurs(file: string): boolean {
  if (readsTo(file)?.endsWith('/bin/larder')) return true
  return existsSync(file) && dirname(realpathSync(file)) === dirname(COMMAND)
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return !lstatSync(realpathSync(file)).isDirectory()
  } catch {
    return false
  }
}
