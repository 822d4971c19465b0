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
  { tell, ...waiting }: Waiting,
  terminal: Terminal,
): Promise<void> {
  const what = `${type.kind} ${waiting.namespace}/${waiting.name}`
  const news = onlyNews(tell)
  await watchUntil<Told, true>(client, terminal, {
    ...waiting,
    type,
    what: `${what} to be reconciled`,
    look(now) {
      const { status } = there(now, what)
      const [condition] = status?.conditions ?? []
      if (!isCurrent(now) || !condition) return undefined
      news(condition.type)
      if (condition.type === 'ReconcileFailed')
        throw new CommandFailed(EXIT.failedWhileWaiting, `${what}: reconcile failed`, {
          why: status?.usefulErrorMessage ?? condition.message ?? '',
        })
      return condition.type === 'ReconcileSucceeded' ? true : undefined
    },
  })
}

/** As the controllers of these kinds say it. */
const PAUSED = 'Canceled/paused'

/** Until nothing is done with it any more, after `spec.paused` was set. */
export async function waitForPause(
  client: Client,
  type: ResourceType<Told>,
  waiting: Omit<Waiting, 'tell'>,
  terminal: Terminal,
): Promise<void> {
  const what = `${type.kind} ${waiting.namespace}/${waiting.name}`
  await watchUntil<Told, true>(client, terminal, {
    ...waiting,
    type,
    what: `${what} to be paused`,
    look: (now) => (isCurrent(there(now, what)) && now?.status?.friendlyDescription === PAUSED ? true : undefined),
  })
}

function there(now: Told | undefined, what: string): Told {
  if (now) return now
  throw new CommandFailed(EXIT.notFound, `${what} was deleted meanwhile`)
}

const isCurrent = (now: Told | undefined): boolean => now?.status?.observedGeneration === now?.metadata.generation

function onlyNews(tell: Waiting['tell']): (condition: string) => void {
  let told = ''
  return (condition) => {
    if (condition !== told) tell?.(condition)
    told = condition
  }
}

/** Until no object of that name, or another one, is there. */
export async function waitForEnd(
  client: Client,
  type: ResourceType<Told>,
  { tell, uid, ...waiting }: Waiting & { readonly uid: string | undefined },
  terminal: Terminal,
): Promise<void> {
  const what = `${type.kind} ${waiting.namespace}/${waiting.name}`
  const news = onlyNews(tell)
  await watchUntil<Told, true>(client, terminal, {
    ...waiting,
    type,
    what: `${what} to be gone`,
    look(now) {
      if (now?.metadata.uid !== uid) return true
      const [condition] = now?.status?.conditions ?? []
      if (!condition || !condition.type.startsWith('Delet')) return undefined
      news(condition.type)
      if (condition.type === 'DeleteFailed')
        throw new CommandFailed(EXIT.failedWhileWaiting, `${what}: delete failed`, {
          why: now?.status?.usefulErrorMessage ?? '',
          next: 'it goes on by itself once that is mended',
        })
      return undefined
    },
  })
}
