/** Where an engine's program is, and how the account that shall run it gets at it. */
import { chmod, copyFile, link, realpath, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
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
}

/** Looks for engines; given to the driver, which knows none by name. */
export interface EngineFinder {
  find(engine: ProcessRecipe['engine']): Promise<FoundEngine | undefined>
  /** For `Backend.status.info`: what was found, with versions, and what can be installed. */
  list(): Promise<Json>
}

/**
 * The command as the engine's account can run it, seen from its working folder. A program in a folder that the account
 * may not enter (a home with mode 0700) is linked into the instance's folder, which it reaches by a relative path.
 */
export async function runnableCommand(
  engine: FoundEngine,
  folder: InstanceFolder,
  account: Account | undefined,
): Promise<string> {
  if (!account || blockingFolder(engine.command, account) === undefined) return engine.command
  const source = await realpath(engine.command)
  const target = join(folder.inner('config'), basename(source))
  if ((await namesIn(folder.inner('config'))).includes(basename(source))) await rm(target)
  const everybodyMayRun = ((await stat(source)).mode & 0o005) === 0o005
  const linked = everybodyMayRun && (await tryLink(source, target))
  if (!linked) {
    await copyFile(source, target)
    await chmod(target, 0o755)
  }
  return `../config/${basename(source)}`
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
