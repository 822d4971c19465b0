/**
 * Somebody's Kubernetes, without any hub: the bare API on a store in memory, served over HTTPS, that writes down what each user asks
 * of it. Hubs reach it by kubeconfigs with tokens of ServiceAccounts, as in production.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Api, User } from '@larder/engine/apiserver/api'
import { ensureCertificates } from '@larder/engine/apiserver/certificates'
import { createApi } from '@larder/engine/apiserver/core/api'
import { SERVICE_ACCOUNTS } from '@larder/engine/apiserver/core/keys'
import { createApiMetrics } from '@larder/engine/apiserver/http/metrics'
import { serveApi } from '@larder/engine/apiserver/http/server'
import { inProcessTransport } from '@larder/engine/apiserver/in-process'
import { openTokenAuthority } from '@larder/engine/apiserver/tokens'
import { systemClock } from '@larder/engine/base/clock'
import { randomIds } from '@larder/engine/base/ids'
import { silentLog } from '@larder/engine/base/log'
import { createClient, type Client } from '@larder/engine/client/client'
import type { Target } from '@larder/engine/machinery/call'
import { isApiError } from '@larder/engine/machinery/status'
import { openMemoryStore } from '@larder/engine/storage/memory/store'
import type { Terminal } from '../../cli/terminal.ts'
import { startClusterHub, type ClusterHub } from '../cluster/start.ts'

const ADMIN: User = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }

/** One thing that a user asked for: `patch larder.dev/claims/status in shop`. */
interface Asked {
  readonly user: string
  readonly verb: string
  readonly group: string
  /** With its subresource. */
  readonly resource: string
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly isAllowed: boolean
}

export interface BareCluster {
  readonly url: string
  readonly admin: Client
  /** All that was asked so far, by whomever. */
  readonly asked: readonly Asked[]
  /** A kubeconfig of that ServiceAccount and nobody else. */
  kubeconfigOf(account: { readonly namespace: string; readonly name: string }): Promise<string>
  /** A hub in this process, stopped with the cluster if it was not before. */
  hub(kubeconfig: string, options?: HubFlags): Promise<RunningClusterHub>
  close(): Promise<void>
}

interface HubFlags {
  readonly data?: string
  readonly samples?: boolean
  readonly doors?: string
}

export interface RunningClusterHub extends ClusterHub {
  /** The lines of its log. */
  readonly log: readonly string[]
}

export async function bareCluster(): Promise<BareCluster> {
  const dir = mkdtempSync(join(tmpdir(), 'larder-cluster-'))
  const store = openMemoryStore()
  const common = { clock: systemClock, log: silentLog }
  const tokens = openTokenAuthority({
    dir,
    clock: systemClock,
    serviceAccountUid: (namespace, name) => store.get(`${SERVICE_ACCOUNTS}${namespace}/${name}`)?.index.uid,
  })
  const certificates = await ensureCertificates(dir, systemClock)
  const { caCertificate } = certificates
  const api = await createApi({ ...common, store, ids: randomIds, tokens, caCertificate })
  const asked: Asked[] = []
  const metrics = createApiMetrics()
  const served = { metrics, ready: () => [], version: '0.0.0', closeGraceMs: 1000, port: 0, certificates, tokens }
  const server = await serveApi({ ...common, ...served, api: listening(api, asked) })
  const hubs: ClusterHub[] = []
  return {
    url: server.url,
    admin: createClient(inProcessTransport(api, ADMIN)),
    asked,
    async kubeconfigOf({ namespace, name }) {
      const uid = store.get(`${SERVICE_ACCOUNTS}${namespace}/${name}`)?.index.uid ?? ''
      const { token } = await tokens.issue({ namespace, name, uid, audiences: [], expirationSeconds: 3600 })
      const file = join(dir, `${namespace}-${name}.kubeconfig`)
      const cluster = {
        server: server.url,
        'certificate-authority-data': Buffer.from(caCertificate).toString('base64'),
      }
      const config = {
        'current-context': 'it',
        clusters: [{ name: 'it', cluster }],
        users: [{ name: 'it', user: { token } }],
        contexts: [{ name: 'it', context: { cluster: 'it', user: 'it' } }],
      }
      writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
      return file
    },
    async hub(kubeconfig, options = {}) {
      const log: string[] = []
      const terminal = terminalOf(dir, log)
      const hub = await startClusterHub({ kubeconfig, data: join(dir, 'hub'), ...options }, terminal)
      hubs.push(hub)
      return { ...hub, log }
    },
    async close() {
      for (const hub of hubs) await hub.stop()
      await server.close()
      await api.close()
      await store.close()
      metrics.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function terminalOf(cwd: string, log: string[]): Terminal {
  return {
    out: () => {},
    note: (line) => void log.push(line),
    interactive: false,
    colour: false,
    env: {},
    cwd,
    signal: new AbortController().signal,
    now: () => Date.now(),
  }
}

/** The same API, whose users are overheard. */
function listening(api: Api, asked: Asked[]): Api {
  const hear = async <T>(user: User, verb: string, target: Target, work: () => Promise<T>): Promise<T> => {
    const { group, namespace, name, subresource } = target
    const resource = subresource === undefined ? target.resource : `${target.resource}/${subresource}`
    const told = { user: user.name, verb, group, resource, namespace, name }
    try {
      const result = await work()
      asked.push({ ...told, isAllowed: true })
      return result
    } catch (error) {
      asked.push({ ...told, isAllowed: !isApiError(error, 'Forbidden') })
      throw error
    }
  }
  const overheard: Pick<Api, 'call' | 'watch' | 'impersonate'> = {
    call: (user, call, context) => hear(user, call.verb, call.target, () => api.call(user, call, context)),
    watch: (user, target, options, on) => hear(user, 'watch', target, () => api.watch(user, target, options, on)),
    impersonate(user, wanted) {
      const [, namespace = '', name = ''] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(wanted.name) ?? []
      const told = { user: user.name, verb: 'impersonate', group: '', resource: 'serviceaccounts', namespace, name }
      try {
        const as = api.impersonate(user, wanted)
        asked.push({ ...told, isAllowed: true })
        return as
      } catch (error) {
        asked.push({ ...told, isAllowed: false })
        throw error
      }
    },
  }
  return new Proxy(api, {
    get(target, key) {
      const value: unknown = Reflect.get(key in overheard ? overheard : target, key)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
