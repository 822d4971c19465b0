/**
 * Writers of ConfigMaps that never rest, also not while the server is away, and know what it has acknowledged.
 *
 * Each owns its names, so that what it knows of them is true: the state that was acknowledged last, or nothing after a write without
 * an answer, until a read tells.
 */
import { configMapType, type ConfigMap } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import { Unreachable } from '@larder/engine/client/unreachable'
import { isApiError } from '@larder/engine/machinery/status'

export interface Crowd {
  /** Lets the writes under way end, with an answer or without. Rejects with the first refusal that has no place here. */
  stop(): Promise<void>
  /** Writes that were answered. */
  readonly acknowledged: number
  /** By `namespace/name`, the resourceVersion that was acknowledged last, or `gone`. Names that nobody knows of are left out. */
  known(): ReadonlyMap<string, string>
}

const NAMES_EACH = 12
/** While the server is away. */
const REST_MS = 20

export function startCrowd(
  client: Client,
  { namespaces, random }: { readonly namespaces: readonly string[]; readonly random: () => number },
): Crowd {
  const maps = client.of(configMapType)
  const known = new Map<string, string>()
  let acknowledged = 0
  let stopped = false

  async function write(name: string, namespace: string): Promise<string> {
    const key = `${namespace}/${name}`
    const before = known.get(key) ?? (await maps.find(name, namespace))?.metadata.resourceVersion ?? 'gone'
    known.delete(key)
    const content = { data: { n: String(random()) }, metadata: { labels: { tier: random() < 0.5 ? 'hot' : 'cold' } } }
    if (before === 'gone') {
      return (await maps.create({ ...content, metadata: { ...content.metadata, name, namespace } })).metadata
        .resourceVersion!
    }
    if (random() < 0.25) {
      await maps.delete(name, { namespace })
      return 'gone'
    }
    const patched: ConfigMap = await maps.patch(name, content, { namespace })
    return patched.metadata.resourceVersion!
  }

  async function run(writer: number): Promise<void> {
    for (;;) {
      if (stopped) return
      const name = `w${writer}-${Math.floor(random() * NAMES_EACH)}`
      const namespace = namespaces[Math.floor(random() * namespaces.length)]!
      try {
        known.set(`${namespace}/${name}`, await write(name, namespace))
        acknowledged++
      } catch (error) {
        if (!isInterruption(error)) throw error
        await new Promise((resolve) => setTimeout(resolve, REST_MS))
      }
    }
  }

  const writers = Promise.all([0, 1, 2, 3].map(run))
  // Told by stop(); until then it is nobody's failure.
  writers.catch(() => (stopped = true))
  return {
    async stop() {
      stopped = true
      await writers
    },
    get acknowledged() {
      return acknowledged
    },
    known: () => known,
  }
}

/** No answer, or one that a write repeated after no answer may get, or one of a server that is starting or stopping. */
function isInterruption(error: unknown): boolean {
  if (error instanceof Unreachable) return true
  return isApiError(error) && ['AlreadyExists', 'NotFound', 'ServiceUnavailable'].includes(error.reason)
}
