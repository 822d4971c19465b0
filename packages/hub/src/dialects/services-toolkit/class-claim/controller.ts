/**
 * ClassClaim: any one instance of a class, by a Claim of the core by className.
 *
 * The core decides which, whose turn it is and what may be held; here is only said what became of it. The Claim is made once, for the class
 * as it is then, and what it holds it keeps whatever is edited later: the lookup is of one point in time, as upstream has it. The
 * ResourceClaim underneath is a mirror for those who look there, and decides nothing.
 *
 * Rejected: to query what is claimable and to claim one of it by resource, as upstream does. Two steps would race with other claims, and
 * those that wait would stand in no line.
 */
import { parseApiVersion } from '@larder/engine/machinery/object'
import { isApiError } from '@larder/engine/machinery/status'
import { defineController, ownersOf, watching, type Controller } from '@larder/engine/runtime/controller'
import { keyOf, type Key } from '@larder/engine/runtime/pass'
import type { DoorContext } from '../../../door.ts'
import { claimKind, type Claim } from '../../../model/claim.ts'
import { classKind } from '../../../model/class.ts'
import { instanceKind } from '../../../model/instance.ts'
import { classClaimType, instanceClassType, resourceClaimType, STK_GROUP, type ClassClaim } from '../kinds.ts'
import { sayReady } from './conditions.ts'
import { finalizeClassClaim } from './finalize.ts'
import { mirrorController } from './mirror.ts'
import { poolListSource } from './pool-list.ts'
import { reconcileClassClaim } from './reconcile.ts'
import type { ClassClaimReason } from './trouble.ts'

const FINALIZER = `classclaims.${STK_GROUP}/finalizer`
const CLASS = 'class'

export function classClaimControllers(context: DoorContext): readonly Controller[] {
  return [classClaimController(context), mirrorController(context)]
}

function classClaimController(context: DoorContext): Controller {
  const { clock } = context
  const nowMs = () => clock.now()
  return defineController<ClassClaim>({
    name: 'services-toolkit-class-claim',
    type: classClaimType,
    finalizer: FINALIZER,
    workers: 8,
    conditions: false,
    indexes: { [CLASS]: ({ spec }) => [spec.classRef.name] },
    watches: [
      watching(claimKind, ownerOf),
      watching(instanceClassType, ({ metadata }, informers) =>
        informers.of(classClaimType).byIndex(CLASS, metadata.name).map(keyOf),
      ),
      watching(classKind, () => []),
      watching(instanceKind, () => []),
      watching(resourceClaimType, (mirror) => ownersOf(mirror, classClaimType)),
    ],
    sources: [poolListSource(context)],
    reconcile: reconcileClassClaim(nowMs),
    finalize: finalizeClassClaim,
    explain,
    summarize: ({ object, status, settled }) => sayReady(object, status, settled, clock.now()),
  })
}

/** Also of a Claim that lost its owner by hand. */
function ownerOf({ spec, metadata }: Claim): readonly Key[] {
  const { kind, apiVersion = '', name = '' } = spec.origin ?? {}
  const isOurs = kind === classClaimType.kind && parseApiVersion(apiVersion).group === STK_GROUP
  return isOurs ? [{ namespace: metadata.namespace, name }] : []
}

/** What an API says of an object may quote it. */
function explain(error: unknown): { reason: string; message: string } | undefined {
  if (!isApiError(error)) return undefined
  const reason: ClassClaimReason = 'UnableToCreateResourceClaim'
  return { reason, message: `the API answers ${error.code} ${error.reason}; the log of the hub has more` }
}
