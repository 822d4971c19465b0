/**
 * One session for each Backend, connected when first needed and again when its configuration or account changes.
 */
import type { Clock } from '@larder/engine/base/clock'
import { isObject } from '@larder/engine/base/json'
import { errorChain, type Log } from '@larder/engine/base/log'
import { pause } from '@larder/engine/client/backoff'
import type { Secret } from '@larder/engine/client/builtin'
import { Stalled } from '@larder/engine/runtime/outcome'
import type { Driver, KubeApi, Log as DriverLog, Secrets, Session } from '@larder/kit'
import type { Backend } from '../../model/backend.ts'
import { noObserver, type SessionObserver } from './calls.ts'
import { createDriverSession, type DriverSession, type OpenDriverSession } from './driver-session.ts'
import { failureOf } from './failure.ts'
import type { Account } from './kube-api.ts'
import { createRedaction, type Redaction } from './redaction.ts'

/** Tells of an id outside whose state has changed, or of something found that did. */
type Changed = (externalID: string) => void

export interface Sessions {
  /** Throws `Stalled` when the backend's driver or account is missing, `DriverFailure` when the driver cannot connect. */
  of(backend: Backend, secretOf: (namespace: string, name: string) => Secret | undefined): DriverSession
  /** The driver that the backend names; throws `Stalled`. */
  driverOf(backend: Backend): Driver
  /** The backend is gone. */
  drop(uid: string): void
  /** Returns the end of it. */
  subscribe(changed: Changed): () => void
  /** Tells the name of a backend that stopped to answer, or answers again. Returns the end of it. */
  subscribeBackends(turned: (backend: string) => void): () => void
  close(): void
}

interface Connected {
  readonly version: string
  readonly session: OpenDriverSession
  readonly abort: AbortController
}

/** Enough to keep a backend busy, and few enough that one which is slow is not buried. */
const CALLS_PER_BACKEND = 16
/** Between two watches of a driver that fail. */
const MAX_PAUSE_MS = 60_000

export interface SessionsOptions {
  readonly drivers: ReadonlyMap<string, Driver>
  readonly clock: Clock
  readonly log: Log
  /** This cluster, under that ServiceAccount. */
  readonly kubeOf: (account: Account) => KubeApi
  /** In [0, 1), for jitter. */
  readonly random: () => number
  readonly observer?: SessionObserver
}

export function createSessions(options: SessionsOptions): Sessions {
  const { drivers, clock, log, kubeOf, random, observer = noObserver } = options
  const connected = new Map<string, Connected>()
  const listeners = new Set<Changed>()
  const backendListeners = new Set<(backend: string) => void>()

  function driverOf(backend: Backend): Driver {
    const driver = drivers.get(backend.spec.driver)
    if (driver) return driver
    const known = [...drivers.keys()].sort().join(', ')
    throw new Stalled(
      'DriverNotFound',
      `spec.driver: backend ${backend.metadata.name} needs driver ${JSON.stringify(backend.spec.driver)}; this hub has: ${known}`,
    )
  }

  function connect(backend: Backend, credentials: Secrets, version: string): Connected {
    const driver = driverOf(backend)
    const redaction = createRedaction()
    for (const value of Object.values(credentials)) redaction.learn(value)
    const backendLog = log.with({ backend: backend.metadata.name, driver: driver.name })
    const account = backend.spec.serviceAccountRef
    const driverLog = redactedLog(backendLog, redaction)
    const host = { log: driverLog, now: () => new Date(clock.now()), ...(account && { kube: kubeOf(account) }) }
    let session: Session
    try {
      session = driver.connect({ config: backend.spec.config ?? {}, credentials }, host)
    } catch (error) {
      throw failureOf(error, { driver: driver.name, verb: 'connect' }, (text) => redaction.redact(text))
    }
    const abort = new AbortController()
    void watch(session, abort.signal, backendLog, redaction)
    const { name } = backend.metadata
    const open = createDriverSession({
      backend: name,
      driver,
      session,
      clock,
      log: backendLog,
      random,
      redaction,
      observer,
      limit: CALLS_PER_BACKEND,
      turned() {
        for (const listener of backendListeners) listener(name)
      },
    })
    return { version, abort, session: open }
  }

  function disconnect(uid: string): void {
    const known = connected.get(uid)
    known?.abort.abort()
    known?.session.end()
    connected.delete(uid)
  }

  function changed(id: string): void {
    for (const listener of listeners) listener(id)
  }

  /** A watch that ends by itself is begun again; without one the controllers poll at the pace that the driver asks for. */
  async function watch(session: Session, signal: AbortSignal, backendLog: Log, redaction: Redaction): Promise<void> {
    for (let failures = 0; session.watch && !signal.aborted; failures++) {
      const begunAt = clock.now()
      try {
        await session.watch(changed, signal)
      } catch (error) {
        if (!signal.aborted)
          backendLog.warn('the watch of the driver failed', { error: redaction.redact(errorChain(error)) })
      }
      // One that watched for long is well again, and its next failure is another one.
      if (clock.now() - begunAt > MAX_PAUSE_MS) failures = 0
      if (!signal.aborted) await pause(clock, Math.min(1000 * 2 ** failures, MAX_PAUSE_MS), signal)
    }
  }

  return {
    driverOf,
    of(backend, secretOf) {
      const { uid = '', generation = 0 } = backend.metadata
      const { credentials, version: secretVersion } = readCredentials(backend, secretOf)
      const version = `${generation} ${secretVersion}`
      const known = connected.get(uid)
      if (known?.version === version) return known.session
      disconnect(uid)
      const fresh = connect(backend, credentials, version)
      connected.set(uid, fresh)
      return fresh.session
    },
    drop: disconnect,
    subscribe(changed) {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
    subscribeBackends(turned) {
      backendListeners.add(turned)
      return () => backendListeners.delete(turned)
    },
    close() {
      for (const uid of connected.keys()) disconnect(uid)
    },
  }
}

/** Drivers are naive: what they log may quote what they send. */
function redactedLog(log: Log, redaction: Redaction): DriverLog {
  const clean =
    (level: 'debug' | 'info' | 'warn'): DriverLog['info'] =>
    (message, fields) =>
      log[level](redaction.redact(message), fields && redaction.redactAll(fields))
  return { debug: clean('debug'), info: clean('info'), warn: clean('warn') }
}

function readCredentials(
  backend: Backend,
  secretOf: (namespace: string, name: string) => Secret | undefined,
): { credentials: Secrets; version: string } {
  const ref = backend.spec.credentialsRef
  if (!ref) return { credentials: {}, version: '' }
  const secret = secretOf(ref.namespace, ref.name)
  if (!secret) {
    throw new Stalled(
      'CredentialsNotFound',
      // Claims repeat it. Which Secret, the Backend says.
      `backend ${backend.metadata.name} is not ready: the Secret of its spec.credentialsRef does not exist`,
    )
  }
  const data = isObject(secret.data) ? secret.data : {}
  const credentials = Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, new Uint8Array(Buffer.from(value, 'base64'))]),
  )
  return { credentials, version: secret.metadata.resourceVersion ?? '' }
}
