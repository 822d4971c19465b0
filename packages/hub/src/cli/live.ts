/** Shows something again whenever what it was made from changes: the `-w` of commands that look at several objects. */
import type { Client } from '@larder/engine/client/client'
import { isApiError, isForbidden } from '@larder/engine/machinery/status'
import { CommandFailed, EXIT } from './failure.ts'
import { createReader, type Place, type Reader } from './reading.ts'
import type { Terminal } from './terminal.ts'

export interface Picture {
  readonly text: string
  /** The same for pictures that differ in nothing but the time: those are not shown again. */
  readonly content: string
}

/** Looks once, or with `watch` again and again until Ctrl-C, or until `look` says that there is nothing left to look at. */
export async function show(
  client: Client,
  terminal: Terminal,
  watch: boolean,
  look: (reader: Reader) => Promise<Picture | undefined>,
): Promise<void> {
  const first = createReader(client)
  const picture = await look(first)
  if (picture) terminal.out(picture.text)
  if (watch && picture) await follow(client, terminal, { first, content: picture.content, look })
}

interface Following {
  readonly first: Reader
  readonly content: string
  readonly look: (reader: Reader) => Promise<Picture | undefined>
}

async function follow(client: Client, terminal: Terminal, { first, content, look }: Following): Promise<void> {
  const news = createNews(client, terminal.signal, 'fail')
  try {
    let shown = content
    news.about(first.places)
    while (await news.next()) {
      const reader = createReader(client)
      const picture = await look(reader)
      if (!picture) return
      news.about(reader.places)
      if (picture.content === shown) continue
      shown = picture.content
      terminal.out(`\n${picture.text}`)
    }
    throw new CommandFailed(EXIT.interrupted, 'stopped watching')
  } finally {
    news.stop()
  }
}

export interface News {
  /** From now on also of these. */
  about(places: ReadonlyMap<string, Place>): void
  /** Waits for something to have changed. False when somebody interrupted. Rejects when the API fails, unless it is patient. */
  next(): Promise<boolean>
  stop(): void
}

const RETRY_MS = 1000

/**
 * One watch for each place. Each begins with what is there now, so that nothing is missed between a look and its watch, and tells once
 * more after a time without an answer. `patient` waits for an API that is away: a program that runs must not end with it.
 */
export function createNews(client: Client, interrupted: AbortSignal, onTrouble: 'fail' | 'patient'): News {
  const abort = new AbortController()
  const signal = AbortSignal.any([abort.signal, interrupted])
  const watched = new Set<string>()
  let failure: unknown
  let fresh = false
  let wake: (() => void) | undefined
  signal.addEventListener('abort', () => wake?.())

  const tell = (): void => {
    fresh = true
    wake?.()
  }

  async function watch({ type, namespace, name }: Place): Promise<void> {
    const selection = { namespace, ...(name !== undefined && { fieldSelector: `metadata.name=${name}` }) }
    while (!signal.aborted) {
      try {
        for await (const event of client.of(type).watch(selection, signal)) if (event.type !== 'BOOKMARK') tell()
      } catch (error) {
        // Who may get and not watch sees it as of the next change of something else.
        if (signal.aborted || (isForbidden(error) && onTrouble === 'fail')) return
        if (onTrouble === 'fail' && !isApiError(error, 'Expired')) {
          failure = error
          return tell()
        }
        await pause(RETRY_MS, signal)
      }
    }
  }

  return {
    about(places) {
      for (const [key, place] of places) {
        if (watched.has(key)) continue
        watched.add(key)
        void watch(place)
      }
    },
    async next() {
      if (!fresh && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve))
      fresh = false
      if (failure !== undefined) throw failure
      return !signal.aborted
    },
    stop: () => abort.abort(),
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
    function end(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
  })
}
