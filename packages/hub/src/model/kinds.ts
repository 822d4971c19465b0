import { backendKind } from './backend.ts'
import { claimPolicyKind } from './claim-policy.ts'
import { claimKind } from './claim.ts'
import { classKind } from './class.ts'
import { instanceKind } from './instance.ts'

/** The five words, in the order in which a newcomer meets them. */
export const kinds = [backendKind, classKind, instanceKind, claimKind, claimPolicyKind] as const
