/**
 * The ResourceClaim under a ClassClaim: what is held, for tools and people that know ResourceClaims. It is written from here alone and
 * decides nothing; an edit of it is undone, and one that somebody deletes is there again.
 */
import { ensure } from '@larder/engine/client/client'
import type { Informers } from '@larder/engine/client/informers'
import { parseApiVersion } from '@larder/engine/machinery/object'
import { defineController, watching, type Controller } from '@larder/engine/runtime/controller'
import { done } from '@larder/engine/runtime/outcome'
import { keyOf, type Key, type Pass } from '@larder/engine/runtime/pass'
import type { DoorContext } from '../../../door.ts'
import { claimKind, type Claim } from '../../../model/claim.ts'
import { instanceKind } from '../../../model/instance.ts'
import { API_VERSION } from '../../../model/kind.ts'
import { sayAll } from '../conditions.ts'
import {
  CLASS_CLAIM_LABEL,
  classClaimType,
  isMirror,
  mirrorName,
  RESOURCE_CLAIM_FINALIZERS,
  resourceClaimType,
  STK_API_VERSION,
  type ObjectRef,
  type ResourceClaim,
} from '../kinds.ts'
import { coreStateOf } from '../resource-claims/core-claim.ts'
import { sayingsOf, verdictOf, type NotReady } from '../resource-claims/verdict.ts'
import { coreClaimName, isOnTheWay, type ClassClaimPass } from './core-claim.ts'

const LONGEST_LABEL = 63

/** The member of the pool, or the Instance that was made; undefined before something is held. */
export function heldBy({ status }: Claim): ObjectRef | undefined {
  const { instanceRef, resourceRef } = status ?? {}
  if (instanceRef?.uid === undefined) return undefined
  if (resourceRef) {
    const { apiVersion, kind, name, namespace } = resourceRef
    return { apiVersion, kind, name, ...(namespace !== undefined && { namespace }) }
  }
  const { name, namespace } = instanceRef
  return { apiVersion: API_VERSION, kind: instanceKind.kind, name, namespace }
}

export async function ensureMirror(pass: ClassClaimPass, ref: ObjectRef): Promise<void> {
  const { name, namespace = '', uid = '' } = pass.object.metadata
  const at = { name: mirrorName({ name, uid }), namespace }
  const owner = { apiVersion: STK_API_VERSION, kind: classClaimType.kind, name, uid, controller: true }
  const labels = name.length <= LONGEST_LABEL ? { [CLASS_CLAIM_LABEL]: name } : {}
  await ensure(
    pass.client,
    resourceClaimType,
    at,
    (current) => ({
      ...current,
      metadata: {
        // A later pass would add them.
        ...(current?.metadata ?? { finalizers: [...RESOURCE_CLAIM_FINALIZERS] }),
        labels: { ...current?.metadata.labels, ...labels },
        ownerReferences: [
          owner,
          ...(current?.metadata.ownerReferences ?? []).filter((each) => each.uid !== uid && each.controller !== true),
        ],
      },
      spec: { ref },
    }),
    { cached: pass.cache(resourceClaimType).get(at.name, namespace) },
  )
}

export async function deleteMirror(pass: ClassClaimPass): Promise<void> {
  const { name, namespace = '', uid = '' } = pass.object.metadata
  const mirror = pass.cache(resourceClaimType).get(mirrorName({ name, uid }), namespace)
  if (!mirror || !isMirror(mirror) || mirror.metadata.deletionTimestamp !== undefined) return
  const preconditions = { uid: mirror.metadata.uid ?? '' }
  await pass.client.of(resourceClaimType).delete(mirror.metadata.name, { namespace, preconditions })
}

/** Says the status of mirrors, and leaves every other ResourceClaim alone. */
export function mirrorController({ clock }: DoorContext): Controller {
  return defineController<ResourceClaim>({
    name: 'services-toolkit-mirror',
    type: resourceClaimType,
    conditions: false,
    watches: [watching(claimKind, mirrorOf), watching(instanceKind, () => [])],
    reconcile(pass) {
      if (isMirror(pass.object)) tell(pass)
      return done
    },
  })

  function tell(pass: Pass<ResourceClaim>): void {
    const { object, status } = pass
    const claim = claimOf(pass)
    // What is said in a moment is said once.
    if (claim && status.conditions === undefined && isOnTheWay(claim)) return
    const verdict = claim ? verdictOf(coreStateOf(pass, claim), object) : GONE
    if (verdict === 'pending' && status.conditions !== undefined) return
    sayAll(status, object, sayingsOf(verdict === 'pending' ? 'initializing' : verdict), clock.now())
    const held = claim && heldBy(claim)
    if (held) status.claimedResourceRef = held
    else delete status.claimedResourceRef
    const binding = claim?.status?.binding
    if (verdict === 'ready' && binding) status.binding = { name: binding.name }
    else delete status.binding
  }
}

const GONE: NotReady = { reason: 'ResourceNotFound', message: 'the claim of the ClassClaim is gone' }

function claimOf(pass: Pass<ResourceClaim>): Claim | undefined {
  const { ownerReferences, namespace } = pass.object.metadata
  const owner = ownerReferences?.find(({ controller }) => controller === true)
  return owner && pass.cache(claimKind).get(coreClaimName({ metadata: owner }), namespace)
}

function mirrorOf({ spec, metadata }: Claim, informers: Informers): readonly Key[] {
  const { kind, apiVersion = '', name = '', uid = '' } = spec.origin ?? {}
  if (kind !== classClaimType.kind || parseApiVersion(apiVersion).group !== classClaimType.group) return []
  const mirror = informers.of(resourceClaimType).get(mirrorName({ name, uid }), metadata.namespace)
  return mirror ? [keyOf(mirror)] : []
}
