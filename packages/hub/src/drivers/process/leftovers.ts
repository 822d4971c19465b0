import { join } from 'node:path'
import { engineAccount } from './account.ts'
import { InstanceFolder, namesIn } from './folder.ts'
import { recordedProcess, stopProcess } from './launch.ts'
import { stopOptions } from './stop.ts'
import { servicesFolder } from './supervisor.ts'

export interface Leftover {
  id: string
  pid: number
}

/**
 * Stops the services that a killed hub left running, and keeps their data. Only while no hub runs on that folder: one
 * that did would start them again.
 */
export async function stopLeftovers(dataDir: string): Promise<readonly Leftover[]> {
  const account = engineAccount()
  const services = servicesFolder(dataDir)
  const stopped = (await namesIn(services)).map(async (name): Promise<Leftover | undefined> => {
    const folder = join(services, name)
    const running = await recordedProcess(folder, account)
    if (!running) return undefined
    const record = await new InstanceFolder(folder, account).record()
    await stopProcess(running, stopOptions(record?.recipe ?? null))
    return { id: record?.id ?? name, pid: running.pid }
  })
  return (await Promise.all(stopped)).filter((leftover) => leftover !== undefined)
}
