/** Which doors there are, and which of them are served. */
import type { OptionValues } from '../cli/command.ts'
import { CommandFailed, EXIT } from '../cli/failure.ts'
import type { Door } from '../door.ts'

const DOORS: ReadonlyMap<string, () => Promise<Door>> = new Map([
  ['secretgen', async () => (await import('../companions/secretgen/door.ts')).secretgen],
  ['services-toolkit', async () => (await import('../dialects/services-toolkit/door.ts')).servicesToolkit],
  ['service-binding', async () => (await import('../companions/service-binding/door.ts')).serviceBinding],
  ['ack-elasticache', async () => (await import('../dialects/ack-elasticache/door.ts')).ackElasticache],
  ['aws-service-operator', async () => (await import('../dialects/aws-service-operator/door.ts')).awsServiceOperator],
  [
    'carvel-packaging',
    async () =>
      (await import('../companions/carvel-packaging/door.ts')).carvelPackaging({
        registries: process.env['LARDER_REGISTRIES'],
      }),
  ],
  ['workloads', async () => (await import('../companions/workloads/door.ts')).workloads],
])

/**
 * The names in `--doors`, each once; without it those of `unless`: an embedded hub serves all, since its API is its own, and a hub on
 * a cluster none, since there the kinds may be somebody else's. Throws CommandFailed for a door that does not exist.
 */
export function doorNames(options: Pick<OptionValues, 'doors'>, unless: 'all' | 'none'): readonly string[] {
  if (options.doors === undefined) return unless === 'all' ? [...DOORS.keys()] : []
  const named = options.doors.split(',').map((name) => name.trim())
  if (named.length === 1 && named[0] === 'none') return []
  const unknown = named.find((name) => !DOORS.has(name))
  if (unknown === undefined) return [...new Set(named)]
  throw new CommandFailed(EXIT.usage, `--doors: there is no door ${JSON.stringify(unknown)}`, {
    why: unknown === 'none' ? 'none stands alone' : `there are: ${[...DOORS.keys()].join(', ')}`,
    next: `--doors ${[...DOORS.keys()].join(',')}, or --doors none`,
  })
}

/** Loads them. */
export function openDoors(names: readonly string[]): Promise<readonly Door[]> {
  return Promise.all(names.map((name) => DOORS.get(name)!()))
}
