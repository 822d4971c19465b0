/**
 * One session for each Backend, connected when first needed and again when its configuration or account changes.
 */
import type { Clock } from '@larder/engine/base/clock'
import { isObject } from '@larder/engine/base/json'
import { errorChain, type Log } from '@larder/engine/base/log'
import { pause } from '@larder/engine/client/backoff'
import type { Secret } from '@larder/engine/client/builtin'
import { Stalled } from '@larder/engine/runtime/outcome'
import type { Driver, KubeApi, Secrets, Session } from '@larder/kit'
import type { Backend } from '../../model/backend.ts'
import { createDriverSession, type DriverSession } from './driver-session.ts'
import { failureOf } from './failure.ts'
import { createGate } from './gate.ts'
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
  close(): void
}

interface Connected {
  readonly version: string
  readonly session: DriverSession
  readonly abort: AbortController
}

export interface SessionsOptions {
  readonly drivers: ReadonlyMap<string, Driver>
  readonly clock: Clock
  readonly log: Log
  /** This cluster, under that ServiceAccount. */
  readonly kubeOf: (account: Account) => KubeApi
}

export function createSessions({ drivers, clock, log, kubeOf }: SessionsOptions): Sessions {
  const connected = new Map<string, Connected>()
  const listeners = new Set<Changed>()

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
    const host = { log: backendLog, now: () => new Date(clock.now()), ...(account && { kube: kubeOf(account) }) }
    let session: Session
    try {
      session = driver.connect({ config: backend.spec.config ?? {}, credentials }, host)
    } catch (error) {
      throw failureOf(error, { driver: driver.name, verb: 'connect' }, (text) => redaction.redact(text))
    }
    const abort = new AbortController()
    void watch(session, abort.signal, backendLog, redaction)
    const gate = createGate(clock)
    return {
      version,
      abort,
      session: createDriverSession({ driver, session, clock, log: backendLog, gate, redaction }),
    }
  }

  function changed(id: string): void {
    for (const listener of listeners) listener(id)
  }

  /** A watch that ends by itself is begun again; without one the controllers poll at the pace that the driver asks for. */
  async function watch(session: Session, signal: AbortSignal, backendLog: Log, redaction: Redaction): Promise<void> {
    for (let failures = 0; session.watch && !signal.aborted; failures++) {
      try {
        await session.watch(changed, signal)
      } catch (error) {
        if (!signal.aborted)
          backendLog.warn('the watch of the driver failed', { error: redaction.redact(errorChain(error)) })
      }
      if (!signal.aborted) await pause(clock, Math.min(1000 * 2 ** failures, 60_000), signal)
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
      known?.abort.abort()
      connected.delete(uid)
      const fresh = connect(backend, credentials, version)
      connected.set(uid, fresh)
      return fresh.session
    },
    drop(uid) {
      connected.get(uid)?.abort.abort()
      connected.delete(uid)
    },
    subscribe(changed) {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
    close() {
      for (const { abort } of connected.values()) abort.abort()
      connected.clear()
    },
  }
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
      `spec.credentialsRef: backend ${backend.metadata.name} needs the Secret ${ref.namespace}/${ref.name}, which does not exist`,
    )
  }
  const data = isObject(secret.data) ? secret.data : {}
  const credentials = Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, new Uint8Array(Buffer.from(value, 'base64'))]),
  )
  return { credentials, version: secret.metadata.resourceVersion ?? '' }
}
