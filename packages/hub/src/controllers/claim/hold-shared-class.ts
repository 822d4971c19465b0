/** For a class whose instances are shared: the one of this plan and these parameters, made by the first claim that asks for it. */
import { equalJson } from '@larder/engine/base/json'
import { isAlreadyExists } from '@larder/engine/machinery/status'
import { findCondition } from '@larder/engine/runtime/conditions'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import type { Class } from '../../model/class.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { isShared, nameIn } from '../../model/instance-use.ts'
import { FINALIZER, INSTANCE_NAMESPACE, sharedInstanceName } from '../../model/names.ts'
import type { Resolved } from '../../model/resolve-instance.ts'
import { canonical } from '../fingerprint.ts'
import { provisioning } from './await-instance.ts'
import { ensureNamespace } from './ensure-namespace.ts'
import { chooseInstance, type Place } from './choose-instance.ts'
import { goes, joinMarks, joinShared } from './hold-shared.ts'
import { planFirst, SOON_MS } from './plan-credential.ts'
import { refer } from './refer.ts'

export async function holdShared(pass: Pass<Claim>, service: Class, resolved: Resolved): Promise<Outcome> {
  const place = pass.object.status?.instanceRef ?? placeOf(service, resolved)
  const instance = pass.cache(instanceKind).get(place.name, place.namespace)
  if (!instance) return makeShared(pass, service, resolved, place)
  if (instance.metadata.deletionTimestamp !== undefined) {
    await chooseInstance(pass, place)
    return goes()
  }
  if (!isShared(instance)) {
    throw new Stalled('NameTaken', `instance ${nameIn(place)} exists and is not shared`)
  }
  return joinShared(pass, instance, resolved.role)
}

const placeOf = ({ metadata, spec }: Class, resolved: Resolved): Place => {
  const { plan, parameters, parametersFrom } = resolved.spec
  return {
    namespace: spec.instanceNamespace ?? INSTANCE_NAMESPACE,
    name: sharedInstanceName(canonical([metadata.name, plan ?? '', parameters ?? {}, parametersFrom ?? []])),
  }
}

async function makeShared(pass: Pass<Claim>, service: Class, resolved: Resolved, place: Place): Promise<Outcome> {
  await ensureNamespace(pass, place.namespace)
  const since = await chooseInstance(pass, place)
  const { uid = '' } = pass.object.metadata
  try {
    const instance = await pass.client.of(instanceKind).create({
      metadata: { ...place, finalizers: [FINALIZER], annotations: joinMarks(pass.object, since) },
      spec: { ...resolved.spec, revision: service.status?.revision ?? '', externalID: uid },
    })
    refer(pass, instance)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    return wait('Provisioning', 'another claim makes the shared service', SOON_MS)
  }
  planFirst(pass, resolved.role)
  pass.event('Normal', 'ClassMatched', `class ${service.metadata.name}`)
  return provisioning(pass)
}

/**
 * One of many changes nothing for the others. Asked only when the claim has changed, or while it is refused: when a default of the
 * class moves, what the claim has stays.
 */
export async function keepShared(
  { object }: Pass<Claim>,
  held: Instance,
  resolve: () => Promise<Resolved>,
): Promise<Outcome> {
  const { status, metadata } = object
  if (status?.observedGeneration === metadata.generation && !findCondition(status?.conditions, 'Stalled')) return done
  const { spec } = await resolve()
  const differs = [
    spec.plan !== held.spec.plan && `spec.plan: the service has plan ${held.spec.plan ?? 'none'}`,
    !equalJson(spec.parameters ?? {}, held.spec.parameters ?? {}) && 'spec.parameters: the service has others',
    !equalJson((spec.parametersFrom ?? []) as never, (held.spec.parametersFrom ?? []) as never) &&
      'spec.parametersFrom: the service has others',
  ].filter((each) => each !== false)
  if (differs.length === 0) return done
  throw new Stalled('InstanceShared', `${differs.join('; ')}, and it is shared with other claims`)
}
