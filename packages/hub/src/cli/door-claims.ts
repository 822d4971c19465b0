/**
 * Claims of other systems' kinds, as commands explain them: ResourceClaim and ClassClaim of Services Toolkit.
 *
 * Each has a Claim of Larder that stands for it and says in `spec.origin` whose it is; what is behind it is what is behind that Claim. The words are
 * the door's: its own reason and message, and what somebody can do who sees only its kinds. Whether it heals, the Claim knows better.
 */
import type { ResourceType } from '@larder/engine/client/types'
import { formatApiVersion, type KubeObject } from '@larder/engine/machinery/object'
import { causeOf, type CauseSubject } from '../model/cause.ts'
import { claimKind, type Claim } from '../model/claim.ts'
import type { Cause, Condition } from '../model/shared-fields.ts'
import type { Reader, Reading } from './reading.ts'

const STK = { group: 'services.apps.tanzu.vmware.com', version: 'v1alpha1' } as const

const DOOR_CLAIMS: readonly ResourceType<DoorClaim>[] = [
  { ...STK, kind: 'ResourceClaim', resource: 'resourceclaims', namespaced: true },
  { ...STK, kind: 'ClassClaim', resource: 'classclaims', namespaced: true },
]

const INSTANCE_CLASS: ResourceType = {
  ...STK,
  kind: 'ClusterInstanceClass',
  resource: 'clusterinstanceclasses',
  namespaced: false,
}

export interface DoorClaim extends KubeObject {
  readonly spec?: { readonly classRef?: { readonly name?: string } }
  readonly status?: {
    readonly observedGeneration?: number
    readonly conditions?: readonly Condition[]
    readonly cause?: Cause
    readonly binding?: { readonly name?: string }
  }
}

/** `resourceclaim`, `ClassClaims`, `classclaims.services.apps.tanzu.vmware.com`; undefined for any other word. */
export function doorClaimNamed(word: string): ResourceType<DoorClaim> | undefined {
  const name = word.toLowerCase()
  return DOOR_CLAIMS.find(({ kind, resource, group }) =>
    [kind.toLowerCase(), resource].some((each) => name === each || name === `${each}.${group}`),
  )
}

export const isDoorClaim = (object: KubeObject): object is DoorClaim =>
  DOOR_CLAIMS.some(
    ({ kind, group, version }) => object.kind === kind && object.apiVersion === formatApiVersion(group, version),
  )

/** The Claim that stands for it. */
export async function claimBehind(reader: Reader, { metadata }: DoorClaim): Promise<Reading<Claim>> {
  const claims = await reader.list(claimKind, metadata.namespace)
  if (!claims) return { state: 'forbidden', error: undefined }
  const claim = claims.find(({ spec }) => spec.origin?.uid !== undefined && spec.origin.uid === metadata.uid)
  return claim ? { state: 'found', object: claim } : { state: 'absent' }
}

/** The ClusterInstanceClass that a ClassClaim names. */
export async function instanceClassOf(reader: Reader, { spec }: DoorClaim) {
  const name = spec?.classRef?.name
  return name === undefined ? undefined : { name, reading: await reader.find(INSTANCE_CLASS, name) }
}

/** With the cause that a Claim of Larder has in its status, so that everything that reads status of ours can read it. */
export async function explained(reader: Reader, object: KubeObject): Promise<KubeObject> {
  if (!isDoorClaim(object)) return object
  const behind = await claimBehind(reader, object)
  const cause = doorCause(object, behind.state === 'found' ? behind.object : undefined)
  const { generation } = object.metadata
  // Whoever else serves these kinds need not say which generation is meant.
  const seen = generation === undefined ? {} : { observedGeneration: generation }
  return { ...object, status: { ...seen, ...object.status, ...(cause && { cause }) } } as DoorClaim
}

function doorCause({ kind, metadata, status }: DoorClaim, claim: Claim | undefined): Cause | undefined {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  if (!ready) return undefined
  const about = { kind, name: metadata.name, namespace: metadata.namespace }
  const open = claim?.status?.conditions?.find((each) => isOpen(each))
  if (ready.status === 'True') return open && causeOfClaim(open.reason, open.message, about)
  const { reason, message } = ready
  const { actor, heals, next } = MOVES[reason] ?? FOLLOWS
  const core = claim?.status?.cause
  if (core && core.heals !== heals) return { ...causeOfClaim(core.reason, message, about), reason }
  const follow = `Nothing to do; follow it with \`kubectl get ${kind.toLowerCase()} ${metadata.name} -n ${metadata.namespace} -w\`.`
  return { reason, message, actor, heals, next: next ?? follow }
}

const isOpen = ({ type, status }: Condition): boolean => ['Stalled', 'Reconciling'].includes(type) && status === 'True'

/** Its author is whoever makes claims. */
const causeOfClaim = (reason: string, message: string, about: CauseSubject): Cause => ({
  ...causeOf(reason, message, about),
  actor: causeOf(reason, message, { ...about, kind: 'Claim' }).actor,
})

/** Whose move it is; without `next` there is nothing to do but to wait. */
interface Move extends Pick<Cause, 'actor' | 'heals'> {
  readonly next?: string
}

const FOLLOWS: Move = { actor: 'platform', heals: true }

/** By the reasons that Ready of these kinds may have. */
const MOVES: Readonly<Record<string, Move>> = {
  NoMatchingResourceClaimPolicy: {
    actor: 'platform',
    heals: false,
    next: 'Ask whoever owns that namespace for a ResourceClaimPolicy; the claim goes on by itself when there is one.',
  },
  UnableToTrackReferencedResource: { actor: 'platform', heals: false, next: 'See to what the message names.' },
  ResourceNotFound: { actor: 'consumer', heals: false, next: 'Create the object, or correct spec.ref.' },
  ResourceAlreadyClaimed: { actor: 'consumer', heals: true, next: 'Wait, or set spec.ref to something else.' },
  ResourceNonBindable: {
    actor: 'consumer',
    heals: false,
    next: 'Set spec.ref to a Secret, or to an object with status.binding.name.',
  },
  BindingNotCopyable: { actor: 'consumer', heals: false, next: 'See to what the message names.' },
  ClassDoesNotExist: {
    actor: 'consumer',
    heals: false,
    next: 'Set spec.classRef.name to one of those that `kubectl get clusterinstanceclasses` lists, or ask the platform team.',
  },
  ClassNotReady: { actor: 'platform', heals: false, next: 'Ask the platform team, or name another class.' },
  ReasonParametersInvalid: { actor: 'consumer', heals: false, next: 'Correct the fields that the message names.' },
  NoClaimableInstances: {
    actor: 'platform',
    heals: true,
    next: 'Wait until one is released, or ask the platform team for more, or for a ResourceClaimPolicy.',
  },
  UnableToQueryClaimableInstances: {
    actor: 'platform',
    heals: true,
    next: 'Wait; if it stays, ask the platform team.',
  },
  UnableToCreateResourceClaim: { actor: 'consumer', heals: false, next: 'See to what the message names.' },
  UnableToCreateClaimableInstance: {
    actor: 'platform',
    heals: false,
    next: 'Ask the platform team; the message is what the backend says.',
  },
}
