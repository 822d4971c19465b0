/**
 * One leader among the processes that share an API, by a Lease of `coordination.k8s.io`.
 *
 * The holder renews the Lease every few seconds; who sees it unchanged for the length that it names may take it. No two clocks are
 * compared: each process counts from when it saw the Lease change. A holder that cannot renew stops leading well before the others
 * may begin: it has `renewDeadlineMs`, they wait `leaseMs`, and what lies between is for its last passes to end. A clean
 * stop empties the Lease, and the others, who watch it, take over at once.
 *
 * Rejected: a holder found dead by its address or its pid, because a process that is cut off still works.
 */
import type { Clock } from '../base/clock.ts'
import { errorChain, type Log } from '../base/log.ts'
import { pause } from '../client/backoff.ts'
import { leaseType, type Lease } from '../client/builtin.ts'
import type { Client } from '../client/client.ts'
import { isAlreadyExists, isApiError, isConflict } from '../machinery/status.ts'
import { formatMicroTime } from './events.ts'

export interface Election {
  /** By the clock: false from the moment on at which the Lease may be given up for lost, whether or not `lost` was called yet. */
  readonly isLeader: boolean
  /** Becomes a candidate. After `lost` has resolved, becomes one again. */
  start(on: { elected(): void; lost(): Promise<void> }): void
  /** Gives the Lease back, if it is held, and ends. `lost` is not called: whoever stops has ended its work before. */
  stop(): Promise<void>
}

export interface ElectionOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly lease: { readonly name: string; readonly namespace: string }
  /** Of this process and no other, not even of its next life. */
  readonly identity: string
  /** In whole seconds, because the Lease says it so; 15 s unless told. */
  readonly leaseMs?: number
  /** How long a holder that cannot renew goes on; two thirds of `leaseMs` unless told. */
  readonly renewDeadlineMs?: number
  /** Between two renewals, and between two attempts to reach the server; 2 s, or less for short leases, unless told. */
  readonly retryMs?: number
}

const LEASE_MS = 15_000
const RETRY_MS = 2000

export function createElection(options: ElectionOptions): Election {
  const { client, clock, identity, lease } = options
  const { leaseMs = LEASE_MS, renewDeadlineMs = (leaseMs * 2) / 3 } = options
  const { retryMs = Math.min(RETRY_MS, renewDeadlineMs / 4) } = options
  const leases = client.of(leaseType)
  const log = options.log.with({ lease: `${lease.namespace}/${lease.name}`, identity })
  const stopped = new AbortController()
  const { signal } = stopped
  /** The newest Lease seen, and when it was first seen so. */
  let seen: { readonly record: Lease; readonly at: number } | undefined
  /** When the last renewal that succeeded was sent; undefined: not held. */
  let renewedAt: number | undefined
  let running: Promise<void> | undefined

  function observe(record: Lease): void {
    if (record.metadata.resourceVersion === seen?.record.metadata.resourceVersion) return
    seen = { record, at: clock.now() }
  }

  const deadline = () => (renewedAt === undefined ? -Infinity : renewedAt + renewDeadlineMs)
  const isLeader = () => clock.now() < deadline()

  function freeInMs(): number {
    const { holderIdentity = '', leaseDurationSeconds = 0 } = seen?.record.spec ?? {}
    if (!seen || holderIdentity === '' || holderIdentity === identity) return 0
    return seen.at + leaseDurationSeconds * 1000 - clock.now()
  }

  /** What the Lease says once it is ours, or still is. */
  function claimed(now: number): NonNullable<Lease['spec']> {
    const { spec } = seen?.record ?? {}
    const renewal = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseMs / 1000),
      renewTime: formatMicroTime(now),
    }
    if (spec?.holderIdentity === identity) return { ...spec, ...renewal }
    const leaseTransitions = spec === undefined ? 0 : (spec.leaseTransitions ?? 0) + 1
    return { ...renewal, acquireTime: renewal.renewTime, leaseTransitions }
  }

  /** True when the Lease is ours now. Rejects when nobody can tell. */
  async function take(): Promise<boolean> {
    const found = await leases.find(lease.name, lease.namespace)
    // One that was deleted is still held as we last saw it: its holder has yet to learn.
    if (found) observe(found)
    if (freeInMs() > 0) return false
    const sentAt = clock.now()
    const spec = claimed(sentAt)
    try {
      observe(found ? await leases.update({ ...found, spec }) : await leases.create({ metadata: lease, spec }))
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) return false
      throw error
    }
    // An answer that took too long is worth nothing: others may have taken the Lease since.
    renewedAt = sentAt
    return isLeader()
  }

  /** Resolves when the Lease is ours, or with false when the election ends. */
  async function acquire(): Promise<boolean> {
    // An API that is away for an hour must not fill the log.
    let isTold = false
    while (!signal.aborted) {
      try {
        if (await take()) return true
        isTold = false
        await untilFree()
      } catch (error) {
        if (!isTold) log.warn('cannot reach the lease; retrying', { error: errorChain(error) })
        isTold = true
        await pause(clock, retryMs, signal)
      }
    }
    return false
  }

  /** Until the Lease may be taken, told by a watch or by time. */
  async function untilFree(): Promise<void> {
    const round = new AbortController()
    const both = AbortSignal.any([signal, round.signal])
    const expired = async () => {
      for (let ms = freeInMs(); ms > 0 && !both.aborted; ms = freeInMs()) await pause(clock, ms, both)
    }
    const followed = follow(both)
    try {
      await Promise.race([expired(), followed])
    } finally {
      round.abort()
      await followed
    }
  }

  /** Observes the Lease until somebody gave it back. A watch that breaks off is left to the next attempt. */
  async function follow(until: AbortSignal): Promise<void> {
    const { resourceVersion } = seen?.record.metadata ?? {}
    const options = {
      namespace: lease.namespace,
      fieldSelector: `metadata.name=${lease.name}`,
      ...(resourceVersion !== undefined && { resourceVersion }),
    }
    try {
      for await (const { type, object } of leases.watch(options, until)) {
        if (type === 'ADDED' || type === 'MODIFIED') observe(object)
        if (freeInMs() <= 0) return
      }
    } catch (error) {
      if (!until.aborted) log.debug('the watch of the lease broke off', { error: errorChain(error) })
    }
    await pause(clock, retryMs, until)
  }

  /** Renews until the Lease is lost or the election ends. */
  async function keep(): Promise<void> {
    while (isLeader() && !signal.aborted) {
      await pause(clock, Math.min(retryMs, deadline() - clock.now()), signal)
      if (signal.aborted || !isLeader()) return
      const late = new AbortController()
      const tooLate = pause(clock, deadline() - clock.now(), late.signal)
      await Promise.race([renew(), tooLate])
      late.abort()
    }
  }

  async function renew(): Promise<void> {
    const sentAt = clock.now()
    try {
      observe(await leases.update({ ...seen!.record, spec: claimed(sentAt) }))
      if (isLeader()) renewedAt = sentAt
    } catch (error) {
      if (isConflict(error) || isApiError(error, 'NotFound')) return reconsider(sentAt)
      log.warn('cannot renew the lease; retrying', { error: errorChain(error) })
    }
  }

  /** Somebody else wrote the Lease. If it still names us, the next renewal goes on from there; else it is lost now. */
  async function reconsider(sentAt: number): Promise<void> {
    try {
      const found = await leases.find(lease.name, lease.namespace)
      if (found) observe(found)
      if (found?.spec?.holderIdentity !== identity && (renewedAt ?? 0) <= sentAt) renewedAt = undefined
    } catch (error) {
      log.warn('cannot read the lease; retrying', { error: errorChain(error) })
    }
  }

  async function run(on: { elected(): void; lost(): Promise<void> }): Promise<void> {
    while ((await acquire()) && !signal.aborted) {
      log.info('leading')
      on.elected()
      await keep()
      if (signal.aborted) return
      renewedAt = undefined
      log.warn('no longer leading: the lease could not be renewed in time')
      await on.lost()
    }
  }

  async function resign(): Promise<void> {
    const held = isLeader()
    renewedAt = undefined
    if (!held || !seen) return
    try {
      const spec = {
        ...seen.record.spec,
        holderIdentity: '',
        leaseDurationSeconds: 1,
        renewTime: formatMicroTime(clock.now()),
      }
      await leases.update({ ...seen.record, spec })
    } catch (error) {
      log.warn('cannot give the lease back; it will expire', { error: errorChain(error) })
    }
  }

  return {
    get isLeader() {
      return isLeader()
    },
    start(on) {
      running ??= run(on)
    },
    async stop() {
      stopped.abort()
      await running
      await resign()
    },
  }
}
