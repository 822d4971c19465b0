/** A watch whose events come in their order, each when the scheduler says; until then its reader is behind. */
import type { Target, WatchEvent, WatchOptions } from '@larder/engine/machinery/call'
import { expired } from '@larder/engine/machinery/status'
import type { Action } from './scheduler.ts'
import { never, noAnswer, type WireOptions } from './wire-chances.ts'

export async function* wiredWatch(
  wire: WireOptions,
  target: Target,
  options: WatchOptions,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, void> {
  if (wire.process.isDead) await never()
  const stream = new Stream(wire, target.resource, signal)
  // Bookmarks only say that nothing was missed, and would never let the world come to rest.
  const { allowWatchBookmarks: _, ...asked } = options
  const reading = stream.readFrom(wire.inner.watch(target, asked, stream.signal))
  try {
    for (let event = await stream.next(); event; event = await stream.next()) yield event
  } finally {
    stream.end()
    await reading
  }
  if (stream.problem && !signal.aborted) throw stream.problem
}

class Stream {
  readonly #wire: WireOptions
  readonly #resource: string
  readonly #outer: AbortSignal
  /** Aborts when either end lets go. Not by AbortSignal.any, which Node keeps for ever when it never aborts, and with it the world. */
  readonly #broken = new AbortController()
  /** On the wire. */
  readonly #waiting: WatchEvent[] = []
  /** Let through. */
  readonly #released: WatchEvent[] = []
  #next: Action | undefined
  #isLate = false
  #hasEnded = false
  #wake: (() => void) | undefined
  problem: Error | undefined

  constructor(wire: WireOptions, resource: string, outer: AbortSignal) {
    this.#wire = wire
    this.#resource = resource
    this.#outer = outer
    outer.addEventListener('abort', () => this.#broken.abort(), { once: true })
    if (outer.aborted) this.#broken.abort()
    this.signal.addEventListener('abort', () => this.#wake?.(), { once: true })
  }

  get signal(): AbortSignal {
    return this.#broken.signal
  }

  async readFrom(events: AsyncIterable<WatchEvent>): Promise<void> {
    try {
      for await (const event of events) {
        this.#waiting.push(event)
        this.#offer()
      }
    } catch (error) {
      this.problem = error as Error
    }
    this.#hasEnded = true
    this.#offer()
  }

  /** Undefined at the end. */
  async next(): Promise<WatchEvent | undefined> {
    for (;;) {
      if (this.#wire.process.isDead) await never()
      const event = this.#released.shift()
      if (event && !this.#outer.aborted) return event
      if (this.signal.aborted) return undefined
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  end(): void {
    this.#broken.abort()
    if (this.#next) this.#wire.scheduler.withdraw(this.#next)
  }

  #offer(): void {
    const { scheduler, process } = this.#wire
    if (this.#next || this.#isLate || process.isDead || this.signal.aborted) return
    const [first] = this.#waiting
    if (!first && !this.#hasEnded) return
    const what = first ? `${first.type} ${first.object.metadata.name}` : 'end'
    this.#next = scheduler.park({
      owner: process,
      label: `${process.name} sees ${this.#resource} ${what}`,
      run: () => {
        this.#next = undefined
        if (first) this.#pass(first)
        else this.#broken.abort()
        this.#wake?.()
        this.#offer()
      },
    })
  }

  #pass(event: WatchEvent): void {
    const { scheduler, chances } = this.#wire
    const fate = chances.event()
    if (fate === 'arrives') {
      this.#waiting.shift()
      this.#released.push(event)
      return
    }
    scheduler.note(`  ${fate}`)
    if (fate === 'late') this.#pause(chances.lateMs())
    else {
      this.problem = fate === 'expires' ? expired('too old resource version') : noAnswer('the watch broke off')
      this.#broken.abort()
    }
  }

  #pause(ms: number): void {
    this.#isLate = true
    this.#wire.scheduler.clock.after(ms, () => {
      this.#isLate = false
      this.#offer()
    })
  }
}
