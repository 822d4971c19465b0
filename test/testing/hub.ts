/**
 * A whole hub, started as a user starts it, on a data folder of its own and free ports.
 *
 * `LARDER_TEST_HUB` says which: none, or `embedded`, is `larder up`; `cluster` is `larder hub` over HTTPS, beside an API of its own
 * (`larder up --api-only`); `KUBECONFIG` is `larder hub` on the cluster that the variable KUBECONFIG names, which it cleans up after itself.
 */
import { chmodSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clusterRunner } from './cluster-hub.ts'
import { embeddedRunner } from './embedded-hub.ts'
import { kubectl, kubectlFor } from './kubectl.ts'
import { LARDER, must, run, type Finished, type RunOptions } from './processes.ts'

export { LARDER }

export interface Hub {
  readonly dir: string
  readonly kubeconfig: string
  larder(...args: readonly string[]): Promise<Finished>
  kubectl(args: readonly string[], options?: RunOptions): Promise<Finished>
  /** kubectl that must succeed; its stdout. */
  ok(args: readonly string[], options?: RunOptions): Promise<string>
  start(...flags: readonly string[]): Promise<void>
  status(): Promise<{ state: string; pid?: number; api?: { url: string }; http?: { url: string } }>
  /** SIGKILL to the process that has the controllers; resolves when it has ended. */
  kill(): Promise<void>
  /** A clean stop of the hub; what stays of its API is up to its kind. */
  stop(): Promise<void>
  /** What the hub has logged. */
  log(): string
  /** Stops the hub and removes its folder. */
  remove(): Promise<void>
}

/** How a hub of one kind is run. */
export interface HubRunner {
  readonly kubeconfig: string
  start(flags: readonly string[]): Promise<void>
  kill(): Promise<void>
  stop(): Promise<void>
  log(): string
  /** Ends whatever `stop` leaves. */
  end(): Promise<void>
}

export interface HubParts {
  /** The data folder. */
  readonly dir: string
  /** The command on that folder. */
  readonly larder: (...args: readonly string[]) => Promise<Finished>
  readonly status: () => ReturnType<Hub['status']>
}

/** Which kind of hub the tests of this run are about. */
export const hubKind = (): string => process.env['LARDER_TEST_HUB'] ?? 'embedded'

export async function newHub({ env }: Pick<RunOptions, 'env'> = {}): Promise<Hub> {
  const root = mkdtempSync(join(tmpdir(), 'larder-test-'))
  // A hub that is root runs engines under another account, and some insist on their absolute path.
  chmodSync(root, 0o711)
  const dir = join(root, 'data')
  const options = env === undefined ? {} : { env }
  const larder = (...args: readonly string[]) => run(process.execPath, [LARDER, ...args, '--data', dir], options)
  const status = async () =>
    JSON.parse(await must('larder status', larder('status', '-o', 'json'))) as Awaited<ReturnType<Hub['status']>>
  const parts: HubParts = { dir, larder, status }
  const runner = hubKind() === 'embedded' ? embeddedRunner(parts) : clusterRunner(parts, hubKind())
  const call = kubectlFor((await kubectl()).path, runner.kubeconfig, join(root, 'cache'))
  return {
    dir,
    kubeconfig: runner.kubeconfig,
    larder,
    kubectl: call,
    ok: (args, options) => must(`kubectl ${args.join(' ')}`, call(args, options)),
    start: (...flags) => runner.start(flags),
    status,
    kill: () => runner.kill(),
    stop: () => runner.stop(),
    log: () => runner.log(),
    async remove() {
      await runner.end()
      await rm(root, { recursive: true, force: true })
    },
  }
}
