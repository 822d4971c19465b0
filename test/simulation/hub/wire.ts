/**
 * Between a simulated process and the API: every call and every event of a watch waits until the scheduler lets it through, and on the
 * way it may be lost, doubled, answered late or never, or meet somebody else's write.
 */
import type { Call, Transport } from '@larder/engine/machinery/call'
import type { Action } from './scheduler.ts'
import { never, noAnswer, type WireOptions } from './wire-chances.ts'
import { wiredWatch } from './wired-watch.ts'

export function wireTransport(options: WireOptions): Transport {
  const { inner, process } = options
  return {
    call(call, signal) {
      // Told on the side: events change nothing that anybody reads here, and would only take turns from what does.
      if (call.target.resource === 'events') return process.isDead ? never() : inner.call(call, signal)
      return wiredCall(options, { label: describe(call), call, signal, send: () => inner.call(call, signal) })
    },
    raw: (path, signal) => wiredCall(options, { label: `GET ${path}`, signal, send: () => inner.raw(path, signal) }),
    watch: (target, watchOptions, signal) => wiredWatch(options, target, watchOptions, signal),
    close: () => inner.close(),
  }
}

interface Sent<T> {
  readonly label: string
  /** Absent for what reads no objects. */
  readonly call?: Call
  readonly signal: AbortSignal | undefined
  readonly send: () => Promise<T>
}

function wiredCall<T>(options: WireOptions, sent: Sent<T>): Promise<T> {
  const { scheduler, process } = options
  const { label, signal } = sent
  if (process.isDead) return never()
  signal?.throwIfAborted()
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => {
      scheduler.withdraw(action)
      reject(signal!.reason as Error)
    }
    const action: Action = scheduler.park({
      owner: process,
      label: `${process.name} ${label}`,
      run() {
        signal?.removeEventListener('abort', onAbort)
        return meetFate(options, sent, { resolve, reject })
      },
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

interface Caller<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

async function meetFate<T>(options: WireOptions, sent: Sent<T>, caller: Caller<T>): Promise<void> {
  const { scheduler, process, chances, overtake } = options
  const fate = sent.call ? chances.call(sent.call) : 'arrives'
  if (fate !== 'arrives') scheduler.note(`  ${fate}`)
  switch (fate) {
    case 'lost':
      return caller.reject(noAnswer('the connection broke before the request was sent'))
    case 'answerLost':
      await unheard(sent)
      return caller.reject(noAnswer('the connection broke before the answer came'))
    case 'killedBefore':
      return process.kill()
    case 'killedAfter':
      await unheard(sent)
      return process.kill()
    case 'doubled':
      await unheard(sent)
      break
    case 'overtaken':
      if (sent.call) await overtake(sent.call.target)
      break
    case 'arrives':
  }
  return deliver(options, sent, caller)
}

/** Nobody hears whether the API took it or refused it. */
async function unheard<T>({ send }: Sent<T>): Promise<void> {
  await send().then(
    () => undefined,
    () => undefined,
  )
}

async function deliver<T>(options: WireOptions, { label, send }: Sent<T>, caller: Caller<T>): Promise<void> {
  const { scheduler, process, chances } = options
  const answer = (run: () => void): void => {
    if (process.isDead) return
    if (chances.answerIsLate()) scheduler.park({ owner: process, label: `${process.name} is answered ${label}`, run })
    else run()
  }
  await send().then(
    (value) => answer(() => caller.resolve(value)),
    (error: unknown) => answer(() => caller.reject(error as Error)),
  )
}

function describe(call: Call): string {
  const { resource, subresource, name, namespace } = call.target
  const body = 'body' in call ? (call.body as { readonly metadata?: { readonly name?: string } }) : undefined
  const path = [resource, namespace, name ?? body?.metadata?.name, subresource].filter((part) => part !== undefined)
  return `${call.verb} ${path.join('/')}`
}
