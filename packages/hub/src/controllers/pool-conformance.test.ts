/** Driver `pool` under the suite of the kit, on a real API and with the rights that its sample account has. */
import { randomIds } from '@larder/engine/base/ids'
import { systemClock } from '@larder/engine/base/clock'
import { namespaceType, secretType } from '@larder/engine/client/builtin'
import { conformance } from '@larder/kit/conformance'
import type { Harness } from '@larder/kit/conformance'
import { describe, test } from 'vitest'
import { poolDriver } from '../drivers/pool/driver.ts'
import { installSamples } from '../samples/install.ts'
import { accountUser } from '../samples/rbac.ts'
import { createKubeApi } from './session/kube-api.ts'
import { testHub } from './testing/hub.ts'
import { CACHES } from './testing/pool.ts'

const ACCOUNT = { namespace: 'larder-system', name: 'larder-pool' }
const NAMESPACE = 'services'

const harness: Harness = {
  name: 'pool',
  supports: {
    provisions: 'members are objects that exist',
    finds: true,
    update: 'members are somebody else’s',
    plan: true,
    discover: true,
    wipe: 'members are somebody else’s',
    watch: true,
    login: 'its credentials are those of the member, whatever that is',
    rejectedRecipe: 'it makes nothing that a recipe could be wrong for',
    rejectedRole: 'it takes every role: what is copied is the same for all',
    world: 'it makes nothing',
  },
  settleMs: 5000,
  async open(log) {
    const hub = await testHub({ drivers: [] })
    await installSamples(hub.admin)
    await hub.admin.of(namespaceType).create({ metadata: { name: NAMESPACE } })
    const driver = poolDriver()
    const connect = () => {
      const { transport } = hub.clientOf(accountUser(ACCOUNT))
      const kube = createKubeApi({ transport, clock: systemClock })
      return driver.connect({ config: {}, credentials: {} }, { log, now: () => new Date(), kube })
    }
    return {
      driver,
      session: connect(),
      reopen: async () => connect(),
      recipe: CACHES.recipe,
      parameters: {},
      roles: [],
      async offer(name) {
        const { metadata } = await hub.admin.of(secretType).create({
          metadata: { name, namespace: NAMESPACE, labels: { offer: 'caches' } },
          type: 'example.com/cache',
          stringData: { url: `redis://${name}`, password: randomIds.uid() },
        })
        return { apiVersion: 'v1', kind: 'Secret', namespace: NAMESPACE, name, uid: metadata.uid ?? '' }
      },
      close: () => hub.stop(),
    }
  },
}

describe('pool', () => {
  for (const { rule, title, run } of conformance(harness)) test(`${rule}: ${title}`, run)
})
