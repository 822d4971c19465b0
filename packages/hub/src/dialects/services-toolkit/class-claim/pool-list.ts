/** Keeps the names of the classes that have a pool, for the policy which asks for the right to claim (claim-right.ts). */
import { errorChain } from '@larder/engine/base/log'
import { pause } from '@larder/engine/client/backoff'
import { configMapType } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import type { Informers } from '@larder/engine/client/informers'
import type { Source } from '@larder/engine/runtime/controller'
import type { DoorContext } from '../../../door.ts'
import { instanceClassType } from '../kinds.ts'
import { POOL_LIST } from './claim-right.ts'

const RETRY_MS = 2000

/** Wakes nobody; a source because it must live as long as the controller, and hear of classes that are gone. */
export const poolListSource =
  ({ client, clock, log }: DoorContext): Source =>
  (_wake, informers) => {
    const end = new AbortController()
    const { signal } = end
    let isStale = true
    let running: Promise<void> | undefined

    async function run(): Promise<void> {
      while (isStale && !signal.aborted) {
        isStale = false
        try {
          await writePools(client, poolsOf(informers))
        } catch (error) {
          if (signal.aborted) return
          isStale = true
          log.warn('the list of pools cannot be written; retrying', { ...POOL_LIST, error: errorChain(error) })
          await pause(clock, RETRY_MS, signal)
        }
      }
    }
    const changed = () => {
      isStale = true
      running ??= run().finally(() => (running = undefined))
    }
    const leave = informers.of(instanceClassType).subscribe({ added: changed, updated: changed, deleted: changed })
    changed()
    return () => {
      leave()
      end.abort()
    }
  }

const poolsOf = (informers: Informers): readonly string[] =>
  informers
    .of(instanceClassType)
    .list()
    .filter(({ spec }) => spec.pool !== undefined)
    .map(({ metadata }) => metadata.name)
    .sort()

/** In sync it writes nothing. Without the ConfigMap nobody may claim, until the door is installed again. */
async function writePools(client: Client, pools: readonly string[]): Promise<void> {
  const { name, namespace } = POOL_LIST
  const maps = client.of(configMapType)
  const { data: current = {}, metadata } = await maps.get(name, namespace)
  const missing = pools.filter((pool) => !(pool in current)).map((pool) => [pool, ''] as const)
  const gone = Object.keys(current)
    .filter((pool) => !pools.includes(pool))
    .map((pool) => [pool, null] as const)
  if (missing.length === 0 && gone.length === 0) return
  const { resourceVersion } = metadata
  await maps.patch(
    name,
    { metadata: { resourceVersion }, data: Object.fromEntries([...missing, ...gone]) },
    { namespace },
  )
}
