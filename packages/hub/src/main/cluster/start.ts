/**
 * Starts a hub on somebody's Kubernetes: no API and no store of its own, all that it remembers is in theirs. Any number of them may run;
 * one leads, by a Lease, and the others wait ready.
 */
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { systemClock } from '@larder/engine/base/clock'
import { randomIds } from '@larder/engine/base/ids'
import { jsonLog, type Log } from '@larder/engine/base/log'
import { createClient } from '@larder/engine/client/client'
import { createElection, type Election } from '@larder/engine/runtime/election'
import { fencedClient } from '@larder/engine/runtime/fence'
import { asFailure } from '../../cli/connect.ts'
import { keepHeapSmall } from '../heap.ts'
import { asFolderTrouble, dataFolder, makeDataFolder } from '../../cli/data-folder.ts'
import type { OptionValues } from '../../cli/command.ts'
import { CommandFailed, EXIT } from '../../cli/failure.ts'
import { parseDuration, type Terminal } from '../../cli/terminal.ts'
import { HUB_LEASE } from '../../model/names.ts'
import { createClaimableDesk } from '../../controllers/claimable/desk.ts'
import type { Door } from '../../door.ts'
import { startControllers } from '../controllers.ts'
import { doorNames, openDoors } from '../doors.ts'
import { hubDrivers } from '../drivers.ts'
import { standForElection, type Leadership, type Term } from '../leadership.ts'
import { createHubMetrics, type HubMetrics } from '../metrics.ts'
import { openTraces, type Traces } from '../otlp.ts'
import { parsePort } from '../ports.ts'
import { servePublicHttp, type PublicHttp } from '../public-http.ts'
import { clusterConfiguration, openClusterAccess, type ClusterAccess } from './access.ts'
import { answerQueries } from './query/desk-api.ts'
import { meetRequirements } from './requirements.ts'

export interface ClusterHub {
  /** Of the cluster. */
  readonly api: string
  /** Of the hub: /readyz, /livez, /metrics. */
  readonly http: string
  /** Ends what was begun, lets another hub take over, stops what driver `process` runs; its data stay. */
  stop(): Promise<void>
}

export async function startClusterHub(options: OptionValues, terminal: Terminal): Promise<ClusterHub> {
  keepHeapSmall()
  const config = await clusterConfiguration(options, terminal)
  const undo: (() => unknown)[] = []
  const stop = async () => {
    while (undo.length > 0) await undo.pop()!()
  }
  try {
    const access = await openClusterAccess(config)
    undo.push(() => access.close())
    const http = await start({ options, terminal, access, undo })
    return { api: config.url, http, stop }
  } catch (error) {
    await stop()
    throw asFailure(error, config.url)
  }
}

interface Start {
  readonly options: OptionValues
  readonly terminal: Terminal
  readonly access: ClusterAccess
  readonly undo: (() => unknown)[]
}

async function start({ options, terminal, access, undo }: Start): Promise<string> {
  const clock = systemClock
  const log = jsonLog({ write: (line) => terminal.note(line), now: () => clock.now() })
  const dataDir = dataDirOf(options, terminal)
  const doors = await openDoors(doorNames(options, 'none'))
  await meetRequirements(access, { samples: options.samples === true, doors, clock, signal: terminal.signal })

  const metrics = createHubMetrics(clock)
  undo.push(() => metrics.api.close())
  const traces = await openTraces(terminal.env, clock, log)
  undo.push(() => traces?.close())
  let leadership: Leadership | undefined
  const http = await listen(options, { ready: () => leadership?.isReady === true, metrics: () => metrics.exposition() })
  undo.push(() => http.close())

  const identity = `${hostname()}_${randomIds.uid()}`
  const leaseMs = leaseOf(options)
  const election = createElection({ client: access.hub, clock, log, lease: HUB_LEASE, identity, ...leaseMs })
  const host = options.bind ?? '127.0.0.1'
  const term = { access, doors, election, log, dataDir, host, metrics, traces, instance: identity.slice(0, 128) }
  leadership = standForElection(election, () => beginTerm(term))
  undo.push(() => leadership?.stop())
  metrics.lead(HUB_LEASE.name, () => leadership?.isLeading ?? false)
  log.info('the hub is ready', { api: access.url, user: access.hubName, http: http.port, identity })
  return `http://${http.host}:${http.port}`
}

function leaseOf({ lease }: OptionValues): { readonly leaseMs?: number } {
  if (lease === undefined) return {}
  const leaseMs = parseDuration(lease, 'lease')
  if (leaseMs >= 2000) return { leaseMs }
  throw new CommandFailed(EXIT.usage, `--lease: ${lease} is too short for a leader to renew it`, {
    next: '--lease 2s or more',
  })
}

/** In a pod there is no place that outlives it unless somebody names one, so there `process` needs `--data`. */
function dataDirOf(options: OptionValues, terminal: Terminal): string | undefined {
  if (options.data === undefined && terminal.env['KUBERNETES_SERVICE_HOST']) return undefined
  const folder = dataFolder({ data: options.data ?? DATA_DIR }, terminal.cwd)
  try {
    makeDataFolder(folder.dir)
  } catch (error) {
    throw asFolderTrouble(error, folder)
  }
  return resolve(folder.dir)
}

/** Not that of `larder up`: `larder down` would stop there what runs here. */
const DATA_DIR = '.larder-hub'

type Answers = Pick<Parameters<typeof servePublicHttp>[0], 'ready' | 'metrics'>

async function listen(options: OptionValues, answers: Answers): Promise<PublicHttp> {
  const port = parsePort(options.port ?? '0', 'port')
  const host = options.bind ?? '127.0.0.1'
  try {
    return await servePublicHttp({ port, host, ...answers })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EADDRINUSE' && code !== 'EADDRNOTAVAIL' && code !== 'EACCES') throw error
    throw new CommandFailed(EXIT.conflict, `cannot listen on ${host}:${port} (${code})`, {
      next: 'choose another port with --port N (0 picks a free one)',
      cause: error,
    })
  }
}

interface TermParts {
  readonly access: ClusterAccess
  readonly doors: readonly Door[]
  readonly election: Election
  readonly log: Log
  readonly dataDir: string | undefined
  /** Where the cluster reaches this process. */
  readonly host: string
  readonly metrics: HubMetrics
  readonly traces: Traces | undefined
  readonly instance: string
}

function beginTerm({ access, doors, election, log, dataDir, host, metrics, traces, instance }: TermParts): Term {
  const clock = systemClock
  const isLeader = () => election.isLeader
  const drivers = hubDrivers({ dataDir, clock, log })
  const ended = new AbortController()
  const desk = createClaimableDesk()
  const manager = startControllers({
    desk,
    doors,
    client: createClient(metrics.measured(fencedClient(access.hub, isLeader).transport, new URL(access.url).host)),
    clock,
    log,
    metrics,
    traces,
    instance,
    drivers: drivers.byName,
    signal: ended.signal,
    // A driver's writes are fenced like our own.
    transportOf: (account) => fencedClient(createClient(access.transportOf(account)), isLeader).transport,
  })
  const leading = fencedClient(access.hub, isLeader)
  const answering = answerQueries({ desk, doors, hub: access.hub, leading, host, clock, log, signal: ended.signal })
  let isReady = false
  void manager.ready().then(() => (isReady = true))
  return {
    get isReady() {
      return isReady
    },
    async abandon() {
      await manager.stop(0)
      ended.abort()
      await answering
      await drivers.leave()
    },
    async finish() {
      await manager.stop()
      ended.abort()
      await answering
      // Before the lease is given back: who leads next may run on the same folder, and would find services that we are stopping.
      await drivers.close()
    },
  }
}
