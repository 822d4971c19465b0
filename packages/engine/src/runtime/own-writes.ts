/**
 * Keeps a controller from deciding on a cache that has not yet seen its own writes.
 *
 * A pass that creates a child and ends is often followed at once by another, woken by something else. If the informer's
 * copy is a moment behind, that pass finds no child and makes a second one. So the client of a pass notes, for the key of the
 * pass, the resourceVersion of each of its writes, and the next pass of that key starts only when the informers of the kinds
 * written (those that exist: the others are not read from a cache) have come that far. Versions are compared within
 * one resource only, which Kubernetes allows.
 *
 * Rejected: expectations by count (client-go's ReplicaSet controller); they must be right in each controller, this is right once.
 */
import { createClient, type Client } from '../client/client.ts'
import { compareRevisions } from '../client/informer.ts'
import { type Informers } from '../client/informers.ts'
import type { Answer, Call, Transport } from '../machinery/call.ts'

export interface OwnWrites {
  /** A client whose writes count for this key. */
  clientOf(key: string): Client
  /** Undefined when the caches show all writes of the key; else a promise for the moment when they do. */
  pending(key: string): Promise<void> | undefined
  forget(key: string): void
}

interface Written {
  readonly type: { readonly group: string; readonly version: string; readonly resource: string }
  readonly revision: string
}

/** Keys whose writes are kept until their next pass asks for them. */
const MAX_UNASKED = 1000

export function createOwnWrites(transport: Transport, informers: Informers, stopped: AbortSignal): OwnWrites {
  const writes = new Map<string, Map<string, Written>>()

  function note(key: string, call: Call, answer: Answer): void {
    const revision = answer.metadata?.resourceVersion
    if (!isWrite(call) || revision === undefined || !('name' in answer.metadata)) return
    const { group, version, resource } = call.target
    const id = `${group}/${version}/${resource}`
    let ofKey = writes.get(key)
    if (!ofKey) {
      forgetOldest()
      writes.set(key, (ofKey = new Map()))
    }
    const old = ofKey.get(id)
    if (old && compareRevisions(old.revision, revision) >= 0) return
    ofKey.set(id, { type: { group, version, resource }, revision })
  }

  const isBehind = ({ type, revision }: Written): boolean => {
    const shown = informerOf(type)?.revision
    return shown !== undefined && compareRevisions(shown, revision) < 0
  }

  const informerOf = (type: Written['type']) => informers.existing({ ...type, kind: '', namespaced: true })

  /** Most keys have no next pass for hours, and nothing to wait for: two of the oldest are looked at for each that comes. */
  function forgetOldest(): void {
    let left = writes.size > MAX_UNASKED ? 2 : 0
    for (const [key, ofKey] of writes) {
      if (left-- <= 0) return
      writes.delete(key)
      // To the end of the line.
      if ([...ofKey.values()].some(isBehind)) writes.set(key, ofKey)
    }
  }

  return {
    clientOf(key) {
      return createClient({
        ...delegate(transport),
        async call(call, signal) {
          // A pass that ignores its signal must not go on writing when another replica may already have taken over.
          stopped.throwIfAborted()
          const answer = await transport.call(call, signal)
          note(key, call, answer)
          return answer
        },
      })
    },
    pending(key) {
      const ofKey = writes.get(key)
      if (!ofKey) return undefined
      const behind: Promise<void>[] = []
      for (const [id, written] of ofKey) {
        if (isBehind(written)) behind.push(informerOf(written.type)!.seen(written.revision))
        else ofKey.delete(id)
      }
      if (behind.length > 0) return Promise.all(behind).then(() => undefined)
      writes.delete(key)
      return undefined
    },
    forget(key) {
      writes.delete(key)
    },
  }
}

function isWrite(call: Call): boolean {
  if (call.verb === 'get' || call.verb === 'list' || call.verb === 'deletecollection') return false
  return call.options?.dryRun !== true
}

function delegate(transport: Transport): Omit<Transport, 'call'> {
  return {
    watch: (target, options, signal) => transport.watch(target, options, signal),
    raw: (path, signal) => transport.raw(path, signal),
    close: () => transport.close(),
  }
}
