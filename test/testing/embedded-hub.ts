/** `larder up`: API and controllers in one process. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HubParts, HubRunner } from './hub.ts'
import { eventually, must } from './processes.ts'

export function embeddedRunner({ dir, larder, status }: HubParts): HubRunner {
  return {
    kubeconfig: join(dir, 'kubeconfig'),
    async start(flags) {
      await must('larder up', larder('up', '--detach', '--port', '0', '--api-port', '0', ...flags))
    },
    async kill() {
      process.kill((await status()).pid!, 'SIGKILL')
      await eventually('the hub to be dead', async () => (await status()).state === 'stopped' || undefined)
    },
    async stop() {
      await must('larder down', larder('down'))
    },
    log: () => readFileSync(join(dir, 'log/hub.log'), 'utf8'),
    async end() {
      await must('larder down', larder('down'))
    },
  }
}
