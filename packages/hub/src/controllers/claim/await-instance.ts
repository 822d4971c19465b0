import { findCondition } from '@larder/engine/runtime/conditions'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import type { Instance } from '../../model/instance.ts'
import { tellGoing } from './going-instance.ts'
import { heldInstance, isProvisioned } from './held-instance.ts'

/**
 * Waits until the service can be used, and tells what the instance tells: whoever reads the claim may not read instances.
 */
export function awaitInstance(pass: Pass<Claim>): Outcome {
  const instance = heldInstance(pass)
  if (!instance) return wait('Provisioning', 'the service is being made')
  mirrorProgress(pass, instance)
  return isProvisioned(instance) ? done : outcomeOf(instance)
}

/** After the credentials: whether the service is also as last asked. */
export function awaitChange(pass: Pass<Claim>): Outcome {
  const instance = heldInstance(pass)
  if (!instance) return wait('Provisioning', 'the service is being made')
  tellGoing(instance)
  const ready = findCondition(instance.status?.conditions, 'Ready')
  if (ready?.status === 'True' && instance.status?.observedGeneration === instance.metadata.generation) return done
  return outcomeOf(instance)
}

function outcomeOf({ status }: Instance): Outcome {
  const ready = findCondition(status?.conditions, 'Ready')
  if (!ready || ready.status === 'True') return wait('Provisioning', 'the service is being made')
  if (findCondition(status?.conditions, 'Stalled')) throw new Stalled(ready.reason, ready.message)
  return wait(ready.reason, ready.message)
}

function mirrorProgress(pass: Pass<Claim>, { status }: Instance): void {
  if (status?.progress) pass.status.progress = { ...status.progress }
  else delete pass.status.progress
}
