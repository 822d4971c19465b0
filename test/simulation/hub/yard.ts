/**
 * What is outside: services, who may use them, and the driver that works on them.
 *
 * The yard is the truth that the invariants look at. Its driver is as naive as a driver may be: it does what the verb says, one thing at
 * a time, knows nothing of claims, and remembers nothing between sessions. Calls reach the yard over the scheduler, and may be lost,
 * doubled, answered late or never.
 */
import { ambiguous, unavailable } from '@larder/kit'
import type { Ack, Bound, Credential, Driver, Json, Plan, Seen, Session, Unbound, Want } from '@larder/kit'
import { ACCOUNT_MARK, YARD_MARK } from './base-world.ts'
import type { Action, Scheduler } from './scheduler.ts'
import type { Process } from './wire-chances.ts'

export interface YardService {
  readonly id: string
  /** Tells this service from an earlier one of the same id. */
  readonly serial: number
  parameters: string
  plan: string | undefined
  /** By credential id. */
  readonly users: Map<string, { readonly role: string | undefined; readonly password: string }>
  /** Since when it can be used, by the clock. */
  readyAt: number
  /** Who asked for it first. */
  readonly origin: string | undefined
  failed: boolean
  /** Whether anybody was ever let in, and may have put something into it. */
  wasUsed: boolean
  /** Users of whom something may still be found in it: since it was made or wiped. */
  readonly left: Set<string>
}

export type Deed =
  | { readonly type: 'made' | 'removed' | 'changed' | 'wiped'; readonly service: YardService; readonly want: Want }
  | {
      readonly type: 'issued' | 'revoked'
      readonly service: YardService
      readonly want: Want
      readonly credential: string
    }

export type YardFate =
  | 'done'
  | 'refused'
  /** Done, and the answer is lost. */
  | 'answerLost'
  | 'doubled'
  | 'hangs'
  /** It throws what no driver should, with a secret in it. */
  | 'crashes'
  | 'killedBefore'
  | 'killedAfter'

export interface YardChances {
  verb(verb: string): YardFate
  /** How long a thing takes to be made, changed or removed. */
  takesMs(): number
  /** Whether what is made fails. */
  fails(): boolean
  /** Whether a look shows a moment of weakness of what is ready. */
  flickers(): boolean
}

export interface Yard {
  readonly services: ReadonlyMap<string, YardService>
  /** Told of each change, before anything else happens. */
  onDeed(listener: (deed: Deed) => void): void
  /** The service and user whom a password lets in. */
  whomLetsIn(password: string): { readonly service: YardService; readonly user: string } | undefined
  driverFor(process: Process): Driver
  /** Somebody outside takes a service away. */
  lose(id: string): void
  /** Tells all who watch that a service may have changed, rightly or not. */
  tell(id: string): void
  /** No backend answers while it is down. */
  isDown: boolean
  /** A backend shows a secret once. */
  showsOnce: boolean
}

export interface YardOptions {
  readonly scheduler: Scheduler
  readonly chances: YardChances
  /** Those that are there already. */
  readonly services: readonly YardService[]
}

export function createYard({ scheduler, chances, services: there }: YardOptions): Yard {
  const services = new Map(
    there.map((service) => [service.id, { ...service, users: new Map(service.users), left: new Set(service.left) }]),
  )
  const going = new Map<string, number>()
  const listeners: ((deed: Deed) => void)[] = []
  const shown = new Set<string>()
  const watchers = new Set<(id: string) => void>()
  const changed = (id: string): void => {
    for (const told of watchers) told(id)
  }
  let serial = there.length
  let passwords = 1000 * there.length

  const tell = (deed: Deed): void => {
    scheduler.note(`  outside: ${deed.type} ${deed.service.id}${'credential' in deed ? ` ${deed.credential}` : ''}`)
    for (const listener of listeners) listener(deed)
  }
  const now = (): number => scheduler.clock.now()

  /** What was to be removed and whose time has come is gone. */
  function find(id: string): YardService | undefined {
    const service = services.get(id)
    const goesAt = going.get(id)
    if (!service || goesAt === undefined || goesAt > now()) return service
    services.delete(id)
    going.delete(id)
    return undefined
  }

  function look(want: Want): Seen {
    const service = find(want.id)
    if (!service) return { phase: 'absent' }
    const outside = { id: `yard/${want.id}` }
    if (going.has(want.id)) return { phase: 'changing', doing: 'Removing', againMs: 500, outside }
    if (service.failed) {
      const message = 'the yard could not make it'
      return { phase: 'failed', reason: 'Broken', message, usable: false, retry: 'recreate', outside }
    }
    if (service.readyAt > now()) return { phase: 'changing', doing: 'Making', againMs: 500, outside }
    if (chances.flickers()) {
      return { phase: 'failed', reason: 'Weak', message: 'does not answer', usable: false, retry: 'recreate', outside }
    }
    const drift = sameAsWanted(service, want) ? [] : [{ path: 'parameters' }]
    return { phase: 'ready', drift, outside, bindings: [...service.users.keys()].sort() }
  }

  function make(want: Want): Ack {
    const known = find(want.id)
    if (known) return {}
    const service: YardService = {
      id: want.id,
      serial: ++serial,
      parameters: textOf(want.parameters),
      plan: want.plan?.name,
      users: new Map(),
      readyAt: now() + chances.takesMs(),
      origin: want.origin.uid,
      failed: chances.fails(),
      wasUsed: false,
      left: new Set(),
    }
    services.set(want.id, service)
    tell({ type: 'made', service, want })
    return service.readyAt > now() ? { againMs: 500 } : {}
  }

  function change(want: Want): Ack {
    const service = find(want.id)
    if (!service || sameAsWanted(service, want)) return {}
    service.parameters = textOf(want.parameters)
    service.plan = want.plan?.name
    service.readyAt = now() + chances.takesMs()
    tell({ type: 'changed', service, want })
    return service.readyAt > now() ? { againMs: 500 } : {}
  }

  function remove(want: Want): Ack {
    const service = find(want.id)
    if (!service || going.has(want.id)) return {}
    tell({ type: 'removed', service, want })
    const takesMs = chances.takesMs()
    // From now on nobody is let in, however long it takes.
    service.users.clear()
    if (takesMs > 0) going.set(want.id, now() + takesMs)
    else services.delete(want.id)
    return takesMs > 0 ? { againMs: 500 } : {}
  }

  function bind(want: Want, { id, role }: Credential): Bound {
    const service = find(want.id)
    if (!service || going.has(want.id)) {
      return { phase: 'changing', doing: 'Waiting', message: 'there is no such service', againMs: 1000 }
    }
    const known = service.users.get(id)
    if (known && yard.showsOnce && shown.has(`${service.serial} ${id}`)) return { phase: 'withheld' }
    const user = known ?? { role, password: `${YARD_MARK}${++passwords}` }
    service.users.set(id, user)
    service.wasUsed = true
    service.left.add(id)
    if (!known) tell({ type: 'issued', service, want, credential: id })
    shown.add(`${service.serial} ${id}`)
    return { phase: 'ready', values: { host: 'yard', port: 1, username: id, password: user.password } }
  }

  function unbind(want: Want, { id }: Credential): Unbound {
    const service = find(want.id)
    if (service?.users.has(id)) {
      tell({ type: 'revoked', service, want, credential: id })
      service.users.delete(id)
    }
    return { phase: 'gone' }
  }

  function wipe(want: Want): Ack {
    const service = find(want.id)
    if (!service) return {}
    tell({ type: 'wiped', service, want })
    service.users.clear()
    service.left.clear()
    return {}
  }

  function listen(process: Process, told: (id: string) => void, signal: AbortSignal): Promise<void> {
    const listener = (id: string): void => {
      if (process.isDead) watchers.delete(listener)
      else scheduler.park({ owner: process, label: `${process.name} hears of ${id}`, run: () => told(id) })
    }
    watchers.add(listener)
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        watchers.delete(listener)
        resolve()
      })
    })
  }

  function driverFor(process: Process): Driver {
    const send = <T>(verb: string, id: string, signal: AbortSignal, deed: () => T): Promise<T> =>
      sendTo({ scheduler, chances, process, isDown: () => yard.isDown }, `${verb} ${id}`, verb, signal, deed)
    return {
      name: 'yard',
      configSchema: { type: 'object', properties: { room: { type: 'string' } } },
      recipeSchema: { type: 'object', properties: { colour: { type: 'string' } } },
      traits: () => ({ credentials: 'per-binding', provisions: true, observes: 'truth' }),
      connect: (): Session => ({
        probe: (signal) => send('probe', 'yard', signal, () => ({ info: {} })),
        plan: (want, signal) =>
          send('plan', want.id, signal, (): Plan => ({ parameters: want.parameters, errors: [], effects: [] })),
        observe: (want, signal) => send('observe', want.id, signal, () => look(want)),
        create: (want, signal) => send('create', want.id, signal, () => make(want)),
        update: (want, signal) => send('update', want.id, signal, () => change(want)),
        delete: (want, signal) => send('delete', want.id, signal, () => remove(want)),
        bind: (want, credential, signal) => send('bind', credential.id, signal, () => bind(want, credential)),
        unbind: (want, credential, signal) => send('unbind', credential.id, signal, () => unbind(want, credential)),
        wipe: (want, signal) => send('wipe', want.id, signal, () => wipe(want)),
        watch: (told, signal) => listen(process, told, signal),
      }),
    }
  }

  const yard: Yard = {
    get services() {
      for (const id of Array.from(going.keys())) find(id)
      return services
    },
    onDeed: (listener) => void listeners.push(listener),
    whomLetsIn(password) {
      for (const service of services.values()) {
        for (const [user, known] of service.users) if (known.password === password) return { service, user }
      }
      return undefined
    },
    driverFor,
    lose(id) {
      services.delete(id)
      going.delete(id)
      changed(id)
    },
    tell: changed,
    isDown: false,
    showsOnce: false,
  }
  return yard
}

/** Parameters as the yard compares them: in the order of their names. */
const textOf = (parameters: Json): string =>
  JSON.stringify(Object.entries((parameters ?? {}) as Record<string, Json>).sort(([a], [b]) => (a < b ? -1 : 1)))

const sameAsWanted = (service: YardService, want: Want): boolean =>
  service.parameters === textOf(want.parameters) && service.plan === want.plan?.name

interface Line {
  readonly scheduler: Scheduler
  readonly chances: YardChances
  readonly process: Process
  readonly isDown: () => boolean
}

function sendTo<T>(line: Line, label: string, verb: string, signal: AbortSignal, deed: () => T): Promise<T> {
  const { scheduler, chances, process, isDown } = line
  signal.throwIfAborted()
  if (process.isDead) return new Promise<T>(() => undefined)
  return new Promise<T>((resolve, reject) => {
    const action: Action = scheduler.park({
      owner: process,
      label: `${process.name} yard ${label}`,
      run() {
        signal.removeEventListener('abort', onAbort)
        if (isDown()) return reject(unavailable('the yard does not answer'))
        const fate = chances.verb(verb)
        if (fate !== 'done') scheduler.note(`  ${fate}`)
        switch (fate) {
          case 'done':
            return resolve(deed())
          case 'refused':
            return reject(unavailable('the yard has no time'))
          case 'answerLost':
            deed()
            return reject(ambiguous('the line to the yard broke'))
          case 'doubled':
            deed()
            return resolve(deed())
          case 'hangs':
            signal.addEventListener('abort', onAbort, { once: true })
            return undefined
          case 'crashes':
            return reject(new TypeError(`cannot log in as ${ACCOUNT_MARK}-1`))
          case 'killedBefore':
            return process.kill()
          case 'killedAfter':
            deed()
            return process.kill()
        }
      },
    })
    const onAbort = (): void => {
      // A request that was on its way may or may not have been heard; this one was not.
      scheduler.withdraw(action)
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
