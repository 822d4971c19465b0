/** A recycled instance that nobody holds, before a new one is made. */
import { canonical } from '../fingerprint.ts'
import { isConflict } from '@larder/engine/machinery/status'
import { wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import type { Class } from '../../model/class.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { nameIn } from '../../model/instance-use.ts'
import { claimInstanceName, INSTANCE_NAMESPACE } from '../../model/names.ts'
import { isFree } from '../../model/reclaim.ts'
import type { Resolved } from '../../model/resolve-instance.ts'
import { chooseInstance, placeOf, takeInstance, type Place } from './choose-instance.ts'
import { RESOLVED_FROM } from './hold-record.ts'
import { planFirst } from './plan-credential.ts'
import { refer } from './refer.ts'

type Asked = Pick<Instance['spec'], 'className' | 'revision' | 'plan' | 'parameters' | 'parametersFrom'>

/** Equal for instances that a claim could have in place of one another. */
const kindOf = ({ className, revision, plan, parameters, parametersFrom }: Asked): string =>
  canonical([className ?? '', revision ?? '', plan ?? '', parameters ?? {}, parametersFrom ?? []])

/** For the index of that name. */
export const freeKind = (instance: Instance): readonly string[] => (isFree(instance) ? [kindOf(instance.spec)] : [])

/**
 * Undefined when the claim is to make one of its own. The choice is written into its status before the hold, also that of one of its own:
 * else two hubs could give one claim both.
 */
export async function takeFree(pass: Pass<Claim>, service: Class, resolved: Resolved): Promise<Outcome | undefined> {
  if (resolved.spec.reclaimPolicy !== 'Recycle') return undefined
  const own = {
    namespace: service.spec.instanceNamespace ?? INSTANCE_NAMESPACE,
    name: claimInstanceName(pass.object.metadata.uid ?? ''),
  }
  const instance = chosenOrFree(pass, { ...resolved.spec, revision: service.status?.revision ?? '' }, own)
  await chooseInstance(pass, instance?.metadata.namespace === undefined ? own : placeOf(instance))
  return instance && take(pass, instance, resolved.role)
}

/** What was chosen before a crash is tried first, while it is free; then the first by name. */
function chosenOrFree(pass: Pass<Claim>, asked: Asked, own: Place): Instance | undefined {
  const chosen = pass.object.status?.instanceRef
  // Its own may be there already, made before a crash.
  if (chosen && nameIn(chosen) === nameIn(own)) return undefined
  const free = [...pass.cache(instanceKind).byIndex('free', kindOf(asked))]
  const again = chosen && free.find(({ metadata }) => nameIn(metadata) === nameIn(chosen))
  return again ?? free.sort((a, b) => (nameIn(a.metadata) < nameIn(b.metadata) ? -1 : 1))[0]
}

/** Many claims come at once for the first of the free; who was slower looks again. */
const AFTER_DEFEAT_MS = 20

async function take(pass: Pass<Claim>, instance: Instance, role: string | undefined): Promise<Outcome> {
  const { generation = 0 } = pass.object.metadata
  try {
    refer(pass, await takeInstance(pass, instance, { [RESOLVED_FROM]: String(generation) }))
  } catch (error) {
    if (!isConflict(error)) throw error
    return wait('InstanceHeld', 'a recycled instance went to another claim first', AFTER_DEFEAT_MS)
  }
  planFirst(pass, role)
  pass.event('Normal', 'InstanceRecycled', `instance ${nameIn(instance.metadata)}, wiped of what its last claim left`)
  return wait('Binding', 'the instance is held, and its credentials are being made')
}
