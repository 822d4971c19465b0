/**
 * A service made of several objects of this cluster, whoever acts on them: controllers of a cloud, operators, or nobody. A class says them
 * as a small graph with CEL between them.
 *
 *     resources:
 *       - {id: group, template: {apiVersion: .., kind: CacheSubnetGroup, metadata: {name: '${instance.name}'}, spec: {..}}}
 *       - {id: cache, template: {.., spec: {cacheSubnetGroupName: '${group.spec.cacheSubnetGroupName}'}}}
 *     binding: {host: '${cache.status.endpoint.address}'}
 *
 * What reads another comes after it and goes before it; nobody writes that order down. All is read and written as the ServiceAccount of
 * the Backend, so that whoever writes a class gets no right that the Backend was not given. What it makes has labels with the instance's
 * id; a name that is somebody else's is left alone. A recipe with a mistake stops its class, and no instance that exists: those keep the
 * revision that they have.
 *
 * Rejected: owner references from an Instance to its objects. They work within one namespace only, and the garbage collector knows no
 * order. Rejected: a kind of its own for each class, with a controller each: an instance is that already.
 */
import { type Clock, type Driver, invalid, isRecord, type Session, systemClock } from '@larder/kit'
import { configSchema, recipeSchema } from './recipe.ts'

export function compositionDriver({ clock = systemClock }: { readonly clock?: Clock } = {}): Driver {
  return {
    name: 'composition',
    configSchema,
    recipeSchema,
    traits(recipe) {
      const made = isRecord(recipe) && Array.isArray(recipe['bindingResources']) ? recipe['bindingResources'] : []
      const isOwn = made.some((entry) => isRecord(entry) && entry['template'] !== undefined)
      return { credentials: isOwn ? 'per-binding' : 'per-instance', provisions: true, observes: 'truth' }
    },
    connect({ config }, host) {
      const { kube } = host
      if (!kube) {
        const message = 'driver composition acts in this cluster under a ServiceAccount, and the backend names none'
        throw invalid('serviceAccountRef', message)
      }
      return lazily(async () => (await import('./session.ts')).openSession({ kube, host, clock, config }))
    },
  }
}

type Verbs = Required<Omit<Session, 'discover' | 'wipe'>>

/** CEL is loaded with the first call: a hub without a Backend of this driver does without. */
function lazily(open: () => Promise<Verbs>): Verbs {
  let opened: Promise<Verbs> | undefined
  const session = (signal: AbortSignal): Promise<Verbs> => {
    signal.throwIfAborted()
    return (opened ??= open())
  }
  return {
    probe: async (s) => (await session(s)).probe(s),
    plan: async (w, s) => (await session(s)).plan(w, s),
    observe: async (w, s) => (await session(s)).observe(w, s),
    create: async (w, s) => (await session(s)).create(w, s),
    update: async (w, s) => (await session(s)).update(w, s),
    delete: async (w, s) => (await session(s)).delete(w, s),
    bind: async (w, c, s) => (await session(s)).bind(w, c, s),
    unbind: async (w, c, s) => (await session(s)).unbind(w, c, s),
    watch: async (changed, s) => (await session(s)).watch(changed, s),
  }
}
