/**
 * Takes away what was made, each after what stands on it, and waits for each: what is still going is still there. The order is in the
 * memory and not in the recipe, because by now the recipe may be another, or what it reads may be gone.
 */
import { blocked, isDriverError, type KubeApi } from '@larder/kit'
import { refOf, type Made, type Memory } from './memory.ts'
import { keyOf, told } from './naming.ts'
import { ownershipOf, type Owner } from './objects.ts'
import { saidBy, type Thing } from './readiness.ts'

export interface Left {
  readonly made: Made
  readonly thing: Thing
  /** Nothing stands on it any more, and it was not asked to go yet. */
  readonly isNext: boolean
}

export interface Removal {
  readonly kube: KubeApi
  readonly memory: Memory
  readonly owner: Owner
  readonly signal: AbortSignal
}

/** What of it there is, in no order. */
export async function lookAtLeft({ kube, memory, owner, signal }: Removal): Promise<readonly Left[]> {
  signal.throwIfAborted()
  const all = await Promise.all(
    [...memory.values()].map(async (made) => ({ made, thing: await fetchLeft(kube, made) })),
  )
  const there = all.flatMap(({ made, thing }) =>
    thing && ownershipOf(thing, owner) === 'ours' ? [{ made, thing }] : [],
  )
  return there.map(({ made, thing }) => {
    const isStoodOn = there.some(({ made: other }) => other !== made && other.after.includes(made.id))
    return { made, thing, isNext: !isStoodOn && thing.metadata.deletionTimestamp === undefined }
  })
}

/** Asks to go what can, until nothing more can for now. What is left after that is waited for. */
export async function removeLeft(removal: Removal): Promise<readonly Left[]> {
  for (;;) {
    const left = await lookAtLeft(removal)
    const next = left.filter(({ isNext }) => isNext)
    if (next.length === 0) return left
    for (const { made, thing } of next) {
      removal.signal.throwIfAborted()
      const { uid } = thing.metadata
      await removal.kube.delete({ ...refOf(made), ...(uid !== undefined && { uid }) })
    }
  }
}

async function fetchLeft(kube: KubeApi, made: Made): Promise<Thing | undefined> {
  try {
    return (await kube.get(refOf(made))) as Thing | undefined
  } catch (error) {
    if (!isDriverError(error) || error.code !== 'blocked') throw error
    // Of a kind that nobody serves nothing was made, unless it was seen: then it may still be there behind the API.
    if (made.uid === undefined) return undefined
    throw blocked(`${told(made)} was made and is still to be removed, but ${error.message}`)
  }
}

/** `2 of 7 are gone: waiting for ReplicationGroup services/redis: deleting`. */
export function describeLeft(
  left: readonly Left[],
  total: number,
): { readonly doing: string; readonly message: string } {
  const sorted = [...left].sort((a, b) => (keyOf(a.made) < keyOf(b.made) ? -1 : 1))
  const going = sorted.find(({ thing }) => thing.metadata.deletionTimestamp !== undefined) ?? sorted[0]!
  const said = saidBy(going.thing['status'])
  const gone = Math.max(0, total - left.length)
  const message = `${gone} of ${total} are gone: waiting for ${told(going.made)}${said === undefined ? '' : `: ${said}`}`
  return { doing: `Removing ${going.made.id}`, message }
}
