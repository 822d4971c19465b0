/** For a class whose services exist already: the member of the pool that this claim gets, when it is its turn. */
import { Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import type { Class } from '../../model/class.ts'
import type { Resolved } from '../../model/resolve-instance.ts'
import type { HubContext } from '../context.ts'
import { choose, createRecord } from './hold-record.ts'
import { holdSharedMember } from './hold-shared-member.ts'
import type { PoolLine } from './pool-lines.ts'

/** What is released or added wakes those who wait; this is for news that got lost. */
export const LOOK_AGAIN_MS = 30_000

export async function holdMember(
  pass: Pass<Claim>,
  hub: HubContext,
  service: Class,
  resolved: Resolved,
): Promise<Outcome> {
  if (resolved.spec.sharing === 'Shared') {
    const line = await hub.pools.line(pass, service)
    return (await holdSharedMember(pass, service, resolved, line.members)) ?? noTurn(pass, service, line)
  }
  const spec = { ...resolved.spec, revision: service.status?.revision ?? '' }
  const { resourceRef } = pass.object.status ?? {}
  const again = resourceRef && (await createRecord(pass, resourceRef, spec, resolved.role))
  if (again) return again
  const line = await hub.pools.line(pass, service)
  const member = line.take(pass.object, resourceRef)
  if (!member) {
    delete pass.status.resourceRef
    return noTurn(pass, service, line)
  }
  await choose(pass, member)
  const held = await createRecord(pass, member, spec, resolved.role)
  // Somebody was quicker; the cache will show who.
  return held ?? wait('PoolExhausted', exhausted(pass.object, service), AFTER_DEFEAT_MS)
}

const AFTER_DEFEAT_MS = 20

function noTurn({ object }: Pass<Claim>, service: Class, line: PoolLine): Outcome {
  if (line.hasFor(object)) return wait('PoolExhausted', exhausted(object, service), LOOK_AGAIN_MS)
  const { namespace = '' } = object.metadata
  throw new Stalled('PoolEmpty', `class ${service.metadata.name} has nothing that namespace ${namespace} may hold`, {
    lookAgainMs: LOOK_AGAIN_MS,
  })
}

const exhausted = ({ metadata: { namespace } }: Claim, { metadata }: Class): string =>
  `everything of class ${metadata.name} that namespace ${namespace} may hold is held; what is released goes to the oldest claim that waits`
