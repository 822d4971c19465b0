/** What benches of claims share: a hub to stock, claims to make, and one watch that tells when each is Ready. */
const larderKind = (resource, kind, namespaced) => ({
  group: 'larder.dev',
  version: 'v1alpha1',
  resource,
  kind,
  namespaced,
})
export const BACKENDS = larderKind('backends', 'Backend', false)
export const CLASSES = larderKind('classes', 'Class', false)
export const CLAIMS = larderKind('claims', 'Claim', true)
export const INSTANCES = larderKind('instances', 'Instance', true)
const NAMESPACES = { group: '', version: 'v1', resource: 'namespaces', kind: 'Namespace', namespaced: false }
const CREATORS = 16
/** Of all claims, so that a cluster that somebody names can be rid of them. */
export const NAMESPACE = 'larder-bench'

export const openNamespace = (client) => client.of(NAMESPACES).create({ metadata: { name: NAMESPACE } })
/** Returns when it is gone, with all claims. */
export async function dropNamespace(client) {
  await client.of(NAMESPACES).delete(NAMESPACE)
  while (await client.of(NAMESPACES).find(NAMESPACE)) await new Promise((resolve) => setTimeout(resolve, 200))
}

/** Backend and class `nothing`, of driver noop. */
export async function stockNothing(client, name = 'nothing', config = {}) {
  await client.of(BACKENDS).create({ metadata: { name }, spec: { driver: 'noop', config } })
  await client.of(CLASSES).create({ metadata: { name }, spec: { type: 'nothing', backendRef: { name } } })
}

export const isReady = ({ status }) => status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')

/** When each claim of the namespace was first seen Ready, by one watch. */
export const followReadiness = (client) => follow(client, CLAIMS, isReady)

/** When each object of the namespace was first seen to be as `isSo` says, by one watch. */
export async function follow(client, type, isSo) {
  const done = new AbortController()
  const seenAt = new Map()
  const waiting = new Map()
  // Of nothing, for the revision alone: a list follows all its pages.
  const { metadata } = await client.of(type).list({ namespace: NAMESPACE, fieldSelector: 'metadata.name=nobody' })
  const watch = async () => {
    // A server ends each watch after some minutes; one that was not taken up again would have everybody wait for nothing.
    for (let from = metadata.resourceVersion; !done.signal.aborted;) {
      const options = { namespace: NAMESPACE, resourceVersion: from, allowWatchBookmarks: true }
      for await (const { type: told, object } of client.of(type).watch(options, done.signal)) {
        const { name, resourceVersion } = object.metadata
        from = resourceVersion
        if (told === 'BOOKMARK' || seenAt.has(name) || !isSo(object)) continue
        seenAt.set(name, performance.now())
        waiting.get(name)?.(seenAt.get(name))
        waiting.delete(name)
      }
    }
  }
  const following = watch()
  return {
    of: (name) => seenAt.get(name) ?? Promise.race([new Promise((resolve) => waiting.set(name, resolve)), following]),
    stop: () => done.abort(),
  }
}

export const createClaim = (client, name, className = 'nothing') =>
  client.of(CLAIMS).create({ metadata: { name, namespace: NAMESPACE }, spec: { className } })

/** Runs `one(i)` for 0 to `count`, some at a time. */
export async function inParallel(count, one) {
  let next = 0
  const worker = async () => {
    while (next < count) await one(next++)
  }
  await Promise.all(Array.from({ length: CREATORS }, worker))
}

/** Seconds from the first create to the last one Ready. */
export async function burst(client, readiness, { run, count, className }) {
  const startedAt = performance.now()
  await inParallel(count, (i) => createClaim(client, `${run}-${i}`, className))
  await Promise.all(Array.from({ length: count }, (_, i) => readiness.of(`${run}-${i}`)))
  return (performance.now() - startedAt) / 1000
}

/** How long each took from the create to Ready, in ms, sorted. */
export async function steady(client, readiness, { run, perSecond, seconds, className }) {
  const startedAt = performance.now()
  const one = async (_, i) => {
    const at = startedAt + (i / perSecond) * 1000
    await new Promise((resolve) => setTimeout(resolve, at - performance.now()))
    const sentAt = performance.now()
    await createClaim(client, `${run}-${i}`, className)
    return (await readiness.of(`${run}-${i}`)) - sentAt
  }
  const waits = await Promise.all(Array.from({ length: perSecond * seconds }, one))
  return waits.sort((a, b) => a - b)
}

export const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]
