/**
 * The settings of a cache. Everything that ElastiCache would refuse only after it has made something, or with a word that names no field of
 * ours, is refused here, with the field that the person wrote: `parameters.replicas` where the recipe only hands it on.
 */
import { invalid } from '@larder/kit'
import type { Json } from '@larder/kit'
import { render, type Values } from '../../template.ts'

export interface CacheSettings {
  readonly description?: string
  readonly engine: 'redis' | 'valkey'
  readonly engineVersion?: string
  readonly nodeType: string
  readonly parameterGroup?: string
  readonly subnetGroup?: string
  readonly securityGroupIDs?: readonly string[]
  /** Data in shards, each with its own primary. */
  readonly clusterMode: boolean
  readonly shards: number
  /** Of each shard, beside its primary. */
  readonly replicas: number
  readonly automaticFailover: boolean
  readonly multiAZ: boolean
  readonly port?: number
  readonly snapshotRetentionDays?: number
  readonly snapshotWindow?: string
  readonly maintenanceWindow?: string
  readonly autoMinorVersionUpgrade?: boolean
  readonly notificationTopicARN?: string
  readonly kmsKeyID?: string
  readonly networkType?: string
}

export type Setting = keyof CacheSettings

interface Rule {
  readonly type: 'string' | 'integer' | 'boolean' | 'strings'
  readonly pattern?: RegExp
  /** What the pattern means. */
  readonly as?: string
  readonly min?: number
  readonly max?: number
}

const RULES: Readonly<Record<Setting, Rule>> = {
  description: { type: 'string' },
  engine: { type: 'string', pattern: /^(?:redis|valkey)$/, as: 'redis or valkey' },
  engineVersion: { type: 'string', pattern: /^[0-9]+(?:\.[0-9x]+){1,2}$/, as: 'such as 7.1' },
  nodeType: { type: 'string', pattern: /^cache\.[a-z0-9-]+\.[a-z0-9]+$/, as: 'such as cache.t4g.micro' },
  parameterGroup: { type: 'string', pattern: /^[A-Za-z0-9.-]{1,255}$/, as: 'the name of a parameter group' },
  subnetGroup: { type: 'string', pattern: /^[A-Za-z0-9-]{1,255}$/, as: 'the name of a subnet group' },
  securityGroupIDs: { type: 'strings', pattern: /^sg-[0-9a-z]+$/, as: 'such as sg-0123abcd' },
  clusterMode: { type: 'boolean' },
  shards: { type: 'integer', min: 1, max: 500 },
  replicas: { type: 'integer', min: 0, max: 5 },
  automaticFailover: { type: 'boolean' },
  multiAZ: { type: 'boolean' },
  port: { type: 'integer', min: 1, max: 65_535 },
  snapshotRetentionDays: { type: 'integer', min: 0, max: 35 },
  snapshotWindow: { type: 'string', pattern: /^\d\d:\d\d-\d\d:\d\d$/, as: 'such as 05:00-09:00' },
  maintenanceWindow: {
    type: 'string',
    pattern: /^[a-z]{3}:\d\d:\d\d-[a-z]{3}:\d\d:\d\d$/i,
    as: 'such as mon:05:00-mon:09:00',
  },
  autoMinorVersionUpgrade: { type: 'boolean' },
  notificationTopicARN: { type: 'string', pattern: /^arn:/, as: 'an ARN' },
  kmsKeyID: { type: 'string' },
  networkType: { type: 'string', pattern: /^(?:ipv4|ipv6|dual_stack)$/, as: 'ipv4, ipv6 or dual_stack' },
}

const isSetting = (name: string): name is Setting => Object.hasOwn(RULES, name)

type Given = { -readonly [S in Setting]?: Json }

/** @throws DriverError `invalid` that names the first wrong field. */
export function cacheSettings(template: { readonly [field: string]: Json }, values: Values): CacheSettings {
  const given: Given = {}
  for (const [name, field] of Object.entries(template)) {
    if (!isSetting(name)) throw invalid(`recipe.cache.${name}`, `recipe.cache.${name} is not a known field`)
    const value = render(field, values, pathOf(template, name))
    if (value !== undefined) given[name] = checked(value, RULES[name], pathOf(template, name))
  }
  if (given.nodeType === undefined)
    throw invalid(pathOf(template, 'nodeType'), `${pathOf(template, 'nodeType')} is required`)
  return combined(given, (name) => pathOf(template, name))
}

/** Where a person has written it: a recipe may just hand a parameter on. */
function pathOf(template: { readonly [field: string]: Json }, name: Setting): string {
  const field = template[name]
  const handedOn = typeof field === 'string' ? /^\$\{parameter\.([^}?]+)\??\}$/.exec(field)?.[1] : undefined
  return handedOn === undefined ? `recipe.cache.${name}` : `parameters.${handedOn}`
}

function checked(value: Json, rule: Rule, path: string): Json {
  switch (rule.type) {
    case 'boolean':
      if (value === true || value === 'true') return true
      if (value === false || value === 'false') return false
      throw invalid(path, `${path} must be true or false`)
    case 'integer':
      return wholeNumber(value, rule, path)
    case 'strings': {
      const items: readonly Json[] = Array.isArray(value) ? value : [value]
      return items.map((item) => text(item, rule, path))
    }
    case 'string':
      break
  }
  return text(value, rule, path)
}

function wholeNumber(value: Json, { min = 0, max = Number.MAX_SAFE_INTEGER }: Rule, path: string): number {
  const number = typeof value === 'string' && /^[0-9]+$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) return number
  throw invalid(path, `${path} must be a whole number from ${min} to ${max}`)
}

function text(value: Json, { pattern, as }: Rule, path: string): string {
  if (typeof value === 'object') throw invalid(path, `${path} must be a text`)
  const written = String(value)
  if (pattern && !pattern.test(written)) throw invalid(path, `${path} must be ${as}`)
  return written
}

/** What one field says about another. */
function combined(given: Given, path: (name: Setting) => string): CacheSettings {
  const { engine = 'redis', clusterMode = false, shards = 1, replicas = 0, multiAZ = false } = given
  const { automaticFailover = clusterMode === true || Number(replicas) > 0, engineVersion } = given
  const settings = { ...given, engine, clusterMode, shards, replicas, multiAZ, automaticFailover } as CacheSettings
  const refuse = (name: Setting, why: string) => {
    throw invalid(path(name), `${path(name)} ${why}`)
  }
  if (settings.shards > 1 && !settings.clusterMode) refuse('shards', 'may be more than 1 only with clusterMode: true')
  if (settings.automaticFailover && !settings.clusterMode && settings.replicas === 0) {
    refuse('automaticFailover', 'needs at least one replica')
  }
  if (settings.clusterMode && !settings.automaticFailover)
    refuse('automaticFailover', 'cannot be off with clusterMode: true')
  if (settings.multiAZ && (!settings.automaticFailover || settings.replicas === 0)) {
    refuse('multiAZ', 'needs automaticFailover and at least one replica')
  }
  if (engineVersion !== undefined && Number.parseInt(String(engineVersion), 10) < 6) {
    refuse('engineVersion', 'must be 6.0 or newer: older ones know no users')
  }
  return settings
}
