import { constants } from 'node:os'
import { isRecord, parseDurationMs } from '@larder/kit'
import type { Json } from '@larder/kit'

const WITHIN_MS = 5_000

/** Read with care: what is stopped may have been recorded by a version whose recipes were different. */
export function stopOptions(recipe: Json): { signal: string; withinMs: number } {
  const stop = isRecord(recipe) && isRecord(recipe['stop']) ? recipe['stop'] : {}
  const { signal, within } = stop
  return {
    signal: typeof signal === 'string' && signal in constants.signals ? signal : 'SIGTERM',
    withinMs: (typeof within === 'string' ? parseDurationMs(within) : undefined) ?? WITHIN_MS,
  }
}
