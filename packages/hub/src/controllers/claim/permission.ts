/** What claims may hold of other namespaces, by the policies there. */
import { isObject } from '@larder/engine/base/json'
import { namespaceType } from '@larder/engine/client/builtin'
import { done, Stalled, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import { claimPolicyKind } from '../../model/claim-policy.ts'
import type { Claim } from '../../model/claim.ts'
import type { Instance } from '../../model/instance.ts'
import { judge, type Subject, type Verdict } from '../../model/permission.ts'
import { heldInstance } from './held-instance.ts'

export interface Neighbour extends Subject {
  readonly namespace: string
}

type Reader = Pick<Pass<Claim>, 'cache'>

/** Whether a claim from that namespace may hold it; in its own namespace it always may. */
export function permission({ cache }: Reader, consumer: string, subject: Neighbour, role: string | undefined): Verdict {
  if (subject.namespace === consumer) return 'yes'
  const policies = cache(claimPolicyKind).list(subject.namespace)
  if (policies.length === 0) return 'no'
  const { labels } = cache(namespaceType).get(consumer)?.metadata ?? {}
  return judge(policies, subject, { name: consumer, labels }, role)
}

/** Says no in words that are the same whether or not the thing exists. */
export function notPermitted({ spec, metadata }: Claim): Stalled {
  const { namespace = '' } = metadata
  const ref = spec.resourceRef
  const what = ref
    ? `claim ${ref.kind} ${ref.namespace ?? namespace}/${ref.name}`
    : `hold what it has of class ${spec.className ?? ''}`
  return new Stalled('NotPermitted', `no ClaimPolicy lets namespace ${namespace} ${what}`)
}

/** A policy that is edited or removed ends what it permitted; when it returns, the claim heals. */
export function requirePermission(pass: Pass<Claim>): Outcome {
  if (isPermitted(pass)) return done
  throw notPermitted(pass.object)
}

export function isPermitted(pass: Pass<Claim>): boolean {
  const held = heldInstance(pass)
  const ref = held?.spec.resourceRef
  if (!ref) return true
  const subject = { ...ref, namespace: ref.namespace ?? '', labels: labelsOf(held) }
  const role = pass.status.credential?.role ?? pass.object.spec.role
  // Not looked at yet: then it is not provisioned either, and the claim waits for that.
  return permission(pass, pass.object.metadata.namespace ?? '', subject, role) !== 'no'
}

/** As the driver saw them last. */
function labelsOf({ status }: Instance): Record<string, string> | undefined {
  const labels = isObject(status?.outputs) ? (status.outputs as { labels?: unknown }).labels : undefined
  return isObject(labels) ? (labels as Record<string, string>) : undefined
}
