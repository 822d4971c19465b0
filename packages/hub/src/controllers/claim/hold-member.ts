/** For a class whose services exist already: the member of the pool that this claim gets, when it is its turn. */
import type { Found, Resource } from '@larder/kit'
import { Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import { namespaceType, secretType } from '@larder/engine/client/builtin'
import type { Pass } from '@larder/engine/runtime/pass'
import { claimKind, type Claim } from '../../model/claim.ts'
import type { Class } from '../../model/class.ts'
import { instanceKind } from '../../model/instance.ts'
import { turnOf, type Waiting } from '../../model/line.ts'
import { unexpectedParameters } from '../../model/parameters.ts'
import { choosePlan, chooseRole } from '../../model/plan-choice.ts'
import { isRefusal } from '../../model/refusal.ts'
import type { Resolved } from '../../model/resolve-instance.ts'
import { unsupportedInClaim } from '../../model/unsupported.ts'
import { isConsumer } from '../../model/visibility.ts'
import type { HubContext } from '../context.ts'
import { backendOf } from '../service.ts'
import { choose, createRecord, recordOf } from './hold-record.ts'
import { holdSharedMember } from './hold-shared-member.ts'
import { permission } from './permission.ts'

/** What is released or added wakes those who wait; this is for news that got lost. */
export const LOOK_AGAIN_MS = 30_000

export type Member = Resource & { readonly namespace: string }

export async function holdMember(
  pass: Pass<Claim>,
  hub: HubContext,
  service: Class,
  resolved: Resolved,
): Promise<Outcome> {
  if (resolved.spec.sharing === 'Shared') {
    const members = await membersOf(pass, hub, service)
    return (await holdSharedMember(pass, service, resolved, members)) ?? noTurn(pass, service, members)
  }
  const spec = { ...resolved.spec, revision: service.status?.revision ?? '' }
  const { resourceRef } = pass.object.status ?? {}
  const again = resourceRef && (await createRecord(pass, resourceRef, spec, resolved.role))
  if (again) return again
  const members = await membersOf(pass, hub, service)
  const member = turn(pass, service, members, resourceRef)
  if (!member) {
    delete pass.status.resourceRef
    return noTurn(pass, service, members)
  }
  await choose(pass, member)
  const held = await createRecord(pass, member, spec, resolved.role)
  // Somebody was quicker; the cache will show who.
  return held ?? wait('PoolExhausted', exhausted(pass, service), AFTER_DEFEAT_MS)
}

const AFTER_DEFEAT_MS = 20

async function membersOf(pass: Pass<Claim>, hub: HubContext, service: Class): Promise<readonly Member[]> {
  const backend = backendOf(service.spec.backendRef.name, pass)
  const session = hub.sessions.of(backend, (namespace, name) => pass.cache(secretType).get(name, namespace))
  const found = await session.found(service.spec.recipe ?? {}, pass.signal)
  return found.flatMap(memberOf)
}

const memberOf = ({ resource }: Found): Member[] =>
  resource?.namespace === undefined ? [] : [{ ...resource, namespace: resource.namespace }]

/** `lost` is what another claim was given before this one could take it, which the cache may not show yet. */
function turn(
  pass: Pass<Claim>,
  service: Class,
  members: readonly Member[],
  lost: { readonly namespace?: string; readonly name: string } | undefined,
): Member | undefined {
  const free = members.filter((m) => !recordOf(pass, m) && !(m.name === lost?.name && m.namespace === lost.namespace))
  const roles = new Map<string, string | undefined>()
  const line = lineOf(pass, service, roles)
  const may = permitting(pass, roles)
  return turnOf(pass.object.metadata.uid ?? '', line, free, may)
}

/** Those that wait for this class and could have something of it. */
function lineOf(pass: Pass<Claim>, service: Class, roles: Map<string, string | undefined>): readonly Waiting[] {
  const claims = pass.cache(claimKind).byIndex('class', service.metadata.name)
  return claims.flatMap((claim) => {
    const { uid = '', namespace = '', creationTimestamp = '' } = claim.metadata
    const role = roleOfWaiting(pass, service, claim)
    if (!role) return []
    roles.set(uid, role.name)
    return [{ uid, namespace, createdAt: creationTimestamp }]
  })
}

/** Undefined for a claim that does not wait for this class, or that the class refuses. */
function roleOfWaiting(
  pass: Pass<Claim>,
  service: Class,
  claim: Claim,
): { readonly name: string | undefined } | undefined {
  const { metadata, spec } = claim
  const { uid = '', namespace = '' } = metadata
  if (metadata.deletionTimestamp !== undefined || pass.cache(instanceKind).byIndex('claim', uid).length > 0)
    return undefined
  const { labels } = pass.cache(namespaceType).get(namespace)?.metadata ?? {}
  if (!isConsumer(service.spec.consumers, { name: namespace, labels }, true)) return undefined
  if (unsupportedInClaim(claim) || unexpectedParameters(service, spec.parameters ?? {}).length > 0) return undefined
  const role = chooseRole(service, spec.role, undefined)
  if (isRefusal(role) || isRefusal(choosePlan(service, spec.plan, undefined))) return undefined
  return { name: role.role?.name }
}

/** Whole namespaces ask the same, so that what was worked out once is kept for the pass. */
function permitting(pass: Pass<Claim>, roles: ReadonlyMap<string, string | undefined>) {
  const known = new Map<string, boolean>()
  return ({ uid, namespace }: Waiting, member: Member): boolean => {
    const role = roles.get(uid)
    const key = JSON.stringify([namespace, role ?? null, member.namespace, member.name])
    let may = known.get(key)
    if (may === undefined) known.set(key, (may = permission(pass, namespace, member, role) === 'yes'))
    return may
  }
}

function noTurn(pass: Pass<Claim>, service: Class, members: readonly Member[]): Outcome {
  const { namespace = '' } = pass.object.metadata
  const role = roleOfWaiting(pass, service, pass.object)?.name
  if (members.some((member) => permission(pass, namespace, member, role) === 'yes')) {
    return wait('PoolExhausted', exhausted(pass, service), LOOK_AGAIN_MS)
  }
  throw new Stalled('PoolEmpty', `class ${service.metadata.name} has nothing that namespace ${namespace} may hold`, {
    lookAgainMs: LOOK_AGAIN_MS,
  })
}

const exhausted = ({ object }: Pass<Claim>, { metadata }: Class): string =>
  `everything of class ${metadata.name} that namespace ${object.metadata.namespace} may hold is held; what is released goes to the oldest claim that waits`
