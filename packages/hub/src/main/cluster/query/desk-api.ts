/** The questions of a cluster during one term: a server, and the cluster's knowledge of it. */
import type { Clock } from '@larder/engine/base/clock'
import { errorChain, type Log } from '@larder/engine/base/log'
import { pause } from '@larder/engine/client/backoff'
import type { Client } from '@larder/engine/client/client'
import type { ClaimableDesk } from '../../../controllers/claimable/desk.ts'
import type { Door } from '../../../door.ts'
import { QUERY_SERVICE } from '../../../model/names.ts'
import { hubQueries } from '../../queries.ts'
import { readTrust } from './front-proxy.ts'
import { publishQueries } from './publish.ts'
import { serveQueries, type QueryServer } from './server.ts'

/** How soon a changed authority of the cluster is trusted, and what somebody removed is put back. */
const LOOK_AGAIN_MS = 60_000
const RETRY_MS = 5000

export interface QueryTerm {
  readonly desk: ClaimableDesk
  readonly doors: readonly Door[]
  /** With the rights of the hub: questions are answered with it, also while the lease is in doubt. */
  readonly hub: Client
  /** Refuses to write once this process does not lead. */
  readonly leading: Client
  /** Where the cluster reaches this process. */
  readonly host: string
  readonly clock: Clock
  readonly log: Log
  /** Aborted at the end of the term. */
  readonly signal: AbortSignal
}

/** Runs until the signal aborts. A cluster that does not let us publish has no such API, and everything else. */
export async function answerQueries(term: QueryTerm): Promise<void> {
  const { doors, leading, clock, log, signal } = term
  let served: Served | undefined
  let isTold = false
  while (!signal.aborted) {
    try {
      served ??= await serve(term)
      served.server.trust(await readTrust(term.hub))
      await publishQueries(leading, {
        doors,
        host: term.host,
        port: served.server.port,
        authority: served.authority,
      })
      isTold = false
      await pause(clock, LOOK_AGAIN_MS, signal)
    } catch (error) {
      if (signal.aborted) break
      if (!isTold) log.warn('what may be claimed cannot be asked; retrying', { error: errorChain(error) })
      isTold = true
      await pause(clock, RETRY_MS, signal)
    }
  }
  await served?.server.close()
}

interface Served {
  readonly server: QueryServer
  readonly authority: string
}

async function serve({ desk, doors, hub, host, clock, log }: QueryTerm): Promise<Served> {
  // Made for this term, kept nowhere: the cluster learns the authority with the address.
  const { issueAuthority, issueServerFor } = await import('@larder/engine/apiserver/certificate-issuing')
  const now = clock.now()
  const authority = await issueAuthority('larder-query', now)
  const { name, namespace } = QUERY_SERVICE
  const names = [`${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`]
  const identity = await issueServerFor(authority, names, now)
  const queries = hubQueries(desk, doors, clock)
  const server = await serveQueries({ queries, hub, identity, trust: await readTrust(hub), host, log })
  return { server, authority: authority.certificate }
}
