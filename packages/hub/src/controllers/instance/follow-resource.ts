/**
 * For an instance that stands for an object which exists already: only looks. Nothing is made when the object is gone and nothing is
 * changed when it differs; it is somebody else's.
 */
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Seen } from '@larder/kit'
import { DriverFailure } from '../session/failure.ts'
import { currentWant, remember, type InstancePass } from './instance-pass.ts'
import { applied, outputs, provisioned } from './settle-outside.ts'

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
    case 'absent':
      provisioned(pass, false, 'ResourceNotFound', gone(pass))
      throw new Stalled('ResourceNotFound', gone(pass), { lookAgainMs: LOOK_AGAIN_MS })
    case 'changing': {
      const said = pass.service.session.redact(seen.message ?? seen.doing)
      provisioned(pass, false, 'ResourceNotReady', said)
      return wait('ResourceNotReady', said, seen.againMs)
    }
    case 'unknown':
    case 'conflict':
    case 'failed':
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

function gone({ object }: InstancePass): string {
  const { kind = '', namespace = '', name = '' } = object.spec.resourceRef ?? {}
  return `${kind} ${namespace}/${name} does not exist`
}
