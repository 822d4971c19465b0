/** What the driver is told of an instance. */
import { equalJson } from '@larder/engine/base/json'
import type { Stalled } from '@larder/engine/runtime/outcome'
import type { Origin, Want } from '@larder/kit'
import type { Instance } from '../model/instance.ts'
import type { Fingerprint } from './fingerprint.ts'
import { ownCredentials, resolveParameters } from './instance-secrets.ts'
import type { Service } from './service.ts'

/** A want, and a keyed hash by which it is recognized. */
export interface Wanted {
  readonly want: Want
  readonly hash: string
  /** Why some secret parameters are not in it: then nothing may be made or changed by it. */
  readonly missing: Stalled | undefined
}

export async function wantOf(
  instance: Instance,
  service: Service,
  state: string | undefined,
  fingerprint: Fingerprint,
): Promise<Wanted> {
  const { spec, metadata } = instance
  const { plan, externalName } = spec
  const { parameters, secrets, missing } = resolveParameters(instance, service.readSecret, service.isPlatforms)
  for (const secret of secrets) service.session.learn(secret)
  const credentials = ownCredentials(instance, service.readSecret)
  const hash = await fingerprint([service.recipe, plan ?? null, parameters])
  const want: Want = {
    id: spec.externalID ?? '',
    ...(externalName !== undefined && { name: externalName }),
    generation: metadata.generation ?? 0,
    ...(plan !== undefined && { plan: planOf(plan, service) }),
    recipe: service.recipe,
    parameters,
    ...(credentials && { credentials }),
    existing: spec.existing ?? 'Refuse',
    ...(spec.resourceRef && { resource: spec.resourceRef }),
    origin: spec.origin ? { door: 'larder', ...spec.origin } : originOf(instance),
    ...appliedPlan(instance),
    changed: changes(instance, hash),
    ...(state !== undefined && { state }),
  }
  return { want, hash, missing }
}

function planOf(name: string, { planIds }: Service): NonNullable<Want['plan']> {
  const externalId = planIds?.[name]
  return { name, ...(externalId !== undefined && { externalId }) }
}

/** What the backend has been told, by its own words too: a catalog may have renamed the plan since. */
function appliedPlan({ status }: Instance): Pick<Want, 'applied'> {
  const { plan, externalPlanId } = status?.applied ?? {}
  if (plan === undefined) return {}
  return { applied: { plan, ...(externalPlanId !== undefined && { externalPlanId }) } }
}

/** The claim that holds the instance, or nobody's door. */
function originOf({ spec }: Instance): Origin {
  const { claimRef } = spec
  if (!claimRef) return { door: 'larder' }
  return { door: 'larder', apiVersion: 'larder.dev/v1alpha1', kind: 'Claim', ...claimRef }
}

function changes({ spec, status }: Instance, hash: string): Want['changed'] {
  const applied = status?.applied
  if (!applied) return []
  const changed: ('plan' | 'parameters' | 'recipe')[] = []
  if (applied.plan !== spec.plan) changed.push('plan')
  if (!equalJson(applied.parameters ?? {}, spec.parameters ?? {}) || !sameSecrets(applied, spec)) {
    changed.push('parameters')
  }
  if (applied.revision !== spec.revision) changed.push('recipe')
  // What is the same to read and has another hash has another secret in it.
  return changed.length === 0 && applied.hash !== undefined && applied.hash !== hash ? ['parameters'] : changed
}

type Secretive = Pick<Instance['spec'], 'parametersFrom'>

const sameSecrets = (a: Secretive, b: Secretive): boolean => equalJson(a.parametersFrom ?? [], b.parametersFrom ?? [])
