/** APIServices, as far as this API looks at them: who serves a group and version. Pure. */
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import { compareVersions } from '../../machinery/crd.ts'
import { asJson, type KubeObject } from '../../machinery/object.ts'

export interface ServiceReference {
  readonly namespace: string
  readonly name: string
  readonly port: number
}

export interface ApiService {
  /** `v1.example.com`. */
  readonly name: string
  readonly group: string
  readonly version: string
  /** Undefined: this API serves it itself. */
  readonly service: ServiceReference | undefined
  /** PEM; undefined: what the system trusts. */
  readonly caBundle: string | undefined
  readonly insecureSkipTlsVerify: boolean
  readonly groupPriorityMinimum: number
  readonly versionPriority: number
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

export function apiServiceOf(object: KubeObject): ApiService {
  const spec = specOf(object)
  const { service, caBundle } = spec
  return {
    name: object.metadata.name,
    group: textOf(spec['group']),
    version: textOf(spec['version']),
    service: isObject(service)
      ? { namespace: textOf(service['namespace']), name: textOf(service['name']), port: Number(service['port'] ?? 443) }
      : undefined,
    caBundle: typeof caBundle === 'string' && caBundle !== '' ? Buffer.from(caBundle, 'base64').toString() : undefined,
    insecureSkipTlsVerify: spec['insecureSkipTLSVerify'] === true,
    groupPriorityMinimum: Number(spec['groupPriorityMinimum'] ?? 0),
    versionPriority: Number(spec['versionPriority'] ?? 0),
  }
}

export function specOf(object: KubeObject): JsonObject {
  const { spec } = asJson(object)
  return isObject(spec) ? spec : {}
}

/** The order in which discovery lists them: what clients are to prefer first. */
export function comparePriority(a: ApiService, b: ApiService): number {
  return (
    b.groupPriorityMinimum - a.groupPriorityMinimum ||
    compareTexts(a.group, b.group) ||
    b.versionPriority - a.versionPriority ||
    compareVersions(a.version, b.version)
  )
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

export type ConditionStatus = 'True' | 'False'

/** The condition Available, without its time. */
export interface Availability {
  readonly status: ConditionStatus
  readonly reason: string
  readonly message: string
}

/** The conditions with this one among them; undefined when it says so already. `now` is RFC 3339. */
export function withAvailability(
  object: KubeObject,
  { status, reason, message }: Availability,
  now: string,
): readonly JsonObject[] | undefined {
  const { status: stored } = asJson(object)
  const conditions = (
    isObject(stored) && Array.isArray(stored['conditions']) ? stored['conditions'] : []
  ) as JsonObject[]
  const before = conditions.find((condition) => condition['type'] === 'Available')
  if (before && before['status'] === status && before['reason'] === reason && before['message'] === message) {
    return undefined
  }
  const since = before && before['status'] === status ? before['lastTransitionTime'] : undefined
  const condition = { type: 'Available', status, reason, message, lastTransitionTime: since ?? now }
  return [...conditions.filter((other) => other['type'] !== 'Available'), condition]
}
