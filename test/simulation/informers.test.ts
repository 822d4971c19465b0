/**
 * Informers, ours and those of @kubernetes/client-node, through random deaths of a real hub while others write: at the end every cache
 * equals a list, every handler has told what its cache holds, and no acknowledged write is gone.
 *
 * SOAK_SECONDS=600 SOAK_SEED=7 npx vitest run test/simulation/informers.test.ts
 */
import { CoreV1Api, KubeConfig, makeInformer } from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '@larder/engine/base/clock'
import { silentLog } from '@larder/engine/base/log'
import { configMapType, namespaceType } from '@larder/engine/client/builtin'
import { createClient, type Client } from '@larder/engine/client/client'
import { httpsTransport } from '@larder/engine/client/https'
import { createInformer } from '@larder/engine/client/informer'
import { loadKubeconfig } from '@larder/engine/client/kubeconfig'
import { newHub, type Hub } from '../testing/hub.ts'
import { eventually, isRunning } from '../testing/processes.ts'
import { seededRandom } from '../testing/random.ts'
import { startCrowd } from './crowd.ts'

const SECONDS = Number(process.env['SOAK_SECONDS'] ?? 15)
const SEED = Number(process.env['SOAK_SEED'] ?? 1)
const NAMESPACES = ['red', 'green', 'blue']

/** `namespace/name` to resourceVersion and content. */
type Contents = Map<string, string>

interface Follower {
  readonly name: string
  readonly scope: { readonly namespace?: string; readonly labelSelector?: string }
  /** What its cache holds. */
  cached(): Contents
  /** What its handlers were told, added up. */
  readonly told: Contents
  stop(): Promise<unknown>
}

interface MapLike {
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly resourceVersion?: string }
  readonly data?: Readonly<Record<string, string>>
}

const keyOf = ({ metadata }: MapLike) => `${metadata?.namespace}/${metadata?.name}`
const contentOf = ({ metadata, data }: MapLike) => `${metadata?.resourceVersion} ${JSON.stringify(data)}`
const contentsOf = (objects: readonly MapLike[]): Contents =>
  sorted(objects.map((object) => [keyOf(object), contentOf(object)] as const))
const sorted = (contents: Iterable<readonly [string, string]>): Contents =>
  new Map([...contents].toSorted(([a], [b]) => (a < b ? -1 : 1)))

let hub: Hub
let client: Client
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--no-samples')
  client = createClient(httpsTransport(await loadKubeconfig({ path: hub.kubeconfig })))
  for (const name of NAMESPACES) await client.of(namespaceType).create({ metadata: { name } })
})
afterAll(async () => {
  await client.transport.close()
  await hub.remove()
})

test(
  `caches through ${SECONDS} s of deaths and writes (seed ${SEED})`,
  { timeout: (SECONDS + 120) * 1000 },
  async () => {
    const random = seededRandom(SEED)
    const followers = [ours({}), ours({ namespace: 'red', labelSelector: 'tier=hot' }), theirs({}), theirs(HOT)]
    const crowd = startCrowd(client, { namespaces: NAMESPACES, random: seededRandom(SEED + 1) })
    const deaths = await dieAgainAndAgain(random)
    await crowd.stop()
    console.log(`${deaths} deaths, ${crowd.acknowledged} acknowledged writes`)
    expect(deaths).toBeGreaterThan(1)
    expect(crowd.acknowledged).toBeGreaterThan(50)

    const truth = contentsOf((await client.of(configMapType).list()).items)
    for (const [key, revision] of crowd.known()) {
      expect([key, truth.get(key)?.split(' ')[0] ?? 'gone']).toEqual([key, revision])
    }
    for (const follower of followers) {
      const listed = contentsOf((await client.of(configMapType).list(follower.scope)).items)
      expect(listed.size).toBeGreaterThan(0)
      await eventually(`${follower.name} to equal the list`, () => {
        expect(sorted(follower.cached())).toEqual(listed)
        return true
      })
      expect(sorted(follower.told)).toEqual(listed)
    }
    await Promise.all(followers.map((follower) => follower.stop()))
  },
)

const HOT = { labelSelector: 'tier=hot' }

/** Kills the hub at random moments, or now and then stops it, and starts it again at the same address. Returns how often. */
async function dieAgainAndAgain(random: () => number): Promise<number> {
  const until = Date.now() + SECONDS * 1000
  let deaths = 0
  while (Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 100 + random() * 1900))
    if (random() < 0.25) await hub.larder('down')
    else {
      const { pid } = await hub.status()
      process.kill(pid!, 'SIGKILL')
      await eventually('the hub to be dead', () => !isRunning(pid!) || undefined)
    }
    deaths++
    const { code, stderr } = await hub.larder('up', '--detach', '--no-samples')
    if (code !== 0) throw new Error(`the hub did not come back: ${stderr}`)
  }
  return deaths
}

function ours(scope: Follower['scope']): Follower {
  const common = { client, type: configMapType, clock: systemClock, log: silentLog }
  const informer = createInformer({ ...common, ...scope })
  const told: Contents = new Map()
  informer.subscribe({
    added: (object) => told.set(keyOf(object), contentOf(object)),
    updated: (object) => told.set(keyOf(object), contentOf(object)),
    deleted: (object) => told.delete(keyOf(object)),
  })
  informer.start()
  const name = `our informer of ${JSON.stringify(scope)}`
  return { name, scope, told, cached: () => contentsOf(informer.list()), stop: () => informer.stop() }
}

/** As its documentation says: after an error it is started again by whoever uses it. */
function theirs(scope: { readonly labelSelector?: string }): Follower {
  const config = new KubeConfig()
  config.loadFromFile(hub.kubeconfig)
  const api = config.makeApiClient(CoreV1Api)
  const list = () => api.listConfigMapForAllNamespaces({ ...scope })
  const informer = makeInformer(config, '/api/v1/configmaps', list, scope.labelSelector)
  const told: Contents = new Map()
  informer.on('add', (object) => told.set(keyOf(object), contentOf(object)))
  informer.on('update', (object) => told.set(keyOf(object), contentOf(object)))
  informer.on('delete', (object) => told.delete(keyOf(object)))
  let stopped = false
  informer.on('error', () => {
    setTimeout(() => void (stopped || informer.start()), 100)
  })
  void informer.start()
  const stop = () => {
    stopped = true
    return informer.stop()
  }
  return {
    name: `client-node of ${JSON.stringify(scope)}`,
    scope,
    told,
    cached: () => contentsOf(informer.list()),
    stop,
  }
}
