/** A claim that names what it wants: a Secret, or any object with `status.binding.name`. */
import { isObject } from '@larder/engine/base/json'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Ref, Seen, Want } from '@larder/kit'
import { claimKind, type Claim } from '../../model/claim.ts'
import { instanceKind } from '../../model/instance.ts'
import { turnOf, type Waiting } from '../../model/line.ts'
import { resourceInstanceName } from '../../model/names.ts'
import type { HubContext } from '../context.ts'
import { resourceService } from '../service.ts'
import { refuseGoing } from './going-instance.ts'
import { heldInstance } from './held-instance.ts'
import { LOOK_AGAIN_MS } from './hold-member.ts'
import { createRecord, recordOf } from './hold-record.ts'
import { notPermitted, permission, type Neighbour } from './permission.ts'

/** What the claim names, its namespace filled in. */
export function resourceOf({ spec, metadata }: Claim): (Ref & { readonly namespace: string }) | undefined {
  const { resourceRef } = spec
  return resourceRef && { ...resourceRef, namespace: resourceRef.namespace ?? metadata.namespace ?? '' }
}

export async function holdResource(pass: Pass<Claim>, hub: HubContext): Promise<Outcome> {
  const resource = resourceOf(pass.object)!
  const held = heldInstance(pass)
  if (held) {
    refuseGoing(pass, held)
    const { name, namespace = '', uid = '' } = held.metadata
    pass.status.instanceRef = { namespace, name, uid }
    return done
  }
  const subject = await permitted(pass, hub, resource)
  if (recordOf(pass, resource)) return isHeld(resource)
  if (!isTurn(pass, subject)) return isHeld(resource)
  pass.status.resourceRef = resource
  const made = await createRecord(pass, resource, {}, pass.object.spec.role)
  return made ?? isHeld(resource)
}

/**
 * Asks the policies before it looks at the thing, and looks before it says anything of it: whoever is not permitted hears the
 * same of what exists and of what does not.
 */
async function permitted(
  pass: Pass<Claim>,
  hub: HubContext,
  resource: Ref & { namespace: string },
): Promise<Neighbour> {
  const { namespace = '' } = pass.object.metadata
  const { role } = pass.object.spec
  const verdict = permission(pass, namespace, resource, role)
  if (verdict === 'no') throw notPermitted(pass.object)
  const { session, recipe } = resourceService(resource, hub)
  const seen = await session.observe(wantOf(resource, recipe), pass.signal)
  // What does not exist has no labels, not even those that a policy asks not to be there.
  const subject = { ...resource, labels: labelsOf(seen) }
  if (verdict === 'byLabels' && permission(pass, namespace, subject, role) !== 'yes') throw notPermitted(pass.object)
  if (seen.phase === 'absent') {
    const why = namespace === resource.namespace && isCopy(seen) ? COPY : 'does not exist'
    const message = `spec.resourceRef: ${resource.kind} ${resource.namespace}/${resource.name} ${why}`
    throw new Stalled('ResourceNotFound', message, { lookAgainMs: LOOK_AGAIN_MS })
  }
  return subject
}

/** Told at home alone: others hear of a copy as of what does not exist. */
const COPY = 'is the copy that another claim has of what it holds, and cannot be claimed itself'
const isCopy = ({ outputs }: Seen): boolean => isObject(outputs) && outputs['copy'] === true

const wantOf = (resource: Ref, recipe: Want['recipe']): Want => ({
  id: resourceInstanceName(resource),
  generation: 0,
  recipe,
  parameters: {},
  existing: 'Observe',
  origin: { door: 'larder' },
  resource,
  changed: [],
})

function labelsOf(seen: Seen): Readonly<Record<string, string>> | undefined {
  const labels = isObject(seen.outputs) ? seen.outputs['labels'] : undefined
  return isObject(labels) ? (labels as Readonly<Record<string, string>>) : undefined
}

/** Oldest first, and those that no policy permits are skipped. */
function isTurn(pass: Pass<Claim>, subject: Neighbour): boolean {
  const claims = pass
    .cache(claimKind)
    .byIndex('resource', resourceInstanceName(subject))
    .filter(
      (claim) =>
        claim.metadata.deletionTimestamp === undefined &&
        pass.cache(instanceKind).byIndex('claim', claim.metadata.uid ?? '').length === 0,
    )
  const line = claims.map(({ metadata, spec }) => ({
    uid: metadata.uid ?? '',
    namespace: metadata.namespace ?? '',
    createdAt: metadata.creationTimestamp ?? '',
    role: spec.role,
  }))
  const may = ({ namespace, role }: Waiting) => permission(pass, namespace, subject, role) === 'yes'
  return turnOf(pass.object.metadata.uid ?? '', line, [subject], may) !== undefined
}

const isHeld = ({ kind, namespace, name }: Ref): Outcome =>
  wait(
    'ResourceHeld',
    `${kind} ${namespace}/${name} is held by another claim, or an older one waits for it`,
    LOOK_AGAIN_MS,
  )
