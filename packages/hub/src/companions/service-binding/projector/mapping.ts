/**
 * Where a kind of workload keeps its containers, volumes and the annotations of its pods: "Workload Resource Mapping" of the
 * specification. Most kinds are like a Deployment and need none; a CronJob does, and a platform may write one for any kind.
 */
import { isObject, parseJson, type Json } from '@larder/engine/base/json'
import { compileJsonPath, JsonPathSyntaxError, type JsonPath } from '@larder/engine/machinery/jsonpath'
import type { WorkloadResourceMapping } from '../../../model/projection/service-binding.ts'

export interface ContainerMapping {
  readonly path: string
  readonly name?: string
  readonly env: string
  readonly volumeMounts: string
}

/** One version of a mapping with its defaults filled in. Paths are as written: it is kept with each workload that was bound by it. */
export interface Mapping {
  readonly annotations: string
  readonly containers: readonly ContainerMapping[]
  readonly volumes: string
}

/** A path of a mapping says what cannot be done. */
export class MappingInvalid extends Error {
  override readonly name = 'MappingInvalid'
}

type Version = WorkloadResourceMapping['spec']['versions'][number]

const completed = (root: string, version: Partial<Version> = {}): Mapping => ({
  annotations: version.annotations ?? `${root}.metadata.annotations`,
  containers:
    version.containers && version.containers.length > 0
      ? version.containers.map((each) => ({ env: '.env', volumeMounts: '.volumeMounts', ...each }))
      : ['initContainers', 'containers'].map((field) => ({
          path: `${root}.spec.${field}[*]`,
          name: '.name',
          env: '.env',
          volumeMounts: '.volumeMounts',
        })),
  volumes: version.volumes ?? `${root}.spec.volumes`,
})

const POD_TEMPLATE = '.spec.template'
const likeDeployment = completed(POD_TEMPLATE)

/** Kinds of Kubernetes that are not like a Deployment. A mapping of their name takes the place of these. */
const known: Readonly<Record<string, Mapping>> = { 'cronjobs.batch': completed('.spec.jobTemplate.spec.template') }

/** `resource` is the name that a mapping for the kind has, `cronjobs.batch`. */
export function mappingFor(resource: string, version: string, written: WorkloadResourceMapping | undefined): Mapping {
  const versions = written?.spec.versions ?? []
  const meant = versions.find((v) => v.version === version) ?? versions.find((v) => v.version === '*')
  if (!meant) return (written ? undefined : known[resource]) ?? likeDeployment
  return completed(POD_TEMPLATE, meant)
}

/** Reads what was kept with a workload; undefined when somebody has changed it to what is none. */
export function readMapping(text: string | undefined): Mapping | undefined {
  if (text === undefined) return undefined
  try {
    const value = parseJson(text)
    return isMapping(value) ? value : undefined
  } catch (error) {
    if (error instanceof Error && error.name === 'JsonSyntaxError') return undefined
    throw error
  }
}

const isText = (value: Json | undefined): value is string => typeof value === 'string'

function isMapping(value: Json): value is Json & Mapping {
  if (!isObject(value) || !isText(value['annotations']) || !isText(value['volumes'])) return false
  const { containers } = value
  return (
    Array.isArray(containers) &&
    containers.every((each: Json) => {
      if (!isObject(each)) return false
      const { path, name, env, volumeMounts } = each
      return isText(path) && isText(env) && isText(volumeMounts) && (name === undefined || isText(name))
    })
  )
}

const compiled = new Map<string, JsonPath>()

function compile(path: string): JsonPath {
  let known = compiled.get(path)
  if (!known) {
    try {
      known = compileJsonPath(path, { descent: true })
    } catch (error) {
      if (!(error instanceof JsonPathSyntaxError)) throw error
      throw new MappingInvalid(`the path ${JSON.stringify(path)} of the workload resource mapping: ${error.message}`)
    }
    // What clients write must not grow without end.
    if (compiled.size >= 256) compiled.clear()
    compiled.set(path, known)
  }
  return known
}

/** The containers that a path finds in a workload: the objects themselves. */
export const findAll = (workload: Json, path: string): readonly Json[] => compile(path).all(workload)

/** The names of the fields that a fixed path goes through. */
export function fieldsOf(path: string): readonly string[] {
  const { fields } = compile(path)
  if (!fields || fields.length === 0)
    throw new MappingInvalid(`the path ${JSON.stringify(path)} of the workload resource mapping must be fields alone`)
  return fields
}
