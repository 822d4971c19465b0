/** What a namespace may claim, decided from what is there. Pure. */
import type { Class } from './class.ts'
import type { ClaimPolicy } from './claim-policy.ts'
import type { ClaimableClass, ClaimableInstance } from './claimable-query.ts'
import type { Instance } from './instance.ts'
import { homeOf, isShared } from './instance-use.ts'
import { API_VERSION } from './kind.ts'
import { groupOf, judge } from './permission.ts'
import { isReason, type Reason } from './reasons.ts'
import { reclaimOf, usedBy } from './reclaim.ts'
import { isConsumer, type Neighbourhood } from './visibility.ts'

/** Services of this class exist already, and are handed out. The class controller sees to it that nothing else says Release. */
export const isPool = ({ spec }: Class): boolean => spec.reclaimPolicy === 'Release'

export const isVisible = ({ spec }: Class, consumer: Neighbourhood): boolean =>
  isConsumer(spec.consumers, consumer, true)

/** What of a pool this namespace may have. */
export interface PoolView {
  /** Free or held. */
  readonly permitted: number
  readonly free: number
}

/** `pool` for a class that is one, or why nobody can look into it. */
export function claimableClass(service: Class, pool: PoolView | 'unknown' | undefined): ClaimableClass {
  const { displayName, type, description, plans = [], roles = [] } = service.spec
  const chosen = plans.filter((plan) => plan.offered !== false && plan.bindable !== false)
  const missing = missingOf(service, chosen.length < plans.length && chosen.length === 0, pool)
  return {
    name: service.metadata.name,
    ...(displayName !== undefined && { displayName }),
    type,
    ...(description !== undefined && { description }),
    ...(chosen.length > 0 && { plans: chosen.map(named) }),
    ...(roles.length > 0 && { roles: roles.map(named) }),
    claimable: missing === undefined,
    ...(typeof pool === 'object' && { free: pool.free }),
    ...missing,
  }
}

const named = (one: { readonly name: string; readonly description?: string; readonly default?: boolean }) => ({
  name: one.name,
  ...(one.description !== undefined && { description: one.description }),
  ...(one.default !== undefined && { default: one.default }),
})

interface Missing {
  readonly reason: Reason
  readonly message: string
}

function missingOf(service: Class, noPlan: boolean, pool: PoolView | 'unknown' | undefined): Missing | undefined {
  const { metadata, spec, status } = service
  const where = `class ${metadata.name}`
  if (metadata.deletionTimestamp !== undefined || spec.offered === false)
    return { reason: 'ClassNotOffered', message: `${where} takes no new claims` }
  if (noPlan) return { reason: 'PlanNotOffered', message: `no plan of ${where} takes new claims` }
  const ready = status?.conditions?.find((c) => c.type === 'Ready')
  if (ready?.status !== 'True') {
    const reason = ready && isReason(ready.reason) ? ready.reason : 'Progressing'
    return { reason, message: ready?.message ?? `${where} was not looked at yet` }
  }
  if (pool === 'unknown')
    return { reason: 'BackendUnavailable', message: `the pool of ${where} cannot be looked at now` }
  if (pool === undefined || pool.free > 0) return undefined
  return pool.permitted > 0
    ? { reason: 'PoolExhausted', message: `everything of ${where} that this namespace may hold is held` }
    : { reason: 'PoolEmpty', message: `${where} has nothing that this namespace may hold` }
}

/** Could be named by a claim now, if a policy lets it: for an index. A record of a hold is no service that one could claim. */
export const isOpen = (instance: Instance): boolean => {
  const { metadata, spec } = instance
  if (spec.resourceRef || spec.paused === true || metadata.deletionTimestamp !== undefined) return false
  // What is to be recycled is nobody's until it was wiped.
  const unwiped = reclaimOf(instance) === 'Recycle' && usedBy(instance) !== undefined
  return isShared(instance) || (!spec.claimRef && !unwiped)
}

/** `policies` are those of its home. */
export function isClaimable(instance: Instance, policies: readonly ClaimPolicy[], consumer: Neighbourhood): boolean {
  if (homeOf(instance) === consumer.name) return true
  const { name, labels = {} } = instance.metadata
  const subject = { apiVersion: API_VERSION, kind: 'Instance', name, labels }
  // Some role is enough: which, the claim says.
  const roles = [undefined, ...policies.flatMap(({ spec }) => spec.subjects.flatMap((rule) => rule.roles ?? []))]
  return roles.some((role) => judge(policies, subject, consumer, role) === 'yes')
}

export function claimableInstance(instance: Instance): ClaimableInstance {
  const { metadata, spec } = instance
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    ...(spec.className !== undefined && { className: spec.className }),
    ...(spec.type !== undefined && { type: spec.type }),
    ...(spec.plan !== undefined && { plan: spec.plan }),
    ...(isShared(instance) && { shared: true }),
  }
}

/** Objects, other than instances, that a policy opens to a namespace: where to look, and for what. */
export interface OpenedObjects {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly names: readonly string[] | undefined
  readonly selector: NonNullable<ClaimPolicy['spec']['subjects'][number]['selector']>
}

/**
 * Without a version there is nothing to list a kind by: such subjects are left out, except where the group is the core one, whose version
 * is known.
 */
export function openedObjects(policy: ClaimPolicy, consumer: Neighbourhood): readonly OpenedObjects[] {
  const { spec, metadata } = policy
  if (!isConsumer(spec.consumers, consumer, false)) return []
  return spec.subjects.flatMap(({ group, kind, names, selector = {} }) => {
    const apiVersion = groupOf(group) === '' ? 'v1' : group
    if (apiVersion === undefined || (apiVersion !== 'v1' && !apiVersion.includes('/'))) return []
    return [{ apiVersion, kind, namespace: metadata.namespace ?? '', names, selector }]
  })
}
