/**
 * Decides which instance the claim holds, and keeps that instance as the claim asks.
 *
 * The name of a new instance derives from the claim's uid and the hold is part of its creation, so that after a crash the next
 * pass finds it, and two passes can never make two. The instance is born with its finalizer and its id outside: between
 * two writes a crash could otherwise leave something outside that nobody removes.
 */
import { equalJson, type JsonObject } from '@larder/engine/base/json'
import { namespaceType, type Namespace } from '@larder/engine/client/builtin'
import { isAlreadyExists } from '@larder/engine/machinery/status'
import { findCondition } from '@larder/engine/runtime/conditions'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import { classKind, type Class } from '../../model/class.ts'
import type { Claim } from '../../model/claim.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { isShared, nameIn, usedMark } from '../../model/instance-use.ts'
import { claimInstanceName, FINALIZER, INSTANCE_NAMESPACE } from '../../model/names.ts'
import { isRefusal } from '../../model/refusal.ts'
import { resolveInstance, type Resolved } from '../../model/resolve-instance.ts'
import { isConsumer } from '../../model/visibility.ts'
import type { HubContext } from '../context.ts'
import { stallOn } from '../reporting.ts'
import { backendOf } from '../service.ts'
import { provisioning } from './await-instance.ts'
import { chooseInstance, placeOf, takeInstance } from './choose-instance.ts'
import { ensureNamespace } from './ensure-namespace.ts'
import { isGoing, refuseGoing } from './going-instance.ts'
import { heldInstance } from './held-instance.ts'
import { takeFree } from './hold-free.ts'
import { holdMember } from './hold-member.ts'
import { holdNamed } from './hold-named.ts'
import { choose, releaseOthers, RESOLVED_FROM } from './hold-record.ts'
import { holdResource } from './hold-resource.ts'
import { holdShared, keepShared } from './hold-shared-class.ts'
import { planFirst } from './plan-credential.ts'
import { refer } from './refer.ts'
import { placeSecrets } from './secret-parameters.ts'

export const holdInstance = (hub: HubContext) =>
  async function holdInstance(pass: Pass<Claim>): Promise<Outcome> {
    if (pass.object.spec.resourceRef) return holdResource(pass, hub)
    if (pass.object.spec.instanceRef) return holdNamed(pass)
    const held = heldInstance(pass)
    if (held) await releaseOthers(pass)
    return held ? keep(pass, held) : hold(pass, hub)
  }

async function hold(pass: Pass<Claim>, hub: HubContext): Promise<Outcome> {
  refuseLost(pass)
  const service = claimableClass(pass)
  const resolved = await resolve(pass, service, undefined)
  const notReady = classOutcome(service)
  if (notReady) return notReady
  const driver = hub.sessions.driverOf(backendOf(service.spec.backendRef.name, pass))
  const { provisions } = driver.traits(service.spec.recipe ?? {})
  if (!provisions) return holdMember(pass, hub, service, resolved)
  if (resolved.spec.sharing === 'Shared') return holdShared(pass, service, resolved)
  return (await takeFree(pass, service, resolved)) ?? make(pass, service, resolved)
}

/** A uid in status says that the claim had it; another in its place would hide that its data is gone. */
function refuseLost(pass: Pass<Claim>): void {
  const { name, namespace, uid } = pass.object.status?.instanceRef ?? {}
  if (name === undefined || uid === undefined) return
  const there = pass.cache(instanceKind).get(name, namespace)?.metadata.uid === uid
  const what = there ? 'is no longer held by this claim' : 'was deleted'
  throw new Stalled('InstanceLost', `instance ${namespace}/${name} ${what}`)
}

/** A class that is invisible is told like one that is absent, so that a tenant learns nothing. */
function findClass(pass: Pass<Claim>): Class {
  const { object } = pass
  const { namespace = '' } = object.metadata
  const service = pass.cache(classKind).get(object.spec.className ?? '')
  const { labels } = pass.cache(namespaceType).get(namespace)?.metadata ?? ({} as Partial<Namespace['metadata']>)
  if (service && isConsumer(service.spec.consumers, { name: namespace, labels }, true)) return service
  throw new Stalled(
    'ClassNotFound',
    `spec.className: there is no class ${JSON.stringify(object.spec.className)} for namespace ${namespace}`,
  )
}

function claimableClass(pass: Pass<Claim>): Class {
  const service = findClass(pass)
  const { name, deletionTimestamp } = service.metadata
  if (service.spec.offered === false || deletionTimestamp !== undefined) {
    throw new Stalled('ClassNotOffered', `spec.className: class ${name} takes no new claims`)
  }
  return service
}

async function resolve(pass: Pass<Claim>, service: Class, held: Instance | undefined): Promise<Resolved> {
  const role = pass.object.status?.credential?.role
  const { parameters = {}, parametersFrom = [] } = pass.object.spec
  const placed = placeSecrets(pass, parameters, parametersFrom, 'spec.parametersFrom')
  const resolved = await resolveInstance(service, pass.object, { plan: held?.spec.plan, role }, placed)
  if (isRefusal(resolved)) {
    stallOn(resolved)
    throw new TypeError('unreachable')
  }
  return resolved
}

async function make(pass: Pass<Claim>, service: Class, resolved: Resolved): Promise<Outcome> {
  const { name, namespace = '', uid = '', generation = 0 } = pass.object.metadata
  const home = service.spec.instanceNamespace ?? INSTANCE_NAMESPACE
  await ensureNamespace(pass, home)
  const instances = pass.client.of(instanceKind)
  let instance: Instance
  try {
    instance = await instances.create({
      metadata: {
        name: claimInstanceName(uid),
        namespace: home,
        finalizers: [FINALIZER],
        annotations: { [RESOLVED_FROM]: String(generation), ...usedMark(pass.object) },
      },
      spec: {
        ...resolved.spec,
        revision: service.status?.revision ?? '',
        externalID: uid,
        claimRef: { namespace, name, uid },
      },
    })
    pass.event('Normal', 'ClassMatched', `class ${service.metadata.name}`)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    const there = await instances.get(claimInstanceName(uid), home)
    const holder = there.spec.claimRef
    if (holder && holder.uid !== uid)
      return wait('InstanceHeld', `instance ${nameIn(there.metadata)} is held by another claim`)
    instance = holder ? there : await take(pass, there)
  }
  refer(pass, instance)
  // With the same write as the reference, so that binding needs no pass of its own to say what it will make.
  planFirst(pass, resolved.role)
  return provisioning(pass)
}

/** A class that cannot make anything now: in its own words, to somebody who may not look at the backend. */
function classOutcome({ metadata, status }: Class): Outcome | undefined {
  const ready = findCondition(status?.conditions, 'Ready')
  if (!ready || status?.observedGeneration !== metadata.generation) {
    return wait('Progressing', `class ${metadata.name} has not been looked at yet`)
  }
  if (ready.status === 'True') return undefined
  const message = `class ${metadata.name} is not ready: ${ready.message}`
  if (status?.cause?.heals === false) throw new Stalled(ready.reason, message)
  return wait(ready.reason, message)
}

/** The instance of this claim's name without its hold: let go of by a hub that knows more, or by hand. */
async function take(pass: Pass<Claim>, instance: Instance): Promise<Instance> {
  await chooseInstance(pass, placeOf(instance))
  return takeInstance(pass, instance)
}

/** Brings the instance to what the claim asks now, if the claim has changed since. */
async function keep(pass: Pass<Claim>, held: Instance): Promise<Outcome> {
  refer(pass, held)
  refuseGoing(pass, held)
  // A change of what goes is not made; what the claim has of it is kept.
  if (isGoing(held)) return done
  const { resourceRef } = held.spec
  if (resourceRef && !pass.object.status?.resourceRef) await choose(pass, resourceRef)
  if (isShared(held)) return keepShared(pass, held, () => resolve(pass, findClass(pass), held))
  const generation = String(pass.object.metadata.generation ?? 0)
  if (held.metadata.annotations?.[RESOLVED_FROM] === generation) return done
  const resolved = await resolve(pass, findClass(pass), held)
  const { name, namespace, resourceVersion } = held.metadata
  const { plan, parameters, parametersFrom } = resolved.spec
  const spec = {
    ...(plan !== held.spec.plan && { plan: plan ?? null }),
    ...(!equalJson(parameters ?? {}, held.spec.parameters ?? {}) && {
      parameters: replacement(held.spec.parameters ?? {}, parameters ?? {}),
    }),
    ...((parametersFrom ?? held.spec.parametersFrom) && { parametersFrom: parametersFrom ?? null }),
  }
  const metadata = { resourceVersion, annotations: { [RESOLVED_FROM]: generation } }
  await pass.client.of(instanceKind).patch(name, { metadata, spec }, { namespace })
  return wait('Updating', 'the service is being changed')
}

/** A merge patch that leaves nothing of the old parameters. */
function replacement(old: JsonObject, wanted: JsonObject): JsonObject {
  const patch: Record<string, JsonObject[string]> = { ...wanted }
  for (const key of Object.keys(old)) if (!(key in wanted)) patch[key] = null
  return patch
}
