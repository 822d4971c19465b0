/**
 * The resources that are served now: the built-in ones, and those of the CRDs whose names were accepted.
 *
 * Custom resources are taken from the store's events, which arrive before the call that wrote the CRD returns. So a CRD
 * is served, discovered and described the moment its creation is answered. Rejected: the two seconds that upstream
 * waits for its other replicas; there are none here.
 */
import type { JsonObject } from '../../base/json.ts'
import type { Resource } from '../../machinery/shape.ts'
import type { Resources } from '../api.ts'
import type { Answerer } from './questions.ts'

/** Paths of a scale subresource inside its object. */
export interface ScalePaths {
  readonly specReplicas: readonly string[]
  readonly statusReplicas: readonly string[]
  readonly selector: readonly string[] | undefined
}

export interface Served {
  readonly resource: Resource
  /** Absent for built-in kinds. */
  readonly custom?: CustomState
  /** Of a kind that is a question: who answers it. Nothing is stored. */
  readonly answerer?: Answerer
}

/** What is known of the CRD behind a resource. Shared by its versions. */
export interface CustomState {
  readonly name: string
  readonly definition: JsonObject
  /** Objects written before this revision may lack what the schema has since learned: they are completed when read. */
  readonly schemaSince: number
  readonly terminating: boolean
  readonly scale: ReadonlyMap<string, ScalePaths>
}

export interface CustomDefinition {
  readonly state: CustomState
  readonly resources: readonly Resource[]
}

type Listener = (gone: readonly Resource[]) => void

const path = (group: string, version: string, resource: string): string => `${group}/${version}/${resource}`

export class Catalog implements Resources {
  readonly #builtin: readonly Served[]
  readonly #custom = new Map<string, readonly Served[]>()
  readonly #byPath = new Map<string, Served>()
  readonly #byKind = new Map<string, Served>()
  readonly #listeners = new Set<Listener>()
  #all: readonly Resource[] | undefined
  #generation = 1

  constructor(builtin: readonly Served[]) {
    this.#builtin = builtin
    for (const served of this.#builtin) this.#add(served)
  }

  get generation(): number {
    return this.#generation
  }

  lookup(group: string, version: string, resource: string): Served | undefined {
    return this.#byPath.get(path(group, version, resource))
  }

  find(group: string, version: string, resource: string): Resource | undefined {
    return this.lookup(group, version, resource)?.resource
  }

  findKind(group: string, version: string, kind: string): Resource | undefined {
    return this.#byKind.get(path(group, version, kind))?.resource
  }

  /** The resource in whose form the objects are kept. */
  storageOf(resource: Resource): Resource {
    const { group, version, resource: plural } = resource.storage
    return this.find(group, version, plural) ?? resource
  }

  all(): readonly Resource[] {
    return (this.#all ??= [...this.#builtin, ...[...this.#custom.values()].flat()].map(({ resource }) => resource))
  }

  custom(name: string): CustomState | undefined {
    return this.#custom.get(name)?.[0]?.custom
  }

  definition(name: string): CustomDefinition | undefined {
    const served = this.#custom.get(name)
    const state = served?.[0]?.custom
    return served && state && { state, resources: served.map(({ resource }) => resource) }
  }

  /** Serves the resources of a CRD, or none of them. Watches of those that are gone or changed end. */
  replace(name: string, definition: CustomDefinition | undefined): void {
    const before = this.#custom.get(name) ?? []
    if (before.length === 0 && !definition) return
    for (const served of before) this.#remove(served)
    const after = (definition?.resources ?? []).map((resource) => ({ resource, custom: definition!.state }))
    if (after.length > 0) this.#custom.set(name, after)
    else this.#custom.delete(name)
    for (const served of after) this.#add(served)
    this.#all = undefined
    const gone = before
      .map(({ resource }) => resource)
      .filter((resource) => !after.some((one) => one.resource === resource))
    if (gone.length > 0 || after.length !== before.length) this.#generation++
    if (gone.length > 0) for (const listener of this.#listeners) listener(gone)
  }

  /** Told of resources that are no longer served, or not in this form. */
  onGone(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #add(served: Served): void {
    const { group, version, resource, kind } = served.resource
    this.#byPath.set(path(group, version, resource), served)
    this.#byKind.set(path(group, version, kind), served)
  }

  #remove({ resource: { group, version, resource, kind } }: Served): void {
    this.#byPath.delete(path(group, version, resource))
    this.#byKind.delete(path(group, version, kind))
  }
}
