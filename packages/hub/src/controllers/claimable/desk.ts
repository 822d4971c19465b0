/**
 * Answers what a namespace may claim, from what the hub knows: caches for classes' pools, policies and instances, and the backend's own
 * account for what is in a pool. What the asker may not read of classes is asked with the asker's rights, so that it is not in the answer.
 */
import { setMaxListeners } from 'node:events'
import type { Found } from '@larder/kit'
import type { JsonObject } from '@larder/engine/base/json'
import { namespaceType } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import type { Informers } from '@larder/engine/client/informers'
import { ApiError, isForbidden } from '@larder/engine/machinery/status'
import { Stalled } from '@larder/engine/runtime/outcome'
import { claimPolicyKind, type ClaimPolicy } from '../../model/claim-policy.ts'
import type { ClaimableClass, ClaimableResource, ClaimableStatus } from '../../model/claimable-query.ts'
import {
  claimableClass,
  claimableInstance,
  isClaimable,
  isOpen,
  isPool,
  isVisible,
  openedObjects,
  type OpenedObjects,
  type PoolView,
} from '../../model/claimable.ts'
import { classKind, type Class } from '../../model/class.ts'
import { homeOf, isShared } from '../../model/instance-use.ts'
import { instanceKind } from '../../model/instance.ts'
import { INSTANCE_NAMESPACE, resourceInstanceName } from '../../model/names.ts'
import { judge } from '../../model/permission.ts'
import { isConsumer, type Neighbourhood } from '../../model/visibility.ts'
import type { Member } from '../claim/pool-lines.ts'
import type { HubContext } from '../context.ts'
import { resourceService, resourceSession } from '../service.ts'
import { DriverFailure } from '../session/failure.ts'

interface ClaimableQuestion {
  /** Acts as whoever asks. */
  readonly client: Client
  readonly namespace: string
  /** Undefined: all that the namespace sees. */
  readonly className?: string | undefined
}

interface PoolQuestion {
  /** Of driver `pool`. */
  readonly recipe: JsonObject
  readonly namespace: string
}

/** Stands before the hub does: the API that serves the question starts first. */
export interface ClaimableDesk {
  /** Where pools are looked into. */
  open(hub: ClaimableContext): void
  /** The caches of the hub. */
  follow(informers: Informers): void
  /** Rejects with ServiceUnavailable until both are there. */
  answer(question: ClaimableQuestion): Promise<ClaimableStatus>
  /**
   * What a claim by resource of that namespace, which names no role, could hold now, by namespace and name. Nothing where the account of
   * those claims may not look, or the kind is not served; rejects with ServiceUnavailable where nobody can tell.
   */
  free(question: PoolQuestion): Promise<readonly PlacedResource[]>
}

type PlacedResource = Pick<ClaimableResource, 'apiVersion' | 'kind' | 'namespace' | 'name'>

/** A backend that does not answer costs its own pool in the answer, and the others nothing. */
const PATIENCE_MS = 5000
/** More of one kind nobody reads; what is left out is said. */
const MOST = 500
const BY_HOME = 'open-home'

type ClaimableContext = Pick<HubContext, 'sessions' | 'pools'>

interface Sources extends ClaimableContext {
  readonly informers: Informers
}

interface Asking extends Sources {
  readonly consumer: Neighbourhood
  readonly signal: AbortSignal
}

export function createClaimableDesk(): ClaimableDesk {
  let hub: ClaimableContext | undefined
  let informers: Informers | undefined
  return {
    open: (opened) => void (hub = opened),
    follow(followed) {
      informers = followed
      followed.of(instanceKind).addIndex(BY_HOME, (instance) => (isOpen(instance) ? [homeOf(instance)] : []))
    },
    async answer(question) {
      if (!hub || !informers) throw notYet()
      return answer({ ...hub, informers }, question)
    },
    async free(question) {
      if (!hub || !informers) throw notYet()
      return freeOf({ ...hub, informers }, question)
    },
  }
}

const notYet = (): ApiError =>
  new ApiError(
    503,
    'ServiceUnavailable',
    'the hub has not looked around yet, so that it cannot say what may be claimed',
  )

async function answer(sources: Sources, { client, namespace, className }: ClaimableQuestion): Promise<ClaimableStatus> {
  const { informers } = sources
  const { labels } = informers.of(namespaceType).get(namespace)?.metadata ?? {}
  const asking = { ...sources, consumer: { name: namespace, labels }, signal: AbortSignal.timeout(PATIENCE_MS) }
  // Each class is asked for at the same time, and listens until it is answered.
  setMaxListeners(0, asking.signal)
  const services = await classesOf(client, className)
  const looked = await Promise.all(
    services.filter((service) => isVisible(service, asking.consumer)).map((service) => lookAtClass(asking, service)),
  )
  const opened = className === undefined ? await openedTo(asking) : { resources: [], missing: [] }
  const instances = openInstances(asking).filter(
    (instance) => className === undefined || instance.className === className,
  )
  const resources = withoutDoubles([...looked.flatMap((each) => each.resources), ...opened.resources])
  return {
    classes: looked.map((each) => each.shown),
    instances: instances.slice(0, MOST),
    resources: resources.slice(0, MOST),
    ...((instances.length > MOST || resources.length > MOST) && { more: true }),
    ...(opened.missing.length > 0 && { missing: opened.missing }),
  }
}

async function freeOf(sources: Sources, { recipe, namespace }: PoolQuestion): Promise<readonly PlacedResource[]> {
  const { informers, sessions } = sources
  const { labels } = informers.of(namespaceType).get(namespace)?.metadata ?? {}
  const asking = { ...sources, consumer: { name: namespace, labels }, signal: AbortSignal.timeout(PATIENCE_MS) }
  const found = await resourceSession({ sessions }).found(recipe, asking.signal).catch(nothingIfUnseen)
  return found
    .flatMap(({ resource }) => (resource?.namespace === undefined ? [] : [resource as Member]))
    .filter((member) => mayHave(asking, member, withoutRole) && !isHeld(asking, member))
    .map(({ apiVersion, kind, namespace: home, name }) => ({ apiVersion, kind, namespace: home, name }))
    .sort((a, b) => inOrder(a.namespace, b.namespace) || inOrder(a.name, b.name))
}

const inOrder = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/** The status of a class says why its pool cannot be looked into; what stays is an API that does not answer. */
function nothingIfUnseen(error: unknown): readonly Found[] {
  if (error instanceof Stalled) return []
  if (!(error instanceof DriverFailure)) throw error
  if (['BackendDenied', 'BackendBlocked', 'RecipeInvalid', 'ConfigInvalid'].includes(error.reason)) return []
  throw new ApiError(503, 'ServiceUnavailable', `the pool cannot be looked into now: ${error.message}`)
}

async function classesOf(client: Client, className: string | undefined): Promise<readonly Class[]> {
  const classes = client.of(classKind)
  try {
    if (className === undefined) return (await classes.list()).items
    const found = await classes.find(className)
    return found ? [found] : []
  } catch (error) {
    if (isForbidden(error)) return []
    throw error
  }
}

interface LookedAt {
  readonly shown: ClaimableClass
  readonly resources: readonly ClaimableResource[]
}

async function lookAtClass(asking: Asking, service: Class): Promise<LookedAt> {
  if (!isPool(service)) return { shown: claimableClass(service, undefined), resources: [] }
  const members = await membersOf(asking, service)
  if (!members) return { shown: claimableClass(service, 'unknown'), resources: [] }
  const permitted = members.filter((member) => mayHave(asking, member))
  const free = permitted.filter((member) => !isHeld(asking, member, service))
  const view: PoolView = { permitted: permitted.length, free: free.length }
  return {
    shown: claimableClass(service, view),
    resources: free.map((member) => ({ ...shownResource(member), className: service.metadata.name })),
  }
}

const shownResource = ({ apiVersion, kind, namespace, name, labels }: Member): ClaimableResource => ({
  apiVersion,
  kind,
  namespace,
  name,
  ...(labels !== undefined && Object.keys(labels).length > 0 && { labels }),
})

/** Undefined when its backend cannot be asked now. Who just looked at the pool, for the line before it, looked for this too. */
async function membersOf({ informers, pools, signal }: Asking, service: Class): Promise<readonly Member[] | undefined> {
  try {
    return (await pools.line({ cache: (type) => informers.of(type), signal }, service)).members
  } catch (error) {
    if (error instanceof DriverFailure || error instanceof Stalled) return undefined
    throw error
  }
}

function mayHave({ informers, consumer }: Asking, member: Member, rolesToTry = rolesOf): boolean {
  if (member.namespace === consumer.name) return true
  const policies = informers.of(claimPolicyKind).list(member.namespace)
  return rolesToTry(policies).some((role) => judge(policies, member, consumer, role) === 'yes')
}

/** Some role is enough: which, the claim says. */
const rolesOf = (policies: readonly ClaimPolicy[]): readonly (string | undefined)[] => [
  undefined,
  ...new Set(policies.flatMap(({ spec }) => spec.subjects.flatMap((rule) => rule.roles ?? []))),
]

const withoutRole: typeof rolesOf = () => [undefined]

/** By a claim that shares it with nobody, or not with those of this class. */
function isHeld({ informers }: Asking, member: Member, service?: Class): boolean {
  const record = informers.of(instanceKind).get(resourceInstanceName(member), INSTANCE_NAMESPACE)
  if (!record) return false
  return !(isShared(record) && service !== undefined && record.spec.className === service.metadata.name)
}

/** Those at home here, and those whose home has a policy for this namespace. */
function openInstances({ informers, consumer }: Asking) {
  const homes = new Set([
    consumer.name,
    ...policiesFor(informers, consumer).map(({ metadata }) => metadata.namespace ?? ''),
  ])
  return [...homes].flatMap((home) => {
    const policies = informers.of(claimPolicyKind).list(home)
    const open = informers.of(instanceKind).byIndex(BY_HOME, home)
    return open.filter((instance) => isClaimable(instance, policies, consumer)).map(claimableInstance)
  })
}

const policiesFor = (informers: Informers, consumer: Neighbourhood): readonly ClaimPolicy[] =>
  informers
    .of(claimPolicyKind)
    .list()
    .filter(({ spec }) => isConsumer(spec.consumers, consumer, false))

interface Opened {
  readonly resources: readonly ClaimableResource[]
  readonly missing: readonly string[]
}

/** Read under the account of claims by resource: what that one may not read, no claim could have. */
async function openedTo(asking: Asking): Promise<Opened> {
  const { informers, consumer } = asking
  const subjects = policiesFor(informers, consumer)
    .filter(({ metadata }) => metadata.namespace !== consumer.name)
    .flatMap((policy) => openedObjects(policy, consumer))
    .filter(({ kind }) => kind !== instanceKind.kind)
  const looked = await Promise.all(subjects.map((opened) => objectsOf(asking, opened)))
  return {
    resources: looked.flatMap((each) => (typeof each === 'string' ? [] : each)),
    missing: [...new Set(looked.filter((each) => typeof each === 'string'))],
  }
}

async function objectsOf(
  asking: Asking,
  { apiVersion, kind, namespace, names, selector }: OpenedObjects,
): Promise<readonly ClaimableResource[] | string> {
  const { sessions, signal } = asking
  const recipe = { apiVersion, kind, namespaces: [namespace], selector: selector as object } as never
  try {
    const found = await resourceService({ apiVersion, kind }, { sessions }).session.found(recipe, signal)
    return found
      .flatMap(({ resource }) => (resource?.namespace === undefined ? [] : [resource as Member]))
      .filter((member) => (names?.includes(member.name) ?? true) && !isHeld(asking, member))
      .map(shownResource)
  } catch (error) {
    if (error instanceof DriverFailure || error instanceof Stalled)
      return `objects of kind ${kind} in namespace ${namespace} cannot be looked at by claims`
    throw error
  }
}

/** What is in a pool and opened by itself is shown once, with its class. */
function withoutDoubles(resources: readonly ClaimableResource[]): readonly ClaimableResource[] {
  const seen = new Set<string>()
  return resources.filter((resource) => {
    const name = resourceInstanceName(resource)
    if (seen.has(name)) return false
    seen.add(name)
    return true
  })
}
