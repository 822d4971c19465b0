/**
 * What a workload gets of a binding: files below SERVICE_BINDING_ROOT and environment variables, by the Service Binding specification
 * (servicebinding.io 1.1, "Workload Projection"). Pure. `larder run` gives it to a program as it stands; in a workload the kubelet
 * does the same from what the companion `service-binding` writes there, and a property test holds the two together.
 *
 *     projectBinding({ data }, { name: 'cache', env: [{ name: 'REDIS_URL', key: 'uri' }] })
 *     // files: cache/host, cache/password, cache/type, ...   env: REDIS_URL
 *
 * Rejected: to give a workload the Secret as it stands and let each caller name its files. The overrides of type and provider, and
 * what may not be a file or a variable, would then be decided twice, and once wrongly.
 */

/** A Secret as the projection needs it: its values decoded. */
export interface BindingSource {
  readonly data: Readonly<Record<string, Uint8Array>>
}

export interface EnvironmentMapping {
  readonly name: string
  readonly key: string
}

export interface BindingProjection {
  /** The folder below SERVICE_BINDING_ROOT. */
  readonly name: string
  /** In place of the Secret's key `type`, in files and environment alike. */
  readonly type?: string | undefined
  /** In place of the Secret's key `provider`. */
  readonly provider?: string | undefined
  readonly env?: readonly EnvironmentMapping[]
}

export interface Projection {
  /** By path below SERVICE_BINDING_ROOT: `cache/password`. */
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly env: Readonly<Record<string, string>>
  /** What cannot be projected, one sentence each, without any value. What can be is projected all the same. */
  readonly problems: readonly string[]
}

export function projectBinding(source: BindingSource, asked: BindingProjection): Projection {
  const problems: string[] = isBindingName(asked.name) ? [] : [`"${asked.name}" cannot be the name of a binding`]
  const values = overridden(source.data, asked)
  if (!values['type'])
    problems.push('the Secret has no key "type", so that programs that look for a binding by its type do not find it')
  const keys = Object.keys(values).toSorted()
  const writable = isBindingName(asked.name) ? keys.filter(isFileName) : []
  if (writable.length < keys.length && isBindingName(asked.name))
    problems.push(`not names of files: ${keys.filter((key) => !isFileName(key)).join(', ')}`)
  return {
    files: new Map(writable.map((key) => [`${asked.name}/${key}`, values[key]!])),
    env: environmentOf(values, asked.env ?? [], problems),
    problems,
  }
}

/** A variable for each key of a Secret: `CACHE_HOST` for key `host` of binding `cache`. */
export const environmentFor = (name: string, keys: readonly string[]): readonly EnvironmentMapping[] =>
  keys.map((key) => ({ name: variable(`${name}_${key}`), key }))

const variable = (text: string): string =>
  text
    .toUpperCase()
    .replaceAll(/[^A-Z0-9_]/g, '_')
    .replace(/^(?=\d)/, '_')

export type Overridable = 'type' | 'provider'

/** What a binding says itself, in place of what its Secret has under those keys: in files and variables alike. */
export function overridesOf(asked: Pick<BindingProjection, Overridable>): readonly (readonly [Overridable, string])[] {
  const { type, provider } = asked
  return [
    ...(type === undefined ? [] : ([['type', type]] as const)),
    ...(provider === undefined ? [] : ([['provider', provider]] as const)),
  ]
}

const overridden = (
  data: Readonly<Record<string, Uint8Array>>,
  asked: BindingProjection,
): Readonly<Record<string, Uint8Array>> => ({
  ...data,
  ...Object.fromEntries(overridesOf(asked).map(([key, value]) => [key, new TextEncoder().encode(value)])),
})

function environmentOf(
  values: Readonly<Record<string, Uint8Array>>,
  mappings: readonly EnvironmentMapping[],
  problems: string[],
): Record<string, string> {
  const env: Record<string, string> = {}
  for (const { name, key } of mappings) {
    const value = values[key]
    if (value === undefined) problems.push(`${name}: the Secret has no key "${key}"`)
    else if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) problems.push(`"${name}" cannot be the name of a variable`)
    else if (!isText(value)) problems.push(`${name}: the value of key "${key}" is no text`)
    else env[name] = new TextDecoder().decode(value)
  }
  return env
}

/** The specification asks for a DNS subdomain; `..` would leave the folder. */
const isBindingName = (name: string): boolean =>
  name.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) && !name.includes('..')

/** What begins with two dots belongs to whoever writes the folder. */
const isFileName = (key: string): boolean => /^[-._a-zA-Z0-9]+$/.test(key) && key !== '.' && !key.startsWith('..')

/** An environment takes UTF-8 without NUL. */
function isText(value: Uint8Array): boolean {
  if (value.includes(0)) return false
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(value)
    return true
  } catch {
    return false
  }
}
