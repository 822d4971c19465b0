/** What tests wait for of one claim. */
import { claimKind } from '../../model/claim.ts'
import type { TestHub } from './hub.ts'

export const claimGone = (hub: TestHub, name: string): Promise<true> =>
  hub.until(`claim ${name} to go`, async () => ((await hub.admin.of(claimKind).find(name, 'shop')) ? undefined : true))
