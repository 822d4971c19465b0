/**
 * For an instance that stands for an object which exists already, or that is only to be observed: looks. Nothing is made when the object is gone and nothing is
 * changed when it differs; it is somebody else's.
 */
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Failed, Seen } from '@larder/kit'
import { reasonOfWord } from '../../model/reasons.ts'
import { DriverFailure } from '../session/failure.ts'
import { currentWant, remember, type InstancePass } from './instance-pass.ts'
import { applied, notThere, outputs, provisioned } from './settle-outside.ts'

/** News of the driver comes sooner. */
const LOOK_AGAIN_MS = 30_000

export async function followResource(pass: InstancePass): Promise<Outcome> {
  const seen = await look(pass)
  await remember(pass, seen)
  outputs(pass, seen)
  switch (seen.phase) {
    case 'ready':
      provisioned(pass, true, 'Provisioned', '')
      applied(pass)
      return done
    case 'absent': {
      const absence = absent(pass)
      provisioned(pass, false, absence.reason, absence.message)
      throw absence
    }
    case 'changing': {
      const said = pass.service.session.redact(seen.message ?? seen.doing)
      provisioned(pass, false, 'ResourceNotReady', said)
      return wait('ResourceNotReady', said, seen.againMs)
    }
    case 'failed':
      throw failed(pass, seen)
    case 'unknown':
    case 'conflict':
      break
  }
  throw new DriverFailure(
    'DriverFailed',
    `driver ${pass.service.session.driver} says ${seen.phase} of what it only looks at`,
  )
}

/** Who may no longer read an object may no longer pass it on. */
async function look(pass: InstancePass): Promise<Seen> {
  try {
    return await pass.service.session.observe(currentWant(pass), pass.signal)
  } catch (error) {
    if (error instanceof DriverFailure && error.reason === 'BackendDenied') {
      provisioned(pass, false, error.reason, error.message)
    }
    throw error
  }
}

function absent(pass: InstancePass): Stalled {
  const { resourceRef } = pass.object.spec
  if (!resourceRef) return notThere(pass)
  const { kind, namespace = '', name } = resourceRef
  return new Stalled('ResourceNotFound', `${kind} ${namespace}/${name} does not exist`, { lookAgainMs: LOOK_AGAIN_MS })
}

/** Nothing is done about it: it is somebody else's to mend. */
function failed(pass: InstancePass, { reason, message, usable }: Failed): Stalled {
  const said = pass.service.session.redact(`${reason}: ${message}`)
  const word = reasonOfWord(reason, 'ProvisioningFailed')
  provisioned(pass, usable, usable ? 'Provisioned' : word, said)
  return new Stalled(word, said, { lookAgainMs: LOOK_AGAIN_MS })
}
