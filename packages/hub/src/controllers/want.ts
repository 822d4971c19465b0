/** What the driver is told of an instance. */
import { equalJson } from '@larder/engine/base/json'
import type { Origin, Want } from '@larder/kit'
import type { Instance } from '../model/instance.ts'
import type { Fingerprint } from './fingerprint.ts'
import type { Service } from './service.ts'

/** A want, and a keyed hash by which it is recognized. */
export interface Wanted {
  readonly want: Want
  readonly hash: string
}

export async function wantOf(
  instance: Instance,
  service: Service,
  state: string | undefined,
  fingerprint: Fingerprint,
): Promise<Wanted> {
  const { spec, status, metadata } = instance
  const parameters = spec.parameters ?? {}
  const { plan, externalName } = spec
  const want: Want = {
    id: spec.externalID ?? '',
    ...(externalName !== undefined && { name: externalName }),
    generation: metadata.generation ?? 0,
    ...(plan !== undefined && { plan: { name: plan } }),
    recipe: service.recipe,
    parameters,
    existing: spec.existing ?? 'Refuse',
    ...(spec.resourceRef && { resource: spec.resourceRef }),
    origin: spec.origin ? { door: 'larder', ...spec.origin } : originOf(instance),
    ...(status?.applied?.plan !== undefined && { applied: { plan: status.applied.plan } }),
    changed: changes(instance),
    ...(state !== undefined && { state }),
  }
  const hash = await fingerprint([service.recipe, plan ?? null, parameters])
  return { want, hash }
}

/** The claim that holds the instance, or nobody's door. */
function originOf({ spec }: Instance): Origin {
  const { claimRef } = spec
  if (!claimRef) return { door: 'larder' }
  return { door: 'larder', apiVersion: 'larder.dev/v1alpha1', kind: 'Claim', ...claimRef }
}

function changes({ spec, status }: Instance): Want['changed'] {
  const applied = status?.applied
  if (!applied) return []
  const changed: ('plan' | 'parameters' | 'recipe')[] = []
  if (applied.plan !== spec.plan) changed.push('plan')
  if (!equalJson(applied.parameters ?? {}, spec.parameters ?? {})) changed.push('parameters')
  if (applied.revision !== spec.revision) changed.push('recipe')
  return changed
}
