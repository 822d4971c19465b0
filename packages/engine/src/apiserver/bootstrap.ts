/**
 * What every Kubernetes has from the start: four namespaces and the roles that everybody expects.
 *
 * Written through the API itself, as its own user, and only what is missing: on a used store this is some thirty look-ups
 * in memory and no write. What somebody changed stays changed; what they deleted comes back at the next start.
 */
import type { JsonObject } from '../base/json.ts'
import type { Call } from '../machinery/call.ts'
import { isAlreadyExists } from '../machinery/status.ts'
import type { Store } from '../storage/store.ts'
import { bootstrapRoles } from './bootstrap-roles.ts'
import { keyOf } from './core/keys.ts'
import type { Resources } from './api.ts'

/** Writes as the API itself. Throws ApiError. */
export type SystemCall = (call: Call) => Promise<unknown>

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease']
const RBAC = 'rbac.authorization.k8s.io'

interface BootObject {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly namespace?: string
  readonly object: JsonObject & { readonly metadata: { readonly name: string } }
}

export async function bootstrap(store: Store, resources: Resources, call: SystemCall): Promise<void> {
  const missing = bootObjects().filter(({ group, version, resource, namespace, object }) => {
    const found = resources.find(group, version, resource)
    return found !== undefined && store.get(keyOf(found, namespace, object.metadata.name)) === undefined
  })
  const write = ({ object, ...target }: BootObject) => create(call, { verb: 'create', target, body: object })
  await Promise.all(missing.filter(({ namespace }) => namespace === undefined).map(write))
  // Once their namespace is there.
  await Promise.all(missing.filter(({ namespace }) => namespace !== undefined).map(write))
}

async function create(call: SystemCall, creation: Call & { verb: 'create' }): Promise<void> {
  try {
    await call(creation)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
}

function bootObjects(): readonly BootObject[] {
  const namespaces = NAMESPACES.map((name) => ({
    group: '',
    version: 'v1',
    resource: 'namespaces',
    object: { metadata: { name } },
  }))
  const { roles, bindings, systemRoles } = bootstrapRoles()
  const rbac = { group: RBAC, version: 'v1' }
  return [
    ...namespaces,
    ...roles.map((object) => ({ ...rbac, resource: 'clusterroles', object })),
    ...bindings.map((object) => ({ ...rbac, resource: 'clusterrolebindings', object })),
    ...systemRoles.map((object) => ({ ...rbac, resource: 'roles', namespace: 'kube-system', object })),
  ]
}
