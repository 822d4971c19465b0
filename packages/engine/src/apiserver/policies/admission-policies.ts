/**
 * ValidatingAdmissionPolicies: rules in CEL about any kind, written by whoever runs the platform, judged in every write that they
 * are about.
 *
 * A policy counts from the next write on: policies and bindings are taken from the store's events, which arrive before the call that
 * wrote them returns. Without bindings nothing is asked and nothing loaded; with some, a write asks one map whether any is about its
 * resource. Matching, texts and codes follow apiserver's `admission/plugin/policy`, with one difference: several denials are
 * told in the order of the policies' names.
 *
 * Rejected: informers and a sync period, as upstream has. Between `kubectl apply` of a policy and its first refusal there would be a
 * second in which the thing that it forbids can be made.
 */
import { isObject, type JsonObject } from '../../base/json.ts'
import type { Log } from '../../base/log.ts'
import type { CompiledPolicy } from '../../machinery/cel/policy.ts'
import { asJson } from '../../machinery/object.ts'
import type { Resource } from '../../machinery/shape.ts'
import { ApiError, forbidden } from '../../machinery/status.ts'
import type { StoreEvent } from '../../storage/store.ts'
import type { AdmissionPlugin, AdmissionRequest, AdmissionVerb } from '../admission.ts'
import type { Served } from '../core/catalog.ts'
import type { Rbac } from '../rbac.ts'
import { inputOf } from './admission-request.ts'
import { loadPolicyEngine, type LoadedEngine } from './engine.ts'
import { judge, type Denial, type Judgement } from './judge.ts'
import type { MatchResources } from './matching.ts'
import {
  ConfigurationError,
  paramsOf,
  servedParams,
  type ParamKind,
  type ParamRef,
  type ParamSource,
} from './params.ts'
import { ByResource, Subjects, type Subject } from './subject.ts'

const GROUP = 'admissionregistration.k8s.io'
const POLICIES = `/${GROUP}/validatingadmissionpolicies/`
const BINDINGS = `/${GROUP}/validatingadmissionpolicybindings/`

export interface PolicyContext extends ParamSource {
  readonly rbac: Rbac
  readonly log: Log
}

interface Policy {
  readonly name: string
  readonly spec: JsonObject & {
    readonly matchConstraints?: MatchResources & JsonObject
    readonly paramKind?: ParamKind & JsonObject
    readonly failurePolicy?: string
  }
  readonly bindings: readonly Binding[]
}

interface Binding {
  readonly name: string
  readonly spec: JsonObject & {
    readonly matchResources?: MatchResources & JsonObject
    readonly paramRef?: ParamRef & JsonObject
    readonly validationActions?: readonly string[]
  }
}

interface Refusal {
  readonly policy: string
  readonly binding: string | undefined
  readonly message: string
  readonly reason: string
}

export class AdmissionPolicies implements AdmissionPlugin {
  readonly name = 'ValidatingAdmissionPolicy'
  readonly #context: PolicyContext
  readonly #specs = new Map<string, JsonObject>()
  readonly #bindings = new Map<string, Binding>()
  readonly #stops: readonly (() => void)[]
  /** Those with bindings, in the order of their names. */
  readonly #policies: ByResource<Policy>
  readonly #subjects: Subjects
  #isOpen = false

  constructor(context: PolicyContext) {
    this.#context = context
    const { store, catalog } = context
    this.#subjects = new Subjects(context)
    this.#policies = new ByResource(catalog, ({ spec }, resource, verb, subresource) =>
      this.#subjects.mayMatch(spec.matchConstraints ?? {}, resource, verb, subresource),
    )
    for (const prefix of [POLICIES, BINDINGS]) {
      for (const { key, document } of store.list({ prefix }).entries) this.#put(key, asJson(document.object))
    }
    const after = store.revision
    const onEvents = (events: readonly StoreEvent[]): void => {
      for (const { type, key, document } of events) this.#put(key, type === 'put' ? asJson(document.object) : undefined)
    }
    this.#stops = [POLICIES, BINDINGS].map((prefix) => store.watch({ prefix, after }, onEvents))
  }

  /**
   * From here on writes are judged. Not before the API has written what it needs itself: a policy that forbids that would keep it
   * from starting, and so from being mended.
   */
  open(): void {
    this.#isOpen = true
  }

  close(): Promise<void> {
    for (const stop of this.#stops) stop()
    return Promise.resolve()
  }

  #put(key: string, object: JsonObject | undefined): void {
    const isPolicy = key.startsWith(POLICIES)
    const name = key.slice((isPolicy ? POLICIES : BINDINGS).length)
    const spec = isObject(object?.['spec']) ? object['spec'] : {}
    if (isPolicy) {
      if (object) this.#specs.set(name, spec)
      else this.#specs.delete(name)
    } else if (object) this.#bindings.set(name, { name, spec })
    else this.#bindings.delete(name)
    this.#policies.set(this.#bound())
  }

  #bound(): readonly Policy[] {
    const bindings = [...this.#bindings.values()].sort(byName)
    const policies = [...this.#specs].map(([name, spec]) => ({
      name,
      spec: spec as Policy['spec'],
      bindings: bindings.filter((binding) => binding.spec['policyName'] === name),
    }))
    return policies.filter((policy) => policy.bindings.length > 0).sort(byName)
  }

  handles(resource: Resource, verb: AdmissionVerb, subresource?: string): boolean {
    return this.#isOpen && this.#policies.about(resource, verb, subresource).length > 0
  }

  /** Throws ApiError of the first denial's code. */
  async review(request: AdmissionRequest): Promise<void> {
    const { resource, verb, subresource } = request
    const subject = this.#subjects.of(request)
    let engine: LoadedEngine | undefined
    const refusals: Refusal[] = []
    for (const policy of this.#policies.about(resource, verb, subresource)) {
      const at = this.#subjects.matched(policy.spec.matchConstraints ?? {}, subject)
      if (!at) continue
      engine ??= await loadPolicyEngine()
      refusals.push(...this.#judgePolicy(engine, policy, subject, at))
    }
    const [first] = refusals
    if (first) throw refused(subject.request, first)
  }

  #judgePolicy(engine: LoadedEngine, policy: Policy, subject: Subject, at: Resource): Refusal[] {
    try {
      const { paramKind } = policy.spec
      const params = paramKind && servedParams(this.#context, paramKind)
      const compiled = compiledOf(engine, policy)
      const judging: Judging = { engine, policy, compiled, params, at, subject }
      return policy.bindings.flatMap((binding) => this.#judgeBinding(judging, binding))
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      if (policy.spec.failurePolicy === 'Ignore') return []
      const message = `failed to configure policy: ${error.message}`
      return [{ policy: policy.name, binding: undefined, message, reason: 'Invalid' }]
    }
  }

  #judgeBinding(judging: Judging, binding: Binding): Refusal[] {
    const { policy, params, subject } = judging
    if (binding.spec.matchResources && !this.#subjects.matched(binding.spec.matchResources, subject)) return []
    const refusal = ({ message, reason }: Pick<Denial, 'message' | 'reason'>): Refusal => ({
      policy: policy.name,
      binding: binding.name,
      message,
      reason,
    })
    try {
      const found = paramsOf(this.#context, params, binding.spec.paramRef, subject.namespace)
      return found.flatMap((param) => {
        const { denials, annotationErrors } = this.#judge(judging, param)
        const denied = denials.filter((denial) => this.#act(policy, binding, subject, denial))
        const broken = annotationErrors.map((message) => ({ message, reason: 'Invalid' }))
        return [...denied, ...broken].map(refusal)
      })
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      if (policy.spec.failurePolicy === 'Ignore') return []
      return [refusal({ message: `failed to configure binding: ${error.message}`, reason: 'Invalid' })]
    }
  }

  #judge({ engine, policy, compiled, at, subject }: Judging, params: JsonObject | null): Judgement {
    const input = { ...inputOf(this.#subjects, this.#context.rbac, subject, at), params }
    return judge(engine, compiled, input, policy.spec.failurePolicy)
  }

  /** Does what the binding wants done about a denial; whether that is to refuse. */
  #act({ name }: Policy, binding: Binding, { request, asked, namespace }: Subject, denial: Denial): boolean {
    const actions = binding.spec.validationActions ?? []
    if (actions.includes('Warn')) {
      request.warn?.(
        `Validation failed for ValidatingAdmissionPolicy '${name}' with binding '${binding.name}': ${denial.message}`,
      )
    }
    if (actions.includes('Audit')) {
      // Without the message, which an expression makes, perhaps of a Secret.
      const { resource } = request
      const of = { resource: resource.resource, group: resource.group, namespace, name: asked.name }
      const at = denial.index === undefined ? {} : { validation: denial.index }
      this.#context.log.info('an admission policy is not met', { policy: name, binding: binding.name, ...at, ...of })
    }
    return actions.includes('Deny')
  }
}

interface Judging {
  readonly engine: LoadedEngine
  readonly policy: Policy
  readonly compiled: CompiledPolicy
  readonly params: Served | undefined
  /** The resource at which the policy matched. */
  readonly at: Resource
  readonly subject: Subject
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1)

/** Throws ConfigurationError for a policy that an earlier version took and this one cannot compile. */
function compiledOf(engine: LoadedEngine, { spec }: Policy): CompiledPolicy {
  const known = compiledPolicies.get(spec)
  if (known) return known
  const { policy, problems } = engine.compile(spec)
  const [first] = problems
  if (first) throw new ConfigurationError(`${first.path}: ${first.detail}`)
  compiledPolicies.set(spec, policy)
  return policy
}

/** By spec, which is the stored object's own: a policy is compiled once for each of its versions. */
const compiledPolicies = new WeakMap<JsonObject, CompiledPolicy>()

const CODES: Readonly<Record<string, number>> = { Unauthorized: 401, Forbidden: 403, RequestEntityTooLarge: 413 }

function refused({ resource, object, old }: AdmissionRequest, refusal: Refusal): ApiError {
  const { policy, binding, message, reason } = refusal
  const by = binding === undefined ? '' : ` with binding '${binding}'`
  const text = `ValidatingAdmissionPolicy '${policy}'${by} denied request: ${message}`
  const plain = forbidden(resource, (object ?? old)?.metadata.name || 'Unknown', text)
  return new ApiError(CODES[reason] ?? 422, reason, plain.message, { ...plain.details, causes: [{ message: text }] })
}
