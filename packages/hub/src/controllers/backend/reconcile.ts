import { equalJson, isObject } from '@larder/engine/base/json'
import { secretType } from '@larder/engine/client/builtin'
import { formatTime } from '@larder/engine/runtime/conditions'
import { done, Stalled, type Outcome } from '@larder/engine/runtime/outcome'
import { sequence, type Pass } from '@larder/engine/runtime/pass'
import type { Backend } from '../../model/backend.ts'
import { schemaProblems } from '../../model/schema-check.ts'
import { unsupportedInBackend } from '../../model/unsupported.ts'
import type { HubContext } from '../context.ts'
import { settling, stallOn } from '../reporting.ts'

function refuseUnsupported({ object }: Pass<Backend>): Outcome {
  stallOn(unsupportedInBackend(object))
  return done
}

/** Here alone the Secret is named: who reads a Backend may know it. */
function checkAccount(pass: Pass<Backend>): Outcome {
  const { object } = pass
  const { credentialsRef: ref } = object.spec
  if (!ref || pass.cache(secretType).get(ref.name, ref.namespace)) return done
  const needs = `backend ${object.metadata.name} needs the Secret ${ref.namespace}/${ref.name}`
  throw new Stalled('CredentialsNotFound', `spec.credentialsRef: ${needs}, which does not exist`)
}

/** Says whether the backend can be worked with: its driver, its configuration, its account, and an answer from it. */
export function reconcileBackend(hub: HubContext): (pass: Pass<Backend>) => Promise<Outcome> {
  async function checkConfig({ object }: Pass<Backend>): Promise<Outcome> {
    const driver = hub.sessions.driverOf(object)
    const problems = await schemaProblems(driver.configSchema, object.spec.config ?? {}, 'spec.config')
    if (problems.length > 0) throw new Stalled('ConfigInvalid', problems.join('; '))
    return done
  }

  /**
   * Asks the backend itself. The time of the answer is kept only when the answer has changed: a status that moves with each probe
   * would wake everybody who watches backends.
   */
  async function probe(pass: Pass<Backend>): Promise<Outcome> {
    const session = hub.sessions.of(pass.object, (namespace, name) => pass.cache(secretType).get(name, namespace))
    const { info } = await session.probe(pass.signal)
    const told = isObject(info) ? info : { info }
    if (equalJson(pass.object.status?.info, told) && pass.object.status?.lastProbeTime !== undefined) return done
    pass.status.info = told as never
    pass.status.lastProbeTime = formatTime(pass.clock.now())
    return done
  }

  const steps = sequence(refuseUnsupported, checkConfig, checkAccount, probe)
  return (pass) => settling(() => steps(pass))
}
