/**
 * What goes wrong between a client and AWS, said by a test: `faults.throttle({ service: 'elasticache' }, { times: 3 })`.
 *
 * Most faults come before AWS has seen the call. With `at: 'answer'` AWS does what it was asked for, and the fault hits
 * the answer: the client cannot know, and a second create must not make a second resource.
 *
 * A fault stays until it was met `times` times, is lifted, or `lift()` lifts all. Of several that fit a call the oldest counts.
 */
import {
  errorAnswer,
  expiredCredentials,
  invalidCredentials,
  serverErrorAnswer,
  throttling,
  type Answer,
  type AwsError,
} from './answers.ts'
import { isSelected, type Call, type Selection } from './call.ts'

export interface FaultOptions {
  /** How often; without it, until lifted. */
  readonly times?: number
  readonly at?: 'request' | 'answer'
}

/** What the proxy does in place of what it would have done. */
export type Effect =
  | { readonly kind: 'answer'; readonly answer: (call: Call) => Answer }
  | { readonly kind: 'rewrite'; readonly rewrite: (answer: Answer) => Answer }
  | { readonly kind: 'truncate' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'hold'; readonly until: Promise<void> }

export interface Fault {
  /** How often it was met. */
  readonly met: number
  /** Resolves when it is met next, or at once if it was met already and nobody waited. */
  reached(): Promise<Call>
  /** Ends it. What it holds goes on. */
  lift(): void
}

export class Faults {
  #standing: StandingFault[] = []

  /** Throttled as its service does it; `code` for another one, such as ElastiCache's `APICallRateForCustomerExceeded`. */
  throttle(selection: Selection, options: FaultOptions & { readonly code?: string } = {}): Fault {
    const error = (call: Call): AwsError => ({ ...throttling(call), ...(options.code && { code: options.code }) })
    return this.#answer(selection, options, error)
  }

  /** An error of the API: `{ status: 400, code: 'InsufficientCacheClusterCapacity', message: '..' }`. */
  refuse(selection: Selection, error: AwsError, options: FaultOptions = {}): Fault {
    return this.#answer(selection, options, () => error)
  }

  expireCredentials(selection: Selection = {}, options: FaultOptions = {}): Fault {
    return this.#answer(selection, options, expiredCredentials)
  }

  invalidateCredentials(selection: Selection = {}, options: FaultOptions = {}): Fault {
    return this.#answer(selection, options, invalidCredentials)
  }

  /** A page with this status and no error of the API in it, as balancers send it. */
  failServer(selection: Selection, options: FaultOptions & { readonly status?: number } = {}): Fault {
    return this.#add(selection, options, { kind: 'answer', answer: () => serverErrorAnswer(options.status ?? 503) })
  }

  /** The connection is reset. */
  reset(selection: Selection, options: FaultOptions = {}): Fault {
    return this.#add(selection, options, { kind: 'reset' })
  }

  /** Half of the answer arrives, then the connection is closed. AWS has done it. */
  truncate(selection: Selection, options: { readonly times?: number } = {}): Fault {
    return this.#add(selection, { ...options, at: 'answer' }, { kind: 'truncate' })
  }

  /** Nothing comes back until the fault is lifted; then it goes on as if nothing had been, also if its client has gone meanwhile. */
  hold(selection: Selection, options: FaultOptions = {}): Fault {
    const { promise: until, resolve } = deferred()
    return this.#add(selection, options, { kind: 'hold', until }, resolve)
  }

  /** Another body than AWS gave, for answers that nothing else can bring about. */
  rewrite(selection: Selection, change: (body: string) => string, options: { readonly times?: number } = {}): Fault {
    const rewrite = (answer: Answer): Answer => ({ ...answer, body: Buffer.from(change(answer.body.toString())) })
    return this.#add(selection, { ...options, at: 'answer' }, { kind: 'rewrite', rewrite })
  }

  /** Ends all faults. */
  lift(): void {
    const standing = this.#standing
    this.#standing = []
    for (const fault of standing) fault.lift()
  }

  /** @internal What this call meets, which counts as having met it. */
  meet(call: Call, at: 'request' | 'answer'): Effect | undefined {
    const fault = this.#standing.find((each) => each.at === at && isSelected(call, each.selection))
    fault?.meet(call)
    return fault?.effect
  }

  #answer(selection: Selection, options: FaultOptions, error: (call: Call) => AwsError): Fault {
    return this.#add(selection, options, { kind: 'answer', answer: (call) => errorAnswer(call, error(call)) })
  }

  #add(selection: Selection, options: FaultOptions, effect: Effect, release?: () => void): Fault {
    const fault = new StandingFault(selection, options, effect, release, () => {
      this.#standing = this.#standing.filter((each) => each !== fault)
    })
    this.#standing.push(fault)
    return fault
  }
}

class StandingFault implements Fault {
  readonly selection: Selection
  readonly at: 'request' | 'answer'
  readonly effect: Effect
  met = 0
  readonly #release: (() => void) | undefined
  readonly #times: number
  readonly #end: () => void
  #unseen: Call[] = []
  #waiting: ((call: Call) => void)[] = []

  constructor(
    selection: Selection,
    options: FaultOptions,
    effect: Effect,
    release: (() => void) | undefined,
    end: () => void,
  ) {
    this.selection = selection
    this.at = options.at ?? 'request'
    this.effect = effect
    this.#times = options.times ?? Number.POSITIVE_INFINITY
    this.#release = release
    this.#end = end
  }

  meet(call: Call): void {
    this.met++
    // What it holds stays held: only later calls go past it.
    if (this.met >= this.#times) this.#end()
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#unseen.push(call)
    else waiting(call)
  }

  reached(): Promise<Call> {
    const seen = this.#unseen.shift()
    if (seen !== undefined) return Promise.resolve(seen)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  lift(): void {
    this.#end()
    this.#release?.()
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let settle: (() => void) | undefined
  const promise = new Promise<void>((resolve) => (settle = resolve))
  return { promise, resolve: () => settle?.() }
}
