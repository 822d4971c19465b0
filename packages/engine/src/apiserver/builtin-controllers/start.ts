/**
 * The controllers that a kube-controller-manager would otherwise bring, as far as clients notice their absence. Each can be left
 * out, so that a real one, or somebody's own, does its work.
 */
import { startDefaultObjects } from './default-objects.ts'
import { startEventExpiry } from './event-expiry.ts'
import { startGarbageCollection } from './garbage-collection.ts'
import { startNamespaceDeletion, type BuiltinController, type ControllerContext } from './namespaces.ts'
import { startRoleAggregation } from './role-aggregation.ts'

export type BuiltinControllerName =
  /** Empties namespaces that are being deleted. */
  | 'namespace-deletion'
  /** Deletes what its owners have left behind, and lets go of owners that wait for it. */
  | 'garbage-collection'
  /** ServiceAccount `default` and ConfigMap `kube-root-ca.crt` in every namespace. */
  | 'default-objects'
  /** Rules of ClusterRoles with an `aggregationRule`. */
  | 'role-aggregation'
  /** Events live for an hour. */
  | 'event-expiry'

export interface BuiltinControllers {
  /** Resolves when what clients expect from the first moment is there. Work that a stop interrupted goes on behind it. */
  ready(): Promise<void>
  close(): Promise<void>
}

const EXPECTED_AT_ONCE: readonly BuiltinControllerName[] = ['default-objects', 'role-aggregation']

interface StartOptions {
  readonly caCertificate: string | undefined
  /** True: all of them. */
  readonly names: boolean | readonly BuiltinControllerName[]
}

export function startBuiltinControllers(context: ControllerContext, options: StartOptions): BuiltinControllers {
  const starts: Readonly<Record<BuiltinControllerName, () => BuiltinController>> = {
    'namespace-deletion': () => startNamespaceDeletion(context),
    'garbage-collection': () => startGarbageCollection(context),
    'default-objects': () => startDefaultObjects(context, options.caCertificate),
    'role-aggregation': () => startRoleAggregation(context),
    'event-expiry': () => startEventExpiry(context),
  }
  const all = Object.keys(starts) as BuiltinControllerName[]
  const names = typeof options.names === 'boolean' ? (options.names ? all : []) : options.names
  const controllers = new Map(all.filter((name) => names.includes(name)).map((name) => [name, starts[name]()]))
  return {
    async ready() {
      for (const name of EXPECTED_AT_ONCE) await controllers.get(name)?.idle()
    },
    close: async () => void (await Promise.all([...controllers.values()].map((controller) => controller.close()))),
  }
}
