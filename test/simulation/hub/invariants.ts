/**
 * What must never happen, looked at after each commit of the store and each deed outside, not only at the end: a run that breaks a promise
 * and mends it later has broken it.
 */
import type { Secret } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Claim } from '../../../packages/hub/src/model/claim.ts'
import type { Instance } from '../../../packages/hub/src/model/instance.ts'
import { CLAIM_LABEL, CREDENTIAL_ANNOTATION } from '../../../packages/hub/src/model/names.ts'
import { isReason } from '../../../packages/hub/src/model/reasons.ts'
import type { Cause } from '../../../packages/hub/src/model/shared-fields.ts'
import { ACCOUNT_MARK, POOL, POOL_MARK, TEAMS, YARD_MARK } from './base-world.ts'
import { FOREIGN_LABEL } from './users.ts'
import { decoded, heldBy, isGoing, usersOf, type Commit, type View } from './view.ts'
import type { World } from './world.ts'
import type { Deed } from './yard.ts'

export interface Watchers {
  /** What was seen that must not be, the first of it first. */
  readonly violations: readonly string[]
}

export interface Promises {
  /**
   * False where two hubs work that know nothing of each other: one overwrites the status of the other, and publishes what the other takes
   * back. Only an election prevents that.
   */
  readonly alone: boolean
}

export function watchInvariants(world: World, view: View, kept: Promises): Watchers {
  const violations: string[] = []
  const report = (text: string): void => {
    world.scheduler.note(`  VIOLATION ${text}`)
    violations.push(text)
  }
  const promises = [
    holds(world, view),
    secrets(world, view, kept),
    bindings(world),
    ownership(world, view, kept),
    leaks(),
    ...(kept.alone ? [causes(world)] : []),
    tenants(),
    policies(world, view),
  ]
  view.onCommit((commit) => {
    for (const promise of promises) for (const broken of promise(commit)) report(broken)
  })
  const outside = deeds(world, view)
  world.yard.onDeed((deed) => {
    for (const broken of outside(deed)) report(broken)
  })
  world.onLog((line) => {
    const mark = SECRET_MARKS.find((each) => line.includes(each))
    if (mark !== undefined) report(`a secret value is in the log: ${line.slice(0, 300)}`)
  })
  return { violations }
}

const SECRET_MARKS = [YARD_MARK, POOL_MARK, ACCOUNT_MARK]

type Promised = (commit: Commit) => Iterable<string>

const named = ({ kind, metadata }: KubeObject): string =>
  `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`

const lives = (view: View, uid: string | undefined): Claim | undefined => {
  const claim = uid === undefined ? undefined : view.claims.get(uid)
  return claim && !isGoing(claim) ? claim : undefined
}

/** Two claims hold one exclusive instance; an instance is made twice; it is let go or deleted while its claim lives. */
function holds(world: World, view: View): Promised {
  return function* ({ resource, object, previous, isDeletion }) {
    if (resource !== 'instances' || world.isUserWriting) return
    const instance = object as Instance
    const before = previous as Instance | undefined
    const holder = before?.spec.claimRef?.uid
    const claim = lives(view, holder)
    if (claim && before && !isDeletion && instance.spec.claimRef?.uid !== holder && before.spec.sharing !== 'Shared') {
      yield `${named(instance)} was taken from ${named(claim)}, which lives`
    }
    const sharers =
      before?.spec.sharing === 'Shared' && !isGoing(before) && isGoing(instance) ? usersOf(view, before) : []
    if (sharers[0]) yield `${named(instance)} is deleted while ${named(sharers[0])} shares it and nobody asked`
    const uid = instance.spec.claimRef?.uid
    const others =
      uid === undefined || isDeletion ? [] : heldBy(view, uid).filter((i) => !i.spec.resourceRef && !isGoing(i))
    if (others.length > 1) yield `claim ${uid} has ${others.length} instances made for it`
    const deletionBegins = before && !isGoing(before) && (isGoing(instance) || isDeletion)
    if (deletionBegins && claim) {
      const another = heldBy(view, claim.metadata.uid ?? '').some(
        (i) => i.metadata.uid !== instance.metadata.uid && !isGoing(i),
      )
      if (!instance.spec.resourceRef || !another)
        yield `${named(instance)} is deleted while ${named(claim)} lives and nobody asked`
    }
  }
}

/** What a binding's Secret opens: the service outside, or the member that it is a copy of. */
function opens({ yard }: World, secret: Secret): string | undefined {
  const password = decoded(secret, 'password')
  if (password === undefined) return undefined
  if (password.startsWith(POOL_MARK)) return `member ${password.split('-').slice(1, -1).join('-')}`
  const found = yard.whomLetsIn(password)
  return found && `service ${found.service.id}`
}

/** A binding lets in whom it is for, and nobody else holds what it opens; a foreign Secret is never touched. */
function secrets(world: World, view: View, { alone }: Promises): Promised {
  return function* ({ resource, object, previous, isDeletion }) {
    if (resource !== 'secrets' || world.isUserWriting) return
    const secret = object as Secret
    const { namespace = '' } = secret.metadata
    const terminating = isGoing(view.namespaces.get(namespace) ?? secret)
    if (previous?.metadata.labels?.[FOREIGN_LABEL] !== undefined && !terminating) {
      yield `${named(secret)} is somebody else's and was ${isDeletion ? 'deleted' : 'overwritten'}`
    }
    const uid = secret.metadata.labels?.[CLAIM_LABEL]
    if (isDeletion || uid === undefined) return
    const what = opens(world, secret)
    const password = decoded(secret, 'password')
    if (what === undefined && password !== undefined) {
      const service = [...world.yard.services.values()].some((s) =>
        heldBy(view, uid).some((i) => i.spec.externalID === s.id),
      )
      if (alone && service && lives(view, uid)) yield `${named(secret)} is published and opens nothing`
    }
    if (what === undefined) return
    for (const other of view.secrets.values()) {
      const owner = other.metadata.labels?.[CLAIM_LABEL]
      if (owner === undefined || owner === uid || opens(world, other) !== what) continue
      if (isShared(view, what)) continue
      yield `${named(secret)} and ${named(other)} are of two claims and open the same ${what}`
    }
  }
}

/** Who reads the status of a claim gets what it names: a Secret that was the claim's own, if only until a moment ago. */
function bindings(world: World): Promised {
  const made = new Set<string>()
  return function* ({ resource, object, previous, isDeletion }) {
    const { name, namespace, uid, labels } = object.metadata
    const placeOf = (owner: string | undefined, secret: string) => `${owner} ${namespace}/${secret}`
    if (resource === 'secrets' && labels?.[CLAIM_LABEL] !== undefined) made.add(placeOf(labels[CLAIM_LABEL], name))
    if (resource !== 'claims' || isDeletion || world.isUserWriting) return
    const bound = (object as Claim).status?.binding?.name
    if (bound === undefined || bound === (previous as Claim | undefined)?.status?.binding?.name) return
    if (!made.has(placeOf(uid, bound))) yield `${named(object)} names Secret ${bound}, which was never its own`
  }
}

const isShared = (view: View, what: string): boolean =>
  [...view.instances.values()].some((i) => what === `service ${i.spec.externalID}` && i.spec.sharing === 'Shared')

/** What people wrote stays as they wrote it; with the claim go its Secret and its credentials. */
function ownership(world: World, view: View, { alone }: Promises): Promised {
  const people = new Set(['claims', 'classes', 'backends', 'claimpolicies'])
  return function* ({ resource, object, previous, isDeletion }) {
    if (!people.has(resource)) return
    const sameLife = previous !== undefined && isGoing(previous) === isGoing(object)
    if (!world.isUserWriting && sameLife && previous.metadata.generation !== object.metadata.generation) {
      yield `${named(object)}: a hub changed its spec`
    }
    if (resource !== 'claims' || !isDeletion) return
    const { uid = '', namespace = '' } = object.metadata
    for (const secret of view.secrets.values()) {
      if (alone && secret.metadata.labels?.[CLAIM_LABEL] === uid)
        yield `${named(object)} is gone and left ${named(secret)}`
    }
    if (isGoing(view.namespaces.get(namespace) ?? object)) return
    for (const service of world.yard.services.values()) {
      for (const user of service.users.keys()) {
        if (alone && user.startsWith(`c-${uid}-`))
          yield `${named(object)} is gone and its credential ${user} still lets in`
      }
    }
  }
}

/** No secret value in anything that is no Secret. */
function leaks(): Promised {
  return function* ({ resource, object }) {
    if (resource === 'secrets') return
    const text = JSON.stringify(object)
    const mark = SECRET_MARKS.find((each) => text.includes(each))
    if (mark !== undefined)
      yield `a secret value is in ${named(object)}: ${text.slice(Math.max(0, text.indexOf(mark) - 80), text.indexOf(mark))}`
  }
}

type Reported = KubeObject & {
  readonly status?: { readonly conditions?: Parameters<typeof findCondition>[0]; readonly cause?: Cause }
}

const OURS = new Set(['claims', 'instances', 'classes', 'backends', 'claimpolicies'])

/** A failure without a status, a wait without a reason, an error that names no field. */
function causes(world: World): Promised {
  return function* ({ resource, object, isDeletion }) {
    if (!OURS.has(resource) || isDeletion || world.isUserWriting) return
    const { status } = object as Reported
    const ready = findCondition(status?.conditions, 'Ready')
    if (!ready || ready.status === 'True') return
    const cause = status?.cause
    if (!cause || cause.message === '' || cause.next === '')
      yield `${named(object)} is not Ready and says no cause: ${ready.reason}`
    else if (!isReason(cause.reason)) yield `${named(object)} says a reason that no page explains: ${cause.reason}`
    else if (cause.reason === 'InternalError')
      yield `${named(object)} met what it was not written for: ${cause.message}`
    else if (NAMES_A_FIELD.test(cause.reason) && !/\b(spec|status)\.[a-zA-Z]/.test(cause.message)) {
      yield `${named(object)} names no field: ${cause.reason}: ${cause.message}`
    }
  }
}

const NAMES_A_FIELD = /^(ParametersInvalid|PlanNotFound|RoleNotFound|ClassNotFound|BindingNameTaken|BackendNotFound)$/

/** What tenants read names nothing of other tenants. */
function tenants(): Promised {
  const own = new Map(TEAMS.map((team) => [team, TEAMS.filter((other) => other !== team)] as const))
  return function* ({ resource, object, isDeletion }) {
    if (isDeletion) return
    const { namespace = '' } = object.metadata
    const strangers =
      resource === 'classes'
        ? TEAMS
        : resource === 'claims' || resource === 'events'
          ? own.get(namespace as never)
          : undefined
    if (!strangers) return
    const { status, note, regarding } = object as KubeObject & { status?: object; note?: string; regarding?: object }
    const text = JSON.stringify([status, note, regarding])
    for (const team of strangers) {
      if (new RegExp(`\\b${team}(-[a-z]|/)`).test(text))
        yield `${named(object)} names something of ${team}: ${text.slice(0, 300)}`
    }
  }
}

/** A hub that is behind may act on a policy that was there a moment ago. */
const BEHIND_COMMITS = 60

/** What lives in another namespace reaches a claim only if a policy let it, since the claim was made or shortly before. */
function policies(world: World, view: View): Promised {
  const since = new Map<string, number>()
  const note = (): void => {
    for (const { metadata, spec } of view.policies.values()) {
      if (metadata.namespace === POOL) for (const team of spec.consumers?.namespaces ?? []) since.set(team, view.writes)
    }
  }
  const bornAt = new Map<string, number>()
  note()
  return function* ({ resource, object, isDeletion }) {
    const { uid = '', namespace = '', labels } = object.metadata
    if (resource === 'claims' && !bornAt.has(uid)) bornAt.set(uid, view.writes)
    note()
    if (resource !== 'secrets' || isDeletion || world.isUserWriting) return
    if (labels?.[CLAIM_LABEL] === undefined || !decoded(object, 'password')?.startsWith(POOL_MARK)) return
    const permittedAt = since.get(namespace) ?? -Infinity
    const needed = Math.min(bornAt.get(labels[CLAIM_LABEL]) ?? Infinity, view.writes - BEHIND_COMMITS)
    if (permittedAt < needed) yield `${named(object)} was copied from ${POOL} and no ClaimPolicy let it`
  }
}

/** Outside: nothing is made twice, removed in use, or revoked before its successor is published. */
function deeds(world: World, view: View): (deed: Deed) => Iterable<string> {
  const made = new Map(world.yard.services)
  return function* (deed) {
    const { service } = deed
    const instances = [...view.instances.values()].filter((i) => i.spec.externalID === service.id)
    const holder = instances.flatMap((i) => usersOf(view, i))[0]
    switch (deed.type) {
      case 'made': {
        if (made.get(service.id)?.wasUsed) yield `${service.id} was made twice outside`
        made.set(service.id, service)
        const twin = [...world.yard.services.values()].find(
          (s) => s.id !== service.id && s.origin === service.origin && s.origin !== undefined && !s.failed,
        )
        if (twin) yield `${service.id} and ${twin.id} were made outside for one claim`
        return
      }
      case 'removed':
        // What nobody was let into yet is thrown away and made anew where its making failed.
        if (!service.wasUsed) return
        if (holder) yield `${service.id} was removed outside while ${named(holder)} lives and holds it`
        else if (!instances.some(isGoing)) yield `${service.id} was removed outside and nobody deleted its instance`
        return
      case 'wiped':
        if (holder) yield `${service.id} was wiped outside while ${named(holder)} lives and holds it`
        return
      case 'revoked': {
        const published = [...view.secrets.values()].find(
          (s) => s.metadata.annotations?.[CREDENTIAL_ANNOTATION] === deed.credential,
        )
        const claim = lives(view, published?.metadata.labels?.[CLAIM_LABEL])
        if (published && claim)
          yield `${deed.credential} was revoked while ${named(published)} of ${named(claim)} still holds it`
        return
      }
      case 'issued': {
        const uid = /^c-(.*)-\d+$/.exec(deed.credential)?.[1] ?? ''
        const stranger = [...service.left].find((user) => !user.startsWith(`c-${uid}-`))
        if (stranger !== undefined && instances.some(({ spec }) => spec.reclaimPolicy === 'Recycle')) {
          yield `${deed.credential} is let into ${service.id}, which was not wiped of what ${stranger} left`
        }
        return
      }
      case 'changed':
    }
  }
}
