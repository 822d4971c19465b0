/**
 * Takes away what an App has applied, last things first. Each is given time to go before the next is asked to: what was made later may
 * need what was made before, down to rights and namespaces. Who is not gone by then is left to it, because a package may have written
 * things in an order that nobody can follow, and then one waits for another that nobody has asked yet.
 */
import type { Clock } from '@larder/engine/base/clock'
import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { App } from '../kinds.ts'
import type { Actor } from './account.ts'
import { describeApplied, inOrder, leftAt, type Applied, type Kinds } from './manifest.ts'
import { APP_LABEL, deleteRecord, readRecord } from './record.ts'

const PATIENCE_MS = 30_000
const LOOK_AGAIN_MS = 1000

interface Removing {
  readonly id: string
  readonly actor: Actor
  readonly kinds: Kinds
}

/** Of a kind that is remembered and served no more the API has nothing, though all of it is there: kinds are asked for again. */
export function askAgain(applied: readonly Applied[], kinds: Kinds): void {
  for (const { apiVersion, kind } of applied) kinds.forget(apiVersion, kind)
}

/** What is left of it; undefined once it is gone, or somebody else's. */
export async function removeOne(
  one: Applied,
  { id, actor, kinds }: Removing,
): Promise<(KubeObject & JsonObject) | undefined> {
  const target = await leftAt(one, kinds)
  if (!target) return undefined
  const current = await actor.find(target)
  if (current?.metadata.uid === undefined || current.metadata.labels?.[APP_LABEL] !== id) return undefined
  if (current.metadata.deletionTimestamp !== undefined) return current
  await actor.delete(target, current.metadata.uid)
  const left = await actor.find(target)
  return left?.metadata.uid === current.metadata.uid ? left : undefined
}

export async function removeAll(work: {
  readonly app: App
  readonly actor: Actor
  readonly kinds: Kinds
  readonly clock: Clock
}): Promise<Outcome> {
  const { app, actor, kinds, clock } = work
  const record = await readRecord(app, actor)
  if (!record) return done
  askAgain(record.applied, kinds)
  const waiting: Applied[] = []
  for (const one of inOrder(record.applied).toReversed()) {
    const left = await removeOne(one, { id: record.id, actor, kinds })
    if (left === undefined) continue
    waiting.push(one)
    const since = Date.parse(left.metadata.deletionTimestamp ?? '')
    if (!(clock.now() - since > PATIENCE_MS)) break
  }
  if (waiting.length > 0)
    return wait('Deleting', `waiting for ${waiting.map(describeApplied).join(', ')} to be gone`, LOOK_AGAIN_MS)
  await deleteRecord(app, actor)
  return done
}
