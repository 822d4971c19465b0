/**
 * The hub of `larder up` is the only one of its API, and needs no election to know it. But somebody may start `larder hub` over that
 * same API, so the lease that those stand for names the embedded hub, and does not end while it has an API.
 */
import { leaseType } from '@larder/engine/client/builtin'
import { ensure, type Client } from '@larder/engine/client/client'
import { HUB_LEASE } from '../model/names.ts'
import type { Door } from '../door.ts'
import { queryApiServiceNames } from '../samples/rbac.ts'
import { apiServiceType } from './cluster/query/publish.ts'

const EMBEDDED = 'larder up'
/** The longest that a Lease can say, 68 years. */
const LEASE_SECONDS = 2 ** 31 - 1

export async function takeLead(client: Client, doors: readonly Door[]): Promise<void> {
  const spec = { holderIdentity: EMBEDDED, leaseDurationSeconds: LEASE_SECONDS }
  // A store that was a bare API's may have the questions answered elsewhere.
  for (const name of queryApiServiceNames(doors)) await client.of(apiServiceType).delete(name)
  await ensure(client, leaseType, HUB_LEASE, (current) => ({ ...current, metadata: current?.metadata ?? {}, spec }))
}

/** For an API without a hub of its own, on a store that may have had one. Given back, not deleted: who saw it waits for its end. */
export async function leaveLead(client: Client): Promise<void> {
  const lease = await client.of(leaseType).find(HUB_LEASE.name, HUB_LEASE.namespace)
  if (lease?.spec?.holderIdentity !== EMBEDDED) return
  const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 }
  await client.of(leaseType).update({ ...lease, spec })
}
