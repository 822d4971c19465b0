/**
 * The lines before pools, each worked out once for all that wait in it.
 *
 * Two thousand claims that each sorted the line for themselves, and were each woken by each release, would keep a hub busy for
 * minutes. So a line is kept for a moment: those in it are told what is theirs in one look, who comes later draws from what is left,
 * and news of something free wakes only those for whom it is. Nothing is decided here: the hold is a creation with one winner, and a
 * line that is old or wrong costs a claim a moment and nobody a service.
 */
import { setMaxListeners } from 'node:events'
import type { Found, Resource } from '@larder/kit'
import type { Clock } from '@larder/engine/base/clock'
import type { Log } from '@larder/engine/base/log'
import { namespaceType, secretType } from '@larder/engine/client/builtin'
import { keyOf, type Pass } from '@larder/engine/runtime/pass'
import type { Source } from '@larder/engine/runtime/controller'
import { claimKind, type Claim } from '../../model/claim.ts'
import { classKind, type Class } from '../../model/class.ts'
import { instanceKind } from '../../model/instance.ts'
import { INSTANCE_NAMESPACE, resourceInstanceName } from '../../model/names.ts'
import { allot, type Waiting } from '../../model/line.ts'
import { unexpectedParameters } from '../../model/parameters.ts'
import { choosePlan, chooseRole } from '../../model/plan-choice.ts'
import { isRefusal } from '../../model/refusal.ts'
import { isConsumer } from '../../model/visibility.ts'
import { backendOf } from '../service.ts'
import type { Sessions } from '../session/sessions.ts'
import { permission } from './permission.ts'

/** For how long a line counts though nobody told of news; what it costs then is one look at the pool. */
const FRESH_MS = 1000
/** News come in crowds: a thousand members that were applied at once are looked at once. */
const CROWD_MS = 5

export type Member = Resource & { readonly namespace: string }

export interface PoolLine {
  readonly members: readonly Member[]
  /** What is for this claim now. `lost` is what another claim was given before this one could take it, which the cache may not show yet. */
  take(claim: Claim, lost: { readonly namespace?: string; readonly name: string } | undefined): Member | undefined
  /** Whether there is anything, held or not, that the claim may have. */
  hasFor(claim: Claim): boolean
}

export interface PoolLines {
  /** Rejects as sessions do: `Stalled`, `DriverFailure`. */
  line(pass: Pick<Pass<Claim>, 'cache' | 'signal'>, service: Class): Promise<PoolLine>
  /** Something of the class may be free: wakes those for whom it is. */
  news(className: string): void
  /** The same while nobody waits: a line that is kept would tell who comes next that all is held still. */
  changed(className: string): void
  /** Who waits, or who may have what, has changed for reasons that wake all that wait. */
  stale(): void
  readonly source: Source
}

type Reader = Pick<Pass<Claim>, 'cache'>

/** When a line was made, and after how many news what it is made of was asked for. */
interface Made {
  readonly madeAt: number
  readonly news: number
}

interface Line extends PoolLine, Made {
  readonly service: Class
  /** Those for whom something was free. */
  readonly served: readonly Claim[]
}

export interface PoolLinesOptions {
  readonly sessions: Sessions
  readonly clock: Clock
  readonly log: Log
}

const nobody: (className: string) => void = () => {}

export function createPoolLines({ sessions, clock, log }: PoolLinesOptions): PoolLines {
  const lines = new Map<string, Line>()
  /** How many news there were, of a class and of all: a line made of what was asked before them is none. */
  const heard = new Map<string, number>()
  let heardOfAll = 0
  const soon = new Map<string, () => void>()
  let tell = nobody

  async function line({ cache, signal }: Reader & { readonly signal: AbortSignal }, service: Class): Promise<Line> {
    const known = fresh(service)
    if (known) return known
    const asked = newsOf(service)
    const backend = backendOf(service.spec.backendRef.name, { cache })
    const session = sessions.of(backend, (namespace, name) => cache(secretType).get(name, namespace))
    const found = await session.found(service.spec.recipe ?? {}, signal)
    // Those that asked together look together.
    const since = fresh(service)
    if (since) return since
    const made = createLine({ cache }, service, found.flatMap(memberOf), { madeAt: clock.now(), news: asked })
    lines.set(service.metadata.name, made)
    return made
  }

  function newsOf({ metadata }: Class): number {
    return heardOfAll + (heard.get(metadata.name) ?? 0)
  }

  function fresh(service: Class): Line | undefined {
    const known = lines.get(service.metadata.name)
    if (known?.service !== service || known.news !== newsOf(service)) return undefined
    return clock.now() - known.madeAt < FRESH_MS ? known : undefined
  }

  return {
    line,
    changed: (className) => void heard.set(className, (heard.get(className) ?? 0) + 1),
    news(className) {
      heard.set(className, (heard.get(className) ?? 0) + 1)
      tell(className)
    },
    stale: () => void heardOfAll++,
    source(wake, informers) {
      const end = new AbortController()
      // Each look listens until it is answered, and classes with news may be many.
      setMaxListeners(0, end.signal)
      const cache: Reader['cache'] = (type) => informers.of(type)
      const look = async (className: string): Promise<void> => {
        const service = informers.of(classKind).get(className)
        if (!service || end.signal.aborted) return
        try {
          wake((await line({ cache, signal: end.signal }, service)).served.map(keyOf))
        } catch {
          // They ask for themselves, and say in their status what is wrong.
          wake(informers.of(claimKind).byIndex('waiting', className).map(keyOf))
        }
      }
      tell = (className) => {
        if (soon.has(className)) return
        const cancel = clock.after(CROWD_MS, () => {
          soon.delete(className)
          look(className).catch((error: unknown) =>
            log.error('a line could not be looked at', { class: className }, error),
          )
        })
        soon.set(className, cancel)
      }
      return () => {
        end.abort()
        for (const cancel of soon.values()) cancel()
        soon.clear()
        tell = nobody
      }
    },
  }
}

const memberOf = ({ resource }: Found): Member[] =>
  resource?.namespace === undefined ? [] : [{ ...resource, namespace: resource.namespace }]

function createLine(reader: Reader, service: Class, members: readonly Member[], made: Made): Line {
  const records = new Map(members.map((member) => [member, resourceInstanceName(member)]))
  const isFree = (member: Member) =>
    reader.cache(instanceKind).get(records.get(member) ?? '', INSTANCE_NAMESPACE) === undefined
  const may = ({ namespace, role }: Waiting, member: Member) => permission(reader, namespace, member, role) === 'yes'
  const claims = new Map<string, Claim>()
  const waiting: Waiting[] = []
  for (const claim of reader.cache(claimKind).byIndex('waiting', service.metadata.name)) {
    const entry = waitingOf(reader, service, claim)
    if (!entry) continue
    claims.set(entry.uid, claim)
    waiting.push(entry)
  }
  const { given, draw } = allot(waiting, members.filter(isFree), may)
  const has = new Map<string, boolean>()
  return {
    ...made,
    service,
    members,
    served: [...given.keys()].map((uid) => claims.get(uid)!),
    take(claim, lost) {
      const entry = waitingOf(reader, service, claim)
      if (!entry) return undefined
      let member = given.get(entry.uid)
      const isLost = (m: Member) => m.name === lost?.name && m.namespace === lost.namespace
      while (!member || !isFree(member) || isLost(member)) {
        member = draw(entry)
        if (!member) return undefined
      }
      return member
    },
    hasFor({ metadata, spec }) {
      const { namespace = '' } = metadata
      const role = chosenRole(service, spec.role)
      const key = JSON.stringify([namespace, role ?? null])
      let known = has.get(key)
      if (known === undefined) {
        known = members.some((member) => permission(reader, namespace, member, role) === 'yes')
        has.set(key, known)
      }
      return known
    },
  }
}

function chosenRole(service: Class, asked: string | undefined): string | undefined {
  const role = chooseRole(service, asked, undefined)
  return isRefusal(role) ? undefined : role.role?.name
}

/** Undefined for a claim that does not wait for this class, or that the class refuses. */
function waitingOf({ cache }: Reader, service: Class, claim: Claim): Waiting | undefined {
  const { metadata, spec } = claim
  const { uid = '', namespace = '', creationTimestamp = '' } = metadata
  if (metadata.deletionTimestamp !== undefined || cache(instanceKind).byIndex('claim', uid).length > 0) return undefined
  const { labels } = cache(namespaceType).get(namespace)?.metadata ?? {}
  if (!isConsumer(service.spec.consumers, { name: namespace, labels }, true)) return undefined
  if (unexpectedParameters(service, spec.parameters ?? {}).length > 0) return undefined
  const role = chooseRole(service, spec.role, undefined)
  if (isRefusal(role) || isRefusal(choosePlan(service, spec.plan, undefined))) return undefined
  return { uid, namespace, createdAt: creationTimestamp, role: role.role?.name }
}
