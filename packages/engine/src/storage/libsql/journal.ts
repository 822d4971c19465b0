import { Worker } from 'node:worker_threads'
import { StorageFailed } from '../store.ts'
import type { DecidedWrite, Journal, JournalListener } from '../writes.ts'
import type { CheckpointFiles } from './checkpoint.ts'
import type { Documents } from './documents.ts'
import {
  PROTOCOL,
  type AppendMessage,
  type FailedWork,
  type WriterOptions,
  type WriterReply,
  type WriterRequest,
} from './messages.ts'

interface Step {
  readonly superseded: readonly number[]
  readonly resolve: () => void
  readonly reject: (error: StorageFailed) => void
}

interface JournalOptions {
  readonly file: string
  readonly documents: Documents
  readonly checkpoint: CheckpointFiles
  /** Called last by `close`. */
  readonly release: () => void
}

/** Hands writes to the writer thread and reports what became of them. */
export class LibsqlJournal implements Journal {
  readonly ready: Promise<void>
  readonly #options: JournalOptions
  readonly #worker: Worker
  #listener: JournalListener | undefined
  #epoch = 0
  #steps: Step[] = []
  /** Versions that a failed step should have deleted; the next one does. */
  #leftover: number[] = []
  /** Why nothing can be written any more. */
  #broken: StorageFailed | undefined
  #onReady!: () => void
  #onBroken!: (error: Error) => void
  #onClosed: ((unnoted: string | undefined) => void) | undefined

  constructor(options: JournalOptions) {
    this.#options = options
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve
      this.#onBroken = reject
    })
    const workerData: WriterOptions = { file: options.file, protocol: PROTOCOL }
    // Its messages die young; the default of some 50 MB would be kept for good after one busy minute.
    const resourceLimits = { maxYoungGenerationSizeMb: 4 }
    this.#worker = new Worker(workerUrl(), { workerData, execArgv: [], resourceLimits })
    this.#worker.on('message', (reply: WriterReply) => this.#take(reply))
    this.#worker.on('error', (error) => this.#break(error))
    this.#worker.on('exit', () => this.#break(undefined))
  }

  start(listener: JournalListener): void {
    this.#listener = listener
  }

  append(writes: readonly DecidedWrite[]): void {
    if (this.#broken) {
      this.#listener?.failed(this.#broken)
      return
    }
    const message = packWrites(this.#epoch, writes)
    this.#post(message, [message.values.buffer as ArrayBuffer])
  }

  keep({ revision, document, bytes }: DecidedWrite): void {
    this.#options.documents.remember(revision, document, bytes.length)
  }

  compact(through: number, superseded: readonly number[]): Promise<void> {
    if (this.#broken) return Promise.reject(this.#broken)
    const all = [...this.#leftover, ...superseded]
    this.#leftover = []
    return new Promise((resolve, reject) => {
      this.#steps.push({ superseded: all, resolve, reject })
      this.#post({ type: 'compact', through, superseded: all })
    })
  }

  async close(): Promise<void> {
    if (!this.#broken) {
      const { checkpoint } = this.#options
      const closed = new Promise<string | undefined>((resolve) => (this.#onClosed = resolve))
      this.#post({ type: 'close', ticket: checkpoint.write() })
      const unnoted = await closed
      if (unnoted !== undefined) checkpoint.drop(unnoted)
    }
    await this.#worker.terminate()
    this.#options.release()
  }

  /** For an open that has failed half-way. */
  async abandon(): Promise<void> {
    this.ready.catch(() => {})
    await this.#worker.terminate()
  }

  #post(request: WriterRequest, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(request, transfer)
  }

  #take(reply: WriterReply): void {
    switch (reply.type) {
      case 'ready':
        return this.#onReady()
      case 'committed':
        return this.#listener?.committed(reply.through)
      case 'compacted':
        return this.#steps.shift()!.resolve()
      case 'failed':
        return this.#fail(this.#explain(reply.code, reply.message), reply.failed)
      case 'closed':
        return this.#onClosed?.(reply.unnoted)
    }
  }

  #fail(error: StorageFailed, { epoch, compaction }: FailedWork): void {
    if (compaction) {
      const steps = this.#steps
      this.#steps = []
      for (const step of steps) {
        this.#leftover.push(...step.superseded)
        step.reject(error)
      }
    }
    if (epoch !== undefined) {
      this.#epoch = epoch + 1
      this.#listener?.failed(error)
    }
  }

  /** The thread has ended, which only `close` may ask for. */
  #break(cause: unknown): void {
    if (this.#broken) return
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    this.#broken = new StorageFailed(`the writer of ${this.#options.file} has stopped${why}; restart Larder`, { cause })
    this.#onBroken(this.#broken)
    this.#onClosed?.(this.#broken.message)
    this.#fail(this.#broken, { epoch: this.#epoch, compaction: true })
  }

  #explain(code: string, message: string): StorageFailed {
    const { file } = this.#options
    const cause = new Error(`${code}: ${message}`)
    return code === 'SQLITE_FULL'
      ? new StorageFailed(`cannot write to ${file}: the disk is full; free space on it and try again`, { cause })
      : new StorageFailed(`cannot write to ${file}: ${message} (${code})`, { cause })
  }
}

function packWrites(epoch: number, writes: readonly DecidedWrite[]): AppendMessage {
  const lengths = writes.map(({ bytes }) => bytes.length)
  const values = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0))
  let at = 0
  for (const { bytes } of writes) {
    values.set(bytes, at)
    at += bytes.length
  }
  return {
    type: 'append',
    epoch,
    keys: writes.map(({ key }) => key),
    revisions: writes.map(({ revision }) => revision),
    previous: writes.map(({ previous }) => previous),
    deleted: writes.map(({ type }) => type === 'delete'),
    indexes: writes.map(({ index }) => JSON.stringify(index)),
    lengths,
    values,
  }
}

/** Node cannot run a TypeScript file as a thread, so the sources (under vitest) use the compiled one. */
function workerUrl(): URL {
  const compiled = import.meta.url.endsWith('.ts') ? '../../../dist/storage/libsql/worker.js' : './worker.js'
  return new URL(compiled, import.meta.url)
}
