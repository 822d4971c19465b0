/**
 * A folder with bindings as a program expects it under SERVICE_BINDING_ROOT, written as the kubelet writes volumes: the files
 * of a binding lie in a folder of their own, `..data` points at it, and each key is a link through `..data`. So a program that reads
 * several files of a binding sees all of them before a change or all of them after it.
 */
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

export interface BindingRoot {
  readonly dir: string
  /** Replaces the files of a binding at once; by path as the projection has them, `cache/password`. */
  write(name: string, files: ReadonlyMap<string, Uint8Array>): void
  remove(): void
}

const PREFIX = 'larder-run-'

/** Nobody else may look in: mkdtemp makes it 0700. What a run of this account that was killed could not remove is removed first. */
export function createBindingRoot(parent: string): BindingRoot {
  for (const name of readdirSync(parent))
    if (isLeftOver(parent, name)) rmSync(join(parent, name), { recursive: true, force: true })
  const dir = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`))
  let writes = 0
  return {
    dir,
    write(name, files) {
      const folder = join(dir, name)
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const fresh = `..${++writes}`
      mkdirSync(join(folder, fresh), { mode: 0o700 })
      const keys = [...files].map(([path, value]) => {
        const key = path.slice(name.length + 1)
        writeFileSync(join(folder, fresh, key), value, { mode: 0o600, flag: 'wx' })
        return key
      })
      const former = dataOf(folder)
      // A write that broke off, on a full disk for instance, may have left its link.
      rmSync(join(folder, '..data_tmp'), { force: true })
      symlinkSync(fresh, join(folder, '..data_tmp'))
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
      linkKeys(folder, keys)
      if (former !== undefined) rmSync(join(folder, former), { recursive: true })
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  }
}

function isLeftOver(parent: string, name: string): boolean {
  const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]
  if (pid === undefined || lstatSync(join(parent, name), { throwIfNoEntry: false })?.uid !== process.getuid?.())
    return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

function dataOf(folder: string): string | undefined {
  return readdirSync(folder).includes('..data') ? readlinkSync(join(folder, '..data')) : undefined
}

/** A link that stands needs no change: it leads through `..data`. */
function linkKeys(folder: string, keys: readonly string[]): void {
  const linked = readdirSync(folder).filter((name) => !name.startsWith('..'))
  for (const key of keys) if (!linked.includes(key)) symlinkSync(join('..data', key), join(folder, key))
  for (const key of linked) if (!keys.includes(key)) rmSync(join(folder, key))
}
