import { defineController, type Controller } from '@larder/engine/runtime/controller'
import { done, Stalled, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import { claimPolicyKind, type ClaimPolicy } from '../../model/claim-policy.ts'
import { selectorProblem } from '../../model/visibility.ts'
import { explain, summarizeCause } from '../reporting.ts'

/** Says what a policy is worth. */
export function policyController(): Controller {
  return defineController<ClaimPolicy>({
    name: 'claimpolicy',
    type: claimPolicyKind,
    reconcile: refuseWrongSelectors,
    explain,
    summarize: ({ object, status, settled }) => summarizeCause(object, status, settled),
  })
}

/** What is wrong selects nothing, and a policy that is worth nothing must not look like one that is. */
function refuseWrongSelectors({ object: { spec } }: Pick<Pass<ClaimPolicy>, 'object'>): Outcome {
  const problems = [
    selectorProblem(spec.consumers?.selector, 'spec.consumers.selector'),
    ...spec.subjects.map(({ selector }, i) => selectorProblem(selector, `spec.subjects[${i}].selector`)),
  ].filter((each) => each !== undefined)
  if (problems.length > 0) throw new Stalled('SelectorInvalid', problems.join('; '))
  return done
}
