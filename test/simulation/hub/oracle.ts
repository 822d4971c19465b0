/**
 * What the world must look like once nothing goes wrong any more, worked out from what people wrote and from what is outside, and never from
 * what a hub says of itself. A claim that is not Ready must say one of the reasons that the world gives for it.
 */
import type { Secret } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Claim } from '../../../packages/hub/src/model/claim.ts'
import type { Instance } from '../../../packages/hub/src/model/instance.ts'
import {
  CLAIM_LABEL,
  CREDENTIAL_ANNOTATION,
  INSTANCE_NAMESPACE,
  resourceInstanceName,
  SYSTEM_NAMESPACE,
  USED_ANNOTATION,
} from '../../../packages/hub/src/model/names.ts'
import { POOL } from './base-world.ts'
import { decoded, heldBy, instanceOf, isGoing, usersOf, type View } from './view.ts'
import type { World } from './world.ts'

/**
 * What is wrong still; empty when the world is as it should be. `alone`: no two hubs worked that knew nothing of each other. Such can
 * leave an instance, when one creates it while the other lets its claim go, and nobody deletes it by inference; and one that is behind
 * can make credentials again that the other has revoked.
 */
export function complaints(world: World, view: View, kept: { readonly alone: boolean }): readonly string[] {
  return [
    ...claimsSettle(world, view),
    ...(kept.alone ? instancesSettle(world, view) : []),
    ...outsideSettles(world, view, kept.alone),
    ...secretsSettle(view),
    ...othersSettle(view),
  ]
}

type Status = NonNullable<Claim['status']>

const named = ({ kind, metadata }: KubeObject): string =>
  `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`

const readiness = ({ status }: { readonly status?: { readonly conditions?: Status['conditions'] } }) =>
  findCondition(status?.conditions, 'Ready')

function* claimsSettle(world: World, view: View): Iterable<string> {
  for (const claim of view.claims.values()) {
    if (isGoing(claim)) {
      yield `${named(claim)} does not go: ${readiness(claim)?.reason}`
      continue
    }
    const ready = readiness(claim)
    const said = `${ready?.status} ${ready?.reason}: ${ready?.message}`
    const bound = view.secrets.get(`${claim.metadata.namespace}/${claim.status?.binding?.name}`)
    if (bound && !isOf(bound, claim)) yield `${named(claim)} names ${named(bound)}, which is somebody else's`
    if (claim.status?.observedGeneration !== claim.metadata.generation)
      yield `${named(claim)} was not looked at since its last edit`
    const reasons = obstacles(world, view, claim)
    if (reasons.length > 0) {
      if (ready?.status === 'True' && reasons.includes('InstanceDeleting')) yield* keepsWhatItHas(world, view, claim)
      else if (ready?.status === 'True' && !isRefused(claim, reasons))
        yield `${named(claim)} is Ready, and must say ${reasons.join(' or ')}`
      else if (ready?.status !== 'True' && reasons.join() === 'InstanceDeleting')
        yield `${named(claim)} must be Ready for as long as it is there, and says ${said}`
      else if (ready?.status !== 'True' && !reasons.includes(ready?.reason ?? ''))
        yield `${named(claim)} must say ${reasons.join(' or ')}, and says ${said}`
    } else if (ready?.status !== 'True') yield `${named(claim)} is not Ready without a reason in the world: ${said}`
    else if (
      findCondition(claim.status?.conditions, 'Stalled') ||
      findCondition(claim.status?.conditions, 'Reconciling')
    )
      yield `${named(claim)} is Ready and has work left: ${said}`
    else yield* bindingFits(world, view, claim)
  }
}

/** A change that cannot be made takes no application down: what the claim had still works, and Stalled says why it stays. */
const isRefused = ({ status }: Claim, reasons: readonly string[]): boolean =>
  reasons.includes('BindingNameTaken') && findCondition(status?.conditions, 'Stalled')?.reason === 'BindingNameTaken'

/** Somebody deleted the instance: the claim says so, and the application has what it had. */
function* keepsWhatItHas({ yard }: World, view: View, claim: Claim): Iterable<string> {
  const stalled = findCondition(claim.status?.conditions, 'Stalled')
  if (stalled === undefined) yield `${named(claim)} is Ready on an instance that goes, and does not say so`
  const instance = instanceOf(view, claim)
  const secret = [...view.secrets.values()].find((each) => isOf(each, claim))
  if (!secret) yield `${named(claim)} is Ready and has no Secret`
  else if (!instance?.spec.resourceRef && !yard.whomLetsIn(decoded(secret, 'password') ?? ''))
    yield `${named(claim)} is Ready and its password opens nothing`
}

/** Why the claim cannot be Ready; none: it must be. */
function obstacles(world: World, view: View, claim: Claim): readonly string[] {
  const { uid = '', namespace = '' } = claim.metadata
  const held = heldBy(view, uid)
  if (held.length > 1) return ['(to hold one instance only)']
  const instance = instanceOf(view, claim)
  return instance ? obstaclesOfHeld(world, view, claim, instance) : obstaclesOfFree(view, claim, namespace)
}

function obstaclesOfHeld(world: World, view: View, claim: Claim, instance: Instance): readonly string[] {
  const others = obstaclesOfStaying(world, view, claim, instance)
  if (!isGoing(instance)) return others
  const { credential } = claim.status ?? {}
  const hasNothing = credential?.issuedAt === undefined && credential?.predecessor === undefined
  if (hasNothing) return ['InstanceLost', 'Deleting', ...others]
  return ['InstanceDeleting', ...others]
}

function obstaclesOfStaying({ yard }: World, view: View, claim: Claim, instance: Instance): readonly string[] {
  // Its class went at the moment of the hold, and with the class its recipes.
  if (!view.revisions.has(`${SYSTEM_NAMESPACE}/${instance.spec.revision}`) && instance.spec.className)
    return ['RevisionNotFound']
  const { resourceRef } = instance.spec
  if (resourceRef) {
    const member = view.secrets.get(`${resourceRef.namespace}/${resourceRef.name}`)
    if (!member) return ['ServiceLost', 'ResourceNotFound', 'NotPermitted']
    if (!isPermitted(view, claim, member)) return ['NotPermitted']
  }
  if (!instance.spec.resourceRef && !yard.services.has(instance.spec.externalID ?? '')) return ['ServiceLost']
  return bindingTaken(view, claim) ? ['BindingNameTaken'] : []
}

function obstaclesOfFree(view: View, claim: Claim, namespace: string): readonly string[] {
  const { className, resourceRef, instanceRef } = claim.spec
  if (instanceRef) return obstaclesOfNamed(view, claim, instanceRef.name)
  if (resourceRef) {
    const member = view.secrets.get(`${resourceRef.namespace}/${resourceRef.name}`)
    // The account that reads for such claims may read nothing in this world until a policy is asked.
    if (!member) return ['ResourceNotFound', 'NotPermitted']
    if (!isPermitted(view, claim, member)) return ['NotPermitted']
    return recordOf(view, member) ? ['ResourceHeld'] : []
  }
  const chosen = claim.status?.instanceRef
  if (chosen?.uid !== undefined) return ['InstanceLost']
  const awaited = [...view.instances.values()].find(({ metadata }) => metadata.name === chosen?.name)
  // A shared one that somebody deleted goes with its last claim, and only then can another be made.
  if (awaited && isGoing(awaited)) return ['Deleting']
  const service = view.classes.get(className ?? '')
  if (!service) return ['ClassNotFound']
  if (isGoing(service)) return ['ClassNotOffered']
  if (className !== 'caches') return []
  const members = [...view.secrets.values()].filter(
    (s) => s.metadata.namespace === POOL && s.metadata.labels?.['offer'] === 'caches',
  )
  const mine = members.filter((member) => member.metadata.namespace === namespace || isPermitted(view, claim, member))
  if (mine.length === 0) return ['PoolEmpty']
  return mine.every((member) => recordOf(view, member)) ? ['PoolExhausted'] : []
}

/** Teams may claim all instances of this world. */
function obstaclesOfNamed(view: View, claim: Claim, name: string): readonly string[] {
  const instance = [...view.instances.values()].find(({ metadata }) => metadata.name === name)
  const had = claim.status?.instanceRef?.uid
  if (had !== undefined && had !== instance?.metadata.uid) return ['InstanceLost', 'InstanceNotFound']
  if (!instance) return ['InstanceNotFound']
  if (had !== undefined && instance.spec.claimRef?.uid !== claim.metadata.uid) return ['InstanceLost', 'InstanceHeld']
  // One that somebody deleted takes nobody in, and is there for as long as others have it.
  if (isGoing(instance) && usersOf(view, instance).length > 0) return ['Deleting']
  return instance.spec.claimRef ? ['InstanceHeld'] : []
}

const recordOf = (view: View, { metadata: { namespace, name } }: Secret): Instance | undefined => {
  const record = resourceInstanceName({ apiVersion: 'v1', kind: 'Secret', namespace, name })
  return [...view.instances.values()].find(
    (i) => i.metadata.name === record && i.metadata.namespace === INSTANCE_NAMESPACE,
  )
}

/** As the one policy of this world is written. */
function isPermitted(view: View, { metadata }: Claim, member: Secret): boolean {
  if (member.metadata.namespace === metadata.namespace) return true
  return [...view.policies.values()].some(
    ({ spec, metadata: of }) =>
      of.namespace === member.metadata.namespace &&
      spec.consumers?.namespaces?.includes(metadata.namespace ?? '') &&
      member.metadata.labels?.['offer'] === 'caches',
  )
}

function bindingTaken(view: View, claim: Claim): boolean {
  const secret = bindingOf(view, claim)
  return secret !== undefined && !isOf(secret, claim)
}

const bindingOf = (view: View, { spec, metadata }: Claim): Secret | undefined =>
  view.secrets.get(`${metadata.namespace}/${spec.binding?.name ?? metadata.name}`)

const isOf = ({ metadata }: Secret, claim: Claim): boolean =>
  metadata.labels?.[CLAIM_LABEL] === claim.metadata.uid ||
  (metadata.ownerReferences ?? []).some(({ uid }) => uid === claim.metadata.uid)

function* bindingFits({ yard }: World, view: View, claim: Claim): Iterable<string> {
  const instance = instanceOf(view, claim)
  const secret = bindingOf(view, claim)
  if (!secret) {
    yield `${named(claim)} is Ready and has no Secret`
    return
  }
  if (claim.status?.binding?.name !== secret.metadata.name)
    yield `${named(claim)} names ${claim.status?.binding?.name} and its Secret is ${secret.metadata.name}`
  const { resourceRef } = instance!.spec
  if (resourceRef) {
    const member = view.secrets.get(`${resourceRef.namespace}/${resourceRef.name}`)
    if (JSON.stringify(sorted(member?.data)) !== JSON.stringify(sorted(secret.data)))
      yield `${named(claim)} has not what ${resourceRef.name} says`
    return
  }
  const found = yard.whomLetsIn(decoded(secret, 'password') ?? '')
  if (!found) {
    yield `${named(claim)} is Ready and its password opens nothing`
    return
  }
  const { service, user } = found
  const { credential } = claim.status ?? {}
  if (service.id !== instance!.spec.externalID)
    yield `${named(claim)} opens ${service.id} and holds ${instance!.spec.externalID}`
  if (user !== credential?.id || secret.metadata.annotations?.[CREDENTIAL_ANNOTATION] !== user)
    yield `${named(claim)} opens as ${user} and says ${credential?.id}`
  if (credential?.predecessor) yield `${named(claim)} still has older credentials`
  const role = service.users.get(user)?.role
  const wanted = claim.spec.role ?? credential?.role
  if (role !== wanted) yield `${named(claim)} has role ${role} and asks ${wanted}`
  if (claim.spec.plan !== undefined && service.plan !== claim.spec.plan)
    yield `${named(claim)} has plan ${service.plan} and asks ${claim.spec.plan}`
  const lid = (JSON.parse(service.parameters) as [string, unknown][]).find(([name]) => name === 'lid')?.[1]
  if (lid !== claim.spec.parameters?.['lid'])
    yield `${named(claim)} has lid ${String(lid)} and asks ${String(claim.spec.parameters?.['lid'])}`
  for (const [key, value] of Object.entries(claim.spec.binding?.labels ?? {})) {
    if (secret.metadata.labels?.[key] !== value) yield `${named(secret)} has not the label ${key}=${value}`
  }
}

const sorted = (data: Secret['data']) => Object.entries(data ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))

function* instancesSettle({ yard }: World, view: View): Iterable<string> {
  for (const instance of view.instances.values()) {
    const { claimRef, reclaimPolicy, sharing } = instance.spec
    if (claimRef && !view.claims.has(claimRef.uid)) yield `${named(instance)} is left of a claim that is gone`
    if (usersOf(view, instance).length > 0) continue
    if (isGoing(instance)) yield `${named(instance)} does not go: ${readiness(instance)?.reason}`
    else if (!claimRef && sharing === 'Shared' && reclaimPolicy === 'Delete')
      yield `${named(instance)} is shared by nobody`
    else if (!yard.services.has(instance.spec.externalID ?? '')) continue
    else if (reclaimPolicy === 'Recycle' && instance.metadata.annotations?.[USED_ANNOTATION] !== undefined)
      yield `${named(instance)} is not wiped: ${readiness(instance)?.reason}`
  }
}

function* outsideSettles({ yard }: World, view: View, alone: boolean): Iterable<string> {
  for (const service of yard.services.values()) {
    const instance = [...view.instances.values()].find(({ spec }) => spec.externalID === service.id)
    if (!instance && !view.retained.has(service.id)) yield `${service.id} is left outside without an instance`
    const credentials = (instance ? usersOf(view, instance) : []).flatMap(({ status }) => {
      const { id, predecessor } = status?.credential ?? {}
      // Older ones work until the newer are published, which may be for ever where the instance goes.
      return [id, predecessor?.id]
    })
    for (const user of service.users.keys()) {
      if (alone && !credentials.includes(user)) yield `${service.id} still lets in ${user}`
    }
  }
}

/** Ready, and as last asked: nothing that it had before is of use any more. */
const isSettled = (claim: Claim): boolean =>
  readiness(claim)?.status === 'True' && !findCondition(claim.status?.conditions, 'Stalled')

function* secretsSettle(view: View): Iterable<string> {
  for (const secret of view.secrets.values()) {
    const uid = secret.metadata.labels?.[CLAIM_LABEL]
    if (uid === undefined) continue
    const claim = view.claims.get(uid)
    if (!claim) yield `${named(secret)} is left of a claim that is gone`
    else if (bindingOf(view, claim) !== secret && isSettled(claim))
      yield `${named(secret)} is left under a former name of ${named(claim)}`
  }
}

function* othersSettle(view: View): Iterable<string> {
  for (const service of view.classes.values()) {
    const ready = readiness(service)
    const inUse = [...view.instances.values()].some(({ spec }) => spec.className === service.metadata.name)
    if (isGoing(service) && !inUse) yield `${named(service)} does not go: ${ready?.reason}`
    if (!isGoing(service) && ready?.status !== 'True')
      yield `${named(service)} is not Ready: ${ready?.reason}: ${ready?.message}`
  }
  for (const namespace of view.namespaces.values()) if (isGoing(namespace)) yield `${named(namespace)} does not go`
}
