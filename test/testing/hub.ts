/** A whole hub, started as a user starts it, on a data folder of its own and free ports. */
import { chmodSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { kubectl, kubectlFor } from './kubectl.ts'
import { run, type Finished, type RunOptions } from './processes.ts'

export const LARDER = resolve(import.meta.dirname, '../../bin/larder')

export interface Hub {
  readonly dir: string
  readonly kubeconfig: string
  larder(...args: readonly string[]): Promise<Finished>
  kubectl(args: readonly string[], options?: RunOptions): Promise<Finished>
  /** kubectl that must succeed; its stdout. */
  ok(args: readonly string[], options?: RunOptions): Promise<string>
  start(...flags: readonly string[]): Promise<void>
  status(): Promise<{ state: string; pid?: number; api?: { url: string }; http?: { url: string } }>
  /** Stops the hub and removes its folder. */
  remove(): Promise<void>
}

export async function newHub({ env }: Pick<RunOptions, 'env'> = {}): Promise<Hub> {
  const dir = mkdtempSync(join(tmpdir(), 'larder-test-'))
  // A hub that is root runs engines under another account, and some insist on their absolute path.
  chmodSync(dir, 0o711)
  const kubeconfig = join(dir, 'data', 'kubeconfig')
  const options = env === undefined ? {} : { env }
  const larder = (...args: readonly string[]) =>
    run(process.execPath, [LARDER, ...args, '--data', join(dir, 'data')], options)
  const call = kubectlFor((await kubectl()).path, kubeconfig, join(dir, 'cache'))
  return {
    dir: join(dir, 'data'),
    kubeconfig,
    larder,
    kubectl: call,
    ok: (args, options) => must(`kubectl ${args.join(' ')}`, call(args, options)),
    async start(...flags) {
      await must('larder up', larder('up', '--detach', '--port', '0', '--api-port', '0', ...flags))
    },
    async status() {
      return JSON.parse(await must('larder status', larder('status', '-o', 'json'))) as Awaited<
        ReturnType<Hub['status']>
      >
    },
    async remove() {
      await must('larder down', larder('down'))
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Its standard output; throws with everything it said when it failed. */
async function must(command: string, finished: Promise<Finished>): Promise<string> {
  const { code, stdout, stderr } = await finished
  if (code !== 0) throw new Error(`${command} ended with ${code}\n${stdout}${stderr}`)
  return stdout
}
