/**
 * A claim that names an instance: one that the platform made, one that another claim left behind, or one that many share.
 *
 * Policies are asked before anything is said: whoever may not claim it hears the same of what exists and of what does not.
 */
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import { claimKind, type Claim } from '../../model/claim.ts'
import { classKind } from '../../model/class.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { isRecord, isShared, nameIn } from '../../model/instance-use.ts'
import { turnOf } from '../../model/line.ts'
import { chooseRole } from '../../model/plan-choice.ts'
import { usedBy } from '../../model/reclaim.ts'
import { isRefusal, refuse, type Refusal } from '../../model/refusal.ts'
import { stallOn } from '../reporting.ts'
import { chooseInstance, placeOf, takeInstance } from './choose-instance.ts'
import { refuseGoing } from './going-instance.ts'
import { heldInstance } from './held-instance.ts'
import { joinShared } from './hold-shared.ts'
import { notPermitted, permission, subjectOf, type Neighbour } from './permission.ts'
import { planFirst } from './plan-credential.ts'
import { refer } from './refer.ts'

type Reader = Pick<Pass<Claim>, 'cache'>

export async function holdNamed(pass: Pass<Claim>): Promise<Outcome> {
  const held = heldInstance(pass)
  if (held) {
    refer(pass, held)
    refuseGoing(pass, held)
    return done
  }
  const instance = named(pass)
  refuseOther(pass, instance)
  const role = roleFor(pass, instance, pass.object)
  if (isRefusal(role)) {
    stallOn(role)
    throw new TypeError('unreachable')
  }
  if (instance.metadata.deletionTimestamp !== undefined) return wait('Deleting', 'the instance is being removed')
  return isShared(instance) ? joinShared(pass, instance, role.name) : take(pass, instance, role.name)
}

/** The instance, if the claim may have it. */
function named(pass: Pass<Claim>): Instance {
  const { metadata, spec } = pass.object
  const { namespace = '' } = metadata
  const ref = spec.instanceRef!
  const found = pass.cache(instanceKind).get(ref.name, ref.namespace)
  const instance = found && !isRecord(found) ? found : undefined
  if (instance && mayHold(pass, instance, pass.object)) return instance
  // What may be said of an instance that is not there may be said of one that is there for others.
  const unseen: Neighbour = { ...subjectOf(ref), labels: undefined }
  if (permission(pass, namespace, unseen, spec.role) !== 'yes') throw notPermitted(pass.object)
  throw new Stalled(
    'InstanceNotFound',
    `spec.instanceRef: there is no Instance ${nameIn(ref)} that namespace ${namespace} may claim`,
  )
}

function mayHold(pass: Reader, instance: Instance, claim: Claim): boolean {
  const role = roleFor(pass, instance, claim)
  // A role that is unknown is told to those who may have some role of it.
  const asked = isRefusal(role) ? claim.spec.role : role.name
  return permission(pass, claim.metadata.namespace ?? '', subjectOf(instance), asked) === 'yes'
}

/** Of the instance's class; without one the driver alone knows its roles. */
function roleFor({ cache }: Reader, { spec }: Instance, claim: Claim): { readonly name: string | undefined } | Refusal {
  const held = claim.status?.credential?.role
  const service = cache(classKind).get(spec.className ?? '')
  if (!service) return { name: claim.spec.role ?? held }
  const plan = service.spec.plans?.find(({ name }) => name === spec.plan)
  if (plan?.bindable === false) {
    return refuse(
      'PlanNotBindable',
      `spec.instanceRef: plan ${plan.name} of class ${spec.className} gives no credentials`,
    )
  }
  const choice = chooseRole(service, claim.spec.role, held)
  return isRefusal(choice) ? choice : { name: choice.role?.name }
}

/** Another one under the same name is not what the claim had: its data is gone, and the hub says so. */
function refuseOther({ object }: Pass<Claim>, { metadata }: Instance): void {
  const had = object.status?.instanceRef?.uid
  if (had === undefined || had === metadata.uid) return
  throw new Stalled('InstanceLost', `instance ${nameIn(metadata)} was deleted; the one of that name now is another`)
}

async function take(pass: Pass<Claim>, instance: Instance, role: string | undefined): Promise<Outcome> {
  const { metadata, spec } = instance
  if (spec.claimRef || !isTurn(pass, instance)) return isHeld(instance)
  if (spec.reclaimPolicy === 'Recycle' && usedBy(instance) !== undefined) {
    return wait('Recycling', 'the service is being wiped of what its last claim left')
  }
  await chooseInstance(pass, placeOf(instance))
  refer(pass, await takeInstance(pass, instance))
  planFirst(pass, role)
  pass.event('Normal', 'InstanceClaimed', `instance ${nameIn(metadata)}`)
  return wait('Binding', 'the instance is held, and its credentials are being made')
}

const isHeld = ({ metadata }: Instance): Outcome =>
  wait('InstanceHeld', `instance ${nameIn(metadata)} is held by another claim, or an older one waits for it`)

/** Oldest first; those that may not have it are skipped. */
function isTurn(pass: Pass<Claim>, instance: Instance): boolean {
  const { name, namespace = '', uid } = instance.metadata
  const line = pass
    .cache(claimKind)
    .byIndex('named', nameIn(instance.metadata))
    .filter((claim) => waitsFor(pass, claim, uid) && !isRefusal(roleFor(pass, instance, claim)))
  const claims = new Map(line.map((claim) => [claim.metadata.uid ?? '', claim]))
  const may = (waiting: { uid: string }) => mayHold(pass, instance, claims.get(waiting.uid)!)
  const waiting = line.map(({ metadata, spec }) => ({
    uid: metadata.uid ?? '',
    namespace: metadata.namespace ?? '',
    createdAt: metadata.creationTimestamp ?? '',
    role: spec.role,
  }))
  return turnOf(pass.object.metadata.uid ?? '', waiting, [{ name, namespace }], may) !== undefined
}

function waitsFor(pass: Pass<Claim>, claim: Claim, uid: string | undefined): boolean {
  const { metadata, status } = claim
  if (metadata.deletionTimestamp !== undefined) return false
  const had = status?.instanceRef?.uid
  if (had !== undefined && had !== uid) return false
  return pass.cache(instanceKind).byIndex('claim', metadata.uid ?? '').length === 0
}
