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
  /** When to look again, where no watch tells that it is over: of a right that is given, of a kind that is defined. */
  readonly lookAgainMs: number | undefined
  constructor(reason: TroubleReason, message: string, options: ErrorOptions & { readonly lookAgainMs?: number } = {}) {
    super(message, options)
    this.name = 'Trouble'
    this.reason = reason
    this.lookAgainMs = options.lookAgainMs
  }
}

export const LOOK_AGAIN_MS = 3000

type Verb = 'get' | 'list' | 'update'
const told = { get: 'get the', list: 'list the', update: 'update the' } as const

/** What the API has refused. Of what it says only the fields: it may quote the workload, and that may hold anything. */
export function refusal(error: unknown, what: 'service' | 'workload', verb: Verb, type: ResourceType): unknown {
  if (!isApiError(error)) return error
  const options = { cause: error, lookAgainMs: LOOK_AGAIN_MS }
  if (isForbidden(error) && isByRights(error)) {
    const { namespace, name } = BINDING_ACCOUNT
    const of = type.group === '' ? type.resource : `${type.resource}.${type.group}`
    const refused = what === 'service' ? `${told[verb]} service` : `${told[verb]} workloads`
    return new Trouble(
      what === 'service' ? 'ServiceForbidden' : 'WorkloadForbidden',
      `the controller does not have permission to ${refused}: ServiceAccount ${namespace}/${name} may not ${verb} ${of}; a ClusterRole with the label servicebinding.io/controller: "true" can allow it`,
      options,
    )
  }
  if (verb !== 'update' || ![400, 403, 422].includes(error.code)) return error
  const why = fieldsOf(error.details) || error.reason
  return new Trouble('WorkloadRefused', `the API refuses the ${type.kind} with this change in it: ${why}`, options)
}

/** Admission, a webhook for instance, forbids as well, and in words of its own. */
const isByRights = ({ message }: Error) => / cannot \w+ resource /.test(message) && !message.includes(' impersonate ')

const fieldsOf = (details: StatusDetails | undefined): string =>
  (details?.causes ?? []).map(({ field = '', reason = '' }) => `${field} (${reason})`).join(', ')
