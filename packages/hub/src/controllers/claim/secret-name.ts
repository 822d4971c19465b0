/**
 * The name under which the Secret of a binding is kept: the one that the claim asks for or, while that is somebody else's, the one that
 * status names.
 *
 * A claim may be given another name when a foreign Secret has it. That change is refused, and what the application reads under the
 * former name is kept right as at any other time: mended when somebody spoils it, and of another role when the claim asks for one.
 */
import { secretType } from '@larder/engine/client/builtin'
import { done, Stalled, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import { bindingName, isOurs } from './binding-secret.ts'

/** A foreign Secret has the name that is asked for, and there is no former one to keep: then also the name that is asked for. */
export function secretName(pass: Pass<Claim>): string {
  const asked = bindingName(pass.object)
  const former = pass.object.status?.binding?.name
  return former !== undefined && isForeign(pass, asked) && !isForeign(pass, former) ? former : asked
}

/** Its own went, and a foreign Secret has the name now: whoever reads status would take the values of another for the claim's. */
export async function disownForeign(pass: Pass<Claim>): Promise<Outcome> {
  if (pass.status.binding && isForeign(pass, pass.status.binding.name)) delete pass.status.binding
  return done
}

/** Throws while a foreign Secret has the name that is asked for. */
export async function requireName(pass: Pass<Claim>): Promise<Outcome> {
  const asked = bindingName(pass.object)
  if (isForeign(pass, asked)) throw nameTaken(asked, pass.object.metadata.namespace)
  return done
}

export const nameTaken = (name: string, namespace = '') =>
  new Stalled('BindingNameTaken', `spec.binding.name: Secret ${namespace}/${name} exists and is not of this claim`)

function isForeign(pass: Pass<Claim>, name: string): boolean {
  const there = pass.cache(secretType).get(name, pass.object.metadata.namespace)
  return there !== undefined && !isOurs(there, pass.object)
}
