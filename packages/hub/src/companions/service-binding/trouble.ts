/** What keeps a binding from being ready, in the words of its conditions. Reasons are those of the reference implementation where it has one. */
import type { ResourceType } from '@larder/engine/client/types'
import type { StatusDetails } from '@larder/engine/machinery/status'
import { isApiError, isForbidden } from '@larder/engine/machinery/status'
import { SYSTEM_NAMESPACE } from '../../model/names.ts'

/** The account that reads services, and reads and writes workloads. */
export const BINDING_ACCOUNT = { namespace: SYSTEM_NAMESPACE, name: 'larder-service-bindings' }

export type TroubleReason =
  | 'ServiceNotFound'
  | 'ServiceMissingBinding'
  | 'ServiceForbidden'
  | 'SecretNotFound'
  | 'WorkloadNotFound'
  | 'WorkloadForbidden'
  | 'WorkloadUnfit'
  | 'WorkloadRefused'
  | 'SelectorInvalid'
  | 'MappingInvalid'

export class Trouble extends Error {
  readonly reason: TroubleReason
  constructor(reason: TroubleReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Trouble'
    this.reason = reason
  }
}

type Verb = 'get' | 'list' | 'update'
const told = { get: 'get the', list: 'list the', update: 'update the' } as const

/** What the API has refused. Of what it says only the fields: it may quote the workload, and that may hold anything. */
export function refusal(error: unknown, what: 'service' | 'workload', verb: Verb, type: ResourceType): unknown {
  if (isForbidden(error)) {
    const { namespace, name } = BINDING_ACCOUNT
    const reason = what === 'service' ? 'ServiceForbidden' : 'WorkloadForbidden'
    const of = type.group === '' ? type.resource : `${type.resource}.${type.group}`
    return new Trouble(
      reason,
      `the controller does not have permission to ${told[verb]} ${what}${what === 'workload' ? 's' : ''}: ServiceAccount ${namespace}/${name} may not ${verb} ${of}; a ClusterRole with the label servicebinding.io/controller: "true" can allow it`,
      { cause: error },
    )
  }
  if (what === 'service' || verb !== 'update' || !isApiError(error) || (error.code !== 422 && error.code !== 400))
    return error
  return new Trouble(
    'WorkloadRefused',
    `the API refuses the ${type.kind} with the binding in it: ${fieldsOf(error.details) || error.reason}`,
    {
      cause: error,
    },
  )
}

const fieldsOf = (details: StatusDetails | undefined): string =>
  (details?.causes ?? []).map(({ field = '', reason = '' }) => `${field} (${reason})`).join(', ')
