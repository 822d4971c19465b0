/** By what claims are found, so that no event costs a look at all of them. */
import { findCondition } from '@larder/engine/runtime/conditions'
import type { IndexFunction } from '@larder/engine/client/stash'
import type { Informers } from '@larder/engine/client/informers'
import { claimKind, type Claim } from '../../model/claim.ts'
import { nameIn } from '../../model/instance-use.ts'
import { resourceInstanceName } from '../../model/names.ts'
import { bindingName } from './binding-secret.ts'
import { resourceOf } from './hold-resource.ts'
import { secretsOfClaim } from './secret-parameters.ts'

const EVERYBODY = '*'

/** Waits for something, or has something else than it asks for now: a claim in use needs no news of its class. */
export function isWaiting({ status }: Claim): boolean {
  if (findCondition(status?.conditions, 'Ready')?.status !== 'True') return true
  return ['Reconciling', 'Stalled'].some((type) => findCondition(status?.conditions, type))
}

/** The namespaces, beside the claim's own, whose policies decide. */
function homes(claim: Claim): string[] {
  const { spec, status, metadata } = claim
  const namespaces = [status?.resourceRef?.namespace, resourceOf(claim)?.namespace, spec.instanceRef?.namespace]
  const others = namespaces.filter((namespace) => namespace !== undefined && namespace !== metadata.namespace)
  return [...new Set(others as string[])]
}

export const claimIndexes: Readonly<Record<string, IndexFunction<Claim>>> = {
  class: ({ spec }) => (spec.className === undefined ? [] : [spec.className]),
  resource: (claim) => {
    const resource = resourceOf(claim)
    return resource ? [resourceInstanceName(resource)] : []
  },
  /** By the instance that the claim names. */
  named: ({ spec }) => (spec.instanceRef ? [nameIn(spec.instanceRef)] : []),
  /** By the instance that the claim has, or that it has chosen. */
  instance: ({ status }) => (status?.instanceRef ? [nameIn(status.instanceRef)] : []),
  home: homes,
  /** By class, `''` without one. */
  waiting: (claim) => (isWaiting(claim) ? [EVERYBODY, claim.spec.className ?? ''] : []),
  /** By the Secrets that hold parameters. */
  secrets: secretsOfClaim,
  /** By the Secrets that it asks for and that it has, of which the former may be somebody else's. */
  binding: (claim) => {
    const { namespace } = claim.metadata
    const names = new Set([bindingName(claim), claim.status?.binding?.name ?? bindingName(claim)])
    return [...names].map((name) => nameIn({ namespace, name }))
  },
}

/** Whether policies decide, for which the labels of the claim's namespace count. */
export const isAbroad = (claim: Claim): boolean => homes(claim).length > 0

/** Those that wait, of one class or of all. */
export const waitingClaims = (informers: Informers, className: string = EVERYBODY): readonly Claim[] =>
  informers.of(claimKind).byIndex('waiting', className)
