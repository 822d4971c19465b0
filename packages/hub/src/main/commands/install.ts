/** `larder install`: what a hub needs in a cluster, put there, or printed for whoever applies it in their own way. */
import { isApiError } from '@larder/engine/machinery/status'
import type { JsonObject } from '@larder/engine/base/json'
import type { OptionValues, Run } from '../../cli/command.ts'
import { asFailure } from '../../cli/connect.ts'
import { CommandFailed, EXIT } from '../../cli/failure.ts'
import { serialize } from '../../cli/print.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { systemClock } from '@larder/engine/base/clock'
import { hubDeployment } from '../../samples/deployment.ts'
import { applyAll, clusterManifests, installSamples, type Manifest } from '../../samples/install.ts'
import { sampleManifests } from '../../samples/samples.ts'
import { clusterConfiguration, openClusterAccess } from '../cluster/access.ts'
import { untilServed } from '../cluster/requirements.ts'
import { doorNames, openDoors } from '../doors.ts'
import type { Door } from '../../door.ts'
import { larderVersion } from '../version.ts'

export const run: Run = async ({ options }, terminal) => {
  const names = doorNames(options, 'none')
  const doors = await openDoors(names)
  const image = options.image ?? `larder:${larderVersion()}`
  const manifests = [...clusterManifests(doors), hubDeployment(image, names)]
  if (options.export) return exportManifests(manifests, options, terminal)
  return apply({ manifests, doors, options, terminal })
}

async function exportManifests(manifests: readonly Manifest[], options: OptionValues, terminal: Terminal) {
  const all = [...manifests, ...(options.samples === true ? sampleManifests() : [])]
  if (options.output !== undefined && options.output !== 'yaml') {
    return terminal.out(await serialize({ apiVersion: 'v1', kind: 'List', items: all }, options.output))
  }
  const documents = await Promise.all(all.map((manifest) => serialize(manifest as JsonObject, 'yaml')))
  terminal.out(documents.join('---\n'))
}

interface Application {
  readonly manifests: readonly Manifest[]
  readonly doors: readonly Door[]
  readonly options: OptionValues
  readonly terminal: Terminal
}

async function apply({ manifests, doors, options, terminal }: Application): Promise<void> {
  const config = await clusterConfiguration(options, terminal)
  const access = await openClusterAccess(config)
  try {
    for (const unknown of await applyAll(access.own, manifests)) {
      terminal.note(`this cluster is too old for ${unknown}; all else is there\n`)
    }
    await untilServed(access.own, { doors, clock: systemClock, signal: terminal.signal })
    if (options.samples === true) await installSamples(access.own)
    terminal.out(`installed into ${config.url}\n`)
  } catch (error) {
    if (!isApiError(error, 'Forbidden')) throw asFailure(error, config.url)
    throw new CommandFailed(EXIT.forbidden, `${access.ownName ?? 'this user'} may not install a hub`, {
      why: error.message,
      next: 'use the kubeconfig of an administrator, or hand on what larder install --export prints',
      cause: error,
    })
  } finally {
    await access.close()
  }
}
