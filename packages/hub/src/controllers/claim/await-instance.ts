import { findCondition } from '@larder/engine/runtime/conditions'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import type { Instance } from '../../model/instance.ts'
import { firstClause } from '../../model/reason-in-words.ts'
import { reasons } from '../../model/reasons.ts'
import { tellGoing } from './going-instance.ts'
import { heldInstance, isProvisioned } from './held-instance.ts'

/** Before its instance has said anything. */
export const provisioning = ({ status }: Pick<Pass<Claim>, 'status'>): Outcome =>
  wait(
    'Provisioning',
    status.resourceRef ? 'the service was found and is being looked at' : 'the service is being made',
  )

/**
 * Waits until the service can be used, and tells what the instance tells: whoever reads the claim may not read instances.
 */
export function awaitInstance(pass: Pass<Claim>): Outcome {
  const instance = heldInstance(pass)
  if (!instance) return provisioning(pass)
  mirrorProgress(pass, instance)
  return isProvisioned(instance) ? done : outcomeOf(pass, instance)
}

/** After the credentials: whether the service is also as last asked. */
export function awaitChange(pass: Pass<Claim>): Outcome {
  const instance = heldInstance(pass)
  if (!instance) return provisioning(pass)
  tellGoing(instance)
  const ready = findCondition(instance.status?.conditions, 'Ready')
  if (ready?.status === 'True' && instance.status?.observedGeneration === instance.metadata.generation) return done
  return outcomeOf(pass, instance)
}

function outcomeOf(pass: Pass<Claim>, { status }: Instance): Outcome {
  const ready = findCondition(status?.conditions, 'Ready')
  if (!ready || ready.status === 'True') return provisioning(pass)
  const { reason } = ready
  const message = forClaim(pass.object, reason, ready.message)
  if (findCondition(status?.conditions, 'Stalled')) throw new Stalled(reason, message)
  return wait(reason, message)
}

/** An instance may refer to Secrets of the platform; the claim names only those that stand beside it. */
function forClaim({ metadata }: Claim, reason: string, message: string): string {
  if (reason !== 'SecretNotFound' && reason !== 'CredentialsNotFound') return message
  return message.includes(`Secret ${metadata.namespace}/`) ? message : firstClause(reasons[reason].meaning)
}

function mirrorProgress(pass: Pass<Claim>, { status }: Instance): void {
  if (status?.progress) pass.status.progress = { ...status.progress }
  else delete pass.status.progress
}
