/** Services, endpoints, ingresses, network policies. */
import type { Json, JsonObject } from '../../base/json.ts'
import { AGE, at, column, listAt, listed, mapAt, NAME, NONE, numberAt, textAt, textsAt, UNSET, wide } from './column.ts'
import { formatLabels, formatSelector } from './selector.ts'

export const SERVICE_COLUMNS = [
  NAME,
  column('Type', 'spec.type'),
  column('Cluster-IP', (o) => textsAt(o, 'spec.clusterIPs')[0] || textAt(o, 'spec.clusterIP', NONE)),
  column('External-IP', externalIp, { says: 'Where it is reached from outside.' }),
  column('Port(s)', servicePorts, { says: 'Ports, with those of the node, and protocols.' }),
  AGE,
  wide('Selector', (o) => formatLabels(mapAt(o, 'spec.selector')), 'Which pods serve it.'),
]

function externalIp(service: JsonObject): string {
  const own = textsAt(service, 'spec.externalIPs')
  switch (textAt(service, 'spec.type')) {
    case 'ExternalName':
      return textAt(service, 'spec.externalName')
    case 'LoadBalancer': {
      const all = [...loadBalancerAddresses(service), ...own]
      return all.length === 0 ? '<pending>' : all.join(',')
    }
    default:
      return own.length === 0 ? NONE : own.join(',')
  }
}

function loadBalancerAddresses(object: JsonObject): readonly string[] {
  const addresses = listAt(object, 'status.loadBalancer.ingress').map((i) => textAt(i, 'ip') || textAt(i, 'hostname'))
  return [...new Set(addresses.filter((address) => address !== ''))].toSorted()
}

function servicePorts(service: JsonObject): string {
  const ports = listAt(service, 'spec.ports').map((port) => {
    const nodePort = numberAt(port, 'nodePort')
    return `${numberAt(port, 'port')}${nodePort > 0 ? `:${nodePort}` : ''}/${textAt(port, 'protocol', 'TCP')}`
  })
  return ports.length === 0 ? NONE : ports.join(',')
}

export const ENDPOINTS_COLUMNS = [
  NAME,
  column('Endpoints', endpoints, { says: 'Addresses and ports, three at most.' }),
  AGE,
]

function endpoints(object: JsonObject): string {
  const all = listAt(object, 'subsets').flatMap((subset) => {
    const addresses = listAt(subset, 'addresses').map((address) => textAt(address, 'ip'))
    const ports = listAt(subset, 'ports')
    if (ports.length === 0) return addresses
    return ports.flatMap((port) => addresses.map((ip) => joinHostPort(ip, numberAt(port, 'port'))))
  })
  return listed(all, 3, NONE)
}

function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

export const ENDPOINT_SLICE_COLUMNS = [
  NAME,
  column('AddressType', 'addressType'),
  column('Ports', (o) => listed(listAt(o, 'ports').map(portText), 3, UNSET)),
  column('Endpoints', (o) =>
    listed(
      listAt(o, 'endpoints').flatMap((e) => textsAt(e, 'addresses')),
      3,
      UNSET,
    ),
  ),
  AGE,
]

function portText(port: Json): string {
  const number = at(port, 'port')
  if (typeof number === 'number') return `${number}`
  return textAt(port, 'name', '*')
}

export const INGRESS_COLUMNS = [
  NAME,
  column('Class', (o) => textAt(o, 'spec.ingressClassName', NONE)),
  column('Hosts', hosts, { says: 'Hosts of its rules, three at most.' }),
  column('Address', (o) => loadBalancerAddresses(o).join(','), { says: 'Where the load balancer listens.' }),
  column('Ports', (o) => (listAt(o, 'spec.tls').length > 0 ? '80, 443' : '80'), { says: 'Ports that are open.' }),
  AGE,
]

function hosts(ingress: JsonObject): string {
  const named = listAt(ingress, 'spec.rules')
    .map((rule) => textAt(rule, 'host'))
    .filter((host) => host !== '')
  return listed(named, 3, '*')
}

export const INGRESS_CLASS_COLUMNS = [
  NAME,
  column('Controller', 'spec.controller'),
  column('Parameters', ingressParameters, { says: 'The object that configures it.' }),
  AGE,
]

function ingressParameters(object: JsonObject): string {
  const parameters = at(object, 'spec.parameters')
  if (parameters === undefined) return NONE
  const group = textAt(parameters, 'apiGroup')
  return `${textAt(parameters, 'kind')}${group && `.${group}`}/${textAt(parameters, 'name')}`
}

export const NETWORK_POLICY_COLUMNS = [
  NAME,
  column('Pod-Selector', (o) => formatSelector(at(o, 'spec.podSelector')), { says: 'The pods that it governs.' }),
  AGE,
]
