/** Where an engine's program is, and how the account that shall run it gets at it. */
import { createHash } from 'node:crypto'
import { chmod, copyFile, link, mkdir, readdir, readlink, realpath, rename, rm, stat, symlink } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import type { Json } from '@larder/kit'
import { blockingFolder } from './account.ts'
import type { Account } from './account.ts'
import type { InstanceFolder } from './folder.ts'
import { namesIn } from './folder.ts'
import type { ProcessRecipe } from './recipe.ts'

export interface FoundEngine {
  /** Absolute. */
  command: string
  version?: string
  source: 'path' | 'installed'
  /** Absolute: the folder that must stay together for the command to work, when it is more than one file. */
  tree?: string
}

/** Looks for engines; given to the driver, which knows none by name. */
export interface EngineFinder {
  find(engine: ProcessRecipe['engine']): Promise<FoundEngine | undefined>
  /** For `Backend.status.info`: what was found, with versions, and what can be installed. */
  list(): Promise<Json>
}

/**
 * The command as the engine's account can run it, seen from its working folder. A program in a folder that the account
 * may not enter (a home with mode 0700) is linked into the instance's folder, which it reaches by a relative path: alone, or
 * with the folder that it needs around it.
 */
export async function runnableCommand(
  engine: FoundEngine,
  folder: InstanceFolder,
  account: Account | undefined,
): Promise<string> {
  if (!account || blockingFolder(engine.command, account) === undefined) return engine.command
  const source = await realpath(engine.command)
  if (engine.tree !== undefined) {
    const tree = await realpath(engine.tree)
    return `../config/${await placeTree(tree, folder)}/${relative(tree, source)}`
  }
  const target = join(folder.inner('config'), basename(source))
  if ((await namesIn(folder.inner('config'))).includes(basename(source))) await rm(target)
  await place(source, target)
  return `../config/${basename(source)}`
}

/** Named after where it comes from: another version is placed anew, the same one is there already. */
async function placeTree(tree: string, folder: InstanceFolder): Promise<string> {
  const config = folder.inner('config')
  const name = `engine-${createHash('sha256').update(tree).digest('hex').slice(0, 12)}`
  const there = await namesIn(config)
  if (there.includes(name)) return name
  for (const old of there.filter((n) => n.startsWith('engine-'))) await rm(join(config, old), { recursive: true })
  const draft = join(config, `${name}.draft`)
  await copyTree(tree, draft)
  await rename(draft, join(config, name))
  return name
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o755 })
  // Whatever the hub's umask says, the engine's account passes.
  await chmod(to, 0o755)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) await copyTree(source, target)
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target)
    else await place(source, target)
  }
}

/** A link, or a copy where there can be none or where it would keep others out. */
async function place(source: string, target: string): Promise<void> {
  const { mode } = await stat(source)
  const right = mode & 0o100 ? 0o005 : 0o004
  if ((mode & right) === right && (await tryLink(source, target))) return
  await copyFile(source, target)
  await chmod(target, mode & 0o100 ? 0o755 : 0o644)
}

async function tryLink(source: string, target: string): Promise<boolean> {
  try {
    await link(source, target)
    return true
  } catch (error) {
    // Another file system, or one without links.
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EXDEV' || code === 'EPERM' || code === 'EMLINK') return false
    throw error
  }
}
