/** A transport that dies at a chosen write, before it or after it: what a `kill -9` looks like from the API's side. */
import type { Call, Transport } from '@larder/engine/machinery/call'

export interface Cut {
  readonly transport: Transport
  /** Another way of the same hub: it is counted with the first, and dies with it. */
  also(inner: Transport): Transport
  /** Writes so far. */
  readonly writes: readonly string[]
  dieAt(write: number, when: 'before' | 'after'): void
  /** The chosen write was begun: whoever made it dies, at the latest with its answer. */
  readonly doomed: boolean
  readonly dead: boolean
}

class Killed extends Error {
  override readonly name = 'Unreachable'
}

export function cutTransport(inner: Transport): Cut {
  const writes: string[] = []
  let plan: { write: number; when: 'before' | 'after' } | undefined
  let dead = false

  const kill = (): never => {
    dead = true
    throw new Killed('the hub was killed')
  }

  const through = (way: Transport): Transport => ({
    async call(call, signal) {
      if (dead) throw new Killed('the hub was killed')
      if (!isWrite(call)) return way.call(call, signal)
      const { resource, subresource } = call.target
      const name = call.target.name ?? nameIn(call)
      writes.push(`${call.verb} ${resource}${subresource === undefined ? '' : `/${subresource}`} ${name}`)
      const write = writes.length
      if (plan?.write === write && plan.when === 'before') kill()
      // A refusal, a conflict say, is an answer as well. Asked again: the plan may have been dropped while the API answered.
      return await way.call(call, signal).finally(() => {
        if (plan?.write === write && plan.when === 'after') kill()
      })
    },
    watch: (target, options, signal) => way.watch(target, options, signal),
    raw: (path, signal) => way.raw(path, signal),
    close: () => way.close(),
  })

  return {
    writes,
    get doomed() {
      return plan !== undefined && writes.length >= plan.write
    },
    get dead() {
      return dead
    },
    dieAt(write, when) {
      plan = { write, when }
    },
    transport: through(inner),
    also: through,
  }
}

/** A creation names its object in the body. */
function nameIn(call: Call): string {
  const body = 'body' in call ? (call.body as { readonly metadata?: { readonly name?: string } }) : undefined
  return body?.metadata?.name ?? ''
}

/** Events are told on the side, at no fixed moment: they count as no step. */
function isWrite(call: Call): boolean {
  return call.verb !== 'get' && call.verb !== 'list' && call.target.resource !== 'events'
}
