/**
 * Starts the embedded hub: store, Kubernetes API, controllers and drivers in one process.
 *
 * The order is the order of need: nothing listens before it can answer, the kubeconfig appears last, and a start that
 * fails half-way undoes what it did, in reverse. Controllers talk to the API in-process, under the hub's own
 * ServiceAccount: they can do no more here than in a cluster.
 */
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemClock } from '@larder/engine/base/clock'
import { randomIds } from '@larder/engine/base/ids'
import { ensureCertificates } from '@larder/engine/apiserver/certificates'
import { createApi } from '@larder/engine/apiserver/core/api'
import { writeWhole } from '@larder/engine/apiserver/files'
import { serveApi } from '@larder/engine/apiserver/http/server'
import { inProcessTransport } from '@larder/engine/apiserver/in-process'
import { renderKubeconfig } from '@larder/engine/apiserver/kubeconfig'
import { openTokenAuthority } from '@larder/engine/apiserver/tokens'
import { createClient } from '@larder/engine/client/client'
import { createManager } from '@larder/engine/runtime/manager'
import { openLibsqlStore } from '@larder/engine/storage/libsql/store'
import { StorageInUse } from '@larder/engine/storage/store'
import type { OptionValues } from '../cli/command.ts'
import { startTicks, type DataFolder } from '../cli/data-folder.ts'
import { CommandFailed, EXIT } from '../cli/failure.ts'
import { claimAdmission } from '../controllers/claim/admission.ts'
import { hubControllers } from '../controllers/hub.ts'
import { noopDriver } from '../drivers/noop/driver.ts'
import { processDriver } from '../drivers/process/driver.ts'
import { installHub, installSamples } from '../samples/install.ts'
import { hubUser } from '../samples/rbac.ts'
import { openHubLog } from './log.ts'
import { choosePorts, keepPorts, portTaken } from './ports.ts'
import { servePublicHttp } from './public-http.ts'
import { larderVersion } from './version.ts'

export interface RunningHub {
  /** Stops everything that was started, services included; their data stays. */
  stop(): Promise<void>
}

export type OnStep = (name: string, detail: string) => void

const ADMINISTRATOR = { name: 'larder-admin', groups: ['system:masters', 'system:authenticated'] }

export async function startHub(options: OptionValues, folder: DataFolder, onStep: OnStep): Promise<RunningHub> {
  const undo: (() => unknown)[] = []
  const stop = async () => {
    while (undo.length > 0) await undo.pop()!()
  }
  try {
    await start({ options, folder, onStep, undo })
    return { stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Start {
  readonly options: OptionValues
  readonly folder: DataFolder
  readonly onStep: OnStep
  /** What to do, last first, when the hub stops or cannot start. */
  readonly undo: (() => unknown)[]
}

async function start({ options, folder, onStep, undo }: Start): Promise<void> {
  const clock = systemClock
  const version = larderVersion()
  const wanted = choosePorts(folder, options)
  makeDataFolder(folder)
  const { log, close: closeLog } = openHubLog(folder)
  undo.push(closeLog)

  const store = await openStore(folder, log)
  undo.push(() => store.close())
  onStep('store', `${store.count('/')} objects`)

  const certificates = await ensureCertificates(folder.dir, clock)
  const tokens = openTokenAuthority({
    dir: folder.dir,
    clock,
    serviceAccountUid: (namespace, name) => store.get(`/core/serviceaccounts/${namespace}/${name}`)?.index.uid,
  })
  const api = await createApi({
    store,
    clock,
    ids: randomIds,
    log,
    tokens,
    caCertificate: certificates.caCertificate,
    admission: [],
  })
  undo.push(() => api.close())
}
