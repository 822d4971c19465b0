/**
 * ElastiCache: a whole cache for each instance, or one resource of AWS.
 *
 * Example: the recipe `cache: {nodeType: '${parameter.nodeType}', replicas: 2}` makes a replication group with encryption on the wire, a user group, and for each
 * claim a user of its own whose access string is its role's. Without users a cache has one password for everybody, and a claim that goes
 * takes nothing with it; that is why there is no recipe for such a cache.
 *
 * Nothing connects to a cache to see whether it works: it can be reached from its network alone, and the hub need not be there.
 */
import type { Driver } from '@larder/kit'
import { CONFIG_SCHEMA } from '../account/config.ts'
import { lazySession } from '../lazy-session.ts'
import { lookoutOf } from '../lookout.ts'
import { ELASTICACHE_RECIPE_SCHEMA, isResource } from './recipe.ts'

export function elasticacheDriver(): Driver {
  return {
    name: 'elasticache',
    configSchema: CONFIG_SCHEMA,
    recipeSchema: ELASTICACHE_RECIPE_SCHEMA,
    traits: (recipe) => ({
      credentials: isResource(recipe) ? 'per-instance' : 'per-binding',
      provisions: true,
      observes: 'truth',
    }),
    connect(backend, host) {
      const lookout = lookoutOf(backend.config)
      const session = lazySession(async () => {
        const { elasticacheSession } = await import('./session.ts')
        return elasticacheSession(backend, host, lookout)
      })
      return { ...session, watch: (changed, signal) => lookout.watch(changed, signal) }
    },
  }
}
