/** The verbs, of a whole cache or of one resource, as the recipe says. */
import type { ReplicationGroup } from '@aws-sdk/client-elasticache'
import type { Host, Json, Secrets, Want } from '@larder/kit'
import { createAccounts, type Account } from '../account/account.ts'
import { parseConfig } from '../account/config.ts'
import type { Verbs } from '../lazy-session.ts'
import { CacheMemory } from './cache/state.ts'
import { CacheVerbs } from './cache/verbs.ts'
import { cacheNames } from './cache/wanted.ts'
import { openElasticache, type Elasticache } from './client.ts'
import { isResource } from './recipe.ts'
import type { Lookout } from '../lookout.ts'
import { ResourceMemory, ResourceVerbs } from './resource/verbs.ts'

interface Opened {
  readonly account: Account
  readonly caches: CacheMemory
  readonly resources: ResourceMemory
  readonly aws: () => Promise<Elasticache>
}

const nameOf = ({ ReplicationGroupId }: ReplicationGroup) => ReplicationGroupId

export function elasticacheSession(
  backend: { config: Json; credentials: Secrets },
  host: Host,
  lookout: Lookout,
): Verbs {
  const now = () => host.now().getTime()
  const accounts = createAccounts(parseConfig(backend.config), backend.credentials, (account): Opened => {
    let opened: Promise<Elasticache> | undefined
    const open = async () => openElasticache(await account.elasticache(), now)
    return {
      account,
      caches: new CacheMemory(now),
      resources: new ResourceMemory(now),
      aws: () => (opened ??= open()),
    }
  })
  const verbsFor = async (want: Want, signal: AbortSignal) => {
    const { caches, resources, aws } = accounts.of(want.credentials)
    return isResource(want.recipe)
      ? new ResourceVerbs(await aws(), resources, now, want, signal)
      : new CacheVerbs(await aws(), caches, now, want, signal)
  }
  const follow = async (verbs: ResourceVerbs | CacheVerbs, want: Want) => {
    if (verbs instanceof ResourceVerbs) return verbs.followBy(lookout)
    const { caches } = await accounts.of(want.credentials).aws()
    lookout.follow(caches, nameOf, cacheNames(want).cache, want.id)
  }
  return {
    probe: (signal) => accounts.of(undefined).account.whoami(signal),
    plan: async (want, signal) => (await verbsFor(want, signal)).plan(),
    async observe(want, signal) {
      const verbs = await verbsFor(want, signal)
      if (want.intent !== 'delete') await follow(verbs, want)
      return verbs.observe()
    },
    create: async (want, signal) => (await verbsFor(want, signal)).create(),
    update: async (want, signal) => (await verbsFor(want, signal)).update(),
    async delete(want, signal) {
      lookout.forget(want.id)
      return (await verbsFor(want, signal)).delete()
    },
    bind: async (want, credential, signal) => (await verbsFor(want, signal)).bind(credential),
    unbind: async (want, credential, signal) => (await verbsFor(want, signal)).unbind(credential),
  }
}
