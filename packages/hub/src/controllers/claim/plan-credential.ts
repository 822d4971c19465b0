import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import { classKind } from '../../model/class.ts'
import type { Claim } from '../../model/claim.ts'
import { credentialId } from '../../model/names.ts'
import { chooseRole } from '../../model/plan-choice.ts'
import { isRefusal } from '../../model/refusal.ts'
import type { HubContext } from '../context.ts'
import { stallOn } from '../reporting.ts'
import { bindingHash, hasBindingParameters } from './binding-parameters.ts'
import { heldInstance } from './held-instance.ts'
import { mayHave, notPermitted } from './permission.ts'

/** As soon as the status is written; not in the same turn, so that a write that is refused cannot become a loop without a pause. */
export const SOON_MS = 1

/**
 * Says in status which credentials are wanted, before any are made: whatever a crash leaves behind outside is then
 * known by its id, and the next pass makes the same again instead of others.
 *
 * Another role means other credentials, with the next serial. One change at a time: while a predecessor waits for its
 * revocation, no further one is begun, so that never more than two exist.
 */
export const planCredential = (hub: HubContext) =>
  async function planCredential(pass: Pass<Claim>): Promise<Outcome> {
    const { uid = '' } = pass.object.metadata
    const current = pass.object.status?.credential
    const role = wantedRole(pass, current?.role)
    if (current?.predecessor) return done
    const parametersHash = await bindingHash(pass, hub)
    if (current && current.role === role && current.parametersHash === parametersHash) return done
    if (!mayHave(pass, role)) throw notPermitted(pass.object)
    const serial = (current?.serial ?? 0) + 1
    pass.status.credential = {
      ...plannedCredential(uid, serial, role),
      ...(parametersHash !== undefined && { parametersHash }),
      ...(current && { predecessor: { id: current.id, ...(current.role !== undefined && { role: current.role }) } }),
    }
    return wait('Binding', 'credentials are being made', SOON_MS)
  }

/**
 * With the same write as the reference to the instance, so that binding needs no pass of its own to say what it will make. With
 * parameters it does, because a Secret of theirs may be missing.
 */
export function planFirst(pass: Pass<Claim>, role: string | undefined): void {
  if (hasBindingParameters(pass.object)) return
  pass.status.credential ??= plannedCredential(pass.object.metadata.uid ?? '', 1, role)
}

export const plannedCredential = (claimUid: string, serial: number, role: string | undefined) => ({
  id: credentialId(claimUid, serial),
  serial,
  ...(role !== undefined && { role }),
})

/** The class may have gone or changed while the claim lives: then what the claim has stays. */
export function wantedRole(pass: Pass<Claim>, held: string | undefined): string | undefined {
  const { spec } = pass.object
  const className = spec.className ?? heldInstance(pass)?.spec.className
  const service = pass.cache(classKind).get(className ?? '')
  if (!service) return spec.role ?? held
  const choice = chooseRole(service, spec.role, held)
  if (!isRefusal(choice)) return choice.role?.name
  stallOn(choice)
  return held
}
