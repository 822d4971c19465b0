/** The variables of a container: which are its own, which a binding's, and those that a binding adds. */
import { equalJson, isObject, stringifyJson, type Json } from '@larder/engine/base/json'
import { overridesOf, type BindingProjection, type EnvironmentMapping } from '../../../model/projection/project.ts'
import { podMarkPath } from './marks.ts'
import { WorkloadUnfit } from './draft.ts'

const ROOT_VARIABLE = 'SERVICE_BINDING_ROOT'
const DEFAULT_ROOT = '/bindings'

/** Whose variables these are. */
export interface Owner {
  readonly uid: string
  readonly secret: string | undefined
  /** With their sources. */
  readonly variables: readonly EnvironmentMapping[]
}

const nameOf = (entry: Json): Json | undefined => (isObject(entry) ? entry['name'] : undefined)

/**
 * Adds where the variables of the owner stand to `taken`: each is the last that is as the owner wrote it, because those of the container
 * come first, and no other owner's.
 */
export function takeOwned(env: readonly Json[], { uid, secret, variables }: Owner, taken: Set<number>): void {
  for (const { name, key } of variables) {
    const isIt = (entry: Json) => nameOf(entry) === name && isFrom(entry, key, uid, secret)
    const at = env.findLastIndex((entry, i) => !taken.has(i) && isIt(entry))
    if (at >= 0) taken.add(at)
  }
}

/** A value that the binding overrides comes from the pod's annotations; no key of a Secret can look like this. */
const POD_KEY = 'pod:'

/** Where the variables of a binding have their values from, as it is recorded. */
export const sourcesOf = (binding: Omit<BindingProjection, 'name'>): readonly EnvironmentMapping[] =>
  (binding.env ?? []).map(({ name, key }) => ({ name, key: isOverridden(key, binding) ? `${POD_KEY}${key}` : key }))

const isOverridden = (key: string, binding: Omit<BindingProjection, 'name'>): boolean =>
  overridesOf(binding).some(([overridden]) => overridden === key)

function isFrom(entry: Json, key: string, uid: string, secret: string | undefined): boolean {
  const source = isObject(entry) ? entry['valueFrom'] : undefined
  if (!isObject(source)) return false
  const { secretKeyRef, fieldRef } = source
  if (!key.startsWith(POD_KEY))
    return isObject(secretKeyRef) && secretKeyRef['name'] === secret && secretKeyRef['key'] === key
  return isObject(fieldRef) && fieldRef['fieldPath'] === podMarkPath(key.slice(POD_KEY.length), uid)
}

/** The folder of all bindings of a container; it is set where the container does not say. */
export function rootOf(env: Json[]): string {
  const entry = env.find((each) => nameOf(each) === ROOT_VARIABLE)
  if (entry === undefined) {
    env.push({ name: ROOT_VARIABLE, value: DEFAULT_ROOT })
    return DEFAULT_ROOT
  }
  const value = isObject(entry) ? entry['value'] : undefined
  if (typeof value !== 'string' || value === '' || value.includes('$('))
    throw new WorkloadUnfit(
      `a container takes ${ROOT_VARIABLE} from elsewhere, so that nobody knows where its files go: give it a value`,
    )
  return value
}

/** Of these, what is not among the variables that a container has of its own. */
export const missingIn = (
  own: readonly Json[],
  sources: readonly EnvironmentMapping[],
): readonly EnvironmentMapping[] => sources.filter(({ name }) => !own.some((entry) => nameOf(entry) === name))

export const variableOf = ({ name, key }: EnvironmentMapping, uid: string, secret: string): Json => ({
  name,
  valueFrom: key.startsWith(POD_KEY)
    ? { fieldRef: { apiVersion: 'v1', fieldPath: podMarkPath(key.slice(POD_KEY.length), uid) } }
    : { secretKeyRef: { name: secret, key } },
})

/** One order whichever binding came first. */
export const inOrder = (entries: readonly Json[]): readonly Json[] =>
  entries.toSorted((a, b) => (equalJson(a, b) ? 0 : orderKey(a) < orderKey(b) ? -1 : 1))

const orderKey = (entry: Json) => `${String(nameOf(entry))} ${stringifyJson(entry)}`
