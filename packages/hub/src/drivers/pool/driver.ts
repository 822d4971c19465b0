/**
 * Services that exist already: objects of this cluster, found by their labels, whose Secret is copied to whoever holds one.
 *
 *     recipe: {apiVersion: v1, kind: Secret, selector: {matchLabels: {offer: caches}}}
 *
 * A member is a Secret, or any object with `status.binding.name`, which names a Secret beside it. The driver only reads, under the
 * ServiceAccount of its Backend: it makes, changes and deletes nothing, so that there is nothing to lose here. Who holds what is
 * the hub's business, and is written in no member. Rejected: a label on the member for its holder, because the account would
 * have to write where it now only reads, and members are other people's objects.
 */
import { type Clock, type Driver, invalid, systemClock } from '@larder/kit'
import { recipeSchema } from './recipe.ts'
import { poolSession } from './session.ts'

export function poolDriver({ clock = systemClock }: { readonly clock?: Clock } = {}): Driver {
  return {
    name: 'pool',
    configSchema: { type: 'object', properties: {} },
    recipeSchema,
    traits: () => ({ credentials: 'per-instance', provisions: false, observes: 'truth' }),
    connect(_backend, { kube }) {
      if (!kube) {
        const message = 'driver pool reads this cluster under a ServiceAccount, and the backend names none'
        throw invalid('serviceAccountRef', message)
      }
      return poolSession(kube, clock)
    },
  }
}
