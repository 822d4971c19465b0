/**
 * Tells a mistake in a claim where the person still is: at `kubectl apply`. Only what the class decides is checked here; the
 * same check runs again in status, because classes change, and because on other clusters nobody asks us.
 */
import { namespaceType } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Resource } from '@larder/engine/machinery/shape'
import { invalid, type FieldProblem } from '@larder/engine/machinery/status'
import { equalJson } from '@larder/engine/base/json'
import { classKind, type Class } from '../../model/class.ts'
import { claimKind, type Claim } from '../../model/claim.ts'
import { GROUP } from '../../model/kind.ts'
import { checkParameters, unexpectedParameters } from '../../model/parameters.ts'
import { choosePlan } from '../../model/plan-choice.ts'
import { FINALIZER } from '../../model/names.ts'
import { isRefusal } from '../../model/refusal.ts'
import { isConsumer, type Neighbourhood } from '../../model/visibility.ts'

/** What the check reads; caches will do, because a class that is not seen yet passes. */
export interface ClassReader {
  findClass(name: string): Promise<Class | undefined> | Class | undefined
  findNamespace(name: string): Promise<Neighbourhood | undefined> | Neighbourhood | undefined
}

/** Reads through a client, which exists only after the API that this plugin is given to. */
export const readThrough = (client: () => Client): ClassReader => ({
  findClass: (name) => client().of(classKind).find(name),
  findNamespace: async (name) => (await client().of(namespaceType).find(name))?.metadata,
})

/** The API server's AdmissionPlugin, as far as it is used here: controllers do not import the server. */
export interface ClaimAdmission {
  readonly name: string
  handles(resource: Resource, verb: 'create' | 'update' | 'delete', subresource?: string): boolean
  review(request: { readonly object?: KubeObject; readonly old?: KubeObject }): Promise<void>
}

/**
 * The finalizer of a claim with its first write, which is one write and one wait less for everybody who claims. A claim that comes
 * without it, on another cluster, gets it from the controller.
 */
export const claimBirth = {
  handles: isClaims,
  mutate(object: KubeObject): KubeObject {
    const { metadata } = object
    const finalizers = metadata.finalizers ?? []
    if (finalizers.includes(FINALIZER)) return object
    return { ...object, metadata: { ...metadata, finalizers: [...finalizers, FINALIZER] } }
  },
}

export function claimAdmission(reader: ClassReader): ClaimAdmission {
  return {
    name: 'LarderClaims',
    handles: (resource, verb, subresource) => isClaims(resource) && verb !== 'delete' && subresource === undefined,
    async review({ object, old }) {
      if (!object) return
      const claim = object as Claim
      if (old && unchanged(claim, old as Claim)) return
      const problems = await problemsOf(claim, reader)
      if (problems.length > 0) throw invalid(claimKind, claim.metadata.name, problems)
    },
  }
}

function isClaims({ group, resource }: Resource): boolean {
  return group === GROUP && resource === claimKind.resource
}

/** A class that has become stricter locks nobody out of metadata, or of a deletion. */
const unchanged = (claim: Claim, old: Claim) =>
  claim.spec.plan === old.spec.plan && equalJson(claim.spec.parameters ?? {}, old.spec.parameters ?? {})

async function problemsOf({ spec, metadata }: Claim, reader: ClassReader): Promise<readonly FieldProblem[]> {
  if (spec.className === undefined) return []
  const service = await reader.findClass(spec.className)
  const namespace = (await reader.findNamespace(metadata.namespace ?? '')) ?? { name: metadata.namespace ?? '' }
  // Unknown and invisible pass alike: status tells, and a tenant learns nothing from the difference.
  if (!service || !isConsumer(service.spec.consumers, namespace, true)) return []
  const said = spec.parameters ?? {}
  const choice = choosePlan(service, spec.plan, undefined)
  const plan = isRefusal(choice) ? service.spec.plans?.find((p) => p.name === spec.plan) : choice.plan
  if (isRefusal(choice) && !plan) return []
  const { problems } = await checkParameters(service, plan, said)
  // What Secrets will give is not known here, and status tells if it is missing.
  const known = spec.parametersFrom ? problems.filter(({ reason }) => reason !== 'FieldValueRequired') : problems
  return [...unexpectedParameters(service, said), ...known]
}
