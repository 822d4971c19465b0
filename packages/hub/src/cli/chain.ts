/**
 * How an object hangs together with what it rests on, as a tree for whoever asks: claim, class, backend, instance, the policies that
 * let the claim reach into another namespace, and the Secret.
 *
 * What one may not read is a link without name: that there is something is what the object itself says, which one is not.
 */
import { namespaceType, secretType } from '@larder/engine/client/builtin'
import type { KubeObject } from '@larder/engine/machinery/object'
import { backendKind, type Backend } from '../model/backend.ts'
import { claimPolicyKind } from '../model/claim-policy.ts'
import { claimKind, type Claim } from '../model/claim.ts'
import { classKind, type Class } from '../model/class.ts'
import { homeOf } from '../model/instance-use.ts'
import { instanceKind, type Instance } from '../model/instance.ts'
import { API_VERSION } from '../model/kind.ts'
import { judge, type Subject } from '../model/permission.ts'
import type { Cause, Condition } from '../model/shared-fields.ts'
import { claimBehind, instanceClassOf, isDoorClaim, type DoorClaim } from './door-claims.ts'
import type { Reader, Reading } from './reading.ts'

export interface Link {
  readonly kind: string
  /** Absent for what may not be read. */
  readonly name?: string
  readonly namespace?: string
  readonly state: 'found' | 'absent' | 'forbidden'
  /** `True`, `False`, `Unknown`; absent where a kind has no such thing. */
  readonly ready?: string
  readonly createdAt?: string
  readonly message?: string
  readonly cause?: Cause
  /** Since when it is Ready, or is not. */
  readonly since?: string
  readonly children: readonly Link[]
}

export interface WithStatus extends KubeObject {
  readonly status?: {
    readonly observedGeneration?: number
    readonly conditions?: readonly Condition[]
    readonly cause?: Cause
  }
}

/** The tree under an object of one of our kinds; `object` has been read. */
export async function chainOf(reader: Reader, object: KubeObject): Promise<Link> {
  if (isDoorClaim(object)) return doorClaimLink(reader, object)
  switch (object.kind) {
    case 'Claim':
      return claimLink(reader, object as Claim)
    case 'Instance':
      return instanceLink(reader, object as Instance, { withClass: true, withHolder: true })
    case 'Class':
      return classLink(reader, object as Class)
    default:
      return linkOf(object, aboutOf(object))
  }
}

/** The class that it names, and the Claim that stands for it. */
async function doorClaimLink(reader: Reader, object: DoorClaim): Promise<Link> {
  const { namespace } = object.metadata
  const service = await instanceClassOf(reader, object)
  const behind = await claimBehind(reader, object)
  const secret = object.status?.binding?.name
  return linkOf(object, secret === undefined ? '' : `Secret ${secret}`, [
    ...(service ? [instanceClassLink(service)] : []),
    ...(behind.state === 'found' ? [await claimLink(reader, behind.object)] : []),
    ...(behind.state === 'forbidden' ? [missing(behind, 'Claim', '', namespace)] : []),
  ])
}

function instanceClassLink({ name, reading }: { readonly name: string; readonly reading: Reading<WithStatus> }): Link {
  if (reading.state !== 'found') return missing(reading, 'ClusterInstanceClass', name)
  const message = readyCondition(reading.object)?.message ?? ''
  return { ...linkOf(reading.object, ''), message }
}

async function claimLink(reader: Reader, claim: Claim): Promise<Link> {
  const { spec, status, metadata } = claim
  const { namespace = '' } = metadata
  const held = status?.instanceRef ?? spec.instanceRef
  const resource = spec.resourceRef ?? status?.resourceRef
  const binding = status?.binding?.name
  const children = await Promise.all([
    ...(spec.className === undefined ? [] : [classNamed(reader, spec.className)]),
    ...(resource ? [resourcePolicies(reader, claim, { ...resource, namespace: resource.namespace ?? namespace })] : []),
    ...(spec.instanceRef ? [instancePolicies(reader, claim, spec.instanceRef)] : []),
    ...(held ? [instanceNamed(reader, held, { withClass: spec.className === undefined, withHolder: false })] : []),
    ...(resource ? [resourceLink(reader, { ...resource, namespace: resource.namespace ?? namespace })] : []),
    ...(binding === undefined ? [] : [secretLink(reader, binding, namespace)]),
  ])
  return linkOf(claim, aboutOf(claim), children.flat())
}

async function classNamed(reader: Reader, name: string): Promise<Link> {
  const found = await reader.find(classKind, name)
  return found.state === 'found' ? classLink(reader, found.object) : missing(found, 'Class', name)
}

async function classLink(reader: Reader, service: Class): Promise<Link> {
  return linkOf(service, aboutOf(service), [await backendNamed(reader, service.spec.backendRef.name)])
}

async function backendNamed(reader: Reader, name: string): Promise<Link> {
  const found = await reader.find(backendKind, name)
  if (found.state !== 'found') return missing(found, 'Backend', name)
  return linkOf(found.object, aboutOf(found.object))
}

async function instanceNamed(
  reader: Reader,
  { name, namespace }: { readonly name: string; readonly namespace: string },
  parts: InstanceParts,
): Promise<Link> {
  const found = await reader.find(instanceKind, name, namespace)
  if (found.state !== 'found') return missing(found, 'Instance', name, namespace)
  return instanceLink(reader, found.object, parts)
}

/** Under a claim of a class the class stands beside it already, and the claim above it. */
interface InstanceParts {
  readonly withClass: boolean
  readonly withHolder: boolean
}

async function instanceLink(
  reader: Reader,
  instance: Instance,
  { withClass, withHolder }: InstanceParts,
): Promise<Link> {
  const { className, backendRef, claimRef } = instance.spec
  const children = await Promise.all([
    ...(withClass && className !== undefined ? [classNamed(reader, className)] : []),
    ...(backendRef ? [backendNamed(reader, backendRef.name)] : []),
    ...(withHolder && claimRef ? [holderLink(reader, claimRef)] : []),
  ])
  return linkOf(instance, aboutOf(instance), children)
}

async function holderLink(
  reader: Reader,
  { name, namespace }: { readonly name: string; readonly namespace: string },
): Promise<Link> {
  const found = await reader.find(claimKind, name, namespace)
  return found.state === 'found'
    ? linkOf(found.object, 'holds this instance')
    : missing(found, 'Claim', name, namespace)
}

interface Elsewhere {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** What is claimed of other people's objects. Only Secrets are looked at: the labels of any other kind are for its owners. */
async function resourceLink(reader: Reader, { apiVersion, kind, namespace, name }: Elsewhere): Promise<Link> {
  if (apiVersion === 'v1' && kind === 'Secret') return secretLink(reader, name, namespace)
  return { kind, name, namespace, state: 'found', message: 'of another kind: kubectl shows it', children: [] }
}

async function resourcePolicies(reader: Reader, claim: Claim, resource: Elsewhere): Promise<readonly Link[]> {
  if (resource.namespace === claim.metadata.namespace) return []
  const secret =
    resource.kind === 'Secret' ? await reader.find(secretType, resource.name, resource.namespace) : undefined
  const labels = secret?.state === 'found' ? (secret.object.metadata.labels ?? {}) : undefined
  return policiesLink(reader, claim, { ...resource, labels })
}

/** Policies of the home of an instance; of one that may not be read its namespace is all that is known. */
async function instancePolicies(
  reader: Reader,
  claim: Claim,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<readonly Link[]> {
  const found = await reader.find(instanceKind, name, namespace)
  const home = found.state === 'found' ? homeOf(found.object) : namespace
  const labels = found.state === 'found' ? (found.object.metadata.labels ?? {}) : undefined
  const subject = { apiVersion: API_VERSION, kind: 'Instance', namespace: home, name, labels }
  return policiesLink(reader, claim, subject)
}

/** The policies that permit the claim to reach over there; none to show inside one namespace. */
async function policiesLink(
  reader: Reader,
  claim: Claim,
  subject: Subject & { readonly namespace: string },
): Promise<readonly Link[]> {
  const consumer = claim.metadata.namespace ?? ''
  if (subject.namespace === consumer) return []
  const policies = await reader.list(claimPolicyKind, subject.namespace)
  if (!policies) return [{ kind: 'ClaimPolicy', state: 'forbidden', children: [] }]
  const home = await reader.find(namespaceType, consumer)
  const neighbour = { name: consumer, labels: home.state === 'found' ? home.object.metadata.labels : undefined }
  const role = claim.status?.credential?.role ?? claim.spec.role
  return policies
    .filter((policy) => judge([policy], subject, neighbour, role) !== 'no')
    .map((policy) => linkOf(policy as WithStatus, `lets ${consumer} claim it`))
}

/** How many keys it has and which; never what is in them. */
async function secretLink(reader: Reader, name: string, namespace: string): Promise<Link> {
  const found = await reader.find(secretType, name, namespace)
  if (found.state !== 'found') return missing(found, 'Secret', name, namespace)
  const keys = Object.keys(found.object.data ?? {}).toSorted()
  const { creationTimestamp } = found.object.metadata
  return {
    kind: 'Secret',
    name,
    namespace,
    state: 'found',
    ...(creationTimestamp !== undefined && { createdAt: creationTimestamp }),
    message: `keys ${keys.join(', ')}`,
    children: [],
  }
}

function missing({ state }: Reading<unknown>, kind: string, name: string, namespace?: string): Link {
  if (state === 'forbidden') return { kind, state: 'forbidden', children: [] }
  return {
    kind,
    name,
    ...(namespace !== undefined && { namespace }),
    state: 'absent',
    message: 'does not exist',
    children: [],
  }
}

export const readyCondition = ({ status }: WithStatus): Condition | undefined =>
  status?.conditions?.find((c) => c.type === 'Ready')

function linkOf(object: WithStatus, about: string, children: readonly Link[] = []): Link {
  const { name, namespace, creationTimestamp } = object.metadata
  const ready = readyCondition(object)
  const message = ready?.status === 'True' ? about : (object.status?.cause?.message ?? 'not looked at yet')
  return {
    kind: object.kind,
    name,
    ...(namespace !== undefined && { namespace }),
    state: 'found',
    ready: ready?.status ?? 'Unknown',
    ...(creationTimestamp !== undefined && { createdAt: creationTimestamp }),
    message,
    ...(object.status?.cause && { cause: object.status.cause }),
    ...(ready && { since: ready.lastTransitionTime }),
    children,
  }
}

/** One phrase about an object that is Ready. */
function aboutOf(object: KubeObject): string {
  switch (object.kind) {
    case 'Claim': {
      const { status } = object as Claim
      const role = status?.credential?.role
      return `Secret ${status?.binding?.name ?? ''}${role === undefined ? '' : `, role ${role}`}`
    }
    case 'Instance': {
      const { spec, status } = object as Instance
      const plan = spec.plan === undefined ? [] : [`plan ${spec.plan}`]
      return [...plan, ...(status?.outside ? [`outside ${status.outside.id}`] : [])].join(', ')
    }
    case 'Class':
      return (object as Class).spec.description ?? ''
    case 'Backend':
      return `driver ${(object as Backend).spec.driver}`
    default:
      return ''
  }
}
