/**
 * What dialects have in common whose kinds are one object for each cloud resource: each of their objects is one Instance without a Claim. The
 * object owns what is wanted, so edits of the Instance are overwritten; what the service says flows back into the object.
 *
 * A dialect says three things of a kind: what is wanted of a service for an object (`want`, or what must be there first), which objects stand
 * beside it (`beside`: ConfigMaps, Services), and what the object says (`report`). All three are pure: they read the caches and call nobody. The
 * rest is here once (controller.ts): the Instance of a name that the object's uid determines, the Backend, finalizer, writes and wakes.
 *
 *     resourceController(context, {
 *       door: 'aws-service-operator', driver: 'cloudformation', type: queueType, finalizer: 'service-operator.aws/larder',
 *       want: (queue) => ({ type: 'sqs', recipe, parameters: parametersOf(queue), externalName: stackNameOf(queue) }),
 *       report: (queue, { instance }) => ({ status: { resourceStatus: instance?.status?.outside?.state ?? '' } }),
 *     })
 *
 * Secrets that an object names go into `parametersFrom`: their values are in no spec and in no status. The Instance lives among those of the
 * platform, where any Secret may be named, so a dialect must decide by itself whose Secrets an object may name.
 *
 * Rejected: a Claim for each object. These kinds hand out no credentials, and a claim would add policies, a hold and a binding to what is one
 * resource. Rejected: calls to a driver from here. The timeline, the pace and the deadlines of a resource would then exist twice.
 */
import type { Json, JsonObject } from '@larder/engine/base/json'
import type { Namespace } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Watch } from '@larder/engine/runtime/controller'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Instance } from '../model/instance.ts'

/** The caches: of the kind itself, Instances, Backends, Namespaces, and of what the dialect watches besides. */
export type Neighbours = Pick<Pass<KubeObject>, 'cache'>

/**
 * Why nothing is asked for yet, or no more. The words reach status. From here come `BackendNotFound`, `ContentNotAllowed`, `PlaceFixed`, `Immutable` and
 * `ApiRefused`, beside those of the dialect.
 */
export interface Blocked {
  readonly blocked: { readonly reason: string; readonly message: string }
}

type InstanceSpec = Instance['spec']

/** The service of one object: fields of its Instance. */
export interface WantedService {
  /** Which Backend, where there are several; absent: any that the namespace of the object may use. */
  readonly place?: Place
  /** What the service is, `sqs`. */
  readonly type: string
  readonly recipe: JsonObject
  readonly parameters?: JsonObject
  readonly parametersFrom?: InstanceSpec['parametersFrom']
  readonly externalName?: string
  readonly existing?: InstanceSpec['existing']
  /** Somebody else's text of which the service is made: of a namespace that the Backend must be open to as well. */
  readonly contentFrom?: { readonly what: string; readonly namespace: string }
}

/** As Backends of AWS say it: by their config, or by what they found when they were probed. */
export interface Place {
  readonly region?: string
  readonly accountID?: string
  /** The role of that account, for a Backend that the door keeps where there is none. */
  readonly roleARN?: string
}

/** What is known of an object's service. */
export interface ServiceState {
  /** Absent: not made yet, or gone. It may be of an older generation of the object: see `isCurrent`. */
  readonly instance: Instance | undefined
  /** The Instance is as the object wants it, and the hub has looked at it since. */
  readonly isCurrent: boolean
  readonly blocked: Blocked['blocked'] | undefined
  /** Objects beside it that could not be written: somebody else has the name, or the API refuses them, as `blocked` then says. `Kind name`. */
  readonly taken: readonly string[]
  readonly isDeleting: boolean
  /** Milliseconds, for times in conditions. */
  readonly now: number
}

/** An object that stands beside another one, of its namespace and owned by it. */
export interface SideObject {
  readonly type: ResourceType
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  /** Its fields beside apiVersion, kind and metadata: each is written whole. */
  readonly content: Readonly<Record<string, Json>>
}

export interface Report {
  /** Whole; what the object said before and this does not is removed. */
  readonly status: JsonObject
  /** Other fields at the top of the object, each whole, `null` in them included. Written before the status. */
  readonly fields?: Readonly<Record<string, Json>>
  /** Added to those that the object has. */
  readonly annotations?: Readonly<Record<string, string>>
  readonly events?: readonly { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly note: string }[]
  /** There is more to say after this was written. */
  readonly again?: boolean
}

export interface ResourceDialect<T extends KubeObject> {
  /** Its name in `--doors`, and in the origin of its Instances. */
  readonly door: string
  /** Of the Backends that make its services. */
  readonly driver: string
  readonly type: ResourceType<T>
  readonly finalizer: string
  /** Kinds of the objects beside it. */
  readonly sides?: readonly ResourceType[]
  /** What `want` reads besides. Their `keys` are names of this kind. */
  readonly watches?: readonly Watch[]
  want(object: T, neighbours: Neighbours): WantedService | Blocked
  /**
   * What becomes of the service when the object goes; asked anew at its deletion, when `want` is not, with the namespace as the server has it then: who
   * says that things stay, and at once deletes, means what is deleted. Unless told `Delete`.
   */
  reclaimPolicy?(object: T, namespace: Namespace | undefined): 'Delete' | 'Retain'
  /** Not asked while the object goes: what is owned goes with it. What is owned and not named here is removed. */
  beside?(object: T, state: ServiceState): readonly SideObject[]
  report(object: T, state: ServiceState): Report
}
