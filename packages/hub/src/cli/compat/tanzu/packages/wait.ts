/** Waiting for an object of Carvel's to have settled: tells each condition once. */
import type { Client } from '@larder/engine/client/client'
import type { ResourceType } from '@larder/engine/client/types'
import { CommandFailed, EXIT } from '../../../failure.ts'
import { parseDuration, type Terminal } from '../../../terminal.ts'
import { watchUntil } from '../../../watch-until.ts'
import type { TanzuValues } from '../options.ts'
import type { Told } from './kinds.ts'

interface Waiting {
  readonly name: string
  readonly namespace: string
  readonly timeoutMs: number
  /** A new condition. */
  readonly tell?: (condition: string) => void
}

export const within = ({ timeout }: TanzuValues, unlessTold: number): number =>
  timeout === undefined ? unlessTold : parseDuration(timeout, 'timeout')

export async function waitForReconcile(
  client: Client,
  type: ResourceType<Told>,
  { name, namespace, timeoutMs, tell }: Waiting,
  terminal: Terminal,
): Promise<void> {
  let told = ''
  await watchUntil<Told, true>(client, terminal, {
    type,
    name,
    namespace,
    timeoutMs,
    what: `${type.kind} ${namespace}/${name} to be reconciled`,
    look(now) {
      if (!now) throw new CommandFailed(EXIT.notFound, `${type.kind} ${namespace}/${name} was deleted meanwhile`)
      const [condition] = now.status?.conditions ?? []
      if (now.status?.observedGeneration !== now.metadata.generation || !condition) return undefined
      if (condition.type !== told) tell?.(condition.type)
      told = condition.type
      if (condition.type === 'ReconcileFailed')
        throw new CommandFailed(EXIT.failedWhileWaiting, `${type.kind} ${namespace}/${name}: reconcile failed`, {
          why: now.status?.usefulErrorMessage ?? condition.message ?? '',
        })
      return condition.type === 'ReconcileSucceeded' ? true : undefined
    },
  })
}

/** Until no object of that name, or another one, is there. */
export async function waitForEnd(
  client: Client,
  type: ResourceType<Told>,
  { name, namespace, timeoutMs, tell, uid }: Waiting & { readonly uid: string | undefined },
  terminal: Terminal,
): Promise<void> {
  let told = ''
  await watchUntil<Told, true>(client, terminal, {
    type,
    name,
    namespace,
    timeoutMs,
    what: `${type.kind} ${namespace}/${name} to be gone`,
    look(now) {
      if (now?.metadata.uid !== uid) return true
      const [condition] = now?.status?.conditions ?? []
      if (!condition || !condition.type.startsWith('Delet')) return undefined
      if (condition.type !== told) tell?.(condition.type)
      told = condition.type
      if (condition.type === 'DeleteFailed')
        throw new CommandFailed(EXIT.failedWhileWaiting, `${type.kind} ${namespace}/${name}: delete failed`, {
          why: now?.status?.usefulErrorMessage ?? '',
          next: 'it goes on by itself once that is mended',
        })
      return undefined
    },
  })
}
