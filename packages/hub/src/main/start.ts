/**
 * Starts the embedded hub: store, Kubernetes API, controllers and drivers in one process.
 *
 * The order is the order of need: nothing listens before it can answer, the kubeconfig appears last, and a start that
 * fails half-way undoes what it did, in reverse. Controllers talk to the API in-process, under the hub's own
 * ServiceAccount: they can do no more here than in a cluster.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureCertificates } from '@larder/engine/apiserver/certificates'
import { SERVICE_ACCOUNTS } from '@larder/engine/apiserver/core/keys'
import type { MutatingPlugin } from '@larder/engine/apiserver/mutating-admission'
import { writeWhole } from '@larder/engine/apiserver/files'
import { inProcessTransport } from '@larder/engine/apiserver/in-process'
import { renderKubeconfig } from '@larder/engine/apiserver/kubeconfig'
import { openTokenAuthority } from '@larder/engine/apiserver/tokens'
import { systemClock } from '@larder/engine/base/clock'
import { randomIds } from '@larder/engine/base/ids'
import type { Log } from '@larder/engine/base/log'
import { createClient } from '@larder/engine/client/client'
import { openLibsqlStore } from '@larder/engine/storage/libsql/store'
import { StorageFailed, StorageInUse, type Store } from '@larder/engine/storage/store'
import type { OptionValues } from '../cli/command.ts'
import {
  asFolderTrouble,
  makeDataFolder,
  runningHub,
  startTicks,
  type DataFolder,
  type RunRecord,
} from '../cli/data-folder.ts'
import { CommandFailed, EXIT } from '../cli/failure.ts'
import { createClaimableDesk } from '../controllers/claimable/desk.ts'
import { claimAdmission, claimBirth, readThrough } from '../controllers/claim/admission.ts'
import type { HubOptions } from '../controllers/hub.ts'
import { installHub, installSamples } from '../samples/install.ts'
import { accountUser, hubUser } from '../samples/rbac.ts'
import { startControllers, type ControllerStart } from './controllers.ts'
import { doorNames, openDoors } from './doors.ts'
import { hubDrivers } from './drivers.ts'
import { leaveLead, takeLead } from './embedded-lead.ts'
import { keepHeapSmall } from './heap.ts'
import { openHubLog } from './log.ts'
import { openTraces } from './otlp.ts'
import { choosePorts, keepPorts, portTaken } from './ports.ts'
import { servePublicHttp } from './public-http.ts'
import { embeddedQuery, hubQueries } from './queries.ts'
import { larderBuild, larderVersion } from './version.ts'

export interface RunningHub {
  /** Stops everything that was started, services included; their data stays. */
  stop(): Promise<void>
}

export type OnStep = (name: string, detail: string) => void

const ADMINISTRATOR = { name: 'larder-admin', groups: ['system:masters', 'system:authenticated'] }

export async function startHub(options: OptionValues, folder: DataFolder, onStep: OnStep): Promise<RunningHub> {
  keepHeapSmall()
  const undo: (() => unknown)[] = []
  const stop = async () => {
    while (undo.length > 0) await undo.pop()!()
  }
  try {
    await start({ options, folder, onStep, undo })
    return { stop }
  } catch (error) {
    await stop()
    throw asFolderTrouble(error, folder)
  }
}

interface Start {
  readonly options: OptionValues
  readonly folder: DataFolder
  readonly onStep: OnStep
  /** What to do, last first, when the hub stops or cannot start. */
  readonly undo: (() => unknown)[]
}

/** The rest of the start reads as a list; each thing undoes itself. */
async function start({ options, folder, onStep, undo }: Start): Promise<void> {
  const clock = systemClock
  const version = larderVersion()
  const ports = choosePorts(folder, options)
  makeDataFolder(folder.dir)
  const hubLog = openHubLog(folder)
  const { log } = hubLog
  undo.push(() => hubLog.close())

  const store = await openStore(folder, log)
  // Behind the close of the store, which takes a while: who waits for the record to go may open or remove the folder next.
  undo.push(() => removeRunRecord(folder))
  undo.push(() => store.close())
  onStep('store', `${store.count('/')} objects`)

  const apiOnly = options['api-only'] === true
  const [certificates, engine, doors] = await Promise.all([
    ensureCertificates(folder.dir, clock),
    loadEngine(),
    openDoors(apiOnly ? [] : doorNames(options, 'all')),
  ])
  const tokens = openTokenAuthority({
    dir: folder.dir,
    clock,
    serviceAccountUid: (namespace, name) => store.get(`${SERVICE_ACCOUNTS}${namespace}/${name}`)?.index.uid,
  })
  const { caCertificate } = certificates
  const traces = apiOnly ? undefined : await openTraces(process.env, clock, log)
  undo.push(() => traces?.close())
  const plugin = claimAdmission(readThrough(() => administrator))
  const admission = apiOnly ? [] : [traces?.admission(plugin) ?? plugin]
  const mutations: MutatingPlugin[] = apiOnly ? [] : [{ ...claimBirth, name: 'larder-claims', user: hubUser }]
  const desk = createClaimableDesk()
  const queries = apiOnly ? [] : hubQueries(desk, doors, clock).map(embeddedQuery)
  const api = await engine.createApi({
    store,
    clock,
    ids: randomIds,
    log,
    tokens,
    caCertificate,
    admission,
    mutations,
    queries,
  })
  undo.push(() => api.close())
  const administrator = createClient(inProcessTransport(api, ADMINISTRATOR))

  let ready = false
  const checks = () => [{ name: 'hub', ok: ready }]
  const metrics = engine.createHubMetrics(clock)
  undo.push(() => metrics.api.close())
  const server = await listening(ports.api, 'api-port', folder, (port) =>
    engine.serveApi({ api, certificates, tokens, port, clock, log, metrics: metrics.api, ready: checks, version }),
  )
  undo.push(() => server.close())
  const publicHttp = await listening(ports.http, 'port', folder, (port) =>
    servePublicHttp({ port, ready: () => ready, metrics: () => metrics.exposition() }),
  )
  undo.push(() => publicHttp.close())
  keepPorts(folder, { http: publicHttp.port, api: server.port })
  writeRunRecord(folder, { version, api: server.url, http: `http://127.0.0.1:${publicHttp.port}` })
  onStep('kubernetes API', server.url)

  metrics.lead('larder-hub', () => !apiOnly)
  if (apiOnly) await leaveLead(administrator)
  else {
    await installHub(administrator, doors)
    await takeLead(administrator, doors)
    if (options.samples !== false) await installSamples(administrator)
    const client = createClient(metrics.measured(inProcessTransport(api, hubUser), 'in-process'))
    const transportOf: HubOptions['transportOf'] = (account) => inProcessTransport(api, accountUser(account))
    const drivers = hubDrivers({ dataDir: folder.dir, clock, log })
    undo.push(() => drivers.close())
    const hub = {
      client,
      clock,
      log,
      metrics,
      traces,
      drivers: drivers.byName,
      transportOf,
      desk,
      doors,
      keeper: store.checkpoint,
    }
    const admit: ControllerStart['admit'] = (name, admission) =>
      mutations.push({ ...admission, name, user: accountUser(admission.account) })
    const manager = startControllers({ ...hub, admit })
    undo.push(() => manager.stop())
    await manager.ready()
    onStep('controllers', 'backend, class, instance, claim, policy')
    if (doors.length > 0) onStep('doors', doors.map(({ name }) => name).join(', '))
  }

  ready = true
  const kubeconfig = renderKubeconfig({ url: server.url, caCertificate, client: certificates.admin })
  writeWhole(folder.kubeconfig, kubeconfig, 0o600)
  undo.push(() => rmSync(folder.kubeconfig, { force: true }))
  onStep('ready', `kubeconfig ${folder.kubeconfig}`)
}

/** The two heavy halves of the API load while certificates are read. */
async function loadEngine() {
  const [{ createApi }, { serveApi }, { createHubMetrics }] = await Promise.all([
    import('@larder/engine/apiserver/core/api'),
    import('@larder/engine/apiserver/http/server'),
    import('./metrics.ts'),
  ])
  return { createApi, serveApi, createHubMetrics }
}

async function openStore(folder: DataFolder, log: Log): Promise<Store> {
  try {
    return await openLibsqlStore({ dir: join(folder.dir, 'store'), log, build: larderBuild() })
  } catch (error) {
    if (error instanceof StorageFailed) {
      throw new CommandFailed(EXIT.failed, error.message, {
        next: 'mend what the message names, or choose another folder with --data DIR',
        cause: error,
      })
    }
    if (!(error instanceof StorageInUse)) throw error
    const holder = error.pid === undefined ? 'another process' : `process ${error.pid}`
    throw new CommandFailed(EXIT.conflict, `a hub runs on ${folder.dir} already`, {
      why: `${holder} holds it`,
      next: `larder down --data ${folder.dir}`,
      cause: error,
    })
  }
}

async function listening<T>(
  port: number,
  flag: 'port' | 'api-port',
  folder: DataFolder,
  listen: (port: number) => Promise<T>,
): Promise<T> {
  try {
    return await listen(port)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw portTaken(port, flag, folder, error)
    throw error
  }
}

function writeRunRecord(folder: DataFolder, about: Pick<RunRecord, 'version' | 'api' | 'http'>): void {
  const ticks = startTicks(process.pid)
  const record: RunRecord = { pid: process.pid, ...(ticks !== undefined && { startTicks: ticks }), ...about }
  writeWhole(folder.run, `${JSON.stringify(record)}\n`, 0o600)
}

/** Not that of a hub which has taken the folder since. */
function removeRunRecord(folder: DataFolder): void {
  if (runningHub(folder)?.pid === process.pid) rmSync(folder.run, { force: true })
}
