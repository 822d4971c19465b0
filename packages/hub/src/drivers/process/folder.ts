/**
 * The folder of one instance, `DIR/services/ID/`:
 *
 * | path | owner | holds |
 * |---|---|---|
 * | `instance.json` | hub, 0600 | what was asked for, the ports, whether it is being deleted or wiped |
 * | `key` | hub, 0600 | from which every secret of the instance derives |
 * | `credentials.json` | hub, 0600 | which credentials exist (no passwords) |
 * | `applied` | hub, 0600 | a hash of what the process was started with |
 * | `config/` | hub, readable by the engine | rendered files |
 * | `data/` | engine | its working folder |
 * | `run/process` | engine | which process has the data folder: see launch.ts |
 * | `log/output.log` | hub, 0600 | what the engine printed, bounded |
 *
 * What the engine owns is never written by a hub that runs as root, so that a broken engine cannot make the hub follow
 * a link out of the folder.
 */
import { createHash, randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Json } from '@larder/kit'
import type { Account } from './account.ts'

const RECORD = 'instance.json'

export interface InstanceRecord {
  id: string
  plan?: string
  parameters: Json
  recipe: Json
  ports: Readonly<Record<string, number>>
  deleting?: boolean
  /** The generation that it is being wiped for: see Service.wipe. */
  wiping?: number
  /** The last generation that it was wiped for. */
  wiped?: number
}

export interface CredentialRecord {
  id: string
  role?: string
  username: string
}

export class InstanceFolder {
  readonly path: string
  readonly #account: Account | undefined

  constructor(path: string, account: Account | undefined) {
    this.path = path
    this.#account = account
  }

  inner(...names: string[]): string {
    return join(this.path, ...names)
  }

  /** Makes what is missing of the folders, and the key. */
  async prepare(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 })
    await this.#own(this.path, 'enter')
    for (const name of ['config', 'data', 'run', 'log']) {
      await mkdir(this.inner(name), { recursive: true, mode: 0o700 })
      if (name !== 'log') await this.#own(this.inner(name), name === 'config' ? 'enter' : 'own')
    }
    if ((await readIfThere(this.inner('key'))) === undefined) {
      await writeWhole(this.inner('key'), randomBytes(32).toString('hex'), 0o600)
    }
  }

  async key(): Promise<Buffer> {
    return Buffer.from(await readFile(this.inner('key'), 'utf8'), 'hex')
  }

  async record(): Promise<InstanceRecord | undefined> {
    const text = await readIfThere(this.inner(RECORD))
    return text === undefined ? undefined : (JSON.parse(text) as InstanceRecord)
  }

  async writeRecord(record: InstanceRecord): Promise<void> {
    await writeWhole(this.inner(RECORD), `${JSON.stringify(record, bigintsAsNumbers)}\n`, 0o600)
  }

  async credentials(): Promise<CredentialRecord[]> {
    const text = await readIfThere(this.inner('credentials.json'))
    return text === undefined ? [] : (JSON.parse(text) as CredentialRecord[])
  }

  async writeCredentials(records: readonly CredentialRecord[]): Promise<void> {
    await writeWhole(this.inner('credentials.json'), `${JSON.stringify(records)}\n`, 0o600)
  }

  /** Hash of what the process was last started with. */
  async applied(): Promise<string | undefined> {
    return readIfThere(this.inner('applied'))
  }

  async writeApplied(hash: string): Promise<void> {
    await writeWhole(this.inner('applied'), hash, 0o600)
  }

  /** A file that the engine reads, and may write when it is under `data/`. */
  async writeForEngine(path: string, content: string, options: { once: boolean }): Promise<void> {
    const target = this.inner(path)
    const folder = join(target, '..')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const engineOwns = path.startsWith('data/')
    await this.#own(folder, engineOwns ? 'own' : 'enter')
    if (options.once && (await isThere(target))) return
    const owner = this.#account && { uid: engineOwns ? this.#account.uid : 0, gid: this.#account.gid }
    await writeWhole(target, content, owner && !engineOwns ? 0o640 : 0o600, owner)
  }

  /**
   * Has a folder under `data/` made, once. `work` makes it under another name, relative to `data/`, and only when it has
   * succeeded the folder gets its own. Each attempt has a name of its own: a program that outlived a killed hub may
   * still be at work on the last one, and must not spoil this.
   */
  async make(path: string, work: (draft: string) => Promise<void>): Promise<void> {
    const folder = this.inner('data')
    const name = basename(path)
    const names = await namesIn(folder)
    if (names.includes(name)) return
    for (const draft of names.filter((n) => n.startsWith(`${name}.draft-`))) {
      await rm(join(folder, draft), { recursive: true, force: true, maxRetries: 10 })
    }
    const draft = `${name}.draft-${randomBytes(6).toString('hex')}`
    await work(draft)
    await rename(join(folder, draft), join(folder, name))
    await flush(folder)
  }

  /** Leaves the record alone: no data, no credentials, and not the key that the passwords of the last owner came from. */
  async empty(): Promise<void> {
    for (const name of await namesIn(this.path)) {
      if (name !== RECORD) await rm(this.inner(name), { recursive: true, force: true, maxRetries: 10 })
    }
    await flush(this.path)
  }

  /** Leaves nothing: the record goes last, so that a deletion that was cut off is taken up again. */
  async remove(): Promise<void> {
    for (const name of await namesIn(this.path)) {
      if (name !== RECORD) await rm(this.inner(name), { recursive: true, force: true })
    }
    await rm(this.path, { recursive: true, force: true })
  }

  async #own(path: string, right: 'enter' | 'own'): Promise<void> {
    if (!this.#account) return
    await chown(path, right === 'own' ? this.#account.uid : 0, this.#account.gid)
    await chmod(path, right === 'own' ? 0o700 : 0o750)
  }
}

/** Names of folders come from ids; an id that would not be a plain name is replaced by its hash. */
export function folderName(id: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(id) ? id : `x-${createHash('sha256').update(id).digest('hex')}`
}

export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** A new name is on the disk when its folder is. */
async function flush(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await readIfThere(path)) !== undefined
}

/** Whole or not at all, and on the disk when it returns: a crash must not leave half a record. */
async function writeWhole(
  path: string,
  content: string,
  mode: number,
  owner?: { uid: number; gid: number },
): Promise<void> {
  const draft = `${path}.draft`
  await rm(draft, { force: true })
  const file = await open(draft, 'wx', mode)
  try {
    await file.writeFile(content)
    // Before it has its name: a file that is written only once would keep the wrong owner after a crash in between.
    if (owner) await file.chown(owner.uid, owner.gid)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function bigintsAsNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}
