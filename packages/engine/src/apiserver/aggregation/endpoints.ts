/**
 * Where the server behind an APIService listens: its Service, and the endpoints of that. Reasons and texts of what is missing follow
 * upstream's availability controller.
 *
 * Endpoints are read from EndpointSlices and from the older Endpoints alike: no controller here makes the one of the other.
 */
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import { asJson, type KubeObject } from '../../machinery/object.ts'
import type { Availability, ServiceReference } from './api-service.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

/** What the API holds about one Service. */
export interface ServiceObjects {
  readonly service: KubeObject | undefined
  readonly endpoints: KubeObject | undefined
  readonly slices: readonly KubeObject[]
}

export type Resolved = { readonly addresses: readonly Address[] } | { readonly unavailable: Availability }

const listOf = (object: Json | undefined, field: string): readonly JsonObject[] => {
  const value = isObject(object) ? object[field] : undefined
  return Array.isArray(value) ? (value as readonly JsonObject[]) : []
}

export function resolveService(reference: ServiceReference, objects: ServiceObjects): Resolved {
  const { namespace, name, port } = reference
  const of = `service/${name} in ${JSON.stringify(namespace)}`
  if (!objects.service) return missing('ServiceNotFound', `${of} is not present`)
  const spec = asJson(objects.service)['spec']
  if (isObject(spec) && spec['type'] === 'ExternalName') {
    return { addresses: [{ host: String(spec['externalName']), port }] }
  }
  const servicePort = listOf(spec, 'ports').find((one) => one['port'] === port)
  if (!servicePort) return missing('ServicePortError', `${of} is not listening on port ${port}`)
  if (!objects.endpoints && objects.slices.length === 0) {
    return missing('EndpointsNotFound', `cannot find endpointslices for ${of}`)
  }
  const portName = typeof servicePort['name'] === 'string' ? servicePort['name'] : ''
  const addresses = [
    ...objects.slices.flatMap((slice) => addressesOfSlice(slice, portName)),
    ...addressesOfEndpoints(objects.endpoints, portName),
  ]
  if (addresses.length > 0) return { addresses }
  const named = JSON.stringify(portName)
  return missing('MissingEndpoints', `endpointslices for ${of} have no addresses with port name ${named}`)
}

function missing(reason: string, message: string): Resolved {
  return { unavailable: { status: 'False', reason, message } }
}

function addressesOfSlice(slice: KubeObject, portName: string): Address[] {
  const object = asJson(slice)
  const ready = listOf(object, 'endpoints').filter(
    ({ conditions }) => !isObject(conditions) || conditions['ready'] !== false,
  )
  return combine(
    ready.flatMap(({ addresses }) => (Array.isArray(addresses) ? addresses.map(String) : [])),
    portNumbers(listOf(object, 'ports'), portName),
  )
}

function addressesOfEndpoints(endpoints: KubeObject | undefined, portName: string): Address[] {
  return listOf(endpoints && asJson(endpoints), 'subsets').flatMap((subset) =>
    combine(
      listOf(subset, 'addresses').map(({ ip }) => String(ip)),
      portNumbers(listOf(subset, 'ports'), portName),
    ),
  )
}

function portNumbers(ports: readonly JsonObject[], name: string): number[] {
  return ports
    .filter((port) => (port['name'] ?? '') === name && port['port'] !== undefined)
    .map(({ port }) => Number(port))
}

const combine = (hosts: readonly string[], ports: readonly number[]): Address[] =>
  hosts.flatMap((host) => ports.map((port) => ({ host, port })))
