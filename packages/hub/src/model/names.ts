/**
 * Names of what the hub makes. All are determined by uids, never random: after a crash between a creation and the record of
 * it, the next pass finds what the last one made instead of making a second.
 */
import { createHash } from 'node:crypto'
import { parseApiVersion } from '@larder/engine/machinery/object'

export const SYSTEM_NAMESPACE = 'larder-system'
export const INSTANCE_NAMESPACE = 'larder-instances'

/** Who leads among the hubs of a cluster. */
export const HUB_LEASE = { namespace: SYSTEM_NAMESPACE, name: 'larder-hub' }

/** Where the cluster's API finds the hub that answers questions. */
export const QUERY_SERVICE = { namespace: SYSTEM_NAMESPACE, name: 'larder-query' }

/** The ServiceAccount under which claims by resource read what they name. */
export const RESOURCE_ACCOUNT = 'larder-resource-claims'

export const FINALIZER = 'larder.dev/finalizer'
export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by'
export const MANAGED_BY = 'larder'
/** On a binding's Secret: the uid of its claim. */
export const CLAIM_LABEL = 'larder.dev/claim-uid'
/** On a binding's Secret that is the copy of something which exists already: driver `pool`, which knows it too, finds no such Secret. */
export const COPY_LABEL = 'larder.dev/copy'
/** On a binding's Secret: which credentials it holds. */
export const CREDENTIAL_ANNOTATION = 'larder.dev/credential'
/** On a binding's Secret: a keyed hash of its content as the hub wrote it. */
export const FINGERPRINT_ANNOTATION = 'larder.dev/fingerprint'
/** On a binding's Secret: which keys it has, where they are not the well-known ones. */
export const FORMAT_ANNOTATION = 'larder.dev/format'
/** On an Instance to be recycled: the uid of the claim that held it last. It goes when the service was wiped (reclaim.ts). */
export const USED_ANNOTATION = 'larder.dev/used-by'
/** On an Instance, or on the claim that has it: accepts what one change would lose; its value is what the refusal names. */
export const ACCEPT_LOSS_ANNOTATION = 'larder.dev/accept-loss'
/** On a ControllerRevision: the name of its class. */
export const CLASS_LABEL = 'larder.dev/class'

export const claimInstanceName = (claimUid: string): string => `c-${claimUid}`

/** The one instance that claims of the same content share. */
export const sharedInstanceName = (content: string): string =>
  `s-${createHash('sha256').update(content).digest('hex').slice(0, 40)}`

/**
 * The record of a hold on an object that exists: one name for each object, whoever asks and by which class, so that its
 * creation has one winner.
 */
export function resourceInstanceName(resource: {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string | undefined
  readonly name: string
}): string {
  const { group } = parseApiVersion(resource.apiVersion)
  const parts = JSON.stringify([group, resource.kind, resource.namespace ?? '', resource.name])
  return `r-${createHash('sha256').update(parts).digest('hex').slice(0, 40)}`
}

/** The one instance of an object of a door, whose kinds are one object for each resource. */
export const doorInstanceName = (door: string, objectUid: string): string =>
  `d-${createHash('sha256')
    .update(JSON.stringify([door, objectUid]))
    .digest('hex')
    .slice(0, 40)}`

/** The Secret beside an instance that keeps what its driver wants remembered. */
export const driverStateName = (instanceName: string): string => `${instanceName.slice(0, 246)}-driver`

/** Lower case, digits and dashes; at most 50 characters, so that drivers can use it for user names. */
export const credentialId = (claimUid: string, serial: number): string => `c-${claimUid}-${serial}`

const LONGEST_LABEL = 63
const LONGEST_PREFIX = 52

/** A name of at most 63 characters that differs for every content, and for every class whose name does not fit into it. */
export function revisionName(className: string, content: string): string {
  const whole = className.length <= LONGEST_PREFIX ? content : `${className}/${content}`
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, 10)
  return `${className.slice(0, LONGEST_PREFIX).replace(/[.-]+$/, '')}-${hash}`
}

/** The value of `CLASS_LABEL`: the name of the class, or what fits into a label where that is longer. */
export const classLabel = (className: string): string =>
  className.length <= LONGEST_LABEL ? className : revisionName(className, '')

/** On a claim: the trace of its generation, as W3C writes a `traceparent`. Written by who asks, else by a hub that sends traces. */
export const TRACEPARENT_ANNOTATION = 'larder.dev/traceparent'
