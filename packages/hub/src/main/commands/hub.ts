/** `larder hub`: controllers and drivers alone, over a Kubernetes that is somewhere else, until a signal. */
import type { Run } from '../../cli/command.ts'
import { doorNames } from '../doors.ts'

export const run: Run = async ({ options }, terminal) => {
  doorNames(options, 'none')
  const { startClusterHub } = await import('../cluster/start.ts')
  const hub = await startClusterHub(options, terminal)
  try {
    terminal.out(`Kubernetes API  ${hub.api}\nHTTP            ${hub.http}\n`)
    await new Promise<void>((resolve) => {
      if (terminal.signal.aborted) resolve()
      terminal.signal.addEventListener('abort', () => resolve())
    })
  } finally {
    await hub.stop()
  }
}
