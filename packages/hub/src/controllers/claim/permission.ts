/** What claims may hold of other namespaces, by the policies there. */
import { isObject } from '@larder/engine/base/json'
import { namespaceType } from '@larder/engine/client/builtin'
import { done, Stalled, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import { claimPolicyKind } from '../../model/claim-policy.ts'
import type { Claim } from '../../model/claim.ts'
import type { Instance } from '../../model/instance.ts'
import { homeOf, nameIn } from '../../model/instance-use.ts'
import { API_VERSION } from '../../model/kind.ts'
import { judge, type Subject, type Verdict } from '../../model/permission.ts'
import { heldInstance } from './held-instance.ts'

export interface Neighbour extends Subject {
  readonly namespace: string
}

/** An instance as policies of its home see it. Of one that was not looked at its own namespace is its home. */
export function subjectOf(instance: Instance | { readonly namespace: string; readonly name: string }): Neighbour {
  const kind = { apiVersion: API_VERSION, kind: 'Instance' }
  if (!('metadata' in instance)) return { ...kind, ...instance }
  const { name, labels = {} } = instance.metadata
  return { ...kind, name, namespace: homeOf(instance), labels }
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
  return new Stalled('NotPermitted', `no ClaimPolicy lets namespace ${namespace} ${asked(spec, namespace)}`)
}

function asked({ resourceRef, instanceRef, className, role }: Claim['spec'], namespace: string): string {
  const as = role === undefined ? '' : ` as ${role}`
  if (resourceRef) return `claim ${resourceRef.kind} ${resourceRef.namespace ?? namespace}/${resourceRef.name}${as}`
  if (instanceRef) return `claim Instance ${nameIn(instanceRef)}${as}`
  return `hold what it has of class ${className ?? ''}${as}`
}

/** A policy that is edited or removed ends what it permitted; when it returns, the claim heals. */
export function requirePermission(pass: Pass<Claim>): Outcome {
  if (isPermitted(pass)) return done
  throw notPermitted(pass.object)
}

export const isPermitted = (pass: Pass<Claim>): boolean =>
  mayHave(pass, pass.status.credential?.role ?? pass.object.spec.role)

/** Whether policies let the claim have what it holds in that role. */
export function mayHave(pass: Pass<Claim>, role: string | undefined): boolean {
  const held = heldInstance(pass)
  const subject = held && neighbourOf(pass.object, held)
  if (!subject) return true
  // Not looked at yet: then it is not provisioned either, and the claim waits for that.
  return permission(pass, pass.object.metadata.namespace ?? '', subject, role) !== 'no'
}

/** Undefined where no policy has a say: what a class made for the claim is the class's to give. */
function neighbourOf({ spec }: Claim, held: Instance): Neighbour | undefined {
  if (spec.instanceRef) return subjectOf(held)
  const ref = held.spec.resourceRef
  return ref && { ...ref, namespace: ref.namespace ?? '', labels: labelsOf(held) }
}

/** As the driver saw them last. */
function labelsOf({ status }: Instance): Record<string, string> | undefined {
  const labels = isObject(status?.outputs) ? (status.outputs as { labels?: unknown }).labels : undefined
  return isObject(labels) ? (labels as Record<string, string>) : undefined
}
