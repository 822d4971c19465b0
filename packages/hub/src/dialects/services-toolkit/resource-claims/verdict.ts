/**
 * What the core says of the hold, in the words of Services Toolkit: one of its nine reasons for each of ours. The reasons are a closed
 * list with which programs compare, so nothing of ours comes through.
 *
 * What is said is told to a tenant: where no policy permits the claim, the same for what exists and for what does not.
 */
import { findCondition } from '@larder/engine/runtime/conditions'
import type { Reason } from '../../../model/reasons.ts'
import { INITIALIZING, type Saying } from '../conditions.ts'
import type { ResourceClaim } from '../kinds.ts'
import { targetOf, type CoreState } from './core-claim.ts'

/** The closed list. */
type NotReadyReason =
  | 'ResourceNotFound'
  | 'BindingNotCopyable'
  | 'UnableToSetExclusiveClaim'
  | 'ResourceNonBindable'
  | 'NoMatchingResourceClaimPolicy'
  | 'UnableToTrackReferencedResource'
  | 'ResourceAlreadyClaimed'
  | 'UpdatedResourceReference'
  | 'ClaimMarkedForDeletion'

export interface NotReady {
  readonly reason: NotReadyReason
  readonly message: string
}

/** `pending`: the core has not come to an end yet, and what was said last stays. */
export type Verdict = 'ready' | 'pending' | NotReady

/** Those that are not here are told by whether the claim holds the resource: then the copy cannot be made, else the hold. */
const TRANSLATED: Partial<Record<Reason, NotReadyReason>> = {
  NotPermitted: 'NoMatchingResourceClaimPolicy',
  ResourceNotFound: 'ResourceNotFound',
  ResourceHeld: 'ResourceAlreadyClaimed',
  ResourceNotReady: 'ResourceNonBindable',
  BackendDenied: 'UnableToTrackReferencedResource',
  BackendBlocked: 'UnableToTrackReferencedResource',
  BackendUnavailable: 'UnableToTrackReferencedResource',
  BackendThrottled: 'UnableToTrackReferencedResource',
  BackendBusy: 'UnableToTrackReferencedResource',
  DriverNotFound: 'UnableToTrackReferencedResource',
  DriverFailed: 'UnableToTrackReferencedResource',
  BindingNameTaken: 'BindingNotCopyable',
  Binding: 'BindingNotCopyable',
  BindingFailed: 'BindingNotCopyable',
}

/** On the way, and never for long: nothing that one could act on. */
const PASSING: readonly string[] = ['Progressing', 'Provisioning']

export function verdictOf(core: CoreState, object: ResourceClaim): Verdict {
  const { status, metadata } = core.claim
  if (!status || status.observedGeneration !== metadata.generation) return 'pending'
  const ready = findCondition(status.conditions, 'Ready')
  if (!ready) return 'pending'
  // The core keeps a claim Ready that can work with what it has; that what it is a copy of went is said here.
  const trouble = ['Stalled', 'Reconciling'].flatMap((type) => findCondition(status.conditions, type) ?? [])[0]
  const isCopying = trouble?.reason === 'Binding' && status.progress === undefined
  if (trouble && (isCopying || PASSING.includes(trouble.reason))) return 'pending'
  const told = ready.status === 'True' && trouble && isOfCopy(trouble.reason) ? trouble : ready
  if (told.status === 'True' && told.type === 'Ready') return 'ready'
  return notReady(told.reason as Reason, told.message, core, object)
}

const isOfCopy = (reason: string): boolean =>
  reason === 'BackendDenied' || TRANSLATED[reason as Reason] === 'BindingNotCopyable'

function notReady(reason: Reason, message: string, core: CoreState, object: ResourceClaim): NotReady {
  // The resource may be read, so that it is the Secret beside it which may not.
  if (reason === 'BackendDenied' && core.isFollowed && targetOf(object).kind !== 'Secret')
    return { reason: 'BindingNotCopyable', message: mayNotRead('Secret') }
  const isHeld = core.claim.status?.instanceRef?.uid !== undefined
  const word = TRANSLATED[reason] ?? (isHeld ? 'BindingNotCopyable' : 'UnableToSetExclusiveClaim')
  return { reason: word, message: messageOf(word, reason, message, object) }
}

const mayNotRead = (kind: string): string =>
  `spec.ref: objects of kind ${kind} may not be read: a ClusterRole with the label servicebinding.io/controller: "true" that allows get, list and watch on them lets them be`

/** In words of the fields that their author wrote; what is left is the core's, which knows no more than its claim may be told. */
function messageOf(word: NotReadyReason, reason: Reason, message: string, object: ResourceClaim): string {
  const { kind, namespace, name, apiVersion } = targetOf(object)
  const what = `${kind} ${namespace}/${name}`
  switch (word) {
    case 'NoMatchingResourceClaimPolicy':
      return `spec.ref: no ResourceClaimPolicy in namespace ${namespace} lets namespace ${object.metadata.namespace} claim ${what}`
    case 'ResourceNotFound':
      return `spec.ref: ${message.replace(/^spec\.resourceRef: /, '')}`
    case 'ResourceAlreadyClaimed':
      return `spec.ref: ${what} is claimed by another claim, or an older one waits for it; it goes to the oldest when it is released`
    case 'ResourceNonBindable':
      return `spec.ref: ${what} has no status.binding.name, and is no Secret`
    case 'UnableToTrackReferencedResource':
      if (reason === 'BackendDenied') return mayNotRead(kind)
      return reason === 'BackendBlocked' ? `spec.ref: this cluster has no kind ${kind} in ${apiVersion}` : message
    case 'BindingNotCopyable':
      return message.replace(/^in use; /, '').replace(/^spec\.binding\.name: (.*) is not of this claim$/, taken)
    case 'UnableToSetExclusiveClaim':
    case 'UpdatedResourceReference':
    case 'ClaimMarkedForDeletion':
      break
  }
  return message
}

const taken = (_: string, what: string) => `${what} is not the copy of this claim: rename or delete it`

/** The two other conditions: how far it came. */
const MATCHED: Readonly<Record<NotReadyReason, readonly [Saying['status'], Saying['status']]>> = {
  ResourceNotFound: ['False', 'False'],
  UnableToTrackReferencedResource: ['False', 'Unknown'],
  NoMatchingResourceClaimPolicy: ['False', 'False'],
  ResourceNonBindable: ['True', 'False'],
  ResourceAlreadyClaimed: ['True', 'False'],
  UnableToSetExclusiveClaim: ['True', 'False'],
  BindingNotCopyable: ['True', 'False'],
  UpdatedResourceReference: ['Unknown', 'Unknown'],
  ClaimMarkedForDeletion: ['Unknown', 'Unknown'],
}

/** All three, in the order of the documents. */
export function sayingsOf(verdict: 'ready' | 'initializing' | NotReady): readonly Saying[] {
  if (verdict === 'ready') {
    const are = { status: 'True', message: '' } as const
    return [
      { type: 'Ready', reason: 'Ready', ...are },
      { type: 'ResourceMatched', reason: 'ResourceMatched', ...are },
      { type: 'ResourceClaimed', reason: 'ResourceClaimed', ...are },
    ]
  }
  const not =
    verdict === 'initializing'
      ? { reason: INITIALIZING, message: 'the claim has not been looked at yet' }
      : { reason: verdict.reason, message: verdict.message }
  const [ready, matched, claimed] =
    verdict === 'initializing'
      ? (['Unknown', 'Unknown', 'Unknown'] as const)
      : ['False' as const, ...MATCHED[verdict.reason]]
  const half = (type: string, status: Saying['status']): Saying =>
    status === 'True' ? { type, status, reason: type, message: '' } : { type, status, ...not }
  return [{ type: 'Ready', status: ready, ...not }, half('ResourceMatched', matched), half('ResourceClaimed', claimed)]
}
