/**
 * A driver for tests: services on a shelf in memory, which outlives the hub as a real backend does, and does what the test tells it.
 */
import type { Ack, Bound, Credential, Driver, Json, Plan, Seen, Session, Unbound, Want } from '@larder/kit'

interface Service {
  readonly id: string
  readonly parameters: Json
  readonly plan: string | undefined
  readonly credentials: Map<string, { readonly role: string | undefined; readonly password: string }>
  /** What its users left in it. */
  readonly data: Set<string>
  /** The generation that it was wiped for last. */
  wipedFor: number
  /** Somebody else put it there. */
  foreign?: boolean
}

type Verb = 'probe' | 'plan' | 'observe' | 'create' | 'update' | 'delete' | 'bind' | 'unbind' | 'wipe'

export class Shelf {
  readonly services = new Map<string, Service>()
  /** `create c1`, in order. */
  readonly calls: string[] = []
  /** How often each id was created from nothing. */
  readonly created = new Map<string, number>()
  /** What the last call brought along. */
  told: Want | undefined
  /** Throws what a verb should throw; undefined: nothing. */
  fail: (verb: Verb, id: string) => Error | undefined = () => undefined
  /** What observe says instead of the truth. */
  seen: ((want: Want) => Seen | undefined) | undefined
  bound: ((want: Want, credential: Credential) => Bound | undefined) | undefined
  planned: ((want: Want) => Plan) | undefined
  canUpdate = true
  canWipe = true
  /** Tells the hub that something has changed, as a watching driver does. */
  changed: (id: string) => void = () => undefined
  #passwords = 0

  note(verb: Verb, id: string): void {
    this.calls.push(`${verb} ${id}`)
    const error = this.fail(verb, id)
    if (error) throw error
  }

  count(verb: Verb): number {
    return this.calls.filter((call) => call.startsWith(`${verb} `)).length
  }

  /** Something that was there before anybody asked. */
  placeForeign(id: string): void {
    const service = {
      id,
      parameters: {},
      plan: undefined,
      credentials: new Map(),
      data: new Set<string>(),
      wipedFor: 0,
    }
    this.services.set(id, { ...service, foreign: true })
  }

  put(want: Want): void {
    this.told = want
    const old = this.services.get(want.id)
    if (!old) this.created.set(want.id, (this.created.get(want.id) ?? 0) + 1)
    this.services.set(want.id, {
      id: want.id,
      parameters: want.parameters,
      plan: want.plan?.name,
      credentials: old?.credentials ?? new Map(),
      data: old?.data ?? new Set(),
      wipedFor: old?.wipedFor ?? 0,
    })
  }

  issue(service: Service, { id, role }: Credential): string {
    const known = service.credentials.get(id)
    if (known) return known.password
    const password = `password-${++this.#passwords}`
    service.credentials.set(id, { role, password })
    return password
  }

  /** Whether anybody still lets this password in. */
  accepts(password: string): boolean {
    return [...this.services.values()].some((s) => [...s.credentials.values()].some((c) => c.password === password))
  }
}

export function shelfDriver(shelf: Shelf): Driver {
  return {
    name: 'shelf',
    configSchema: { type: 'object', properties: { room: { type: 'string' } } },
    recipeSchema: { type: 'object', properties: { colour: { type: 'string' } } },
    traits: () => ({ credentials: 'per-binding', provisions: true, observes: 'truth' }),
    connect: () => shelfSession(shelf),
  }
}

function shelfSession(shelf: Shelf): Session {
  const update = async (want: Want): Promise<Ack> => {
    shelf.note('update', want.id)
    shelf.put(want)
    return {}
  }
  const wipe = async (want: Want): Promise<Ack> => {
    shelf.note('wipe', want.id)
    const service = shelf.services.get(want.id)
    if (!service || service.wipedFor >= want.generation) return {}
    service.credentials.clear()
    service.data.clear()
    service.wipedFor = want.generation
    return {}
  }
  return {
    async probe() {
      shelf.note('probe', 'shelf')
      return { info: { room: 'cellar' } }
    },
    async plan(want) {
      shelf.note('plan', want.id)
      return shelf.planned?.(want) ?? { parameters: want.parameters, errors: [], effects: [] }
    },
    async observe(want): Promise<Seen> {
      shelf.note('observe', want.id)
      const told = shelf.seen?.(want)
      if (told) return told
      const service = shelf.services.get(want.id)
      if (!service) return { phase: 'absent' }
      if (service.foreign && want.existing === 'Refuse') return { phase: 'conflict', message: 'it is of somebody else' }
      const same =
        JSON.stringify(service.parameters) === JSON.stringify(want.parameters) && service.plan === want.plan?.name
      return {
        phase: 'ready',
        drift: same ? [] : [{ path: 'parameters' }],
        bindings: [...service.credentials.keys()],
        outside: { id: `shelf/${want.id}` },
      }
    },
    async create(want): Promise<Ack> {
      shelf.note('create', want.id)
      shelf.put(want)
      return {}
    },
    ...(shelf.canUpdate && { update }),
    async delete(want): Promise<Ack> {
      shelf.note('delete', want.id)
      shelf.services.delete(want.id)
      return {}
    },
    async bind(want, credential): Promise<Bound> {
      shelf.note('bind', credential.id)
      const told = shelf.bound?.(want, credential)
      if (told) return told
      const service = shelf.services.get(want.id)
      if (!service) throw new Error('no such service')
      const password = shelf.issue(service, credential)
      return { phase: 'ready', values: { host: 'cellar', port: 1234, username: credential.id, password } }
    },
    async unbind(want, credential): Promise<Unbound> {
      shelf.note('unbind', credential.id)
      shelf.services.get(want.id)?.credentials.delete(credential.id)
      return { phase: 'gone' }
    },
    ...(shelf.canWipe && { wipe }),
    watch(changed, signal) {
      shelf.changed = changed
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
    },
  }
}
