/**
 * The driver contract. A driver says where services come from; the hub does everything else around it.
 * Rules D1..Dn are in docs/contracts/driver.md, and the conformance suite quotes them.
 */

/** bigint beyond 2^53. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [k: string]: Json }
export type JsonSchema = { readonly [k: string]: Json }
/** Decoded values of a Secret. Never log, never put into a message. */
export type Secrets = Readonly<Record<string, Uint8Array>>
export type Existing = 'Refuse' | 'Adopt' | 'AdoptOrCreate' | 'Observe'
export type Ref = { apiVersion: string; kind: string; namespace?: string; name: string; uid?: string }
export type Origin = Partial<Ref> & {
  door: string
  context?: Json
  requester?: { user: string; groups: readonly string[] }
  request?: string
}
export type Outside = { id: string; state?: string; message?: string; url?: string }
export type Offer = { offer: string; description: string; type: string; recipe: Json; plans: Json; definition?: Json }
/** `resource`: the object of this cluster that it is, by which the hub holds it and policies permit it. */
export type Found = { found: string; type: string; recipe: Json; outside: Outside; resource?: Resource }
export type Resource = Ref & { labels?: Readonly<Record<string, string>> }
/** Never secrets. */
export type Drift = { path: string; want?: Json; have?: Json }
export type Effect = { kind: 'inPlace' | 'restart' | 'replace' | 'destroy'; what: string; message: string }
export type FieldError = {
  path: string
  reason: 'required' | 'invalid' | 'notAllowed' | 'fixed' | 'unknown'
  message: string
  allowed?: readonly Json[]
}
export type Query = Omit<Ref, 'name' | 'uid'> & { labels?: string; fields?: string }

/** Every verb throws the errors of the kit: `denied` when the account may not, `unavailable` when nobody answers. */
export interface KubeApi {
  get(r: Ref): Promise<Json | undefined>
  list(q: Query): Promise<readonly Json[]>
  apply(o: Json, manager: string): Promise<Json>
  delete(r: Ref): Promise<void>
  /**
   * Tells of everything that is there, then of every change, until the signal is aborted. Throws like the others when the account
   * may not watch, also when it no longer may. `listed`: everything that is there has been told; what was there before and was not told
   * is gone.
   */
  watch(q: Query, changed: (r: Ref) => void, s: AbortSignal, listed?: () => void): Promise<void>
}

export interface Log {
  debug(message: string, fields?: Readonly<Record<string, string | number | boolean | undefined>>): void
  info(message: string, fields?: Readonly<Record<string, string | number | boolean | undefined>>): void
  warn(message: string, fields?: Readonly<Record<string, string | number | boolean | undefined>>): void
}

export interface Host {
  /** This cluster, under the backend's ServiceAccount. */
  kube?: KubeApi
  log: Log
  now(): Date
}

export interface Driver {
  name: string
  configSchema: JsonSchema
  recipeSchema: JsonSchema
  traits(recipe: Json): Traits
  connect(backend: { config: Json; credentials: Secrets }, host: Host): Session
}

export interface Traits {
  credentials: 'per-binding' | 'per-instance'
  provisions: boolean
  observes: 'truth' | 'state'
}

/** What the hub wants to exist. `id` + `generation` is the idempotency token. */
export interface Want {
  id: string
  name?: string
  generation: number
  /** Recorded before the call. */
  intent?: 'create' | 'update' | 'delete'
  plan?: { name: string; externalId?: string }
  recipe: Json
  /** Secrets resolved. */
  parameters: Json
  credentials?: Secrets
  existing: Existing
  origin: Origin
  /** The object of this cluster that the service is, where it is one that exists and that the hub holds for a claim. */
  resource?: Ref
  applied?: { plan?: string; externalPlanId?: string }
  changed: readonly ('plan' | 'parameters' | 'recipe')[]
  /** The driver's own, opaque, kept in a Secret. */
  state?: string
}

export interface Credential {
  id: string
  role?: string
  parameters: Json
  predecessor?: string
  state?: string
  origin: Origin
}

export type Ack = { state?: string; againMs?: number; outside?: Outside }
export type Changing = { phase: 'changing'; doing: string; message?: string; againMs: number; expectedAt?: string }
export type Failed = {
  phase: 'failed'
  reason: string
  message: string
  usable: boolean
  retry: 'no' | 'same' | 'recreate'
}
export type Seen = { state?: string; outside?: Outside; outputs?: Json } & (
  | { phase: 'absent' }
  /** Repeat the intent. */
  | { phase: 'unknown' }
  /** That name exists and is not ours. */
  | { phase: 'conflict'; message: string }
  | Changing
  | Failed
  | { phase: 'ready'; drift: readonly Drift[]; bindings?: readonly string[] }
)
export type Bound = { state?: string } & (
  | Changing
  | Failed
  /** Exists, and is not shown again. */
  | { phase: 'withheld' }
  | {
      phase: 'ready'
      values: Readonly<Record<string, Json | Uint8Array>>
      /** Of a Secret that is copied: the copy keeps this type and exactly these keys. */
      secretType?: string
      expiresAt?: string
      renewBefore?: string
    }
)
export type Unbound = { state?: string } & (Changing | Failed | { phase: 'gone' })
export interface Plan {
  parameters: Json
  errors: FieldError[]
  effects: Effect[]
}

export interface Session {
  probe(s: AbortSignal): Promise<{ info: Json }>
  /** With `recipe`: what there is to be held by a class of that recipe. */
  discover?(query: { select?: readonly string[]; recipe?: Json }, s: AbortSignal): AsyncIterable<Offer | Found>
  /** What a change would do. */
  plan?(want: Want, s: AbortSignal): Promise<Plan>
  /** Never starts anything. */
  observe(want: Want, s: AbortSignal): Promise<Seen>
  create(want: Want, s: AbortSignal): Promise<Ack>
  update?(want: Want, s: AbortSignal): Promise<Ack>
  delete(want: Want, s: AbortSignal): Promise<Ack>
  /** Repeated until settled. */
  bind(want: Want, c: Credential, s: AbortSignal): Promise<Bound>
  unbind(want: Want, c: Credential, s: AbortSignal): Promise<Unbound>
  wipe?(want: Want, s: AbortSignal): Promise<Ack>
  /** `id` of a want, or `found` of what appears, changes or goes. */
  watch?(changed: (id: string) => void, s: AbortSignal): Promise<void>
}
