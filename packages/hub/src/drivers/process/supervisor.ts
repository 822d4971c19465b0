/** All services of one data folder: taken up at the start, begun, changed, ended with the hub. */
import { chmod, mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { blocked, type Clock, isDriverError, unavailable } from '@larder/kit'
import type { DriverError, Log, Want } from '@larder/kit'
import { engineAccount } from './account.ts'
import type { Account } from './account.ts'
import type { EngineFinder } from './engine.ts'
import { folderFailure, StartFailure } from './failure.ts'
import { folderName, InstanceFolder, namesIn } from './folder.ts'
import type { InstanceRecord } from './folder.ts'
import { freePort } from './ports.ts'
import { parseRecipe } from './recipe.ts'
import { Service } from './service.ts'
import type { ServiceTools } from './service.ts'
import { specHash } from './setting.ts'

export interface SupervisorOptions {
  dataDir: string
  engines: EngineFinder
  clock: Clock
  log: Log
  account?: Account | undefined
}

const BOUND_OUTPUT_EVERY_MS = 30_000

export const servicesFolder = (dataDir: string): string => join(resolve(dataDir), 'services')

export class Supervisor {
  readonly engines: EngineFinder
  readonly folder: string
  readonly #tools: ServiceTools
  readonly #services = new Map<string, Service>()
  readonly #listeners = new Set<(id: string) => void>()
  /** Creations under way: the same id twice at once must not take two ports. */
  readonly #creations = new Map<string, Promise<Service>>()
  readonly #portsTaken = new Set<number>()
  #resumed: Promise<void> | undefined
  #closing = false
  #stopBounding: () => void = () => {}

  constructor(options: SupervisorOptions) {
    this.engines = options.engines
    this.folder = servicesFolder(options.dataDir)
    this.#tools = {
      account: options.account ?? engineAccount(),
      engines: options.engines,
      clock: options.clock,
      log: options.log,
      changed: (id) => this.#listeners.forEach((listener) => listener(id)),
      lost: (service) => this.#forget(service),
    }
  }

  /** Adopts what a killed hub left running, starts what a stopped hub stopped, goes on with deletions. Once. */
  resume(): Promise<void> {
    this.#resumed ??= this.#resume().catch((error: unknown) => {
      // Tried again by the next verb: the folder may have been mended.
      this.#resumed = undefined
      throw asUnavailable(error, this.folder)
    })
    return this.#resumed
  }

  async get(id: string): Promise<Service | undefined> {
    await this.resume()
    return this.#services.get(id)
  }

  /** Begins a service, or brings the one that is there to what is wanted. */
  async ensure(want: Want): Promise<Service> {
    await this.resume()
    if (this.#closing) throw unavailable('the hub is stopping')
    const under = this.#creations.get(want.id)
    if (under) return under
    const creation = this.#ensure(want).finally(() => this.#creations.delete(want.id))
    this.#creations.set(want.id, creation)
    return creation
  }

  /** Begins a deletion; of what is not there, nothing. */
  async delete(id: string): Promise<Service | undefined> {
    await this.resume()
    await this.#creations.get(id)?.catch(() => {})
    const service = this.#services.get(id)
    await service?.delete(() => this.#forget(service))
    return service
  }

  listen(listener: (id: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Stops every process, and keeps the data. */
  async close(): Promise<void> {
    this.#closing = true
    this.#stopBounding()
    await this.#resumed
    await Promise.allSettled(this.#creations.values())
    await Promise.all([...this.#services.values()].map((service) => service.stop()))
  }

  /** Lets every process run, and looks after none any more. */
  async leave(): Promise<void> {
    this.#closing = true
    this.#stopBounding()
    await this.#resumed?.catch(() => {})
    await Promise.allSettled(this.#creations.values())
    for (const service of this.#services.values()) service.leave()
  }

  async #resume(): Promise<void> {
    const known = new Set([...this.#services.values()].map((service) => service.folder.path))
    for (const name of await namesIn(this.folder)) {
      if (known.has(join(this.folder, name))) continue
      const folder = new InstanceFolder(join(this.folder, name), this.#tools.account)
      const record = await this.#readRecord(folder)
      if (record === 'unreadable') continue
      if (!record) {
        // Cut off before the record was there, so nothing was started, or after it was removed with the rest.
        await folder.remove()
        continue
      }
      const service = new Service(folder, record, this.#tools)
      this.#services.set(record.id, service)
      for (const port of Object.values(record.ports)) this.#portsTaken.add(port)
      if (record.deleting) await service.delete(() => this.#forget(service))
      else service.start()
    }
    this.#boundOutputs()
  }

  async #readRecord(folder: InstanceFolder): Promise<InstanceRecord | 'unreadable' | undefined> {
    try {
      return await folder.record()
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      // One broken record must not keep all the others from running.
      this.#tools.log.warn('the record of a service is not JSON and is left alone', { folder: folder.path })
      return 'unreadable'
    }
  }

  async #ensure(want: Want): Promise<Service> {
    const recipe = parseRecipe(want.recipe)
    const known = this.#services.get(want.id)
    if (known?.deleting) throw blocked('a service of that id is still being deleted')
    const spec = {
      id: want.id,
      ...(want.plan ? { plan: want.plan.name } : {}),
      parameters: want.parameters,
      recipe: want.recipe,
    }
    try {
      if (known) {
        const record = { ...spec, ports: await this.#ports(want.id, recipe.ports, known.record.ports) }
        if (specHash(known.record) !== specHash(record)) await known.change(record)
        return known
      }
      return await this.#create({ ...spec, ports: await this.#ports(want.id, recipe.ports, {}) })
    } catch (error) {
      throw asUnavailable(error, this.folder)
    }
  }

  async #create(record: InstanceRecord): Promise<Service> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
    // The engine's account passes through; what lies in there is closed to it, save its own.
    if (this.#tools.account) await chmod(this.folder, 0o711)
    const folder = new InstanceFolder(join(this.folder, folderName(record.id)), this.#tools.account)
    await folder.prepare()
    await folder.writeRecord(record)
    const service = new Service(folder, record, this.#tools)
    this.#services.set(record.id, service)
    service.start()
    return service
  }

  async #ports(
    id: string,
    names: readonly string[],
    kept: Readonly<Record<string, number>>,
  ): Promise<Readonly<Record<string, number>>> {
    const ports: Record<string, number> = {}
    for (const name of names) {
      const port = kept[name] ?? (await freePort(`${this.folder} ${id} ${name}`, this.#portsTaken))
      this.#portsTaken.add(port)
      ports[name] = port
    }
    return ports
  }

  #forget(service: Service): void {
    this.#services.delete(service.id)
    for (const port of Object.values(service.record.ports)) this.#portsTaken.delete(port)
    this.#tools.changed(service.id)
  }

  #boundOutputs(): void {
    this.#stopBounding = this.#tools.clock.after(BOUND_OUTPUT_EVERY_MS, () => {
      if (this.#closing) return
      for (const service of this.#services.values()) service.boundOutput()
      this.#boundOutputs()
    })
  }
}

/** What a verb may throw: everything that is no error of the kit already is trouble with the folder. */
export function asUnavailable(error: unknown, folder: string): DriverError {
  if (isDriverError(error)) return error
  const failure = folderFailure(error, folder)
  const message = failure instanceof Error ? failure.message : String(failure)
  return unavailable(message, error, failure instanceof StartFailure ? failure.reason : undefined)
}
