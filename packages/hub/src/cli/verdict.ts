/**
 * Why an object is as it is, in one or two sentences: how it is and for how long, what is behind that, whose move it is, what to do next.
 *
 * The cause that the hub wrote into the object says most of it, so that somebody who sees no other object misses nothing. Where
 * the asker may read further down (instance, backend), the deepest object that is not Ready and says something else is named too.
 */
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Json } from '@larder/engine/base/json'
import { age } from '@larder/engine/machinery/age'
import { causeOf } from '../model/cause.ts'
import type { Cause } from '../model/shared-fields.ts'
import { readyCondition, type Link, type WithStatus } from './chain.ts'
import { isDoorClaim } from './door-claims.ts'
import { readiness } from './readiness.ts'

export interface Verdict {
  readonly object: string
  readonly state: 'ready' | 'changing' | 'waiting' | 'stuck' | 'unknown' | 'deleting'
  /** Since when, as a time; absent when nobody looked at it yet. */
  readonly since?: string
  /** Why it is not Ready, or what became of a change of something that is. */
  readonly cause?: Cause
  /** The deepest object below that says more. */
  readonly because?: { readonly object: string; readonly reason: string; readonly message: string }
  readonly message?: string
}

export function verdictOf(object: KubeObject, link: Link): Verdict {
  const ready = readyCondition(object)
  const cause = (object as WithStatus).status?.cause ?? pendingCause(object)
  const deepest = cause && deepestTrouble(...below(object, link, cause))
  return {
    object: nameOf(object),
    state: stateOf(object, cause),
    ...(ready && { since: ready.lastTransitionTime }),
    ...(cause && { cause }),
    ...(deepest && { because: deepest }),
    ...(link.message !== undefined && { message: link.message }),
  }
}

function stateOf(object: WithStatus, cause: Cause | undefined): Verdict['state'] {
  if (object.metadata.deletionTimestamp !== undefined) return 'deleting'
  const state = readiness(object)
  if (state === 'ready') return cause ? 'changing' : 'ready'
  if (!object.status?.conditions?.length) return 'unknown'
  return state === 'stalled' ? 'stuck' : 'waiting'
}

/** Of something that is Ready and yet not as last asked: a change that was refused, or is not made yet. */
function pendingCause(object: WithStatus): Cause | undefined {
  const open = object.status?.conditions?.find(
    (c) => ['Stalled', 'Reconciling'].includes(c.type) && c.status === 'True',
  )
  return open && causeOf(open.reason, open.message, { kind: object.kind, ...object.metadata })
}

/** The Claim that stands for an object of a door says the same as that, in other words. */
function below(object: KubeObject, link: Link, { message }: Cause): [Link, Pick<Cause, 'message'>] {
  const behind = isDoorClaim(object) ? link.children.find(({ kind }) => kind === 'Claim') : undefined
  return behind ? [behind, { message: `${message}\n${behind.message}` }] : [link, { message }]
}

function deepestTrouble({ children }: Link, { message }: Pick<Cause, 'message'>): Verdict['because'] {
  for (const child of children) {
    const below = deepestTrouble(child, { message })
    if (below) return below
    if (child.state === 'found' && child.ready === 'False' && child.cause && !message.includes(child.cause.message)) {
      const where = child.namespace === undefined ? '' : `${child.namespace}/`
      const { reason, message: says } = child.cause
      return { object: `${child.kind.toLowerCase()} ${where}${child.name}`, reason, message: says }
    }
  }
  return undefined
}

const nameOf = ({ kind, metadata }: KubeObject): string =>
  `${kind.toLowerCase()} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`

/** Two sentences at most, and a third where something below says more. */
export function verdictText(verdict: Verdict, now: number): string {
  const { cause, because } = verdict
  const lines = [
    headline(verdict, now),
    ...(because ? [`Behind it: ${because.object} says ${sentence(`${because.message} (${because.reason})`)}`] : []),
    ...(cause ? [`${moveOf(cause)} Next: ${cause.next}`] : []),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function headline({ object, state, since, cause, message }: Verdict, now: number): string {
  const lasted = since === undefined ? '' : ` for ${age(since, now)}`
  const why = cause ? `: ${cause.message} (${cause.reason})` : ''
  switch (state) {
    case 'ready':
      return sentence(`${object} is Ready${lasted}${message ? `: ${message}` : ''}`)
    case 'changing':
      return sentence(
        `${object} is Ready${lasted} and can be used${isEnding(cause) ? '' : ', and a change of it is not made'}${why}`,
      )
    case 'unknown':
      return `${object} was not looked at yet: is the hub running?`
    case 'deleting':
      return sentence(`${object} is being deleted${why}`)
    case 'stuck':
      return sentence(`${object} is stuck${lasted}${why}`)
    case 'waiting':
      return sentence(`${object} is not Ready${lasted}${why}`)
    default:
      return state satisfies never
  }
}

/** Ready for now: nobody asked for a change of it. */
const isEnding = (cause: Cause | undefined): boolean => cause?.reason === 'InstanceDeleting'

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)

const moveOf = ({ heals, actor }: Cause): string =>
  heals ? 'It goes on by itself.' : `It will not heal by itself: the ${actor} must act.`

/** For `-o json`. */
export function verdictJson({ cause, because, ...rest }: Verdict, now: number): Json {
  return {
    ...rest,
    ...(rest.since !== undefined && { forSeconds: Math.max(0, Math.round((now - Date.parse(rest.since)) / 1000)) }),
    ...(cause && { cause: { ...cause } }),
    ...(because && { because: { ...because } }),
  }
}
