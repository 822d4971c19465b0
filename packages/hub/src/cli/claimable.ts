import type { Client } from '@larder/engine/client/client'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { ResourceType } from '@larder/engine/client/types'
import { isApiError } from '@larder/engine/machinery/status'
import { claimableQueryType, type ClaimableClass, type ClaimableStatus } from '../model/claimable-query.ts'
import { CommandFailed, EXIT } from './failure.ts'

interface ClaimableQuery extends KubeObject {
  readonly spec?: { readonly className?: string }
  readonly status?: ClaimableStatus
}

/** Asks the API what a namespace may claim. Undefined where nobody answers the question: on a cluster without its API. */
export async function askClaimable(
  client: Client,
  namespace: string,
  className?: string,
): Promise<ClaimableStatus | undefined> {
  const type: ResourceType<ClaimableQuery> = claimableQueryType
  const spec = className === undefined ? {} : { spec: { className } }
  try {
    const question = { metadata: { namespace }, ...spec }
    return (await client.of(type).create(question)).status
  } catch (error) {
    if (isApiError(error) && error.code === 404 && error.details?.kind !== 'namespaces') return undefined
    throw error
  }
}

export const notAsked = (): CommandFailed =>
  new CommandFailed(EXIT.failed, 'this API does not say what may be claimed', {
    why: 'nobody serves query.larder.dev there',
    next: 'larder get classes shows the classes that you may read',
  })

/** `yes`, `2 free`, or why not. */
export function claimableText({ claimable, free, reason }: ClaimableClass): string {
  if (free !== undefined && (free > 0 || reason === 'PoolExhausted')) return `${free} free`
  return claimable ? 'yes' : `no: ${reason ?? ''}`
}
