/** Finds the API that a command is about: `--kubeconfig`, `KUBECONFIG`, else the hub of the data folder. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { createClient, type Client } from '@larder/engine/client/client'
import { httpsTransport, isUnreachable } from '@larder/engine/client/https'
import { loadKubeconfig } from '@larder/engine/client/kubeconfig'
import { isApiError } from '@larder/engine/machinery/status'
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

/** Runs `work` with a client, and turns what the API refuses into failures with an exit code. */
export async function withApi(options: OptionValues, terminal: Terminal, work: (connection: Connection) => Promise<void>): Promise<void> {
  const file = kubeconfigFile(options, terminal)
  const config = await loadKubeconfig(file)
  const transport = httpsTransport(config)
  try {
    await work({ client: createClient(transport), url: config.url, namespace: options.namespace ?? config.namespace ?? 'default' })
  } catch (error) {
    throw asFailure(error, config.url)
  } finally {
    await transport.close()
  }
}

function kubeconfigFile(options: OptionValues, terminal: Terminal): string {
  const named = options.kubeconfig ?? (options.data === undefined ? terminal.env['KUBECONFIG'] : undefined)
  const folder = dataFolder(options, terminal.cwd)
  const file = named === undefined ? folder.kubeconfig : resolve(terminal.cwd, named)
  if (existsSync(file)) return file
  throw named === undefined
    ? new CommandFailed(EXIT.unreachable, `no hub runs on ${folder.dir}`, { next: `larder up --data ${folder.dir} (or say which API with --kubeconfig FILE)` })
    : new CommandFailed(EXIT.failed, `kubeconfig ${file} does not exist`, { next: 'name one with --kubeconfig FILE or the variable KUBECONFIG' })
}

const EXIT_CODES: Readonly<Record<number, ExitCode>> = { 401: EXIT.forbidden, 403: EXIT.forbidden, 404: EXIT.notFound, 409: EXIT.conflict }

/** What the API refused, as a failure of the command. Anything unknown is passed on: it is a bug and keeps its stack. */
export function asFailure(error: unknown, url: string): unknown {
  if (isUnreachable(error)) {
    return new CommandFailed(EXIT.unreachable, `the API at ${url} does not answer`, { why: error.message, next: 'larder status', cause: error })
  }
  if (!isApiError(error)) return error
  return new CommandFailed(EXIT_CODES[error.code] ?? EXIT.failed, error.message, { cause: error })
}
