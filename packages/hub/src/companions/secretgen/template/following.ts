/**
 * Watches what templates read as ServiceAccounts, so that an edit of a source reaches the Secret at once. A watch is a help and no more: an
 * account that may get and not watch, or a watch that ends by a failure, leaves the template to its next look (controller.ts).
 */
import { setMaxListeners } from 'node:events'
import type { Source } from '@larder/engine/runtime/controller'
import { formatKey, keyOf, parseKey, type Key } from '@larder/engine/runtime/pass'
import type { DoorContext } from '../../../door.ts'
import { secretTemplateKind } from '../kinds.ts'
import type { Sought } from './inputs.ts'

/** A right that was taken away, or an account that may not watch: nothing tells of either. */
const LOOK_AGAIN_MS = 30_000
/** Until all inputs have what the template wants of them. */
const HOPE_AGAIN_MS = 3000
/** A watch outlives the right to it, so it is asked for again. */
const WATCH_SECONDS = 300

export interface Following {
  readonly source: Source
  /** From now on these, and no others, wake the template; and the time, sooner while it is not well. */
  follow(template: Key, sought: readonly Sought[], isWell: boolean): void
}

interface Followed {
  readonly templates: Set<string>
  readonly end: AbortController
}

export function createFollowing({
  transportOf,
  clock,
  log,
}: Pick<DoorContext, 'transportOf' | 'clock' | 'log'>): Following {
  const followed = new Map<string, Followed>()
  const looks = new Map<string, () => void>()
  let wake: ((keys: readonly Key[]) => void) | undefined

  function lookAgain(template: string, afterMs: number | undefined): void {
    looks.get(template)?.()
    looks.delete(template)
    if (afterMs !== undefined)
      looks.set(
        template,
        clock.after(afterMs, () => wake?.([parseKey(template)])),
      )
  }

  function leave(template: string, kept: ReadonlySet<string>): void {
    for (const [id, { templates, end }] of followed) {
      if (kept.has(id) || !templates.delete(template) || templates.size > 0) continue
      followed.delete(id)
      end.abort()
    }
  }

  function forget(template: string): void {
    lookAgain(template, undefined)
    leave(template, new Set())
  }

  async function watch(id: string, { account, target }: Sought, { templates, end }: Followed): Promise<void> {
    const { name, ...collection } = target
    const options = { fieldSelector: `metadata.name=${name}`, timeoutSeconds: WATCH_SECONDS }
    try {
      for await (const { type } of transportOf(account).watch(collection, options, end.signal)) {
        if (type !== 'BOOKMARK') wake?.([...templates].map(parseKey))
      }
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'unknown'
      if (!end.signal.aborted) log.debug('cannot watch an input of a SecretTemplate; it is looked at again', { reason })
    } finally {
      if (followed.get(id)?.end === end) followed.delete(id)
    }
  }

  return {
    source(wakeKeys, informers) {
      wake = wakeKeys
      const unsubscribe = informers
        .of(secretTemplateKind)
        .subscribe({ deleted: (template) => forget(formatKey(keyOf(template))) })
      return () => {
        unsubscribe()
        wake = undefined
        for (const { end } of followed.values()) end.abort()
        followed.clear()
        for (const cancel of looks.values()) cancel()
        looks.clear()
      }
    },
    follow(key, sought, isWell) {
      const template = formatKey(key)
      if (!wake) return
      lookAgain(template, sought.length === 0 ? undefined : isWell ? LOOK_AGAIN_MS : HOPE_AGAIN_MS)
      const ids = new Map(sought.filter(isFollowed).map((one) => [JSON.stringify(one), one]))
      leave(template, new Set(ids.keys()))
      for (const [id, one] of ids) {
        const known = followed.get(id)
        if (known) known.templates.add(template)
        else {
          const fresh = { templates: new Set([template]), end: new AbortController() }
          setMaxListeners(0, fresh.end.signal)
          followed.set(id, fresh)
          void watch(id, one, fresh)
        }
      }
    },
  }
}

/** The hub follows all Secrets already. */
const isFollowed = ({ target }: Sought) => target.group !== '' || target.resource !== 'secrets'
