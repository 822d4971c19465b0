/**
 * The files of a clean stop, in `checkpoint/` beside the database: of each name a line of JSON, which says whose it is, and the state.
 *
 * They fit one state of the database, so the database says whether it is in it: the last write of a close notes a ticket there, a random
 * number that stands in each file, too, and the first write of an open removes it. Without that a killed process, an older Larder that
 * wrote in between or a copy of the database that was put back would be answered from what was in memory at another time.
 *
 * A file is read when it is asked for: what nobody asks for any more costs no memory.
 */
import { randomInt } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { crc32 } from 'node:zlib'
import { errorChain, type Log } from '../../base/log.ts'
import { checkName, LEDGER, type Checkpoint } from '../checkpoint.ts'
import type { Ledger, LedgerState } from '../ledger.ts'
import type { Database } from './database.ts'
import { syncFolder } from './folder.ts'

interface Header {
  readonly ticket: number
  /** Another one may understand something else by the same bytes. */
  readonly build: string
  readonly length: number
  readonly crc: number
}

interface FilesOptions {
  readonly dir: string
  /** Undefined: nothing is read or written. */
  readonly build: string | undefined
  readonly log: Log
}

export class CheckpointFiles implements Checkpoint {
  readonly #dir: string
  readonly #build: string | undefined
  readonly #log: Log
  readonly #states = new Map<string, () => unknown>()
  /** Of the files that may be read; undefined: none. */
  #ticket: number | undefined

  /** The first to write to the database. */
  constructor(database: Database.Database, { dir, build, log }: FilesOptions) {
    this.#dir = dir
    this.#build = build
    this.#log = log
    this.#ticket = this.#takeTicket(database)
    // Also without a ticket: what a killed process did not ask for holds Secrets that may be deleted since.
    if (this.#ticket === undefined) this.#remove()
  }

  /** From what the last stop kept; where that is of no use it is worked out. It is kept in its turn. */
  openLedger(restore: (state: LedgerState) => Ledger, workOut: () => Ledger): Ledger {
    const ledger = this.#restoredLedger(restore) ?? workOut()
    this.#states.set(LEDGER, () => ledger.save())
    return ledger
  }

  kept(name: string): unknown {
    checkName(name)
    if (this.#ticket === undefined) return undefined
    try {
      return this.#take(name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#sayUnread(name, error)
      return undefined
    }
  }

  keep(name: string, state: () => unknown): void {
    checkName(name)
    this.#states.set(name, state)
  }

  /** The ticket of what was written; undefined when nothing was. */
  write(): number | undefined {
    this.#remove()
    if (this.#build === undefined) return undefined
    const ticket = randomInt(1, MAX_TICKET)
    try {
      mkdirSync(this.#dir, { mode: 0o700 })
      for (const [name, state] of this.#states) {
        const value = state()
        if (value !== undefined) this.#writeFile(name, ticket, value)
      }
      syncFolder(this.#dir)
      syncFolder(dirname(this.#dir))
      return ticket
    } catch (error) {
      this.drop(errorChain(error))
      return undefined
    }
  }

  /** What was written is no use. */
  drop(why: string): void {
    this.#remove()
    this.#log.warn('the next start will take longer: what is in memory cannot be kept', { folder: this.#dir, why })
  }

  #restoredLedger(restore: (state: LedgerState) => Ledger): Ledger | undefined {
    if (this.#ticket === undefined) return undefined
    try {
      const ledger = restore(this.#take(LEDGER) as LedgerState)
      this.#log.info('opened from what the last stop kept', { revision: ledger.revision })
      return ledger
    } catch (error) {
      // What others kept is of the same time.
      this.#remove()
      this.#sayRefused(error)
      return undefined
    }
  }

  #takeTicket(database: Database.Database): number | undefined {
    const [ticket] = (database.prepare("SELECT value FROM meta WHERE name = 'checkpoint'").raw().get([]) ?? []) as [
      number?,
    ]
    if (ticket === undefined) {
      const isNew = database.prepare('SELECT 1 FROM log LIMIT 1').raw().get([]) === undefined
      if (this.#build !== undefined && !isNew) this.#sayRefused(new Error('it was killed, or kept nothing'))
      return undefined
    }
    try {
      database.exec("DELETE FROM meta WHERE name = 'checkpoint'")
      return this.#build === undefined ? undefined : ticket
    } catch (error) {
      // The disk is full, and what is there can be read all the same.
      this.#sayRefused(error)
      return undefined
    }
  }

  /** Reads a file and removes it. */
  #take(name: string): unknown {
    const file = join(this.#dir, name)
    const bytes = readFileSync(file)
    rmSync(file)
    const end = bytes.indexOf('\n')
    const header = parseHeader(bytes.toString('utf8', 0, end))
    const state = bytes.subarray(end + 1)
    if (state.length !== header?.length || crc32(state) !== header.crc) throw new Error(`${file} is not whole`)
    if (header.ticket !== this.#ticket) throw new Error(`${file} is of another stop`)
    if (header.build !== this.#build) throw new Error(`${file} is of another Larder (${header.build})`)
    return deserialize(state)
  }

  #writeFile(name: string, ticket: number, value: unknown): void {
    const state = serialize(value)
    const header: Header = { ticket, build: this.#build!, length: state.length, crc: crc32(state) }
    const fd = openSync(join(this.#dir, name), 'wx', 0o600)
    try {
      writeAll(fd, Buffer.from(`${JSON.stringify(header)}\n`))
      writeAll(fd, state)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  }

  #remove(): void {
    this.#ticket = undefined
    try {
      rmSync(this.#dir, { recursive: true, force: true })
    } catch (error) {
      this.#log.warn('cannot remove what an earlier stop kept; remove the folder', {
        folder: this.#dir,
        why: errorChain(error),
      })
    }
  }

  #sayRefused(error: unknown): void {
    this.#log.info('reads the whole log: nothing of the last stop can be taken up', { why: errorChain(error) })
  }

  #sayUnread(name: string, error: unknown): void {
    this.#log.info('works out anew what the last stop kept', { name, why: errorChain(error) })
  }
}

function parseHeader(line: string): Header | undefined {
  try {
    return JSON.parse(line) as Header
  } catch {
    return undefined
  }
}

/** What randomInt can give; the column is of whole numbers. */
const MAX_TICKET = 2 ** 48 - 1

/** A disk that becomes full takes a part. */
function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
}
