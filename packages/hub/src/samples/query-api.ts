/**
 * The questions what a namespace may claim, on a cluster: APIServices whose server is the hub that leads. The Service selects no pods:
 * the leader writes where it is. `larder up` has the same APIs built in.
 */
import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Door } from '../door.ts'
import { MANAGED_BY, MANAGED_BY_LABEL, QUERY_SERVICE } from '../model/names.ts'
import { queryGroups, queryRbac } from './rbac.ts'

type Manifest = JsonObject & KubeObject

const labels = { [MANAGED_BY_LABEL]: MANAGED_BY }
const PORT = 443

/** One for each group of questions. */
export const queryApiServices = (doors: readonly Door[]): readonly Manifest[] =>
  queryGroups(doors).map(({ group, version }) => ({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `${version}.${group}`, labels },
    spec: { group, version, groupPriorityMinimum: 100, versionPriority: 10, service: { ...QUERY_SERVICE, port: PORT } },
  }))

export const queryApiManifests = (doors: readonly Door[]): readonly Manifest[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...QUERY_SERVICE, labels },
    spec: { ports: [{ name: 'https', port: PORT, protocol: 'TCP' }] },
  },
  ...queryRbac(doors),
  ...queryApiServices(doors),
]
