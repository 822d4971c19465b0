/** What is done with one object, as it stands now: deleted, made to forget owners that are gone, or let go. */
import type { Json } from '../../../base/json.ts'
import type { Target } from '../../../machinery/call.ts'
import { asJson, type OwnerReference } from '../../../machinery/object.ts'
import type { Resource } from '../../../machinery/shape.ts'
import { isConflict, isNotFound } from '../../../machinery/status.ts'
import type { Entry } from '../../../storage/store.ts'
import { FOREGROUND, ORPHAN, policyOf, type PropagationPolicy } from '../../core/dependents.ts'
import { collectionOf, placeOf } from '../../core/keys.ts'
import type { ControllerContext } from '../namespaces.ts'
import { reportMisplacedOwner } from './misplaced.ts'
import { blockingDependents, isCircular, isElsewhere, type Standing, standingOf } from './owners.ts'

/** Somebody else may write between our look and our write; who loses this often in a row waits before trying again. */
const ATTEMPTS = 5

export class Collector {
  /** Keys of objects with an owner whose kind is not served. */
  readonly unjudged = new Set<string>()
  readonly #context: ControllerContext
  readonly #wake: (key: string) => void

  constructor(context: ControllerContext, wake: (key: string) => void) {
    this.#context = context
    this.#wake = wake
  }

  forget(key: string): void {
    this.unjudged.delete(key)
  }

  /** Rejects when the API refuses a write, or when the object changes faster than it can be judged. */
  async judge(key: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#judgeOnce(key)
      } catch (error) {
        if (isNotFound(error)) return
        if (!isConflict(error) || attempt === ATTEMPTS) throw error
      }
    }
  }

  #judgeOnce(key: string): Promise<void> | undefined {
    const entry = this.#context.store.get(key)
    if (!entry) return undefined
    if (entry.index.awaits === 'orphan') return this.#orphanDependents(entry)
    if (entry.index.awaits === 'foreground') return this.#awaitDependents(entry)
    return this.#judgeOwners(entry)
  }

  async #orphanDependents(owner: Entry): Promise<void> {
    const { uid } = owner.index
    for (const key of this.#context.store.owned(uid)) await this.#removeOwners(key, (one) => one.uid !== uid)
    await this.#release(owner, ORPHAN)
  }

  /** Lets the owner go when nothing blocks it any more; until then, what does is looked at. */
  async #awaitDependents(owner: Entry): Promise<void> {
    const { store } = this.#context
    const isHeld = blockingDependents(store, owner).some((dependent) => !isCircular(store, owner, dependent))
    if (isHeld) for (const key of store.owned(owner.index.uid)) this.#wake(key)
    else await this.#release(owner, FOREGROUND)
  }

  async #judgeOwners(entry: Entry): Promise<void> {
    const { deletionTimestamp, ownerReferences = [] } = entry.document.object.metadata
    if (deletionTimestamp !== undefined || ownerReferences.length === 0) return
    const standings = new Map(ownerReferences.map((one) => [one, standingOf(this.#context, one, entry.key)]))
    await this.#reportMisplaced(entry, standings)
    const has = (standing: Standing): boolean => [...standings.values()].includes(standing)
    if (has('unknown')) {
      this.unjudged.add(entry.key)
      return
    }
    this.unjudged.delete(entry.key)
    if (!has('dangling') && !has('leaving')) return
    if (has('solid')) await this.#removeOwners(entry.key, (one) => standings.get(one) === 'solid')
    else await this.#delete(entry, has('leaving'))
  }

  async #reportMisplaced(entry: Entry, standings: ReadonlyMap<OwnerReference, Standing>): Promise<void> {
    for (const [reference, standing] of standings) {
      if (standing === 'solid' || standing === 'leaving') continue
      if (isElsewhere(this.#context, reference, entry.key)) {
        await reportMisplacedOwner(this.#context, entry.document.object, reference)
      }
    }
  }

  /** Under an owner that waits in the foreground, what has dependents of its own waits for them likewise. */
  async #delete(entry: Entry, isOwnerWaiting: boolean): Promise<void> {
    const { store, call } = this.#context
    const hasDependents = store.owned(entry.index.uid).length > 0
    const own = policyOf(entry.document.object.metadata)
    const propagationPolicy: PropagationPolicy = isOwnerWaiting && hasDependents ? 'Foreground' : own
    const preconditions = { uid: entry.index.uid, resourceVersion: String(entry.revision) }
    await call({ verb: 'delete', target: this.#targetOf(entry.key), options: { propagationPolicy, preconditions } })
  }

  /** `keeps` sees the very references of the entry's document. */
  async #removeOwners(key: string, keeps: (reference: OwnerReference) => boolean): Promise<void> {
    const entry = this.#context.store.get(key)
    const references = entry?.document.object.metadata.ownerReferences ?? []
    const kept = references.filter((one) => keeps(one))
    if (!entry || kept.length === references.length) return
    const ownerReferences = kept.length > 0 ? kept.map((one) => ({ ...one })) : null
    await this.#patchMetadata(entry, { ownerReferences })
  }

  async #release(owner: Entry, finalizer: string): Promise<void> {
    const { metadata } = asJson(owner.document.object) as { metadata: { finalizers?: readonly string[] } }
    const finalizers = (metadata.finalizers ?? []).filter((one) => one !== finalizer)
    await this.#patchMetadata(owner, { finalizers: finalizers.length > 0 ? finalizers : null })
  }

  async #patchMetadata({ key, index, revision }: Entry, change: Record<string, Json>): Promise<void> {
    const body = { metadata: { uid: index.uid, resourceVersion: String(revision), ...change } }
    const target = this.#targetOf(key)
    await this.#context.call({ verb: 'patch', target, patchType: 'application/merge-patch+json', body })
  }

  /** Throws for a key whose resource is not served: it is tried again later. */
  #targetOf(key: string): Target {
    const resource = this.#context.resources.all().find((one) => key.startsWith(collectionOf(one)))
    if (!resource) throw new Error(`nothing that is served is kept at ${key}`)
    return targetOf(resource, key)
  }
}

function targetOf(resource: Resource, key: string): Target {
  const { group, version, resource: plural } = resource
  const { namespace, name } = placeOf(resource, key)
  return { group, version, resource: plural, name, ...(resource.namespaced && { namespace }) }
}
