import { request } from 'node:http'
import type { Run } from '../command.ts'
import { dataFolder, runningHub } from '../data-folder.ts'
import { serialize } from '../print.ts'

/** `ready`, `starting` (a process runs and does not answer yet), or `stopped`. */
export const run: Run = async ({ options }, terminal) => {
  const folder = dataFolder(options, terminal.cwd)
  const hub = runningHub(folder)
  const state = hub === undefined ? 'stopped' : (await answers(`${hub.http}/readyz`)) ? 'ready' : 'starting'
  const status = {
    state,
    ...(hub && { version: hub.version, pid: hub.pid }),
    data: folder.dir,
    ...(hub && { kubeconfig: folder.kubeconfig, api: { url: hub.api }, http: { url: hub.http } }),
  }
  // One line, as scripts have it since the first version.
  if (options.output === 'json') return terminal.out(`${JSON.stringify(status)}\n`)
  if (options.output !== undefined) return terminal.out(await serialize(status, options.output))
  for (const [name, value] of Object.entries(status))
    terminal.out(`${name.padEnd(12)}${typeof value === 'object' ? value.url : value}\n`)
}

function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request(url, { timeout: 2000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asking.on('timeout', () => asking.destroy())
    // Nobody listens, or nobody answers in time: the process is there and not ready, which is what the caller says.
    asking.on('error', () => resolve(false))
    asking.end()
  })
}
