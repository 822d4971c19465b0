/**
 * The question what a namespace may claim, on a cluster: an APIService whose server is the hub that leads. The Service selects no pods:
 * the leader writes where it is. `larder up` has the same API built in.
 */
import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import { claimableQueryType } from '../model/claimable-query.ts'
import { MANAGED_BY, MANAGED_BY_LABEL, QUERY_SERVICE } from '../model/names.ts'
import { QUERY_API_SERVICE, queryRbac } from './rbac.ts'

type Manifest = JsonObject & KubeObject

const labels = { [MANAGED_BY_LABEL]: MANAGED_BY }
const PORT = 443

export const queryApiService = (): Manifest => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: QUERY_API_SERVICE, labels },
  spec: {
    group: claimableQueryType.group,
    version: claimableQueryType.version,
    groupPriorityMinimum: 100,
    versionPriority: 10,
    service: { ...QUERY_SERVICE, port: PORT },
  },
})

export const queryApiManifests = (): readonly Manifest[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...QUERY_SERVICE, labels },
    spec: { ports: [{ name: 'https', port: PORT, protocol: 'TCP' }] },
  },
  ...queryRbac(),
  queryApiService(),
]
