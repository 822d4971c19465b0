import { Stalled, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Instance } from '../../model/instance.ts'
import { unsupportedInInstance } from '../../model/unsupported.ts'
import type { HubContext } from '../context.ts'
import { settling, stallOn } from '../reporting.ts'
import { stampExternalID } from './external-id.ts'
import { openInstancePass } from './instance-pass.ts'
import { followResource } from './follow-resource.ts'
import { releaseOrphan } from './release-orphan.ts'
import { settleOutside } from './settle-outside.ts'
import { countClaims } from './users.ts'
import { wipeBetweenOwners } from './wipe.ts'

/** Brings the service outside to what the instance says. Asks what is, never what woke us. */
export const reconcileInstance =
  (hub: HubContext) =>
  (pass: Pass<Instance>): Promise<Outcome> =>
    settling(async () => {
      countClaims(pass)
      stallOn(unsupportedInInstance(pass.object))
      const released = await releaseOrphan(pass)
      if (released) return released
      if (pass.object.spec.paused === true) throw new Stalled('Paused', PAUSED)
      const object = await stampExternalID(pass)
      const opened = await openInstancePass(Object.assign(pass, { object }), hub)
      if (object.spec.resourceRef) return followResource(opened)
      const wiped = await wipeBetweenOwners(opened)
      return wiped.type === 'done' ? settleOutside(opened) : wiped
    })

const PAUSED = 'spec.paused: it is true, so that the service is left as it is'
