/** Finds engines: on PATH first, since what a person installed is what they mean, then among the installed ones. */
import { execFile } from 'node:child_process'
import { access, constants, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'
import type { Json } from '@larder/kit'
import { defaultEnginesDir } from './folder.ts'
import type { InstalledEngine } from './folder.ts'
import { INSTALLABLE_ENGINES } from './registry.ts'

export interface EngineSought {
  name: string
  /** Names for PATH, or absolute; there a `*` stands for anything in one name, of which the newest version counts. */
  commands: readonly string[]
  version?: { arguments: readonly string[]; pattern: string }
}

export interface EngineFound {
  /** Absolute. */
  command: string
  version?: string
  source: 'path' | 'installed'
  /** Absolute: the folder that must stay together for the command to work, when it is more than one file. */
  tree?: string
}

export interface EngineFinderOptions {
  dir?: string
  path?: string | undefined
}

export function engineFinder(options: EngineFinderOptions = {}): {
  find(engine: EngineSought): Promise<EngineFound | undefined>
  list(): Promise<Json>
} {
  const versions = new Map<string, string | undefined>()
  const find = (engine: EngineSought): Promise<EngineFound | undefined> => findEngine(engine, options, versions)
  return {
    find,
    async list() {
      const found: Record<string, Json> = {}
      for (const engine of INSTALLABLE_ENGINES) {
        const at = await find(engine)
        found[engine.name] = at
          ? { found: true, ...at }
          : { found: false, message: `neither on PATH nor installed; run: larder engine add ${engine.name}` }
      }
      return found
    },
  }
}

/** Undefined: nowhere. Looked for anew each time, so that one that was just installed is there. */
export async function findEngine(
  engine: EngineSought,
  options: EngineFinderOptions = {},
  versions: Map<string, string | undefined> = new Map(),
): Promise<EngineFound | undefined> {
  const command = await findOnPath(engine.commands, options.path ?? process.env['PATH'] ?? '')
  if (!command) return findInstalled(engine.name, options.dir ?? defaultEnginesDir())
  const { mtimeMs } = await stat(command)
  const key = `${command} ${mtimeMs}`
  if (!versions.has(key)) versions.set(key, engine.version && (await versionOf(command, engine.version)))
  const version = versions.get(key)
  return { command, source: 'path', ...(version === undefined ? {} : { version }) }
}

/** Undefined: it ran and said nothing of the pattern, or does not run at all. */
export async function versionOf(
  command: string,
  how: { arguments: readonly string[]; pattern: string },
): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(command, [...how.arguments], { timeout: 10_000 })
    return new RegExp(how.pattern).exec(stdout)?.[1]
  } catch {
    return undefined
  }
}

async function findOnPath(commands: readonly string[], path: string): Promise<string | undefined> {
  for (const command of commands) {
    const candidates = isAbsolute(command)
      ? await matches(command)
      : path.split(delimiter).map((folder) => join(folder, command))
    for (const candidate of candidates) {
      if (isAbsolute(candidate) && (await isProgram(candidate))) return realpath(candidate)
    }
  }
  return undefined
}

// Systems that keep several versions of a server side by side put none of them on PATH.
async function matches(pattern: string): Promise<string[]> {
  const star = pattern.split('/').findIndex((name) => name.includes('*'))
  if (star < 0) return [pattern]
  const names = pattern.split('/')
  const folder = names.slice(0, star).join('/')
  const [before = '', after = ''] = (names[star] ?? '').split('*')
  const found = await readdir(folder).catch(() => [])
  return found
    .filter((name) => name.startsWith(before) && name.endsWith(after) && name.length >= before.length + after.length)
    .sort(newestFirst)
    .map((name) => join(folder, name, ...names.slice(star + 1)))
}

const newestFirst = (a: string, b: string): number => b.localeCompare(a, 'en', { numeric: true })

export async function findInstalled(name: string, dir: string): Promise<EngineFound | undefined> {
  const folders = await readdir(join(dir, name)).catch(() => [])
  const byVersion = folders.sort(newestFirst)
  for (const folder of byVersion) {
    const manifest = await readFile(join(dir, name, folder, 'engine.json'), 'utf8').catch(() => undefined)
    if (manifest === undefined) continue
    const installed = JSON.parse(manifest) as InstalledEngine
    const command = join(dir, name, folder, installed.command)
    if (!(await isProgram(command))) continue
    const tree = installed.tree === undefined ? {} : { tree: join(dir, name, folder, installed.tree) }
    return { command, version: installed.version, source: 'installed', ...tree }
  }
  return undefined
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
