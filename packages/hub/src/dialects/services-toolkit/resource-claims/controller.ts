import type { Informers } from '@larder/engine/client/informers'
import { defineController, watching, type Controller } from '@larder/engine/runtime/controller'
import { keyOf, type Key } from '@larder/engine/runtime/pass'
import { claimKind } from '../../../model/claim.ts'
import { instanceKind, type Instance } from '../../../model/instance.ts'
import { RESOURCE_CLAIM_FINALIZERS, resourceClaimType, type ResourceClaim } from '../kinds.ts'
import { coreClaimName, HOLDER, nameIn } from './core-claim.ts'
import { finalizeResourceClaim, reconcileResourceClaim } from './reconcile.ts'

export function resourceClaimController(): Controller {
  return defineController<ResourceClaim>({
    name: 'services-toolkit-claim',
    type: resourceClaimType,
    finalizer: RESOURCE_CLAIM_FINALIZERS,
    conditions: false,
    workers: 8,
    indexes: { core: (claim) => [nameIn(claim.metadata.namespace, coreClaimName(claim))] },
    watches: [
      watching(claimKind, ({ metadata }, informers) => standingFor(metadata.namespace, metadata.name, informers)),
      // What it holds says which Secret it copies, where it is none itself; and when it is free again.
      watching(
        instanceKind,
        (instance, informers) =>
          namesItsSecret(instance) || instance.metadata.deletionTimestamp !== undefined
            ? standingFor(instance.spec.claimRef?.namespace, instance.spec.claimRef?.name, informers)
            : [],
        { [HOLDER]: ({ spec }) => (spec.claimRef ? [nameIn(spec.claimRef.namespace, spec.claimRef.name)] : []) },
      ),
    ],
    reconcile: reconcileResourceClaim,
    finalize: finalizeResourceClaim,
  })
}

const standingFor = (namespace: string | undefined, name: string | undefined, informers: Informers): readonly Key[] =>
  informers.of(resourceClaimType).byIndex('core', nameIn(namespace, name)).map(keyOf)

const namesItsSecret = ({ spec }: Instance): boolean =>
  spec.resourceRef !== undefined && spec.resourceRef.kind !== 'Secret'
