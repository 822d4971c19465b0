import { silentLog } from '@larder/engine/base/log'
import type { Clock } from '@larder/engine/base/clock'
import { throttled, unavailable, type Driver, type Session, type Want } from '@larder/kit'
import { describe, expect, test } from 'vitest'
import type { Backend } from '../../model/backend.ts'
import { DriverFailure } from './failure.ts'
import { createGate } from './gate.ts'
import { createRedaction } from './redaction.ts'
import { redactAnswer } from './secrets-of-calls.ts'
import { createSessions } from './sessions.ts'

/** Time that a test turns. */
function turnedClock() {
  let now = 0
  const due: { at: number; call: () => void }[] = []
  const clock: Clock = {
    now: () => now,
    after(ms, call) {
      const entry = { at: now + ms, call }
      due.push(entry)
      return () => void due.splice(due.indexOf(entry) >>> 0, 1)
    },
  }
  const turn = (ms: number) => {
    now += ms
    for (const entry of due.filter((e) => e.at <= now)) {
      due.splice(due.indexOf(entry), 1)
      entry.call()
    }
  }
  return { clock, turn }
}

const never = new AbortController().signal
const want = { id: 'i', generation: 1 } as Want
const backend = (spec: Partial<Backend['spec']> = {}, generation = 1): Backend => ({
  apiVersion: 'larder.dev/v1alpha1',
  kind: 'Backend',
  metadata: { name: 'b', uid: 'u', generation },
  spec: { driver: 'd', ...spec },
})

const noKube = (): never => {
  throw new Error('this backend has no ServiceAccount')
}

function sessionsOf(session: Partial<Session>, clock: Clock) {
  let connects = 0
  const driver: Driver = {
    name: 'd',
    configSchema: {},
    recipeSchema: {},
    traits: () => ({ credentials: 'per-binding', provisions: true, observes: 'truth' }),
    connect() {
      connects++
      return session as Session
    },
  }
  const sessions = createSessions({
    drivers: new Map([['d', driver]]),
    clock,
    log: silentLog,
    kubeOf: noKube,
    random: () => 1,
  })
  return { sessions, connects: () => connects }
}

const secret = (resourceVersion: string) => () => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's', resourceVersion },
  data: { token: 'aHVudGVyMg==' },
})

const quoting = () => Promise.reject(unavailable('401 for token hunter2-hunter2 at https://x/?t=hunter2-hunter2'))

describe('a session', () => {
  test('is connected once, and again when configuration or account change', () => {
    const { clock } = turnedClock()
    const { sessions, connects } = sessionsOf({}, clock)
    const withAccount = { credentialsRef: { namespace: 'n', name: 's' } }
    sessions.of(backend(withAccount), secret('1'))
    sessions.of(backend(withAccount), secret('1'))
    expect(connects()).toBe(1)
    sessions.of(backend(withAccount, 2), secret('1'))
    sessions.of(backend(withAccount, 2), secret('2'))
    expect(connects()).toBe(3)
  })

  test('a driver that never answers and ignores its signal is given up when its time is over', async () => {
    const { clock, turn } = turnedClock()
    const { sessions } = sessionsOf({ observe: () => new Promise(() => undefined) }, clock)
    const asked = sessions.of(backend(), () => undefined).observe(want, never)
    const told = expect(asked).rejects.toMatchObject({
      reason: 'BackendUnavailable',
      message: 'driver d: observe gave no answer within 30 s',
    })
    await new Promise((resolve) => setImmediate(resolve))
    turn(30_000)
    await told
  })

  test('a signal reaches the driver', async () => {
    const { clock } = turnedClock()
    let aborted = false
    const observe = (_: Want, signal: AbortSignal) =>
      new Promise<never>(() => signal.addEventListener('abort', () => (aborted = true)))
    const { sessions } = sessionsOf({ observe }, clock)
    const abort = new AbortController()
    const asked = sessions.of(backend(), () => undefined).observe(want, abort.signal)
    const told = expect(asked).rejects.toBeInstanceOf(DriverFailure)
    await new Promise((resolve) => setImmediate(resolve))
    abort.abort()
    await told
    expect(aborted).toBe(true)
    await expect(sessions.of(backend(), () => undefined).observe(want, abort.signal)).rejects.toThrow('its turn')
  })

  test('the account of the backend never leaves it in a message', async () => {
    const { clock } = turnedClock()
    const { sessions } = sessionsOf({ create: quoting }, clock)
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      data: { t: Buffer.from('hunter2-hunter2').toString('base64') },
    }
    const session = sessions.of(backend({ credentialsRef: { namespace: 'n', name: 's' } }), () => secret)
    await expect(session.create(want, never)).rejects.toThrow('401 for token [redacted] at https://x/?t=[redacted]')
  })
})

const failing = (gate: ReturnType<typeof createGate>, error: () => Error, token = '1') => {
  let calls = 0
  const run = () =>
    gate
      .pass('create i', token, () => {
        calls++
        return Promise.reject(error())
      })
      .catch((failure: unknown) => failure as DriverFailure)
  return { run, calls: () => calls }
}

describe('the gate', () => {
  test('keeps a failing call away, ever longer, whatever wakes the controller', async () => {
    const { clock, turn } = turnedClock()
    const { run, calls } = failing(
      createGate(clock, () => 1),
      () => new DriverFailure('BackendUnavailable', 'closed'),
    )
    expect(await run()).toMatchObject({ afterMs: 200, repeated: false })
    expect(await run()).toMatchObject({ afterMs: 200, repeated: true, message: 'closed' })
    expect(calls()).toBe(1)
    turn(200)
    expect(await run()).toMatchObject({ afterMs: 400, repeated: false })
    expect(calls()).toBe(2)
  })

  test('waits as long as the backend says', async () => {
    const { clock } = turnedClock()
    const afterMs = throttled(7000, 'slowly').afterMs
    const { run } = failing(
      createGate(clock, () => 1),
      () => new DriverFailure('BackendThrottled', 'slowly', { afterMs }),
    )
    expect(await run()).toMatchObject({ afterMs: 7000 })
  })

  test('opens at once for another want, and forgets after success', async () => {
    const { clock } = turnedClock()
    const gate = createGate(clock, () => 1)
    await failing(gate, () => new DriverFailure('BackendUnavailable', 'closed')).run()
    expect(await gate.pass('create i', '2', () => Promise.resolve('made'))).toBe('made')
    expect(await gate.pass('create i', '1', () => Promise.resolve('made'))).toBe('made')
  })
})

test('credentials of claims are forgotten after many others, the account of the backend never', () => {
  const redaction = createRedaction()
  redaction.learn('account-secret')
  for (let i = 0; i < 10_100; i++) redaction.learnRecent(`password-${1000 + i}`)
  expect(redaction.redact('account-secret password-1000 password-11099')).toBe('[redacted] password-1000 [redacted]')
})

test('a secret is found as requests carry it: base64, percent-encoded, escaped, line by line', () => {
  const redaction = createRedaction()
  const secret = 'pa"ss/wörd&1'
  redaction.learn(secret)
  redaction.learn('-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n')
  for (const form of [
    secret,
    Buffer.from(secret).toString('base64'),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    'kqhkiG9w0BAQEF',
  ]) {
    expect(redaction.redact(`refused: ${form}!`)).toMatch(/^refused: \[redacted\]=*!$/)
  }
  const open = { outputs: { list: ['fine', 1, null] } }
  expect(redaction.redactAll(open)).toBe(open)
  expect(redaction.redactAll({ url: `redis://:${secret}@h`, [secret]: [secret] })).toEqual({
    url: 'redis://:[redacted]@h',
    '[redacted]': ['[redacted]'],
  })
})

test('redaction takes out the longest secret first, and no ordinary words', () => {
  const redaction = createRedaction()
  redaction.learn({ a: 'abcd', b: ['abcdefgh'], c: 'on' })
  redaction.learn(new TextEncoder().encode('bytes!'))
  expect(redaction.redact('abcdefgh abcd on bytes!')).toBe('[redacted] [redacted] on [redacted]')
})

test('texts of an answer lose the secret, and its words, identities and labels stay though a password is the same', () => {
  const redaction = createRedaction()
  for (const password of ['ready', 'phase', 'caches', 'values', 'hunter2']) redaction.learn(password)
  const labels = { offer: 'caches' }
  const seen = (secret: string) => ({
    phase: 'ready',
    outside: { id: 'caches-1', message: `made with ${secret}` },
    outputs: { labels, url: `redis://:${secret}@h` },
    drift: [{ path: 'spec.phase', want: secret, have: null }],
  })
  expect(redactAnswer(redaction, seen('hunter2'), 'i')).toEqual(seen('[redacted]'))
  const found = [
    {
      found: 'caches/one',
      type: 'caches',
      recipe: { kind: 'caches' },
      outside: { id: 'x' },
      resource: { name: 'caches', labels },
    },
  ]
  expect(redactAnswer(redaction, found, '')).toBe(found)
  const values = { password: 'hunter2' }
  const bound = { phase: 'ready', values, secretType: 'example.com/caches' }
  expect(redactAnswer(redaction, bound, 'i')).toBe(bound)
  const failed = { phase: 'failed', reason: 'Refused', message: 'password hunter2 refused', usable: false, retry: 'no' }
  expect(redactAnswer(redaction, failed, 'i')).toEqual({ ...failed, message: 'password [redacted] refused' })
})
