import { secretType } from '@larder/engine/client/builtin'
import type { Outcome } from '@larder/engine/runtime/outcome'
import { sequence, type Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import type { HubContext } from '../context.ts'
import { settling } from '../reporting.ts'
import { awaitChange, awaitInstance } from './await-instance.ts'
import { bindingName, isOurs } from './binding-secret.ts'
import { heldInstance, isProvisioned } from './held-instance.ts'
import { holdInstance } from './hold-instance.ts'
import { isPermitted, requirePermission } from './permission.ts'
import { planCredential } from './plan-credential.ts'
import { publishBinding } from './publish-binding.ts'
import { removeFormerSecret } from './remove-secret.ts'
import { revokePredecessor } from './revoke.ts'
import { disownForeign, requireName } from './secret-name.ts'
import { withdrawCopy } from './withdraw-copy.ts'

/**
 * Brings a claim to what it says. Each step looks at what is, never at what woke us; the first that has to wait ends the pass.
 */
export function reconcileClaim(hub: HubContext): (pass: Pass<Claim>) => Promise<Outcome> {
  const steps = sequence(
    disownForeign,
    holdInstance(hub),
    withdrawCopy,
    requirePermission,
    awaitInstance,
    planCredential(hub),
    publishBinding(hub),
    removeFormerSecret,
    revokePredecessor(hub),
    awaitChange,
    requireName,
  )
  return (pass) => settling(() => steps(pass))
}

/**
 * Whether the application can go on working with what it has, however the last change went: its service is there, its
 * credentials were issued and are in its Secret.
 */
export function isUsable(pass: Pass<Claim>): boolean {
  const instance = heldInstance(pass)
  if (!instance || !isProvisioned(instance) || !isPermitted(pass)) return false
  if (pass.status.credential?.serial === undefined) return false
  const issued = pass.status.credential.issuedAt !== undefined || pass.status.credential.predecessor !== undefined
  // While a binding moves to another name the cache may not have seen the new Secret, and the former one is there.
  const names = [pass.status.binding?.name ?? bindingName(pass.object), pass.object.status?.binding?.name]
  const secrets = names.map((name) => name && pass.cache(secretType).get(name, pass.object.metadata.namespace))
  return issued && secrets.some((secret) => secret && isOurs(secret, pass.object))
}
