import { fork } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface Owner {
  /** The driver has begun to create. */
  creating: Promise<void>
  ready: Promise<void>
  /** As `kill -9`. */
  kill(): Promise<void>
}

const HUB = join(import.meta.dirname, '../../../..')

/** Another process that runs the driver. It runs what was built, so what was built must be what is tested. */
export function owner(dataDir: string, ...ids: string[]): Owner {
  // What was built, since the build of a file that is only touched is not written anew.
  if (statSync(join(HUB, 'dist/.tsbuildinfo')).mtimeMs < newest(join(HUB, 'src/drivers/process'))) {
    throw new Error('packages/hub/dist is older than its source: run `npm run build`')
  }
  const child = fork(new URL('./owner.mjs', import.meta.url), [dataDir, ...ids], { execArgv: [] })
  const said = (word: string): Promise<void> =>
    new Promise((resolve, reject) => {
      child.on('message', (message) => message === word && resolve())
      child.once('exit', (code, signal) => reject(new Error(`the owner ended (${signal ?? code}) before ${word}`)))
    })
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const [creating, ready] = [said('creating'), said('ready')]
  // A test that kills it early does not wait for these.
  creating.catch(() => {})
  ready.catch(() => {})
  return {
    creating,
    ready,
    async kill() {
      child.kill('SIGKILL')
      await exit
    },
  }
}

function newest(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const built = files.filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts') && !f.startsWith('testing'))
  return Math.max(...built.map((file) => statSync(join(folder, file)).mtimeMs))
}
