/**
 * A real API for controller tests, over each of the two transports: a controller that works on one and not on the other is wrong.
 *
 *     onBothTransports('widgets', (world) => {
 *       test('...', async () => { await world().client.of(widgetType).create(...) })
 *     })
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createApi } from '../../apiserver/core/api.ts'
import { ensureCertificates, type Certificates } from '../../apiserver/certificates.ts'
import { createApiMetrics } from '../../apiserver/http/metrics.ts'
import { serveApi, type ApiServer } from '../../apiserver/http/server.ts'
import { inProcessTransport } from '../../apiserver/in-process.ts'
import { openTokenAuthority, type TokenAuthority } from '../../apiserver/tokens.ts'
import type { Api } from '../../apiserver/api.ts'
import { systemClock } from '../../base/clock.ts'
import { randomIds } from '../../base/ids.ts'
import { silentLog } from '../../base/log.ts'
import { createClient, type Client } from '../../client/client.ts'
import { httpsTransport } from '../../client/https.ts'
import { Unreachable } from '../../client/unreachable.ts'
import type { Call, Transport } from '../../machinery/call.ts'
import { openMemoryStore } from '../../storage/memory/store.ts'
import type { Store } from '../../storage/store.ts'
import { createManager, type Manager, type ManagerOptions } from '../manager.ts'

export type TransportName = 'in-process' | 'https'

export interface World {
  readonly transport: TransportName
  /** As a member of system:masters. */
  readonly client: Client
  /** Whose revision tells whether anybody has written. */
  readonly store: Store
  /** Called before each call of `client`; what it throws is what the caller gets, and the API does not. */
  intercept: ((call: Call) => void) | undefined
  /** How much later than it happened `client` learns of everything it watches. */
  watchLagMs: number
  /** Ends every connection and watch. Calls are Unreachable until `up`. */
  down(): Promise<void>
  /** A new API on the same store, at the same address. */
  up(): Promise<void>
  /** Stopped at the end of the test, if it was not before. Backoff starts at 1 ms. */
  manager(options?: Partial<ManagerOptions>): Manager
}

interface Running {
  readonly api: Api
  readonly server: ApiServer | undefined
}

class TestWorld implements World {
  readonly transport: TransportName
  readonly store = openMemoryStore()
  readonly client: Client
  intercept: ((call: Call) => void) | undefined
  watchLagMs = 0
  readonly #dir = mkdtempSync(join(tmpdir(), 'larder-world-'))
  readonly #managers: Manager[] = []
  readonly #metrics = createApiMetrics()
  readonly #tokens: TokenAuthority
  #certificates: Certificates | undefined
  #port = 0
  #running: Running | undefined
  #https: Transport | undefined

  constructor(transport: TransportName) {
    this.transport = transport
    this.#tokens = openTokenAuthority({ dir: this.#dir, clock: systemClock, serviceAccountUid: () => undefined })
    this.client = createClient({
      call: async (call, signal) => {
        this.intercept?.(call)
        return this.#through().call(call, signal)
      },
      watch: (target, options, signal) => this.#late(this.#through().watch(target, options, signal)),
      raw: (path, signal) => this.#through().raw(path, signal),
      close: async () => {},
    })
  }

  async up(): Promise<void> {
    const { store } = this
    const common = { clock: systemClock, log: silentLog, tokens: this.#tokens }
    const api = await createApi({ ...common, store, ids: randomIds })
    if (this.transport === 'in-process') {
      this.#running = { api, server: undefined }
      return
    }
    const certificates = (this.#certificates ??= await ensureCertificates(this.#dir, systemClock))
    const rest = { metrics: this.#metrics, ready: () => [], version: '0.0.0', closeGraceMs: 1000 }
    const server = await serveApi({ ...common, ...rest, api, certificates, port: this.#port })
    this.#running = { api, server }
    this.#port = server.port
    const { certificate: cert, key } = certificates.admin
    this.#https ??= httpsTransport({ url: server.url, ca: certificates.caCertificate, cert, key })
  }

  async down(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    await running?.api.close()
    await running?.server?.close()
  }

  manager(options: Partial<ManagerOptions> = {}): Manager {
    const manager = createManager({ client: this.client, clock: systemClock, log: silentLog, ...options })
    this.#managers.push(manager)
    return manager
  }

  async close(): Promise<void> {
    await Promise.all(this.#managers.map((manager) => manager.stop(1000)))
    await this.#https?.close()
    await this.down()
    await this.store.close()
    this.#metrics.close()
    rmSync(this.#dir, { recursive: true })
  }

  async *#late<T>(events: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const event of events) {
      if (this.watchLagMs > 0) await new Promise((resolve) => setTimeout(resolve, this.watchLagMs))
      yield event
    }
  }

  #through(): Transport {
    if (this.transport === 'https') return this.#https!
    if (!this.#running) throw new Unreachable('in-process', 'the API is down')
    return inProcessTransport(this.#running.api, { name: 'admin', groups: ['system:masters', 'system:authenticated'] })
  }
}

/** Runs the same tests with a fresh world each on either transport, and fails unless both have run. */
export function onBothTransports(name: string, body: (world: () => World) => void): void {
  const ran = new Set<TransportName>()
  describe(name, () => {
    describe.each<TransportName>(['in-process', 'https'])('%s', (transport) => {
      let world: TestWorld
      beforeEach(async () => {
        world = new TestWorld(transport)
        await world.up()
      })
      afterEach(async () => {
        ran.add(world.transport)
        await world.close()
      })
      body(() => world)
    })
    test('ran on both transports', () => expect([...ran].toSorted()).toEqual(['https', 'in-process']))
    afterAll(() => console.log(`${name}: ran on ${[...ran].join(' and ')}`))
  })
}

const PATIENCE_MS = 20_000

/** Waits until a look at the world gives something, and returns it. Fails with the last look's value after 20 s. */
export async function eventually<T>(look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const until = Date.now() + PATIENCE_MS
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    if (Date.now() > until) throw new Error(`it did not come to pass within ${PATIENCE_MS / 1000} s: ${String(look)}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Runs `work` with nothing else happening for a while, and says whether the store was written meanwhile. */
export async function settled(store: Store, quietMs = 150): Promise<number> {
  for (;;) {
    const { revision } = store
    await new Promise((resolve) => setTimeout(resolve, quietMs))
    if (store.revision === revision) return revision
  }
}
