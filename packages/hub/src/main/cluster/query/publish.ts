/** Leads the questions of a cluster to the hub that leads: its address, and the authority of its certificate. */
import type { JsonObject } from '@larder/engine/base/json'
import type { ResourceType } from '@larder/engine/client/types'
import type { Client } from '@larder/engine/client/client'
import { QUERY_SERVICE } from '../../../model/names.ts'
import type { Door } from '../../../door.ts'
import { queryApiServices } from '../../../samples/query-api.ts'

const sliceType: ResourceType = {
  group: 'discovery.k8s.io',
  version: 'v1',
  resource: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
}
export const apiServiceType: ResourceType = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  resource: 'apiservices',
  kind: 'APIService',
  namespaced: false,
}

/** No controller of the cluster is to touch it. */
const MANAGED = { 'endpointslice.kubernetes.io/managed-by': 'larder.dev' }

export interface Whereabouts {
  /** Whose questions are answered there, beside those of the hub. */
  readonly doors: readonly Door[]
  readonly host: string
  readonly port: number
  /** PEM. */
  readonly authority: string
}

/** In sync it writes nothing. */
export async function publishQueries(client: Client, { doors, host, port, authority }: Whereabouts): Promise<void> {
  const options = { fieldManager: 'larder-hub', force: true }
  const { name, namespace } = QUERY_SERVICE
  const slice = {
    metadata: { name, namespace, labels: { ...MANAGED, 'kubernetes.io/service-name': name } },
    addressType: host.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [host], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  }
  await client.of(sliceType).apply(slice, options)
  const caBundle = Buffer.from(authority).toString('base64')
  for (const { metadata, spec } of queryApiServices(doors)) {
    // Fields that the API requires are said again, as the installation says them.
    const apiService = { metadata: { name: metadata.name }, spec: { ...(spec as JsonObject), caBundle } }
    await client.of(apiServiceType).apply(apiService, options)
  }
}
