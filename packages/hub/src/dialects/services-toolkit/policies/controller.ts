/**
 * A ResourceClaimPolicy is a ClaimPolicy beside it, which the core judges all the time. That one is made and corrected here, and goes with
 * its original by the cluster's garbage collection.
 */
import { ensure } from '@larder/engine/client/client'
import { findCondition } from '@larder/engine/runtime/conditions'
import { defineController, ownersOf, watching, type Controller } from '@larder/engine/runtime/controller'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { DoorContext } from '../../../door.ts'
import { claimPolicyKind, type ClaimPolicy } from '../../../model/claim-policy.ts'
import { MANAGED_BY, MANAGED_BY_LABEL } from '../../../model/names.ts'
import { selectorProblem } from '../../../model/visibility.ts'
import { INITIALIZING, readySaying, sayAll } from '../conditions.ts'
import { resourceClaimPolicyType, STK_API_VERSION, subjectOf, type ResourceClaimPolicy } from '../kinds.ts'

const EVERYBODY = '*'

/** No list of theirs is published. */
const REASONS = ['NameTaken', 'SelectorInvalid']

export function resourceClaimPolicyController({ clock }: DoorContext): Controller {
  return defineController<ResourceClaimPolicy>({
    name: 'services-toolkit-policy',
    type: resourceClaimPolicyType,
    conditions: false,
    watches: [watching(claimPolicyKind, (policy) => ownersOf(policy, resourceClaimPolicyType))],
    reconcile: keepClaimPolicy,
    summarize({ object, status, settled }) {
      sayAll(status, object, [readySaying(settled, REASONS, 'ApiRefused')], clock.now())
    },
  })
}

const claimPolicyName = ({ metadata }: Pick<ResourceClaimPolicy, 'metadata'>): string => `rcp-${metadata.uid}`

async function keepClaimPolicy(pass: Pass<ResourceClaimPolicy>): Promise<Outcome> {
  const { object } = pass
  const { namespace = '', uid = '', name: owner } = object.metadata
  const name = claimPolicyName(object)
  const ownerReferences = [{ apiVersion: STK_API_VERSION, kind: object.kind, name: owner, uid, controller: true }]
  const policy = await ensure(
    pass.client,
    claimPolicyKind,
    { name, namespace },
    (current) => {
      if (current && !current.metadata.ownerReferences?.some((ref) => ref.uid === uid))
        throw new Stalled('NameTaken', `ClaimPolicy ${namespace}/${name} was not made for this policy: delete it`)
      const metadata = current?.metadata ?? { labels: { [MANAGED_BY_LABEL]: MANAGED_BY }, ownerReferences }
      return { ...current, metadata, spec: specOf(object) }
    },
    { cached: pass.cache(claimPolicyKind).get(name, namespace) },
  )
  const at = object.spec.subject ? 'spec.subject.selector' : 'spec.selector'
  const problem = selectorProblem(subjectOf(object).selector, at)
  if (problem) throw new Stalled('SelectorInvalid', problem)
  return tell(policy)
}

function specOf(policy: ResourceClaimPolicy): ClaimPolicy['spec'] {
  const { consumingNamespaces: namespaces } = policy.spec
  const { group, kind, selector, resourceNames } = subjectOf(policy)
  return {
    // An empty selector is everybody, and a list of no names is nobody.
    consumers: namespaces.includes(EVERYBODY) ? { selector: {} } : { namespaces },
    subjects: [{ group, kind, ...(resourceNames && { names: resourceNames }), ...(selector && { selector }) }],
  }
}

function tell({ status, metadata }: ClaimPolicy): Outcome {
  const ready = findCondition(status?.conditions, 'Ready')
  if (!ready || status?.observedGeneration !== metadata.generation)
    return wait(INITIALIZING, 'the policy has not been looked at yet')
  return ready.status === 'True' ? done : wait(ready.reason, ready.message)
}
