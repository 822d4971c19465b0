/**
 * Reads a kubeconfig as kubectl does: `KUBECONFIG` may list several files, of which the first to name an entry wins; without
 * any, `~/.kube/config`; without that, the ServiceAccount of the pod we run in.
 *
 * Credential plugins (`exec`, `auth-provider`) are refused: they run programs that a file names.
 */
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import type { Connection } from './https.ts'

export interface KubeconfigOptions {
  /** Instead of `KUBECONFIG` and `~/.kube/config`. */
  readonly path?: string
  /** Instead of `current-context`. */
  readonly context?: string
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface LoadedKubeconfig extends Connection {
  readonly context: string
  /** Of the context; `default` when it has none. */
  readonly namespace: string
}

/** The configuration cannot be used; the message names the file, the entry and what to do. */
export class KubeconfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'KubeconfigError'
  }
}

interface Entry {
  readonly name: string
  /** Paths in it are relative to this folder. */
  readonly folder: string
  readonly file: string
  readonly body: Readonly<Record<string, unknown>>
}

interface Merged {
  currentContext: string | undefined
  readonly clusters: Map<string, Entry>
  readonly users: Map<string, Entry>
  readonly contexts: Map<string, Entry>
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

export async function loadKubeconfig(options: KubeconfigOptions = {}): Promise<LoadedKubeconfig> {
  const env = options.env ?? process.env
  const files = filesOf(options.path, env)
  const present = files.filter((file) => existsSync(file))
  if (present.length === 0) {
    if (options.path === undefined && !env['KUBECONFIG'] && env['KUBERNETES_SERVICE_HOST']) return inCluster(env)
    throw new KubeconfigError(`no kubeconfig at ${files.join(', ')}; name one with KUBECONFIG`)
  }
  const merged = await merge(present)
  const name = options.context ?? merged.currentContext
  if (name === undefined || name === '') {
    throw new KubeconfigError(
      `${present.join(', ')}: no current-context; choose one with \`kubectl config use-context\``,
    )
  }
  return connectionOf(merged, name, present)
}

/** The API server and the ServiceAccount of the pod that we run in. */
export function inCluster(
  env: Readonly<Record<string, string | undefined>> = process.env,
  folder = SERVICE_ACCOUNT,
): LoadedKubeconfig {
  const host = env['KUBERNETES_SERVICE_HOST']
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443'
  if (!host) throw new KubeconfigError('not in a cluster: KUBERNETES_SERVICE_HOST is not set')
  const namespaceFile = join(folder, 'namespace')
  return {
    context: 'in-cluster',
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca: readFileSync(join(folder, 'ca.crt')),
    token: tokenFile(join(folder, 'token')),
    namespace: existsSync(namespaceFile) ? readFileSync(namespaceFile, 'utf8').trim() : 'default',
  }
}

function filesOf(path: string | undefined, env: Readonly<Record<string, string | undefined>>): string[] {
  if (path !== undefined) return [path]
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '')
  return listed.length > 0 ? listed : [join(env['HOME'] ?? homedir(), '.kube', 'config')]
}

async function merge(files: readonly string[]): Promise<Merged> {
  const { parse } = await import('yaml')
  const merged: Merged = { currentContext: undefined, clusters: new Map(), users: new Map(), contexts: new Map() }
  for (const file of files) {
    let config: Record<string, unknown>
    try {
      config = (parse(readFileSync(file, 'utf8')) ?? {}) as Record<string, unknown>
    } catch (cause) {
      // The parser quotes the line that it does not understand, and lines of this file are keys.
      const code = (cause as { code?: string }).code ?? 'error'
      throw new KubeconfigError(`${file} cannot be read as YAML (${code})`)
    }
    const current = config['current-context']
    if (typeof current === 'string' && current !== '') merged.currentContext ??= current
    collect(merged.clusters, config, 'clusters', 'cluster', file)
    collect(merged.users, config, 'users', 'user', file)
    collect(merged.contexts, config, 'contexts', 'context', file)
  }
  return merged
}

function collect(
  into: Map<string, Entry>,
  config: Readonly<Record<string, unknown>>,
  list: string,
  field: string,
  file: string,
): void {
  for (const item of (config[list] ?? []) as Record<string, unknown>[]) {
    const name = String(item['name'])
    if (into.has(name)) continue
    into.set(name, { name, file, folder: dirname(resolve(file)), body: (item[field] ?? {}) as Record<string, unknown> })
  }
}

function connectionOf(merged: Merged, contextName: string, files: readonly string[]): LoadedKubeconfig {
  const find = (entries: Map<string, Entry>, kind: string, name: string): Entry => {
    const entry = entries.get(name)
    if (entry) return entry
    const known = [...entries.keys()].join(', ') || 'none'
    throw new KubeconfigError(`${files.join(', ')}: no ${kind} ${JSON.stringify(name)}; there are: ${known}`)
  }
  const context = find(merged.contexts, 'context', contextName)
  const cluster = find(merged.clusters, 'cluster', text(context, 'cluster') ?? '')
  const userName = text(context, 'user')
  const user = userName === undefined ? undefined : find(merged.users, 'user', userName)
  const url = text(cluster, 'server')
  if (url === undefined) throw new KubeconfigError(`${cluster.file}: cluster ${cluster.name} has no server`)
  return {
    context: contextName,
    namespace: text(context, 'namespace') ?? 'default',
    url,
    ca: pem(cluster, 'certificate-authority'),
    serverName: text(cluster, 'tls-server-name'),
    insecureSkipTlsVerify: cluster.body['insecure-skip-tls-verify'] === true,
    ...(user && credentialsOf(user)),
  }
}

function credentialsOf(user: Entry): Pick<Connection, 'cert' | 'key' | 'token'> {
  for (const plugin of ['exec', 'auth-provider', 'username'] as const) {
    if (user.body[plugin] === undefined) continue
    throw new KubeconfigError(
      `${user.file}: user ${user.name} uses ${plugin}, which is not supported; give it a client certificate, a token or a tokenFile`,
    )
  }
  const file = text(user, 'tokenFile')
  return {
    cert: pem(user, 'client-certificate'),
    key: pem(user, 'client-key'),
    token: text(user, 'token') ?? (file === undefined ? undefined : tokenFile(resolve(user.folder, file))),
  }
}

function text(entry: Entry, field: string): string | undefined {
  const value = entry.body[field]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** `FIELD-data` holds base64, `FIELD` names a file; the data win. */
function pem(entry: Entry, field: string): Buffer | undefined {
  const data = text(entry, `${field}-data`)
  if (data !== undefined) return Buffer.from(data, 'base64')
  const file = text(entry, field)
  if (file === undefined) return undefined
  try {
    return readFileSync(resolve(entry.folder, file))
  } catch (cause) {
    throw new KubeconfigError(`${entry.file}: ${entry.name}: cannot read ${field} ${file}`, { cause })
  }
}

/** A kubelet renews the file before the token in it expires; a minute-old reading is always good. */
const TOKEN_AGE_MS = 60_000

function tokenFile(file: string): () => string {
  let token = ''
  let readAt = -Infinity
  return () => {
    const now = performance.now()
    if (now - readAt > TOKEN_AGE_MS) {
      token = readFileSync(file, 'utf8').trim()
      readAt = now
    }
    return token
  }
}
