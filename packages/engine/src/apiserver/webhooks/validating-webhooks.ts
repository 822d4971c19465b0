/**
 * ValidatingWebhookConfigurations: other servers that are asked about a write before it is made.
 *
 * All that are concerned are asked at once, and one that refuses is enough. Who cannot be asked refuses too, unless its failure
 * policy is Ignore. Texts and codes follow apiserver's `admission/plugin/webhook`; of several refusals the first in the order of
 * configurations and webhooks is told. Mutating webhooks are not called, and whoever configures one is told so.
 *
 * While a webhook thinks, the key that is being written waits for it, at most its `timeoutSeconds`.
 */
import type { Clock } from '../../base/clock.ts'
import type { Ids } from '../../base/ids.ts'
import { isObject, type JsonObject } from '../../base/json.ts'
import { errorChain, type Log } from '../../base/log.ts'
import { asJson } from '../../machinery/object.ts'
import type { Resource } from '../../machinery/shape.ts'
import { ApiError, badRequest, forbidden, internal, type StatusDetails } from '../../machinery/status.ts'
import type { StoreEvent } from '../../storage/store.ts'
import type { AdmissionPlugin, AdmissionRequest, AdmissionVerb } from '../admission.ts'
import { inputOf, requestOf } from '../policies/admission-request.ts'
import { loadPolicyEngine } from '../policies/engine.ts'
import { meetsConditions } from '../policies/judge.ts'
import { ByResource, Subjects, type Subject, type SubjectContext } from '../policies/subject.ts'
import type { Rbac } from '../rbac.ts'
import { conditionsOf, endpointOf, webhooksOf, type Webhook } from './configuration.ts'
import type { Verdict } from './webhook-client.ts'

const GROUP = 'admissionregistration.k8s.io'
const CONFIGURATIONS = `/${GROUP}/validatingwebhookconfigurations/`
const MUTATING = 'mutatingwebhookconfigurations'
const NOT_CALLED = 'this API calls no mutating webhooks: the configuration is stored and has no effect'

export interface WebhookContext extends SubjectContext {
  readonly rbac: Rbac
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
}

/** It could not be asked; what happens then is up to its failure policy. */
class CallFailed extends Error {}

export class ValidatingWebhooks implements AdmissionPlugin {
  readonly name = 'ValidatingAdmissionWebhook'
  readonly #context: WebhookContext
  readonly #configurations = new Map<string, readonly Webhook[]>()
  readonly #webhooks: ByResource<Webhook>
  readonly #subjects: Subjects
  readonly #stop: () => void
  #isOpen = false

  constructor(context: WebhookContext) {
    const { store, catalog } = context
    this.#context = context
    this.#subjects = new Subjects(context)
    this.#webhooks = new ByResource(
      catalog,
      ({ match }, resource, verb, subresource) =>
        resource.group !== GROUP && this.#subjects.mayMatch(match, resource, verb, subresource),
    )
    for (const { key, document } of store.list({ prefix: CONFIGURATIONS }).entries) {
      this.#put(key, asJson(document.object))
    }
    const onEvents = (events: readonly StoreEvent[]): void => {
      for (const { type, key, document } of events) this.#put(key, type === 'put' ? asJson(document.object) : undefined)
    }
    this.#stop = store.watch({ prefix: CONFIGURATIONS, after: store.revision }, onEvents)
  }

  /** From here on webhooks are asked. Not before the API has written what it needs itself. */
  open(): void {
    this.#isOpen = true
  }

  close(): Promise<void> {
    this.#stop()
    for (const webhooks of this.#configurations.values()) for (const { client } of webhooks) client.close()
    return Promise.resolve()
  }

  #put(key: string, object: JsonObject | undefined): void {
    const name = key.slice(CONFIGURATIONS.length)
    for (const { client } of this.#configurations.get(name) ?? []) client.close()
    if (object) this.#configurations.set(name, webhooksOf(name, object, this.#context.clock))
    else this.#configurations.delete(name)
    const names = [...this.#configurations.keys()].sort()
    this.#webhooks.set(names.flatMap((one) => this.#configurations.get(one) ?? []))
  }

  handles(resource: Resource, verb: AdmissionVerb, subresource?: string): boolean {
    if (resource.resource === MUTATING && resource.group === GROUP) return verb !== 'delete'
    return this.#isOpen && this.#webhooks.about(resource, verb, subresource).length > 0
  }

  /** Throws ApiError: the refusal, or 500 for a webhook that cannot be asked. */
  async review(request: AdmissionRequest): Promise<void> {
    const { resource, verb, subresource } = request
    if (resource.resource === MUTATING && resource.group === GROUP) {
      request.warn?.(NOT_CALLED)
      return
    }
    const subject = this.#subjects.of(request)
    const asked: Promise<ApiError | undefined>[] = []
    for (const webhook of this.#webhooks.about(resource, verb, subresource)) {
      const at = this.#subjects.matched(webhook.match, subject)
      if (at && (await this.#meetsConditions(webhook, subject, at))) asked.push(this.#outcome(webhook, subject, at))
    }
    const [first] = (await Promise.all(asked)).filter((error) => error !== undefined)
    if (first) throw first
  }

  /** Throws ApiError 403 when it cannot be told and the failure policy is Fail. */
  async #meetsConditions(webhook: Webhook, subject: Subject, at: Resource): Promise<boolean> {
    if (!Array.isArray(webhook.spec['matchConditions']) || webhook.spec['matchConditions'].length === 0) return true
    const engine = await loadPolicyEngine()
    const policy = conditionsOf(webhook, engine)
    const input = { ...inputOf(this.#subjects, this.#context.rbac, subject, at), params: null }
    const met = meetsConditions(engine, engine.run(policy, input), policy)
    if (met === true || met === false) return met
    if (webhook.failurePolicy === 'Ignore') return false
    throw forbidden(subject.request.resource, subject.asked.name || 'Unknown', met)
  }

  async #outcome(webhook: Webhook, subject: Subject, at: Resource): Promise<ApiError | undefined> {
    const { request } = subject
    const { sideEffects } = webhook
    if (request.dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun') {
      return badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`)
    }
    try {
      const verdict = await this.#ask(webhook, subject, at)
      for (const warning of verdict.warnings) request.warn?.(warning)
      return verdict.allowed ? undefined : refusal(webhook, subject, verdict)
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error
      const text = `failed calling webhook ${JSON.stringify(webhook.name)}: ${error.message}`
      const { configuration, name, failurePolicy } = webhook
      this.#context.log.warn('an admission webhook could not be asked', {
        configuration,
        webhook: name,
        failurePolicy,
        error: errorChain(error),
      })
      return failurePolicy === 'Ignore' ? undefined : internal(text, error)
    }
  }

  async #ask(webhook: Webhook, subject: Subject, at: Resource): Promise<Verdict> {
    const { request } = subject
    const { store, ids } = this.#context
    const asked = {
      uid: ids.uid(),
      ...requestOf(subject, at),
      object: this.#subjects.shownAt(at, request.resource, request.object),
      oldObject: this.#subjects.shownAt(at, request.resource, request.old),
    }
    try {
      return await webhook.client.ask(endpointOf(webhook, store), asked, webhook.timeoutSeconds)
    } catch (error) {
      throw new CallFailed(`failed to call webhook: ${(error as Error).message}`, { cause: error })
    }
  }
}

/** The webhook's own Status, with who refused in front of what it says. */
function refusal({ name }: Webhook, { request, asked }: Subject, { result }: Verdict): ApiError {
  const { resource } = request
  const code = typeof result['code'] === 'number' && result['code'] >= 400 ? result['code'] : 403
  const { message, reason, details } = result as Readonly<Record<string, string | undefined>> & JsonObject
  const said = message || reason
  const by = `admission webhook ${JSON.stringify(name)} denied the request`
  const text = said ? `${by}: ${said}` : `${by} without explanation`
  const plain = forbidden(resource, asked.name || 'Unknown', text)
  if (code === 500) {
    return new ApiError(500, reason || 'InternalError', `Internal error occurred: ${text}`, {
      causes: [{ message: text }],
    })
  }
  const given = isObject(details) ? (details as StatusDetails) : plain.details
  return new ApiError(code, reason || 'Forbidden', plain.message, given)
}
