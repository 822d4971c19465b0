/** `larder hub`: controllers in a process of their own, over HTTPS to a bare Larder API or to whatever cluster somebody names. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { HubParts, HubRunner } from './hub.ts'
import { kubectl, kubectlFor } from './kubectl.ts'
import { eventually, LARDER, must } from './processes.ts'

/** Short, because hubs are killed here, and the next must wait it out. */
const LEASE = '3s'
const FLAGS = ['--wait', '--no-samples', '--api-only']

export interface HubProcess {
  readonly child: ChildProcess
  /** `http://127.0.0.1:PORT` */
  readonly http: string
  log(): string
  /** Sends the signal, and resolves with the exit code when it has ended. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** Resolves when the hub is ready, whether it leads or waits. */
export async function startHubProcess(kubeconfig: string, flags: readonly string[]): Promise<HubProcess> {
  const args = [LARDER, 'hub', '--kubeconfig', kubeconfig, '--lease', LEASE, ...flags]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()))
  const orphanKiller = () => child.kill('SIGKILL')
  process.once('exit', orphanKiller)
  const ended = once(child, 'exit').then(([code]) => {
    process.removeListener('exit', orphanKiller)
    return code as number | null
  })
  const http = await Promise.race([
    eventually('the hub to be ready', () => /^HTTP +(\S+)\n/m.exec(said.out)?.[1]),
    ended.then((code) => {
      throw new Error(`larder hub ended with ${code}\n${said.out}${said.err}`)
    }),
  ])
  return {
    child,
    http,
    log: () => said.err,
    async end(signal) {
      child.kill(signal)
      return ended
    },
  }
}

export function clusterRunner({ dir, larder, status }: HubParts, kind: string): HubRunner {
  const named = kind === 'KUBECONFIG' ? process.env['KUBECONFIG'] : undefined
  if (kind === 'KUBECONFIG' && !named) throw new Error('LARDER_TEST_HUB=KUBECONFIG needs the variable KUBECONFIG')
  const kubeconfig = named ?? join(dir, 'kubeconfig')
  const processes: HubProcess[] = []
  const end = async (signal: NodeJS.Signals) => {
    const running = processes.filter(({ child }) => child.exitCode === null && child.signalCode === null)
    await Promise.all(running.map((one) => one.end(signal)))
  }
  return {
    kubeconfig,
    async start(flags) {
      const rest = [...flags]
      const doors = rest.includes('--doors') ? rest.splice(rest.indexOf('--doors'), 2) : []
      if (!rest.every((flag) => FLAGS.includes(flag))) throw new Error(`larder hub has no ${rest.join(' ')}`)
      if (!named && (await status()).state === 'stopped') {
        await must('larder up', larder('up', '--api-only', '--detach', '--port', '0', '--api-port', '0'))
      }
      if (flags.includes('--api-only')) return
      if (named && processes.length === 0) await refuseUsed(named, join(dir, 'cache'))
      const samples = flags.includes('--no-samples') ? [] : ['--samples']
      processes.push(await startHubProcess(kubeconfig, ['--data', dir, ...samples, ...doors]))
      if (flags.includes('--wait')) await classesSettled(kubeconfig, join(dir, 'cache'))
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    log: () => processes.map((one) => one.log()).join(''),
    async end() {
      if (named) await cleanUp(kubeconfig, join(dir, 'cache'))
      await end('SIGTERM')
      await must('larder down', larder('down'))
    },
  }
}

async function classesSettled(kubeconfig: string, cache: string): Promise<void> {
  const call = kubectlFor((await kubectl()).path, kubeconfig, cache)
  await eventually('the classes to settle', async () => {
    const { items } = JSON.parse(await must('get classes', call(['get', 'classes', '-o', 'json']))) as {
      items: { status?: { cause?: object; conditions?: { type: string; status: string }[] } }[]
    }
    const isSettled = ({ status }: (typeof items)[number]) =>
      status?.cause !== undefined || status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')
    return (items.length > 0 && items.every(isSettled)) || undefined
  })
}

/** What `cleanUp` removes must be ours alone. */
async function refuseUsed(kubeconfig: string, cache: string): Promise<void> {
  const call = kubectlFor((await kubectl()).path, kubeconfig, cache)
  const { code, stdout } = await call([
    'get',
    'classes.larder.dev,backends.larder.dev,claims,instances',
    '-A',
    '-o',
    'name',
  ])
  // A cluster that knows no such kinds has none.
  if (code === 0 && stdout !== '')
    throw new Error(`${kubeconfig} names a cluster where Larder is in use; the journeys would remove:\n${stdout}`)
}

/** Whoever names a cluster gets it back as it was, but for what `larder install` puts there. */
async function cleanUp(kubeconfig: string, cache: string): Promise<void> {
  const call = kubectlFor((await kubectl()).path, kubeconfig, cache)
  const remove = (...args: readonly string[]) =>
    must(
      `delete ${args.join(' ')}`,
      call(['delete', '--ignore-not-found', '--timeout=120s', ...args], { timeoutMs: 130_000 }),
    )
  for (const kind of ['claims', 'claimpolicies', 'instances']) await remove(kind, '--all', '--all-namespaces')
  for (const kind of ['classes', 'backends']) await remove(`${kind}.larder.dev`, '--all')
  await remove('namespace', ...JOURNEY_NAMESPACES)
  await remove('clusterrole', 'secrets-for-claims')
}

/** What the journeys that run on clusters make. */
const JOURNEY_NAMESPACES = ['shop', 'services', 'brief', 'red', 'blue']
