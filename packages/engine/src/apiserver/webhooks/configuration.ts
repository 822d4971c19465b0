/** ValidatingWebhookConfigurations as they are called: each webhook by itself, and where it listens. */
import { isIP } from 'node:net'
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import type { CompiledPolicy } from '../../machinery/cel/policy.ts'
import type { Clock } from '../../base/clock.ts'
import type { Store } from '../../storage/store.ts'
import { resolveService } from '../aggregation/endpoints.ts'
import type { LoadedEngine } from '../policies/engine.ts'
import type { MatchResources } from '../policies/matching.ts'
import { WebhookClient, type Endpoint } from './webhook-client.ts'

export interface Webhook {
  /** Of the configuration. */
  readonly configuration: string
  readonly name: string
  readonly match: MatchResources
  readonly spec: JsonObject
  readonly failurePolicy: string
  readonly sideEffects: string
  readonly timeoutSeconds: number
  readonly client: WebhookClient
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

/** The webhooks of one configuration. Close their clients when it goes. */
export function webhooksOf(name: string, object: JsonObject, clock: Clock): readonly Webhook[] {
  const list = Array.isArray(object['webhooks']) ? (object['webhooks'] as readonly JsonObject[]) : []
  return list.map((spec) => {
    const { rules, matchPolicy, namespaceSelector, objectSelector } = spec as MatchResources & {
      readonly rules?: Rules
    }
    const { caBundle } = isObject(spec['clientConfig']) ? spec['clientConfig'] : {}
    const bundle = textOf(caBundle)
    return {
      configuration: name,
      name: textOf(spec['name']),
      match: {
        // A webhook without rules is about nothing; a policy without them about everything.
        resourceRules: rules !== undefined && rules.length > 0 ? rules : NOTHING,
        ...(matchPolicy !== undefined && { matchPolicy }),
        ...(namespaceSelector !== undefined && { namespaceSelector }),
        ...(objectSelector !== undefined && { objectSelector }),
      },
      spec,
      failurePolicy: textOf(spec['failurePolicy']),
      sideEffects: textOf(spec['sideEffects']),
      timeoutSeconds: Number(spec['timeoutSeconds'] ?? 10),
      client: new WebhookClient(clock, bundle === '' ? undefined : Buffer.from(bundle, 'base64').toString()),
    }
  })
}

type Rules = NonNullable<MatchResources['resourceRules']>

const NOTHING: Rules = [{ operations: [], apiGroups: [], apiVersions: [], resources: [] }]

/** Throws an Error that says what is missing on the way there. */
export function endpointOf({ spec }: Webhook, store: Store): Endpoint {
  const config = isObject(spec['clientConfig']) ? spec['clientConfig'] : {}
  const { service } = config
  if (isObject(service)) return serviceEndpoint(service, store)
  const { hostname, port, pathname, search, origin } = new URL(textOf(config['url']))
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const path = `${pathname}${search}`
  return {
    address: { host, port: Number(port || 443) },
    path,
    servername: isIP(host) === 0 ? host : undefined,
    url: `${origin}${path}`,
  }
}

function serviceEndpoint(service: JsonObject, store: Store): Endpoint {
  const reference = {
    namespace: textOf(service['namespace']),
    name: textOf(service['name']),
    port: Number(service['port'] ?? 443),
  }
  const { namespace, name, port } = reference
  const object = (key: string) => store.get(key)?.document.object
  const slices = store.list({
    prefix: `/discovery.k8s.io/endpointslices/${namespace}/`,
    match: (_key, { labels }) => labels?.['kubernetes.io/service-name'] === name,
  })
  const resolved = resolveService(reference, {
    service: object(`//services/${namespace}/${name}`),
    endpoints: object(`//endpoints/${namespace}/${name}`),
    slices: slices.entries.map(({ document }) => document.object),
  })
  if ('unavailable' in resolved) throw new Error(resolved.unavailable.message)
  const servername = `${name}.${namespace}.svc`
  const path = textOf(service['path']) || '/'
  return { address: resolved.addresses[0]!, path, servername, url: `https://${servername}:${port}${path}` }
}

/** Match conditions are those of a policy without parameters and variables. */
export function conditionsOf({ spec }: Webhook, engine: LoadedEngine): CompiledPolicy {
  const known = compiled.get(spec)
  if (known) return known
  const { policy } = engine.compile({ matchConditions: spec['matchConditions'] ?? [] })
  compiled.set(spec, policy)
  return policy
}

const compiled = new WeakMap<JsonObject, CompiledPolicy>()
