/** The verbs, each over the service that the supervisor knows. They begin things and look; they do not wait. */
import { isDeepStrictEqual } from 'node:util'
import { blocked, invalid, unavailable } from '@larder/kit'
import type { Ack, Bound, Credential, Drift, Json, Plan, Seen, Session, Unbound, Want } from '@larder/kit'
import { engineMissing } from './failure.ts'
import { HOST } from './ports.ts'
import { unreadiness } from './readiness.ts'
import { parseRecipe } from './recipe.ts'
import type { Service } from './service.ts'
import { canonical } from './setting.ts'
import { asUnavailable } from './supervisor.ts'
import type { Supervisor } from './supervisor.ts'

/** `watch` tells of every change; this is for those who do not listen. */
const AGAIN_MS = 50

export function processSession(supervisor: Supervisor): Session {
  const verbs = verbsOver(supervisor)
  const asked = async <T>(signal: AbortSignal, verb: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted()
    try {
      return await verb()
    } catch (error) {
      signal.throwIfAborted()
      throw asUnavailable(error, supervisor.folder)
    }
  }
  return {
    probe: (s) => asked(s, () => verbs.probe()),
    plan: (w, s) => asked(s, () => verbs.plan(w)),
    observe: (w, s) => asked(s, () => verbs.observe(w, s)),
    create: (w, s) => asked(s, () => verbs.ensure(w)),
    update: (w, s) => asked(s, () => verbs.update(w)),
    delete: (w, s) => asked(s, () => verbs.remove(w)),
    bind: (w, c, s) => asked(s, () => verbs.bind(w, c, s)),
    unbind: (w, c, s) => asked(s, () => verbs.unbind(w, c, s)),
    wipe: (w, s) => asked(s, () => verbs.wipe(w)),
    watch: (changed, s) => watch(supervisor, changed, s),
  }
}

interface Verbs {
  probe(): Promise<{ info: Json }>
  plan(want: Want): Promise<Plan>
  observe(want: Want, signal: AbortSignal): Promise<Seen>
  ensure(want: Want): Promise<Ack>
  update(want: Want): Promise<Ack>
  remove(want: Want): Promise<Ack>
  bind(want: Want, credential: Credential, signal: AbortSignal): Promise<Bound>
  unbind(want: Want, credential: Credential, signal: AbortSignal): Promise<Unbound>
  wipe(want: Want): Promise<Ack>
}

function verbsOver(supervisor: Supervisor): Verbs {
  return {
    async probe() {
      return { info: { engines: await supervisor.engines.list() } }
    },

    async plan(want) {
      const { engine } = parseRecipe(want.recipe)
      if (!(await supervisor.engines.find(engine)))
        throw unavailable(engineMissing(engine).message, undefined, 'EngineMissing')
      const message = 'its process is started again; connections are cut, data stay'
      const effects = want.changed.map((what) => ({ kind: 'restart' as const, what, message }))
      return { parameters: want.parameters, errors: [], effects }
    },

    async observe(want, signal) {
      const service = await supervisor.get(want.id)
      return service ? seen(service, want, signal) : { phase: 'absent' }
    },

    ensure: (want) => ensure(supervisor, want),

    async update(want) {
      // A service that was lost must not come back empty because somebody changed a parameter.
      if (!(await supervisor.get(want.id))) throw blocked('the service that is to be changed does not exist')
      return ensure(supervisor, want)
    },

    async remove(want) {
      const service = await supervisor.delete(want.id)
      return service ? { againMs: AGAIN_MS } : {}
    },

    async bind(want, credential, signal) {
      refuseParameters(credential)
      const service = await supervisor.get(want.id)
      if (!service || service.deleting) throw unavailable('the service that this credential is for does not exist')
      const ready = readyOf(service)
      if (!ready) return waiting(service)
      return { phase: 'ready', values: await service.credentials.make(ready.setting, credential, signal) }
    },

    async unbind(want, credential, signal) {
      const service = await supervisor.get(want.id)
      // Its users went with its data.
      if (!service) return { phase: 'gone' }
      if (!(await service.credentials.ids()).includes(credential.id)) return { phase: 'gone' }
      if (!service.ready) return waiting(service)
      await service.credentials.remove(service.ready.setting, credential, signal)
      return { phase: 'gone' }
    },

    async wipe(want) {
      const service = await supervisor.get(want.id)
      // What is not there, or is going, has nothing that anybody could find.
      if (!service || service.deleting) return {}
      return (await service.wipe(want.generation)) === 'done' ? {} : { againMs: AGAIN_MS }
    },
  }
}

function watch(supervisor: Supervisor, changed: (id: string) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const stop = supervisor.listen(changed)
    const end = (): void => {
      stop()
      resolve()
    }
    signal.addEventListener('abort', end, { once: true })
  })
}

async function ensure(supervisor: Supervisor, want: Want): Promise<Ack> {
  // Nobody else makes them: there is nothing to adopt but what an instance that is gone has left behind.
  if (want.existing === 'Observe' || (want.existing === 'Adopt' && !(await supervisor.get(want.id)))) {
    throw invalid('existing', `existing ${want.existing} is not possible: this driver makes its services itself`)
  }
  const service = await supervisor.ensure(want)
  return { againMs: AGAIN_MS, outside: { id: service.id } }
}

function waiting(service: Service): { phase: 'changing'; doing: string; message?: string; againMs: number } {
  const message = service.failure?.message ?? service.interruption
  const doing = service.deleting ? 'Deleting' : wiping(service) ? 'Wiping' : interrupted(service)
  return { phase: 'changing', doing, againMs: AGAIN_MS, ...(message === undefined ? {} : { message }) }
}

const wiping = ({ record }: Service): boolean => record.wiping !== undefined
/** What is to be wiped is nobody's, also where a start that was under way came first. */
const readyOf = (service: Service): Service['ready'] => (wiping(service) ? undefined : service.ready)
const interrupted = ({ interruption }: Service): string => (interruption ? 'Restarting' : 'Starting')

async function seen(service: Service, want: Want, signal: AbortSignal): Promise<Seen> {
  const { failure } = service
  const ready = readyOf(service)
  const outside = { id: service.id }
  if (service.deleting) return { ...waiting(service), outside: { ...outside, state: 'deleting' } }
  if (!ready) {
    if (!failure) return { ...waiting(service), outside: { ...outside, state: 'starting' } }
    const { reason, message } = failure
    return { phase: 'failed', reason, message, usable: false, retry: 'same', outside: { ...outside, state: 'failed' } }
  }
  const why = await unreadiness(ready.setting, signal)
  if (why !== undefined) {
    return {
      phase: 'changing',
      doing: 'Answering',
      message: `the engine does not answer: ${why}`,
      againMs: 500,
      outside,
    }
  }
  return {
    phase: 'ready',
    drift: driftOf(service, want),
    bindings: await service.credentials.ids(),
    outputs: outputsOf(service, ready.version),
    outside: { ...outside, state: 'running' },
  }
}

function outputsOf({ record }: Service, version: string | undefined): Json {
  return { host: HOST, ports: record.ports, ...(version === undefined ? {} : { version }) }
}

/** Whole fields, without values: parameters may hold secrets. */
function driftOf({ record }: Service, want: Want): Drift[] {
  const differs: [path: string, have: Json | undefined, wanted: Json | undefined][] = [
    ['plan', record.plan, want.plan?.name],
    ['parameters', record.parameters, want.parameters],
    ['recipe', record.recipe, want.recipe],
  ]
  return differs.filter(([, have, wanted]) => canonical(have) !== canonical(wanted)).map(([path]) => ({ path }))
}

/** No recipe has a place for them: what would be ignored is refused. */
function refuseParameters({ parameters }: Credential): void {
  if (isDeepStrictEqual(parameters, {})) return
  throw invalid(
    'binding.parameters',
    'credentials of driver process take none; what a service takes is spec.parameters',
  )
}
