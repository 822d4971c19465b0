/**
 * How foreign kinds come into the hub.
 *
 * A dialect speaks another system's language for what Larder has: it turns foreign objects into Instances and Claims and tells
 * their status in its own words. A companion serves kinds that are neither, and that those documents need beside them. To the hub
 * both are a `Door`: a name, what the API must know, what the hub must be allowed, and controllers under the hub's own rights.
 *
 * A door is a client of the API like any other. It calls no driver and imports no other door; what two of them need is a word that
 * the model lacks. `main/doors.ts` lists those that exist and loads the ones that are served, so that the others cost nothing.
 *
 * Rejected: a door as a process of its own. It would need rights, an installation and a life of its own for what is a few
 * controllers, and `larder up` would be several processes.
 */
import type { JsonObject } from '@larder/engine/base/json'
import type { Clock } from '@larder/engine/base/clock'
import type { Log } from '@larder/engine/base/log'
import type { PolicyRule } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import type { Informers } from '@larder/engine/client/informers'
import type { Transport } from '@larder/engine/machinery/call'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Resource } from '@larder/engine/machinery/shape'
import type { Controller } from '@larder/engine/runtime/controller'

/** What controllers of a door are made from. Passes have a client of their own (`pass.client`), and caches (`pass.cache`). */
export interface DoorContext {
  /** Acts as the hub's ServiceAccount, for what happens outside of passes. */
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  /** Whether the API is the hub's own, as in `larder up`, and not that of a cluster where others are at home. */
  readonly isEmbedded: boolean
  /** Bytes that nobody can guess; a test may give others. */
  readonly randomBytes: (size: number) => Uint8Array
  /** Acts as that ServiceAccount and no more: for what an object asks to be done with the rights of an account of its namespace. */
  readonly transportOf: (account: { readonly namespace: string; readonly name: string }) => Transport
}

/** One object that exists and could be claimed. */
interface PoolMember {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** Where questions of doors look into pools. */
export interface PoolDesk {
  /**
   * What a claim by resource of this namespace, naming no role, could hold now: at home there or opened by a policy, and held by nobody.
   * Sorted by namespace and name. `recipe` is one of driver `pool`. It is read as the account of claims by resource: where that may not
   * look, or the cluster has no such kind, there is nothing. Rejects with ServiceUnavailable while the hub or its API cannot tell.
   */
  free(pool: { readonly recipe: JsonObject; readonly namespace: string }): Promise<readonly PoolMember[]>
}

export interface DoorQuestion {
  /** Acts as whoever asks, and reads alone. */
  readonly client: Client
  readonly clock: Clock
  readonly namespace: string
  /** Of the question, for errors; `''` where it has none. */
  readonly name: string
  /** Checked against the schema, with its defaults. */
  readonly spec: JsonObject
}

/** A namespaced kind of which a door only answers questions: created, answered in the same breath, and not stored. */
export interface DoorQuery {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** The plural. */
  readonly resource: string
  /** Structural, as in a CustomResourceDefinition. */
  readonly schema: JsonObject
  /** The status. An ApiError that it throws is the answer. */
  answer(question: DoorQuestion, desk: PoolDesk): Promise<JsonObject>
}

/**
 * What a door adds to objects in the write that brings them, and its controllers would add right after. It never costs anybody a write:
 * see the MutatingPlugin of the engine, which says what may be done here.
 */
export interface DoorAdmission {
  /** In whose name: what this ServiceAccount may not update it does not see. */
  readonly account: { readonly namespace: string; readonly name: string }
  /** Asked at every write, so by a look into a map at most. */
  handles(resource: Resource): boolean
  /** That very object for no change. Must not wait: it reads what `informers` have. */
  mutate(object: KubeObject, resource: Resource): KubeObject
}

export interface Door {
  /** As in `--doors`: lower case. */
  readonly name: string
  /** The CustomResourceDefinitions of its kinds. */
  definitions(): readonly (JsonObject & KubeObject)[]
  /** Served by the API of `larder up` itself, and by the hub that leads behind that of a cluster. */
  readonly queries?: readonly DoorQuery[]
  /** What its controllers need besides: part of the hub's ClusterRole while the door is served, and only then. */
  readonly rules: readonly PolicyRule[]
  /** ClusterRoles that give people their share: `into` names the roles of Kubernetes that they add to. */
  readonly roles: readonly {
    readonly name: string
    readonly into: readonly string[]
    readonly rules: readonly PolicyRule[]
  }[]
  /** What else its controllers need in a cluster: accounts that they act as, say, with the right of the hub to do so. */
  manifests?(hub: { readonly namespace: string; readonly name: string }): readonly (JsonObject & KubeObject)[]
  /** For one manager; called again for each term of leading. A door whose modules are many loads them here, behind the start of the hub. */
  controllers(context: DoorContext): readonly Controller[] | Promise<readonly Controller[]>
  /** Begun with its controllers, by the API of `larder up` alone: see docs/adr/0005 for why not on a cluster. */
  admission?(context: DoorContext & { readonly informers: Informers }): DoorAdmission | Promise<DoorAdmission>
}
