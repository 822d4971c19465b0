/**
 * One watch on its way to one client.
 *
 * Events wait here as references to shared documents and become bytes only when the connection takes more, so that a client that
 * lists 100,000 objects through a watch, or one that stops reading, costs references and not copies. A client that falls
 * too far behind the live events is ended: it sees a clean end of the stream and resumes from what it has seen.
 */
import type { Clock } from '../../base/clock.ts'
import { internal, isApiError } from '../../machinery/status.ts'
import type { ApiWatch, ApiWatchEvent } from '../api.ts'
import { bookmarkOf } from '../bookmark.ts'
import { encodeEvent, frame, type View } from './encoding.ts'
import type { Sink } from './exchange.ts'
import type { FrameCache } from './frame-cache.ts'

/** A write of more would hold the event loop; a write of less costs a system call for each event. */
const WRITE_BYTES = 64 * 1024
const BOOKMARK_INTERVAL_MS = 60_000
/** For a slow client to take what was already written to it, before the connection is broken. */
const SLOW_GRACE_MS = 30_000

export interface WatchStreamOptions {
  readonly clock: Clock
  readonly frames: FrameCache
  readonly view: View
  readonly bookmarks: boolean
  readonly timeoutMs: number
  /** How many bytes of live events may wait for the client. */
  readonly backlogBytes: number
  /** Told once, when nothing more will be sent. `slow`: the client did not keep up. */
  readonly onEnd: (why: 'done' | 'slow') => void
}

export class WatchStream {
  readonly #options: WatchStreamOptions
  #queue: ApiWatchEvent[] = []
  #head = 0
  /** Events of the replay still queued. They are the client's to ask for, however many: only live ones count as backlog. */
  #replayLeft = 0
  /** Until the first batch has come, which holds all that the watch begins with. */
  #isReplay = true
  #backlogBytes = 0
  #isFirst = true
  #isBlocked = false
  #isEnding = false
  #isEnded = false
  #sink: Sink | undefined
  #watch: ApiWatch | undefined
  #lastLine: Buffer | undefined
  #lastRevision: string | undefined
  #cancelTimers: (() => void)[] = []

  constructor(options: WatchStreamOptions) {
    this.#options = options
  }

  push(events: readonly ApiWatchEvent[]): void {
    if (this.#isEnding) return
    for (const event of events) {
      this.#queue.push(event)
      if (this.#isReplay) this.#replayLeft++
      else this.#backlogBytes += event.document.bytes.length
    }
    if (this.#watch) this.#isReplay = false
    this.#flush()
    if (this.#backlogBytes > this.#options.backlogBytes) this.#endSlow()
  }

  /** The watch has begun and its head is sent. */
  start(watch: ApiWatch, sink: Sink): void {
    this.#watch = watch
    this.#sink = sink
    sink.on('drain', this.#onDrain)
    sink.on('close', () => this.#stop('done'))
    const { clock, timeoutMs, bookmarks } = this.#options
    this.#cancelTimers.push(clock.after(timeoutMs, () => this.end()))
    if (bookmarks) this.#scheduleBookmark()
    this.#flush()
  }

  /** Sends what waits, then a last bookmark or the error, then the end of the stream. */
  end(error?: Error): void {
    if (this.#isEnding) return
    this.#isEnding = true
    if (error) {
      const status = (isApiError(error) ? error : internal('the watch cannot go on', error)).toStatus()
      this.#lastLine = frame('ERROR', Buffer.from(JSON.stringify(status)))
    } else if (this.#options.bookmarks && this.#watch) {
      // Now, not when the queue has drained: no event after this moment will be sent.
      this.#lastRevision = this.#watch.revision()
    }
    this.#flush()
  }

  readonly #onDrain = (): void => {
    this.#isBlocked = false
    this.#flush()
  }

  #flush(): void {
    const sink = this.#sink
    if (!sink || this.#isEnded) return
    while (!this.#isBlocked && this.#head < this.#queue.length) {
      if (!sink.write(this.#nextLines())) this.#isBlocked = true
    }
    if (this.#head === this.#queue.length) {
      this.#queue = []
      this.#head = 0
      if (this.#isEnding && !this.#isBlocked) this.#finish(sink)
    }
  }

  #nextLines(): Buffer {
    const lines: Buffer[] = []
    let bytes = 0
    while (this.#head < this.#queue.length && bytes < WRITE_BYTES) {
      const event = this.#queue[this.#head++]!
      if (this.#replayLeft > 0) this.#replayLeft--
      else this.#backlogBytes -= event.document.bytes.length
      const line = this.#line(event)
      lines.push(line)
      bytes += line.length
    }
    return lines.length === 1 ? lines[0]! : Buffer.concat(lines, bytes)
  }

  #line(event: ApiWatchEvent): Buffer {
    const { frames, view } = this.#options
    const { resource } = this.#watch!
    const isFirst = this.#isFirst && view.form.as === 'Table'
    this.#isFirst = false
    // The replay is this client's alone; caching it would push out what many are about to share.
    if (this.#replayLeft > 0 || isFirst) return encodeEvent(resource, event, this.#viewNow(), isFirst)
    const key = `${event.type} ${view.form.as} ${view.form.version} ${view.includeObject} ${resource.version}`
    return frames.line(event.document, key, () => encodeEvent(resource, event, this.#viewNow(), false))
  }

  #viewNow(): View {
    return { ...this.#options.view, nowMs: this.#options.clock.now() }
  }

  #scheduleBookmark(): void {
    const cancel = this.#options.clock.after(BOOKMARK_INTERVAL_MS, () => {
      this.#cancelTimers.splice(this.#cancelTimers.indexOf(cancel), 1)
      if (this.#isEnding || !this.#watch || !this.#sink) return
      // What waits here is older than the bookmark would say; a client that resumed from it would miss that.
      if (this.#head === this.#queue.length && !this.#isBlocked)
        this.#sink.write(this.#bookmark(this.#watch.revision()))
      this.#scheduleBookmark()
    })
    this.#cancelTimers.push(cancel)
  }

  #bookmark(resourceVersion: string): Buffer {
    const { resource } = this.#watch!
    const isFirst = this.#isFirst
    this.#isFirst = false
    return encodeEvent(resource, bookmarkOf(resource, resourceVersion), this.#viewNow(), isFirst)
  }

  #finish(sink: Sink): void {
    if (this.#lastRevision !== undefined) sink.write(this.#bookmark(this.#lastRevision))
    if (this.#lastLine) sink.write(this.#lastLine)
    sink.end()
    this.#stop('done')
  }

  #endSlow(): void {
    const sink = this.#sink
    this.#isEnding = true
    this.#queue = []
    this.#head = 0
    this.#stop('slow')
    sink?.end()
    this.#options.clock.after(SLOW_GRACE_MS, () => sink?.destroy())
  }

  #stop(why: 'done' | 'slow'): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#isEnding = true
    this.#queue = []
    for (const cancel of this.#cancelTimers) cancel()
    this.#cancelTimers = []
    this.#sink?.off('drain', this.#onDrain)
    this.#watch?.stop()
    this.#options.onEnd(why)
  }
}
