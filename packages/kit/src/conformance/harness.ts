import type { Credential, Driver, Json, Log, Ref, Session, Want } from '../driver.ts'

/**
 * What the suite needs to know about a driver in order to try it. `supports` is a record over all abilities: what a
 * driver lacks is written down with its reason, and the suite checks that this is still true.
 */
export interface Harness {
  /** For titles: `process (redis)`. */
  name: string
  supports: Readonly<Record<Ability, true | string>>
  /** A backend of its own, empty. */
  open(log: Log): Promise<Stage>
  /** How long something may take to settle. */
  settleMs: number
}

/** Optional verbs, and what only some backends can show. */
export type Ability =
  /** It makes its services. */
  | 'provisions'
  /** Its services are objects that exist: the opposite. */
  | 'finds'
  | 'update'
  | 'plan'
  | 'discover'
  | 'wipe'
  | 'watch'
  | 'login'
  | 'rejectedRecipe'
  | 'rejectedRole'
  | 'world'

export interface Stage {
  driver: Driver
  session: Session
  /** A second session on the same backend, as after a restart of the hub: nothing in memory is shared. */
  reopen(): Promise<Session>
  recipe: Json
  parameters: Json
  /** For `update`. */
  otherParameters?: Json
  /** Roles to ask for; none: the driver has no roles. */
  roles: readonly string[]
  /** Makes an object that the recipe offers, for `finds`; what is returned becomes `Want.resource`. */
  offer?(name: string): Promise<Ref>
  /** A recipe that the driver must refuse as `invalid`. For `rejectedRecipe`. */
  wrongRecipe?: Json
  /** Whether these values log in, tried as an application would. For `login`. */
  login?(values: Readonly<Record<string, Json | Uint8Array>>): Promise<boolean>
  /** How many things there are outside, by looking at the world and not at the driver. For `world`. */
  countOutside?(): Promise<number>
  close(): Promise<void>
}

export interface Rule {
  /** `D5`, as in docs/contracts/driver.md. */
  rule: string
  title: string
  run: () => Promise<void>
}

/** A want with nothing special about it. */
export function wantOf(stage: Stage, id: string, more: Partial<Want> = {}): Want {
  return {
    id,
    generation: 1,
    recipe: stage.recipe,
    parameters: stage.parameters,
    existing: 'Refuse',
    origin: { door: 'conformance' },
    changed: [],
    ...more,
  }
}

export function credentialOf(stage: Stage, id: string): Credential {
  const [role] = stage.roles
  return { id, parameters: {}, origin: { door: 'conformance' }, ...(role === undefined ? {} : { role }) }
}
