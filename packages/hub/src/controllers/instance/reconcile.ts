import type { Outcome } from '@larder/engine/runtime/outcome'
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

/** Brings the service outside to what the instance says. Asks what is, never what woke us. */
export const reconcileInstance =
  (hub: HubContext) =>
  (pass: Pass<Instance>): Promise<Outcome> =>
    settling(async () => {
      pass.status.claims = pass.object.spec.claimRef ? 1 : 0
      stallOn(unsupportedInInstance(pass.object))
      const released = await releaseOrphan(pass)
      if (released) return released
      const object = await stampExternalID(pass)
      const opened = await openInstancePass(Object.assign(pass, { object }), hub)
      return object.spec.resourceRef ? followResource(opened) : settleOutside(opened)
    })
