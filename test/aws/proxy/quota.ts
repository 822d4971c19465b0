/** A quota of calls in a second, as AWS keeps it for an account: a bucket that fills again, and throttling when it is empty. */
import { isSelected, type Call, type Selection } from './call.ts'

export interface QuotaOptions extends Selection {
  readonly perSecond: number
  /** How many at once after a quiet time; one second's worth by default. */
  readonly burst?: number
}

export class Quota {
  readonly #options: QuotaOptions
  readonly #buckets = new Map<string, { tokens: number; filledMs: number }>()

  constructor(options: QuotaOptions) {
    this.#options = options
  }

  /** Whether the call may pass. Each account, region and service has its own bucket. */
  allows(call: Call): boolean {
    const { perSecond, burst = perSecond } = this.#options
    if (!isSelected(call, this.#options)) return true
    const key = `${call.accessKeyId} ${call.region} ${call.service}`
    const bucket = this.#buckets.get(key) ?? { tokens: burst, filledMs: call.atMs }
    this.#buckets.set(key, bucket)
    bucket.tokens = Math.min(burst, bucket.tokens + ((call.atMs - bucket.filledMs) * perSecond) / 1000)
    bucket.filledMs = call.atMs
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }
}
