import { Stalled, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Instance } from '../../model/instance.ts'
import { isObserved } from '../../model/reclaim.ts'
import { schemaProblems } from '../../model/schema-check.ts'
import { unsupportedInInstance } from '../../model/unsupported.ts'
import type { HubContext } from '../context.ts'
import { settling, stallOn } from '../reporting.ts'
import { backendOf } from '../service.ts'
import { stampInstance } from './stamp.ts'
import { openInstancePass, type InstancePass } from './instance-pass.ts'
import { followResource } from './follow-resource.ts'
import { requireRights } from './require-rights.ts'
import { releaseOrphan } from './release-orphan.ts'
import { revokeLeftAfter, revokeLeftAlone } from './revoke-left.ts'
import { settleOutside } from './settle-outside.ts'
import { showNewerRevision } from './newer-revision.ts'
import { countClaims } from './users.ts'
import { wipeBetweenOwners } from './wipe.ts'

/** Brings the service outside to what the instance says. Asks what is, never what woke us. */
export const reconcileInstance =
  (hub: HubContext) =>
  (pass: Pass<Instance>): Promise<Outcome> =>
    settling(async () => {
      countClaims(pass)
      showNewerRevision(pass)
      stallOn(unsupportedInInstance(pass.object))
      const released = await releaseOrphan(pass)
      if (released) return released
      if (pass.object.spec.paused === true) return pause(pass, hub)
      requireRights(pass)
      const object = await stampInstance(pass)
      const opened = await openInstancePass(Object.assign(pass, { object }), hub)
      return revokeLeftAfter(opened, () => settle(opened, hub))
    })

async function settle(pass: InstancePass, hub: HubContext): Promise<Outcome> {
  await checkRecipe(pass, hub)
  if (pass.missing) throw pass.missing
  if (isObserved(pass.object)) return followResource(pass)
  const wiped = await wipeBetweenOwners(pass)
  return wiped.type === 'done' ? settleOutside(pass) : wiped
}

async function pause(pass: Pass<Instance>, hub: HubContext): Promise<Outcome> {
  const revoked = await revokeLeftAlone(pass, hub)
  if (revoked.type !== 'done') return revoked
  throw new Stalled('Paused', 'spec.paused: it is true, so that the service is left as it is')
}

/** Of an instance without a class; a class has its own checked. */
async function checkRecipe(pass: InstancePass, { sessions }: HubContext): Promise<void> {
  const { spec, status, metadata } = pass.object
  if (!spec.backendRef || status?.applied?.generation === metadata.generation) return
  const { recipeSchema } = sessions.driverOf(backendOf(pass.service.backend, pass))
  const problems = await schemaProblems(recipeSchema, spec.recipe ?? {}, 'spec.recipe')
  if (problems.length > 0) throw new Stalled('RecipeInvalid', problems.join('; '))
}
