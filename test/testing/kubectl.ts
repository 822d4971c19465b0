/** The kubectl versions of this machine: on PATH, beside that one, and what `tools/setup.mjs` fetched. */
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { run, type Finished, type RunOptions } from './processes.ts'

const ROOT = resolve(import.meta.dirname, '../..')

export interface Kubectl {
  /** `1.32` */
  readonly version: string
  readonly path: string
}

let found: Promise<readonly Kubectl[]> | undefined

/** One of each minor version, oldest first. Fails when there is none: the set-up should have brought them. */
export function kubectlVersions(): Promise<readonly Kubectl[]> {
  return (found ??= findVersions())
}

/** The newest kubectl here. */
export async function kubectl(): Promise<Kubectl> {
  return (await kubectlVersions()).at(-1)!
}

async function findVersions(): Promise<readonly Kubectl[]> {
  const onPath = (process.env['PATH'] ?? '')
    .split(':')
    .map((folder) => join(folder, 'kubectl'))
    .filter((file) => existsSync(file))
  const folders = new Set([join(ROOT, '.cache/kubectl'), ...onPath.map((file) => dirname(realpathSync(file)))])
  const files = [...folders]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => /^kubectl(\.1\.\d+)?$/.test(name))
        .map((name) => join(folder, name)),
    )
  const asked = await Promise.all([...onPath, ...files].map(async (path) => ({ path, version: await versionOf(path) })))
  const byVersion = new Map(asked.map((k) => [k.version, k]))
  if (byVersion.size === 0) throw new Error('no kubectl found: run `node tools/setup.mjs --for test`')
  return [...byVersion.values()].sort((a, b) => minor(a) - minor(b))
}

const minor = (k: Kubectl) => Number(k.version.split('.')[1])

async function versionOf(path: string): Promise<string> {
  const { stdout, stderr } = await run(path, ['version', '--client', '-o', 'json'])
  const match = /"gitVersion": "v(1\.\d+)\./.exec(stdout)
  if (!match) throw new Error(`${path} does not tell its version: ${stderr}`)
  return match[1]!
}

/** Binds a kubectl to an API. Its cache folder is its own: discovery of another server must not leak in. */
export function kubectlFor(kubectlPath: string, kubeconfig: string, cacheDir: string) {
  return (args: readonly string[], options: RunOptions = {}): Promise<Finished> =>
    run(kubectlPath, ['--kubeconfig', kubeconfig, '--cache-dir', cacheDir, ...args], options)
}
