/**
 * Why a ClassClaim is not ready: of the closed list of Services Toolkit what can come to pass here, and which of it stands for a reason of the
 * core. Classes are read from a cache, so that there is no UnableToFetchClass; everything that is claimed can tell whether it is ready.
 */
import { isReason, type Reason } from '../../../model/reasons.ts'

export type ClassClaimReason =
  | 'ClassDoesNotExist'
  | 'ClassNotReady'
  | 'UnableToQueryClaimableInstances'
  | 'NoClaimableInstances'
  | 'UnableToCreateResourceClaim'
  | 'UnableToCreateClaimableInstance'
  | 'ResourceNotReady'
  | 'ReasonParametersInvalid'

/** How far a pass came: to the class, to its parameters, to the claim for an instance, or to the instance itself. */
export type Stage = 'class' | 'parameters' | 'claim' | 'resource'

/** In place of a reason: a pass that has nothing new to tell. */
export const PENDING = 'Pending'

/** Ends a pass. */
export class Trouble extends Error {
  readonly stage: Stage
  readonly reason: ClassClaimReason
  /** When to look again, where nothing tells of a change. */
  readonly lookAgainMs: number | undefined
  constructor(stage: Stage, reason: ClassClaimReason, message: string, lookAgainMs?: number) {
    super(message)
    this.name = 'Trouble'
    this.stage = stage
    this.reason = reason
    this.lookAgainMs = lookAgainMs
  }
}

/** Those that mean the same whatever the class is and whether or not something is held. */
const SAME: Partial<Record<Reason, readonly [Stage, ClassClaimReason]>> = {
  ClassNotFound: ['class', 'ClassDoesNotExist'],
  ClassNotOffered: ['class', 'ClassNotReady'],
  PlanNotOffered: ['class', 'ClassNotReady'],
  PlanNotBindable: ['class', 'ClassNotReady'],
  PlanRequired: ['class', 'ClassNotReady'],
  RoleRequired: ['class', 'ClassNotReady'],
  ParametersInvalid: ['parameters', 'ReasonParametersInvalid'],
  PoolEmpty: ['claim', 'NoClaimableInstances'],
  PoolExhausted: ['claim', 'NoClaimableInstances'],
  NamespaceTerminating: ['claim', 'UnableToCreateResourceClaim'],
}

/** The backend has been asked to make it, and does not. */
const NOT_MADE: ReadonlySet<string> = new Set<Reason>(['ProvisioningFailed', 'ProvisioningRetried', 'NameTaken'])
/** The hub is at it, and nothing has failed. */
const AT_WORK: ReadonlySet<string> = new Set<Reason>(['Progressing', 'Provisioning', 'Binding', 'InstanceHeld'])

/** For the reason of a claim of the core that is not Ready. */
export function stageAndReason(
  core: string,
  { isHeld, isPool }: { readonly isHeld: boolean; readonly isPool: boolean },
): readonly [Stage, ClassClaimReason] {
  const same = isReason(core) ? SAME[core] : undefined
  if (same) return same
  if (NOT_MADE.has(core) && !isPool) return [isHeld ? 'resource' : 'claim', 'UnableToCreateClaimableInstance']
  if (isHeld) return ['resource', 'ResourceNotReady']
  if (AT_WORK.has(core)) return ['claim', 'ResourceNotReady']
  return ['claim', isPool ? 'UnableToQueryClaimableInstances' : 'UnableToCreateClaimableInstance']
}
