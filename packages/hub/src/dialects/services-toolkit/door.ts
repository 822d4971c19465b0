/**
 * Dialect `services-toolkit`: the kinds of Services Toolkit, turned into what Larder has. The core decides: who may claim, whose turn it
 * is and what is held; the dialect says it in Services Toolkit's words. How the two compare: docs/reference/services-toolkit.md.
 */
import type { Door } from '../../door.ts'
import { claimRightManifests } from './class-claim/claim-right.ts'
import { instanceQuery } from './instance-query/instance-query.ts'
import { STK_DOOR, stkDefinitions } from './kinds.ts'
import { stkManifests, stkRoles, stkRules } from './rights.ts'

export const servicesToolkit: Door = {
  name: STK_DOOR,
  definitions: stkDefinitions,
  queries: [instanceQuery],
  rules: stkRules,
  roles: stkRoles,
  manifests: (hub) => [...stkManifests(), ...claimRightManifests(hub)],
  controllers: async (context) => (await import('./controllers.ts')).stkControllers(context),
}
