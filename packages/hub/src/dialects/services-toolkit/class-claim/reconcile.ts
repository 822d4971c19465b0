import { findCondition } from '@larder/engine/runtime/conditions'
import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import { claimKind, type Claim } from '../../../model/claim.ts'
import { coreStateOf } from '../resource-claims/core-claim.ts'
import { verdictOf } from '../resource-claims/verdict.ts'
import { coreClassName } from '../instance-classes/core-class.ts'
import type { ObjectRef } from '../kinds.ts'
import { announce, sayStages } from './conditions.ts'
import {
  changeParameters,
  classOf,
  coreClaimName,
  coreClaimOf,
  deleteCoreClaim,
  hasParametersOf,
  isHeld,
  isOnTheWay,
  makeCoreClaim,
  type ClassClaimPass,
} from './core-claim.ts'
import { existingClass, readyClass, requireParameters, said } from './match-class.ts'
import { ensureMirror, heldBy } from './mirror.ts'
import { PENDING, stageAndReason, Trouble } from './trouble.ts'

export const reconcileClassClaim = (nowMs: () => number) =>
  async function reconcileClassClaim(pass: ClassClaimPass): Promise<Outcome> {
    try {
      const note = await settle(pass)
      if (note === PENDING) return wait(PENDING, '')
      sayStages(pass, note, nowMs())
      announce(pass, undefined)
      return done
    } catch (error) {
      if (!(error instanceof Trouble)) throw error
      sayStages(pass, error, nowMs())
      announce(pass, error)
      return wait(error.reason, error.message, error.lookAgainMs)
    }
  }

/** Ready; the trouble that is answered concerns none who use what is held. Throws `Trouble` while it is not. */
async function settle(pass: ClassClaimPass): Promise<Trouble | typeof PENDING | undefined> {
  const claim = coreClaimOf(pass)
  if (!claim) return begin(pass)
  const held = heldBy(claim)
  if (held) await ensureMirror(pass, held)
  if (isOnTheWay(claim) && classOf(claim) === pass.object.spec.classRef.name && isTold(pass)) return PENDING
  if (held) return keep(pass, claim, held)
  forget(pass)
  if (claim.metadata.deletionTimestamp !== undefined || classOf(claim) !== pass.object.spec.classRef.name)
    return lookElsewhere(pass, claim)
  const asked = existingClass(pass)
  await bringParameters(pass, claim)
  throw troubleOf(pass, claim, asked.spec.pool !== undefined)
}

/** Something is said of what its author asks now. */
const isTold = ({ object: { status, metadata } }: ClassClaimPass): boolean =>
  status?.conditions !== undefined && status.observedGeneration === metadata.generation

async function begin(pass: ClassClaimPass): Promise<typeof PENDING> {
  await refuseLost(pass)
  forget(pass)
  const asked = readyClass(pass)
  await requireParameters(pass, asked)
  if (!(await makeCoreClaim(pass, coreClassName(asked)))) return PENDING
  throw new Trouble('claim', 'ResourceNotReady', NOT_LOOKED_AT)
}

/** What was held and is gone is replaced by nobody in silence: another instance has other data. */
async function refuseLost({ object, status, client }: ClassClaimPass): Promise<void> {
  const { resourceRef } = object.status ?? {}
  if (!resourceRef) return
  const { namespace } = object.metadata
  if (await client.of(claimKind).find(coreClaimName(object), namespace))
    throw new Trouble('claim', 'ResourceNotReady', NOT_LOOKED_AT, SOON_MS)
  // Its Secret went with the claim, whether or not a pass saw that one go.
  delete status.binding
  throw new Trouble(
    'resource',
    'ResourceNotReady',
    `${resourceRef.kind} ${resourceRef.name} is no longer held: its claim was deleted; delete this ClassClaim and make another`,
  )
}

const SOON_MS = 100
const NOT_LOOKED_AT = 'the claim for an instance has not been looked at yet'

function forget({ status }: ClassClaimPass): void {
  delete status.binding
  delete status.resourceRef
  delete status.provisionedResourceRef
}

/** The author names another class before there was anything of the first. */
async function lookElsewhere(pass: ClassClaimPass, claim: Claim): Promise<never> {
  if (claim.metadata.deletionTimestamp === undefined) await deleteCoreClaim(pass, claim, { asSeen: true })
  throw new Trouble('claim', 'ResourceNotReady', 'the claim for an instance is being made anew')
}

/** It holds what it holds, whatever its class says now; only of what was made for it parameters may be changed. */
async function keep(pass: ClassClaimPass, claim: Claim, held: ObjectRef): Promise<Trouble | undefined> {
  const { status, object } = pass
  status.resourceRef = held
  if (!claim.status?.resourceRef) {
    const { apiVersion, kind, name } = held
    status.provisionedResourceRef = { apiVersion, kind, name }
  }
  const refused = classOf(claim) === object.spec.classRef.name ? await refusedParameters(pass, claim) : undefined
  const trouble = claim.status?.resourceRef ? troubleOfMember(pass, claim, held) : troubleOfMade(pass, claim)
  delete status.binding
  if (trouble) throw trouble
  const { binding } = claim.status ?? {}
  if (binding) status.binding = { name: binding.name }
  return refused
}

const troubleOfMade = (pass: ClassClaimPass, claim: Claim): Trouble | undefined =>
  findCondition(claim.status?.conditions, 'Ready')?.status === 'True'
    ? undefined
    : troubleOf(pass, claim, claim.status?.resourceRef !== undefined)

/** As with a ResourceClaim of the same object. */
function troubleOfMember(pass: ClassClaimPass, claim: Claim, ref: ObjectRef): Trouble | undefined {
  const { apiVersion, kind, metadata } = pass.object
  const verdict = verdictOf(coreStateOf(pass, claim), { apiVersion, kind, metadata, spec: { ref } })
  if (verdict === 'ready') return undefined
  if (verdict === 'pending') return troubleOfMade(pass, claim)
  return new Trouble('resource', 'ResourceNotReady', verdict.message.replace(/^spec\.ref: /, ''))
}

/** What works goes on to, with the parameters that it has. */
async function refusedParameters(pass: ClassClaimPass, claim: Claim): Promise<Trouble | undefined> {
  try {
    await bringParameters(pass, claim)
    return undefined
  } catch (error) {
    if (!(error instanceof Trouble)) throw error
    return new Trouble('parameters', error.reason, error.message)
  }
}

async function bringParameters(pass: ClassClaimPass, claim: Claim): Promise<void> {
  if (hasParametersOf(claim, pass.object)) return
  await requireParameters(pass, existingClass(pass))
  await changeParameters(pass, claim)
}

function troubleOf({ object }: ClassClaimPass, claim: Claim, isPool: boolean): Trouble {
  const ready = findCondition(claim.status?.conditions, 'Ready')
  const { reason, message } = ready ?? { reason: 'Progressing', message: NOT_LOOKED_AT }
  const [stage, word] = stageAndReason(reason, { isHeld: isHeld(claim), isPool })
  // What a ClassClaim cannot say, a plan or a role, is the class's to mend: its administrator reads here what is missing.
  if (reason === 'PlanRequired' || reason === 'RoleRequired') return new Trouble(stage, word, message)
  return new Trouble(stage, word, messageOf(word, message, object.spec.classRef.name, object.metadata.namespace ?? ''))
}

/** The Class of a pool is none that the author of a ClassClaim has heard of. */
function messageOf(word: Trouble['reason'], message: string, className: string, namespace: string): string {
  const says: Partial<Record<Trouble['reason'], string>> = {
    NoClaimableInstances: `${said(className)} has nothing now that namespace ${namespace} may claim; what becomes free, or is permitted, goes to the claim that waits longest`,
    ClassDoesNotExist: `spec.classRef.name: there is no ${said(className)} for namespace ${namespace}`,
    ClassNotReady: `${said(className)} takes no new claims`,
    UnableToQueryClaimableInstances: `the pool of ${said(className)} cannot be looked into now`,
  }
  return says[word] ?? message
}
