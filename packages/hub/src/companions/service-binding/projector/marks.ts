/**
 * What a projection leaves with the workload so that it can be undone by whoever comes later, also after a restart or when mapping and
 * binding have changed meanwhile: the mapping as it was used, and which variables of which containers are the binding's own. A variable
 * carries no mark; without this record one that the workload's author wrote in the same words would go with the binding.
 */
import { isObject, parseJson, type Json } from '@larder/engine/base/json'
import type { EnvironmentMapping } from '../../../model/projection/project.ts'
import { find, type Draft } from './draft.ts'

const PREFIX = 'projector.servicebinding.io/'
const MAPPING = `${PREFIX}mapping-`
const METADATA = ['metadata', 'annotations']

export type PodMark = 'secret' | 'type' | 'provider'
export const POD_MARKS: readonly PodMark[] = ['secret', 'type', 'provider']

export const mappingMark = (uid: string) => `${MAPPING}${uid}`
export const environmentMark = (uid: string) => `${PREFIX}env-${uid}`
/** On the pods: what changes there makes new pods, and the files of `type` and `provider` are read from them. */
export const podMark = (mark: string, uid: string) => `${PREFIX}${mark}-${uid}`
export const podMarkPath = (mark: string, uid: string) => `metadata.annotations['${podMark(mark, uid)}']`

export const volumeName = (uid: string) => `servicebinding-${uid}`

/** The uids of all bindings that are projected into an object. */
export function boundUids(annotations: Json | Readonly<Record<string, string>> | undefined): readonly string[] {
  if (!isObject(annotations)) return []
  return Object.keys(annotations).flatMap((key) => (key.startsWith(MAPPING) ? [key.slice(MAPPING.length)] : []))
}

export const markOf = (workload: Draft, mark: string): string | undefined => {
  const value = find(workload, [...METADATA, mark])
  return typeof value === 'string' ? value : undefined
}

export interface EnvironmentRecord {
  readonly secret: string
  /** By container, the sources by the names of the variables. */
  readonly containers: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** The variables of one container. */
export const recordedIn = ({ containers }: EnvironmentRecord, container: string): readonly EnvironmentMapping[] =>
  Object.entries(Object.hasOwn(containers, container) ? containers[container]! : {}).map(([name, key]) => ({
    name,
    key,
  }))

/** Undefined when there is none, or when somebody has changed it to what is none. */
export function readEnvironmentRecord(workload: Draft, uid: string): EnvironmentRecord | undefined {
  const text = markOf(workload, environmentMark(uid))
  if (text === undefined) return undefined
  try {
    const value = parseJson(text)
    return isRecord(value) ? value : undefined
  } catch (error) {
    if (error instanceof Error && error.name === 'JsonSyntaxError') return undefined
    throw error
  }
}

function isRecord(value: Json): value is Json & EnvironmentRecord {
  if (!isObject(value) || typeof value['secret'] !== 'string' || !isObject(value['containers'])) return false
  return Object.values(value['containers']).every(
    (keys) => isObject(keys) && Object.values(keys).every((key) => typeof key === 'string'),
  )
}
