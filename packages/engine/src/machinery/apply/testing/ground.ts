/** An object that managers apply to and write, without a server. */
import type { JsonObject } from '../../../base/json.ts'
import { applyConfig, compareInScope, type Scope } from '../apply.ts'
import { pathsOf } from '../field-set.ts'
import { ownersAfterUpdate, type Identity, type Owner } from '../owners.ts'
import { ownable, type ApplyType } from '../types.ts'

export interface Manner {
  readonly force?: boolean
  readonly apiVersion?: string
  readonly subresource?: string
  readonly scope?: Scope
}

export class Ground {
  readonly #type: ApplyType
  live: JsonObject | undefined
  owners: readonly Owner[] = []
  /** Of the next write. */
  second = 0

  constructor(type: ApplyType, live?: JsonObject) {
    this.#type = type
    this.live = live
  }

  apply(manager: string, config: JsonObject, manner: Manner = {}): void {
    const { force = false, scope = 'everything' } = manner
    const identity = identityOf(manager, 'Apply', manner)
    const input = { type: this.#type, live: this.live, owners: this.owners, config, identity, force, scope }
    const { object, owners } = applyConfig({ ...input, time: this.#now() })
    this.live = object
    this.owners = owners
  }

  update(manager: string, object: JsonObject, manner: Manner = {}): void {
    const comparison = compareInScope(this.#type, this.live, object, manner.scope ?? 'everything')
    this.owners = ownersAfterUpdate(this.owners, comparison, identityOf(manager, 'Update', manner), this.#now())
    this.live = ownable(object)
  }

  /** Paths by owner: `{ alice: ['.spec.size'] }`. */
  owned(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(this.owners.map(({ manager, fieldsV1 }) => [manager, pathsOf(fieldsV1)]))
  }

  #now(): string {
    const at = this.second++
    return `2026-01-01T00:${String(Math.floor(at / 60)).padStart(2, '0')}:${String(at % 60).padStart(2, '0')}Z`
  }
}

function identityOf(manager: string, operation: Identity['operation'], manner: Manner): Identity {
  const { apiVersion = 'v1', subresource } = manner
  return { manager, operation, apiVersion, ...(subresource !== undefined && { subresource }) }
}
