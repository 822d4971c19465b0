/**
 * One instance while it is wanted: found or started, asked until it answers, started again when it dies.
 *
 * It is a single loop. What is wrong shows as `failure` from the first failed start until the engine answers again, so
 * that a service that keeps failing does not look busy between two attempts.
 */
import { type Clock, parseDurationMs } from '@larder/kit'
import { CredentialBook } from './credentials.ts'
import { diedAtStart, outputPath, startEngine, type Startable, type Started, type StartTools } from './engine-start.ts'
import { StartFailure } from './failure.ts'
import type { InstanceFolder, InstanceRecord } from './folder.ts'
import { isAlive } from './identity.ts'
import { exitInWords, recordedProcess, stopProcess, type EngineProcess, type Exit } from './launch.ts'
import { boundOutput, DEFAULT_LIMIT_BYTES, outputSize } from './output.ts'
import { unreadiness } from './readiness.ts'
import type { Setting } from './setting.ts'
import { stopOptions } from './stop.ts'

export interface ServiceTools extends StartTools {
  clock: Clock
  changed(id: string): void
  /** Its folder was taken away: it is no longer there, and nothing is put in its place. */
  lost(service: Service): void
}

const READY_WITHIN_MS = 30_000
/** A process that answered for so long has earned a fresh start to its backoff. */
const SETTLED_MS = 10_000
const LONGEST_PAUSE_MS = 30_000
/** What a person mends, an engine or a port, should be noticed soon after. */
const MENDABLE_PAUSE_MS = 1_000

export class Service implements Startable {
  readonly id: string
  readonly folder: InstanceFolder
  readonly credentials: CredentialBook
  record: InstanceRecord
  failure: StartFailure | undefined
  /** Why it is being started again, while it is. */
  interruption: string | undefined
  /** While the engine answers. */
  ready: { setting: Setting; process: EngineProcess; version: string | undefined } | undefined
  readonly #tools: ServiceTools
  #wanted: 'running' | 'stopped' | 'gone' | 'left' = 'stopped'
  #process: EngineProcess | undefined
  #restarting = false
  #loop: Promise<void> = Promise.resolve()
  #lastWrite: Promise<void> = Promise.resolve()
  #wake: () => void = () => {}

  constructor(folder: InstanceFolder, record: InstanceRecord, tools: ServiceTools) {
    this.id = record.id
    this.folder = folder
    this.record = record
    this.#tools = tools
    this.credentials = new CredentialBook(folder)
  }

  get deleting(): boolean {
    return this.#wanted === 'gone'
  }

  /** Begins to keep it running; returns at once. */
  start(): void {
    if (this.#wanted !== 'stopped') return
    this.#wanted = 'running'
    this.#loop = this.#keepRunning()
  }

  /** Ends the process, and keeps its data. */
  async stop(): Promise<void> {
    if (this.#wanted === 'running') this.#wanted = 'stopped'
    await this.#end()
    await this.#loop
  }

  /** Ends the supervision, and lets the process run: another hub may have begun to see to it. */
  leave(): void {
    if (this.#wanted === 'running') this.#wanted = 'left'
    this.#wake()
  }

  /** Takes the new record, and starts the process again with it. */
  async change(record: InstanceRecord): Promise<void> {
    await this.write(({ wiping, wiped }) => ({
      ...record,
      ...(wiping !== undefined && { wiping }),
      ...(wiped !== undefined && { wiped }),
    }))
    this.#restarting = true
    this.ready = undefined
    // Why the old settings did not work says nothing about the new ones.
    this.failure = undefined
    await this.#end()
  }

  /**
   * Begins to empty it, for a generation of what is wanted; `done` when it is empty and has started anew. It is known by the record
   * how far that is, so that a hub which is killed goes on, and one that comes late wipes nothing of the next owner.
   */
  async wipe(generation: number): Promise<'wiping' | 'done'> {
    if ((this.record.wiped ?? 0) >= generation) return 'done'
    const isNews = (this.record.wiping ?? 0) < generation
    if (isNews) await this.write((record) => ({ ...record, wiping: generation }))
    // Again while it runs: a start that was under way may not have seen the record.
    if (isNews || this.ready) {
      this.#restarting = true
      this.ready = undefined
      this.failure = undefined
      await this.#end()
    }
    return 'wiping'
  }

  /** Begins to remove it; `removed` is called when nothing is left. */
  async delete(removed: () => void): Promise<void> {
    if (this.#wanted === 'gone') return
    // On disk first: a hub that is killed now goes on with the deletion when it is back.
    await this.write((record) => ({ ...record, deleting: true })).catch((error: NodeJS.ErrnoException) => {
      // Somebody removed the folder; what still runs of it is ended all the same.
      if (error.code !== 'ENOENT') throw error
    })
    this.#wanted = 'gone'
    this.ready = undefined
    void this.#remove(removed)
  }

  boundOutput(): void {
    if (outputSize(outputPath(this.folder)) === 0) return
    const limit = (this.record.recipe as { output?: { limitBytes?: number } }).output?.limitBytes
    try {
      boundOutput(outputPath(this.folder), limit ?? DEFAULT_LIMIT_BYTES)
    } catch (error) {
      // From a timer: a full disk, or a folder that is just being removed, must not end the hub.
      this.#tools.log.warn('the output of a service could not be shortened', { instance: this.id, why: String(error) })
    }
  }

  /** One after the other: each keeps what the others wrote. */
  write(change: (record: InstanceRecord) => InstanceRecord): Promise<void> {
    const write = async (): Promise<void> => {
      const record = change(this.record)
      await this.folder.writeRecord(record)
      this.record = record
    }
    const written = this.#lastWrite.then(write)
    this.#lastWrite = written.catch(() => {})
    return written
  }

  async #remove(removed: () => void): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#end()
        await this.#loop
        // One that was not ours to supervise, because its recipe or its engine was unusable.
        const left = await recordedProcess(this.folder.path, this.#tools.account)
        if (left) await stopProcess(left, stopOptions(this.record.recipe))
        await this.folder.remove()
        return removed()
      } catch (error) {
        this.#note(error)
        await this.#pause(pauseMs(attempt))
      }
    }
  }

  async #end(): Promise<void> {
    this.#wake()
    if (this.#process) await stopProcess(this.#process, stopOptions(this.record.recipe))
  }

  async #keepRunning(): Promise<void> {
    for (let failures = 0; this.#wanted === 'running';) {
      const startedAt = this.#tools.clock.now()
      this.#restarting = false
      try {
        if (await this.#isLost()) return this.#lose()
        const exit = await this.#runOnce()
        failures = this.#tools.clock.now() - startedAt > SETTLED_MS ? 0 : failures + 1
        if (this.#wanted !== 'running') return
        this.#tools.log.warn('a service ended and is started again', { instance: this.id, how: exitInWords(exit) })
        // The first new start follows at once; one that dies again and again is given time.
        if (failures > 1 && !this.#restarting) await this.#pause(pauseMs(failures - 1))
      } catch (error) {
        if (this.#wanted !== 'running') return
        if (this.#restarting) continue
        this.#note(error)
        failures++
        await this.#pause(this.#isMendable() ? MENDABLE_PAUSE_MS : pauseMs(failures))
      }
    }
  }

  /** The record is written before the first start, so that it is missing only when somebody removed it, and the data with it. */
  async #isLost(): Promise<boolean> {
    return (await this.folder.record()) === undefined
  }

  #lose(): void {
    if (this.#wanted !== 'running') return
    this.#wanted = 'stopped'
    this.#tools.log.warn('the folder of a service is gone, and it with its data', { instance: this.id })
    this.#tools.lost(this)
  }

  #isMendable(): boolean {
    return this.failure?.reason === 'EngineMissing' || this.failure?.reason === 'PortTaken'
  }

  /** From the start of a process, or its adoption, to its end. */
  async #runOnce(): Promise<Exit> {
    try {
      const started = await startEngine(this, this.#tools)
      const { setting, process, version } = started
      this.#process = process
      if (this.#wanted === 'stopped' || this.#wanted === 'gone') {
        await stopProcess(process, stopOptions(this.record.recipe))
      }
      await this.#untilReady(started)
      this.failure = undefined
      this.interruption = undefined
      this.ready = { setting, process, version }
      this.#tools.changed(this.id)
      const exit = await process.ended
      this.interruption = this.#restarting ? 'restarts with its new settings' : `the engine ended: ${exitInWords(exit)}`
      return exit
    } finally {
      const wasReady = this.ready !== undefined
      this.#process = undefined
      this.ready = undefined
      if (wasReady) this.#tools.changed(this.id)
    }
  }

  async #untilReady(started: Started): Promise<void> {
    const { setting, process } = started
    const { recipe } = setting
    const withinMs = parseDurationMs(recipe.readiness.within ?? '') ?? READY_WITHIN_MS
    const startedMs = performance.now()
    const ended: { exit?: Exit } = {}
    const end = process.ended.then((exit) => (ended.exit = exit))
    for (let waitMs = 2; ; waitMs = Math.min(waitMs * 2, 20)) {
      const why = await unreadiness(setting)
      if (ended.exit) throw diedAtStart(started, ended.exit)
      if (why === undefined && isAlive(process)) return
      if (performance.now() - startedMs > withinMs) {
        if (this.#wanted !== 'left') await stopProcess(process, stopOptions(this.record.recipe))
        throw new StartFailure('NotReady', `engine ${recipe.engine.name} runs and does not get ready: ${why ?? ''}`)
      }
      await Promise.race([end, new Promise<void>((resolve) => this.#tools.clock.after(waitMs, resolve))])
    }
  }

  #note(error: unknown): void {
    const failure = error instanceof StartFailure ? error : asFailure(error)
    const isNew = this.failure?.message !== failure.message
    this.failure = failure
    if (!isNew) return
    this.#tools.log.warn('a service does not start', {
      instance: this.id,
      reason: failure.reason,
      why: failure.message,
    })
    this.#tools.changed(this.id)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#tools.clock.after(ms, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }
}

function asFailure(error: unknown): StartFailure {
  const isField = error instanceof Error && 'path' in error && typeof error.path === 'string'
  const message = error instanceof Error ? error.message : String(error)
  return new StartFailure(isField ? 'InvalidRecipe' : 'EngineDied', message, error)
}

const pauseMs = (failures: number): number => Math.min(100 * 2 ** Math.min(failures - 1, 10), LONGEST_PAUSE_MS)
