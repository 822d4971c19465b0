/**
 * A ResourceClaim is a Claim of the core by resource. It is made, given the name of its copy, let go of when the reference is edited, and
 * listened to; everything that is decided, it decides.
 */
import { equalJson } from '@larder/engine/base/json'
import { isAlreadyExists, isApiError, isConflict } from '@larder/engine/machinery/status'
import { findCondition } from '@larder/engine/runtime/conditions'
import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import { claimKind, type Claim } from '../../../model/claim.ts'
import { sayAll } from '../conditions.ts'
import { isMirror } from '../kinds.ts'
import {
  copyName,
  coreClaimName,
  coreClaimOf,
  coreStateOf,
  isFor,
  isStillHeld,
  newCoreClaim,
  targetOf,
  type ResourceClaimPass,
} from './core-claim.ts'
import { sayingsOf, verdictOf, type NotReady, type Verdict } from './verdict.ts'

export async function reconcileResourceClaim(pass: ResourceClaimPass): Promise<Outcome> {
  if (isMirror(pass.object)) return leaveToClassClaim(pass)
  try {
    await settle(pass)
    return done
  } catch (error) {
    // Another pass, or another hub, was quicker: the next look shows what is.
    if (!isConflict(error) && !isAlreadyExists(error))
      say(pass, { reason: 'UnableToSetExclusiveClaim', message: inWords(error) })
    throw error
  }
}

/** What an API says may quote an object. */
const inWords = (error: unknown): string =>
  isApiError(error)
    ? `the API refuses to hold the resource (${error.code} ${error.reason}); the log of the hub has more`
    : 'the hub met something that it was not written for; its log has the details'

/** It may have been one of ours before its owner took it. */
async function leaveToClassClaim(pass: ResourceClaimPass): Promise<Outcome> {
  const core = coreClaimOf(pass)
  if (core && isFor(core, pass.object)) await letGo(pass, core)
  return done
}

async function settle(pass: ResourceClaimPass): Promise<void> {
  const { object } = pass
  const core = coreClaimOf(pass)
  if (!core) {
    if (isStillHeld(pass)) return say(pass, { reason: 'UpdatedResourceReference', message: UPDATED })
    await pass.client.of(claimKind).create(newCoreClaim(object))
    return say(pass, 'pending')
  }
  if (!isFor(core, object)) return say(pass, squatted(core))
  if (!isSame(core, pass)) {
    await letGo(pass, core)
    return say(pass, { reason: 'UpdatedResourceReference', message: UPDATED })
  }
  if (core.metadata.deletionTimestamp !== undefined)
    return say(pass, { reason: 'UnableToSetExclusiveClaim', message: BEING_DELETED })
  const named = await nameCopy(pass, core)
  say(pass, verdictOf(coreStateOf(pass, named), object), named)
}

const UPDATED = 'spec.ref was changed: what was claimed before is being released first'
const BEING_DELETED = 'the hold was deleted by somebody; when it is gone another is made'

const squatted = ({ metadata }: Claim): NotReady => ({
  reason: 'UnableToSetExclusiveClaim',
  message: `Claim ${metadata.namespace}/${metadata.name} has the name of the hold of this claim and was made by somebody else: delete it`,
})

/** The version of a kind does not matter to what is held, and does to how it is read. */
const isSame = ({ spec }: Claim, { object }: ResourceClaimPass): boolean =>
  equalJson(spec.resourceRef ?? null, { ...targetOf(object) })

async function letGo({ client }: ResourceClaimPass, { metadata }: Claim): Promise<void> {
  if (metadata.deletionTimestamp !== undefined) return
  const { name, namespace, uid = '' } = metadata
  await client.of(claimKind).delete(name, { namespace, preconditions: { uid } })
}

/** Also where somebody has edited it: who may write Claims may write this one. */
async function nameCopy(pass: ResourceClaimPass, core: Claim): Promise<Claim> {
  const name = copyName(pass.object, coreStateOf(pass, core)) ?? core.spec.binding?.name
  const { binding } = core.spec
  if (equalJson({ ...binding }, name === undefined ? {} : { name })) return core
  const none = Object.fromEntries(Object.keys(binding ?? {}).map((key) => [key, null]))
  const body = {
    metadata: { uid: core.metadata.uid },
    spec: { binding: { ...none, ...(name !== undefined && { name }) } },
  }
  return pass.client.of(claimKind).patch(core.metadata.name, body, { namespace: core.metadata.namespace })
}

function say(pass: ResourceClaimPass, verdict: Verdict, core?: Claim): void {
  const { status, object } = pass
  const before = findCondition(status.conditions, 'Ready')
  if (verdict === 'pending' && before) return
  delete status.binding
  delete status.claimedResourceRef
  const held = core?.status?.instanceRef?.uid === undefined ? undefined : core.status.resourceRef
  if (held) status.claimedResourceRef = { ...held }
  if (verdict === 'ready' && core?.status?.binding) status.binding = { name: core.status.binding.name }
  const sayings = sayingsOf(verdict === 'pending' ? 'initializing' : verdict)
  sayAll(status, object, sayings, pass.clock.now())
  const [ready] = sayings
  if (ready && ready.status !== 'Unknown' && ready.reason !== before?.reason)
    pass.event(ready.status === 'True' ? 'Normal' : 'Warning', ready.reason, ready.message || 'claimed')
}

/** Whatever has become of the target, of its namespace, kind and policies: the core lets go without a look at them. */
export async function finalizeResourceClaim(pass: ResourceClaimPass): Promise<Outcome> {
  const { object, client } = pass
  // Asked of the server: a cache that is behind would let the claim go and leave its hold to nobody.
  const core = await client.of(claimKind).find(coreClaimName(object), object.metadata.namespace)
  if (!core || !isFor(core, object)) return done
  await letGo(pass, core)
  const message = 'the claim is being deleted, and what it holds released'
  if (!isMirror(object)) say(pass, { reason: 'ClaimMarkedForDeletion', message })
  return wait('ClaimMarkedForDeletion', message)
}
