/**
 * A change that the backend can make only by making the service anew, or by removing something of it, is not made unless somebody who
 * knows what is lost has asked for exactly this change.
 *
 * They ask by an annotation whose value the refusal names: a piece of the hash of what is wanted. A word such as `true` would stay on the
 * object and accept the next change as well, which nobody has looked at.
 */
import { Stalled } from '@larder/engine/runtime/outcome'
import type { Effect } from '@larder/kit'
import { claimKind } from '../../model/claim.ts'
import { ACCEPT_LOSS_ANNOTATION } from '../../model/names.ts'
import { currentWant, type InstancePass } from './instance-pass.ts'

const TOKEN_LENGTH = 10

/** Throws `Stalled` with what would be lost. Drivers that cannot say what a change does lose nothing, by their contract. */
export async function refuseLoss(pass: InstancePass): Promise<void> {
  const { session } = pass.service
  const plan = await session.plan(currentWant(pass, 'update'), pass.signal)
  if (!plan) return
  const wrong = plan.errors.map((error) => session.redact(`spec.${error.path}: ${error.message}`))
  if (wrong.length > 0) throw new Stalled('ParametersInvalid', wrong.join('; '))
  const losses = plan.effects.filter(({ kind }) => kind === 'replace' || kind === 'destroy')
  if (losses.length === 0) return
  const said = losses.map((effect) => session.redact(inWords(effect))).join('; ')
  const token = pass.hash.slice(0, TOKEN_LENGTH)
  if (isAccepted(pass, token)) {
    pass.event('Warning', 'LossAccepted', said)
    return
  }
  throw new Stalled('ChangeLosesData', `${said}; to accept that: annotation ${ACCEPT_LOSS_ANNOTATION}=${token}`)
}

const inWords = ({ kind, what, message }: Effect): string =>
  `a change of ${what} would ${kind === 'replace' ? 'make the service anew' : 'remove something of it'}: ${message}`

/** Of the instance, or of the one claim that has it: whose data it is. Of claims that share, none decides for the others. */
function isAccepted(pass: InstancePass, token: string): boolean {
  const { object } = pass
  const ref = object.spec.claimRef
  const claim = ref && pass.cache(claimKind).get(ref.name, ref.namespace)
  const holder = claim?.metadata.uid === ref?.uid ? claim : undefined
  return [object, holder].some((each) => each?.metadata.annotations?.[ACCEPT_LOSS_ANNOTATION] === token)
}
