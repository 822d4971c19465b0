/** `kind: Config` of kapp among the manifests: how long to wait for which kinds, and which fields are somebody else's. It is not applied. */
import { isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import { Failed } from '../report.ts'

const CONFIG_API = 'kapp.k14s.io/v1alpha1'

interface ConditionMatcher {
  readonly type: string
  readonly status: string
  readonly success?: boolean
  readonly failure?: boolean
}

interface KindMatcher {
  readonly apiVersion: string
  readonly kind: string
}

export interface WaitRule {
  readonly kinds: readonly KindMatcher[]
  readonly supportsObservedGeneration: boolean
  readonly conditionMatchers: readonly ConditionMatcher[]
}

/** What is at `path` stays as the API has it. */
export interface KeepRule {
  readonly kinds: readonly KindMatcher[]
  readonly path: readonly string[]
}

export interface DeployConfig {
  readonly waitRules: readonly WaitRule[]
  readonly keepRules: readonly KeepRule[]
}

export const isConfig = (object: JsonObject): boolean =>
  object['kind'] === 'Config' && object['apiVersion'] === CONFIG_API

/** What cannot be read in a configuration, by its field. */
export function configProblem(config: JsonObject): string | undefined {
  for (const [i, { path, paths = [] }] of listOf(config['rebaseRules']).entries()) {
    const field = `rebaseRules[${i}]`
    if (path !== undefined && !Array.isArray(path)) return `${field}.path must be a list: of fields, from the top`
    if (!Array.isArray(paths)) return `${field}.paths must be a list of lists`
    const other = (paths as readonly Json[]).findIndex((one) => !Array.isArray(one))
    if (other >= 0) return `${field}.paths[${other}] must be a list: of fields, from the top`
  }
  return undefined
}

/** The manifests without the configuration, and that. */
export function splitConfig(objects: readonly JsonObject[]): { objects: readonly JsonObject[]; config: DeployConfig } {
  const configs = objects.filter(isConfig)
  return {
    objects: objects.filter((object) => !isConfig(object)),
    config: {
      waitRules: configs.flatMap((config) => listOf(config['waitRules']).map(waitRule)),
      keepRules: configs.flatMap((config) => listOf(config['rebaseRules']).flatMap(keepRules)),
    },
  }
}

const listOf = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : []

function kindsIn(rule: JsonObject): readonly KindMatcher[] {
  return listOf(rule['resourceMatchers']).flatMap((matcher) => {
    const one = matcher['apiVersionKindMatcher']
    if (!isObject(one)) throw new Failed('Deploying: a Config of kapp may match by apiVersionKindMatcher alone here')
    return [{ apiVersion: String(one['apiVersion']), kind: String(one['kind']) }]
  })
}

function waitRule(rule: JsonObject): WaitRule {
  return {
    kinds: kindsIn(rule),
    supportsObservedGeneration: rule['supportsObservedGeneration'] === true,
    conditionMatchers: listOf(rule['conditionMatchers']).map((matcher) => ({
      type: String(matcher['type']),
      status: String(matcher['status']),
      success: matcher['success'] === true,
      failure: matcher['failure'] === true,
    })),
  }
}

function keepRules(rule: JsonObject): readonly KeepRule[] {
  const [first] = Array.isArray(rule['sources']) ? (rule['sources'] as readonly Json[]) : []
  if (rule['type'] !== 'copy' || first !== 'existing') return []
  const lists = Array.isArray(rule['paths']) ? (rule['paths'] as readonly Json[]) : [rule['path'] ?? []]
  return lists.map((path) => ({ kinds: kindsIn(rule), path: (path as readonly Json[]).map(String) }))
}

export const matches = (kinds: readonly KindMatcher[], { apiVersion, kind }: KindMatcher): boolean =>
  kinds.some((one) => one.kind === kind && one.apiVersion === apiVersion)
