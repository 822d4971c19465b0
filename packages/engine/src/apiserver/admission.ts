/**
 * Who may still object to a write that is authorized and valid.
 *
 * Plugins look, they do not change: what completes objects is part of their kind (defaults, habits), or of `mutating-admission.ts`.
 * NamespaceLifecycle is no plugin but part of `create`, because it must judge in the same instant as the write: see `core/lifecycle.ts`.
 */
import type { KubeObject } from '../machinery/object.ts'
import type { Resource } from '../machinery/shape.ts'
import type { User } from './api.ts'

export type AdmissionVerb = 'create' | 'update' | 'delete'

export interface AdmissionRequest {
  readonly verb: AdmissionVerb
  readonly resource: Resource
  readonly subresource?: string
  readonly user: User
  /** Absent for a deletion. */
  readonly object?: KubeObject
  /** The stored object, absent for a creation. */
  readonly old?: KubeObject
  readonly dryRun: boolean
  /** The options of the call, as in its URL. */
  readonly options?: Readonly<Record<string, unknown>>
  /** Receives texts for `Warning: 299` headers. */
  readonly warn?: (text: string) => void
}

export interface AdmissionPlugin {
  readonly name: string
  handles(resource: Resource, verb: AdmissionVerb, subresource?: string): boolean
  /** Refuses by throwing an ApiError. Runs after validation; must not have side effects when `dryRun` is set. */
  review(request: AdmissionRequest): Promise<void> | void
}

export class Admission {
  readonly #plugins: readonly AdmissionPlugin[]

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins
  }

  /** Undefined when nobody wants to see the request: most writes must not pay for an await. */
  review(request: AdmissionRequest): Promise<void> | undefined {
    const { resource, verb, subresource } = request
    const concerned = this.#plugins.filter((plugin) => plugin.handles(resource, verb, subresource))
    return concerned.length === 0 ? undefined : reviewAll(concerned, request)
  }
}

async function reviewAll(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  for (const plugin of plugins) await plugin.review(request)
}
