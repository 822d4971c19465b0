/** The Claim of the core that holds what a ResourceClaim names, and what it says of it. */
import { createHash } from 'node:crypto'
import type { Claim } from '../../../model/claim.ts'
import { instanceKind } from '../../../model/instance.ts'
import { claimKind } from '../../../model/claim.ts'
import { FINALIZER, MANAGED_BY, MANAGED_BY_LABEL } from '../../../model/names.ts'
import { isObject } from '@larder/engine/base/json'
import { findCondition } from '@larder/engine/runtime/conditions'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Pass } from '@larder/engine/runtime/pass'
import {
  resourceClaimType,
  STK_API_VERSION,
  STK_DOOR,
  STK_GROUP,
  type ObjectRef,
  type ResourceClaim,
} from '../kinds.ts'

export type ResourceClaimPass = Pass<ResourceClaim>

/** On the Claim, for people: the ResourceClaim that it stands for. */
const RESOURCE_CLAIM_LABEL = `${STK_GROUP}/resource-claim`
const LONGEST_LABEL = 63

type Placed = Pick<ResourceClaim, 'metadata'>

/** Determined, so that a crash never makes two; no other door and no person has reason for such a name. */
export const coreClaimName = ({ metadata }: Placed): string => `rc-${metadata.uid}`

/** What is claimed, its namespace filled in. */
export function targetOf({ spec, metadata }: ResourceClaim): ObjectRef & { readonly namespace: string } {
  const { apiVersion, kind, name, namespace = '' } = spec.ref
  return { apiVersion, kind, name, namespace: namespace === '' ? (metadata.namespace ?? '') : namespace }
}

export const isFor = ({ spec }: Claim, { metadata }: Placed): boolean =>
  spec.origin?.door === STK_DOOR && spec.origin.uid === metadata.uid

/** An index of Instances, by the Claim that holds each. */
export const HOLDER = 'holder'

export const nameIn = (namespace = '', name = ''): string => `${namespace}/${name}`

/** Whether an earlier Claim of the name still has something: it goes a moment before its hold does. */
export const isStillHeld = (pass: ResourceClaimPass): boolean => {
  const { namespace } = pass.object.metadata
  return pass.cache(instanceKind).byIndex(HOLDER, nameIn(namespace, coreClaimName(pass.object))).length > 0
}

/** Of the cache; also one that somebody else has made under its name. */
export const coreClaimOf = (pass: ResourceClaimPass): Claim | undefined =>
  pass.cache(claimKind).get(coreClaimName(pass.object), pass.object.metadata.namespace)

export function newCoreClaim(claim: ResourceClaim) {
  const { name, namespace = '', uid = '' } = claim.metadata
  const copy = copyName(claim, undefined)
  return {
    metadata: {
      name: coreClaimName(claim),
      namespace,
      // That of the core, which would add it with a write of its own.
      finalizers: [FINALIZER],
      labels: {
        [MANAGED_BY_LABEL]: MANAGED_BY,
        ...(name.length <= LONGEST_LABEL && { [RESOURCE_CLAIM_LABEL]: name }),
      },
      ownerReferences: [{ apiVersion: STK_API_VERSION, kind: resourceClaimType.kind, name, uid, controller: true }],
    },
    spec: {
      resourceRef: targetOf(claim),
      ...(copy !== undefined && { binding: { name: copy } }),
      origin: { door: STK_DOOR, apiVersion: STK_API_VERSION, kind: resourceClaimType.kind, namespace, name, uid },
    },
  }
}

const LONGEST_SOURCE = 242
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/**
 * The name of the copy: that of the Secret which is copied. Where that Secret lives beside the claim, it has its name already, and the copy
 * has one that is derived from it. Undefined while it is not known: who names a Secret says it, anything else names it in its status.
 */
export function copyName(claim: ResourceClaim, core: CoreState | undefined): string | undefined {
  const { apiVersion, kind, name, namespace } = targetOf(claim)
  const source = apiVersion === 'v1' && kind === 'Secret' ? name : core?.source
  // No Secret has such a name: then the core says that it does not exist, where the API would refuse a Claim that copies to it.
  if (source === undefined || !SUBDOMAIN.test(source)) return undefined
  if (namespace !== claim.metadata.namespace) return source
  const hash = createHash('sha256')
    .update(claim.metadata.uid ?? '')
    .digest('hex')
  return `${source.slice(0, LONGEST_SOURCE).replace(/[.-]+$/, '')}-${hash.slice(0, 10)}`
}

export interface CoreState {
  readonly claim: Claim
  /** What the record of the hold says: the Secret that is copied. */
  readonly source: string | undefined
  /** Whether what is held was there and could be read when the record was last looked at. */
  readonly isFollowed: boolean
}

/** For controllers that watch Instances. */
export function coreStateOf(pass: Pick<Pass<KubeObject>, 'cache'>, claim: Claim): CoreState {
  const { name, namespace } = claim.status?.instanceRef ?? {}
  const record = name === undefined ? undefined : pass.cache(instanceKind).get(name, namespace)?.status
  const source = isObject(record?.outputs) ? record.outputs['binding'] : undefined
  const isFollowed = findCondition(record?.conditions, 'Provisioned')?.status === 'True'
  return { claim, source: typeof source === 'string' ? source : undefined, isFollowed }
}
