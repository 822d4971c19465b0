/** The verbs, each over the service that the supervisor knows. They begin things and look; they do not wait. */
import { invalid, unavailable } from '@larder/kit'
import type { Ack, Bound, Drift, Json, Plan, Seen, Session, Unbound, Want } from '@larder/kit'
import { engineMissing } from './failure.ts'
import { HOST } from './ports.ts'
import { unreadiness } from './readiness.ts'
import { parseRecipe } from './recipe.ts'
import type { Service } from './service.ts'
import { canonical } from './setting.ts'
import type { Supervisor } from './supervisor.ts'

/** `watch` tells of every change; this is for those who do not listen. */
const AGAIN_MS = 50

export function processSession(supervisor: Supervisor): Session {
  return {
    async probe(signal) {
      signal.throwIfAborted()
      return { info: { engines: await supervisor.engines.list() } }
    },

    async plan(want, signal): Promise<Plan> {
      signal.throwIfAborted()
      const { engine } = parseRecipe(want.recipe)
      if (!(await supervisor.engines.find(engine)))
        throw unavailable(engineMissing(engine).message, undefined, 'EngineMissing')
      const message = 'its process is started again; connections are cut, data stay'
      const effects = want.changed.map((what) => ({ kind: 'restart' as const, what, message }))
      return { parameters: want.parameters, errors: [], effects }
    },

    async observe(want, signal): Promise<Seen> {
      signal.throwIfAborted()
      const service = await supervisor.get(want.id)
      return service ? seen(service, want, signal) : { phase: 'absent' }
    },

    create: (want, signal) => ensure(supervisor, want, signal),
    update: (want, signal) => ensure(supervisor, want, signal),

    async delete(want, signal): Promise<Ack> {
      signal.throwIfAborted()
      const service = await supervisor.delete(want.id)
      return service ? { againMs: AGAIN_MS } : {}
    },

    async bind(want, credential, signal): Promise<Bound> {
      signal.throwIfAborted()
      const service = await supervisor.get(want.id)
      if (!service || service.deleting) throw unavailable('the service that this credential is for does not exist')
      if (!service.ready) return waiting(service)
      return { phase: 'ready', values: await service.credentials.make(service.ready.setting, credential, signal) }
    },

    async unbind(want, credential, signal): Promise<Unbound> {
      signal.throwIfAborted()
      const service = await supervisor.get(want.id)
      // Its users went with its data.
      if (!service) return { phase: 'gone' }
      if (!(await service.credentials.ids()).includes(credential.id)) return { phase: 'gone' }
      if (!service.ready) return waiting(service)
      await service.credentials.remove(service.ready.setting, credential, signal)
      return { phase: 'gone' }
    },

    watch(changed, signal): Promise<void> {
      return new Promise((resolve) => {
        if (signal.aborted) return resolve()
        const stop = supervisor.listen(changed)
        signal.addEventListener(
          'abort',
          () => {
            stop()
            resolve()
          },
          { once: true },
        )
      })
    },
  }
}

async function ensure(supervisor: Supervisor, want: Want, signal: AbortSignal): Promise<Ack> {
  signal.throwIfAborted()
  if (want.existing === 'Adopt' || want.existing === 'Observe') {
    throw invalid('existing', `existing ${want.existing} is not possible: this driver makes its services itself`)
  }
  const service = await supervisor.ensure(want)
  return { againMs: AGAIN_MS, outside: { id: service.id } }
}

function waiting(service: Service): { phase: 'changing'; doing: string; message?: string; againMs: number } {
  const message = service.failure?.message ?? service.interruption
  const doing = service.deleting ? 'Deleting' : service.interruption ? 'Restarting' : 'Starting'
  return { phase: 'changing', doing, againMs: AGAIN_MS, ...(message === undefined ? {} : { message }) }
}

async function seen(service: Service, want: Want, signal: AbortSignal): Promise<Seen> {
  const { ready, failure } = service
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
