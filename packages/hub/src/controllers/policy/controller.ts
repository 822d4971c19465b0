import { defineController, type Controller } from '@larder/engine/runtime/controller'
import { done } from '@larder/engine/runtime/outcome'
import { claimPolicyKind, type ClaimPolicy } from '../../model/claim-policy.ts'
import { explain, summarizeCause } from '../reporting.ts'

/** Says what a policy is worth. */
export function policyController(): Controller {
  return defineController<ClaimPolicy>({
    name: 'claimpolicy',
    type: claimPolicyKind,
    reconcile: () => done,
    explain,
    summarize: ({ object, status, settled }) => summarizeCause(object, status, settled),
  })
}
