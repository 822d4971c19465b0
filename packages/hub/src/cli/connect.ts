/** Finds the API that a command is about: `--kubeconfig`, `KUBECONFIG`, else the hub of the data folder. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { createClient, type Client } from '@larder/engine/client/client'
import { httpsTransport } from '@larder/engine/client/https'
import { KubeconfigError, loadKubeconfig, type LoadedKubeconfig } from '@larder/engine/client/kubeconfig'
import { isUnreachable } from '@larder/engine/client/unreachable'
import { isApiError, type ApiError } from '@larder/engine/machinery/status'
import { GROUP } from '../model/kind.ts'
import type { OptionValues } from './command.ts'
import { dataFolder } from './data-folder.ts'
import { CommandFailed, EXIT, type ExitCode } from './failure.ts'
import type { Terminal } from './terminal.ts'

export interface Connection {
  readonly client: Client
  readonly url: string
  /** Where namespaced things are when `-n` does not say. */
  readonly namespace: string
}

/** Which API, as whom, and where in it. */
export interface ApiOptions extends Pick<OptionValues, 'data' | 'kubeconfig' | 'namespace'> {
  readonly context?: string
  /** Where nothing says which API: the hub of the data folder (`hub`), or if none runs there, what kubectl would use (`any`). */
  readonly fallback?: 'hub' | 'any'
}

/** Runs `work` with a client, and turns what the API refuses into failures with an exit code. */
export async function withApi<T = void>(
  options: ApiOptions,
  terminal: Terminal,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const config = await configuration(options, terminal)
  const transport = httpsTransport({ ...config, userAgent: 'larder' })
  try {
    return await work({
      client: createClient(transport),
      url: config.url,
      namespace: options.namespace ?? config.namespace,
    })
  } catch (error) {
    throw asFailure(error, config.url)
  } finally {
    await transport.close()
  }
}

async function configuration(options: ApiOptions, terminal: Terminal): Promise<LoadedKubeconfig> {
  const context = options.context === undefined ? {} : { context: options.context }
  const path = kubeconfigFile(options, terminal)
  try {
    return await loadKubeconfig({ ...context, ...(path === undefined ? { env: terminal.env } : { path }) })
  } catch (error) {
    if (!(error instanceof KubeconfigError)) throw error
    throw new CommandFailed(EXIT.failed, error.message, { cause: error })
  }
}

/** Undefined: where kubectl would look. */
function kubeconfigFile(options: ApiOptions, terminal: Terminal): string | undefined {
  if (options.kubeconfig !== undefined) return resolve(terminal.cwd, options.kubeconfig)
  if (options.data === undefined && terminal.env['KUBECONFIG']) return undefined
  const folder = dataFolder(options, terminal.cwd)
  if (existsSync(folder.kubeconfig)) return folder.kubeconfig
  if (options.fallback === 'any') return undefined
  throw new CommandFailed(EXIT.unreachable, `no hub runs on ${folder.dir}`, {
    next: `larder up --data ${folder.dir} (or say which API with --kubeconfig FILE)`,
  })
}

const EXIT_CODES: Readonly<Record<number, ExitCode>> = {
  401: EXIT.forbidden,
  403: EXIT.forbidden,
  404: EXIT.notFound,
  409: EXIT.conflict,
}

/** What the API refused, as a failure of the command. Anything unknown is passed on: it is a bug and keeps its stack. */
export function asFailure(error: unknown, url: string): unknown {
  if (isUnreachable(error)) {
    return new CommandFailed(EXIT.unreachable, `the API at ${url} does not answer`, {
      why: error.message,
      next: 'larder status',
      cause: error,
    })
  }
  if (!isApiError(error)) return error
  const next = nextStep(error)
  return new CommandFailed(EXIT_CODES[error.code] ?? EXIT.failed, error.message, {
    cause: error,
    ...(next && { next }),
  })
}

/** `details.kind` is the resource, which `larder get` takes for ours and kubectl for every kind. */
function nextStep({ code, reason, details }: ApiError): string | undefined {
  const resource = details?.kind ?? ''
  const command = details?.group === GROUP ? 'larder' : 'kubectl'
  if (code === 404 && resource !== '') return `${command} get ${resource} shows what there is`
  if (reason === 'AlreadyExists')
    return `choose another name, or look: ${command} get ${resource} ${details?.name ?? ''}`.trimEnd()
  if (code === 403) return 'ask for that right; `kubectl auth can-i --list` shows those that you have'
  return undefined
}
