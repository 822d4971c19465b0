/**
 * A workload with a binding in it, and without it again: "Workload Projection" of the specification (servicebinding.io, core 1.1). Pure:
 *
 *     const bound = projectWorkload(deployment, { uid, name: 'cache', secret: 'cache-7f', mapping })
 *     unprojectWorkload(bound, { uid, mapping })   // deployment, but for SERVICE_BINDING_ROOT
 *
 * Names of volumes and annotations are those of the reference implementation. Each binding takes away all that is its own and puts it
 * back: so a second projection is the first, a change of binding or mapping leaves nothing behind, and two bindings give the same
 * workload in whichever order they came.
 *
 * Rejected: server-side apply with a field manager for each binding. It would undo itself, but it cannot say "where the container
 * does not", it merges no lists of kinds without a schema, and what a mapping no longer names would be somebody else's.
 */
import { isObject, setOwn, stringifyJson, type Json, type JsonObject } from '@larder/engine/base/json'
import { copyJson } from '@larder/engine/client/merge-patch'
import { overridesOf, type BindingProjection, type EnvironmentMapping } from '../../../model/projection/project.ts'
import { find, listAt, mapAt, prune, reach, WorkloadUnfit, type Draft } from './draft.ts'
import { inOrder, missingIn, rootOf, sourcesOf, takeOwned, variableOf, type Owner } from './environment.ts'
import { fieldsOf, findAll, readMapping, type ContainerMapping, type Mapping } from './mapping.ts'
import {
  boundUids,
  environmentMark,
  mappingMark,
  markOf,
  POD_MARKS,
  podMark,
  podMarkPath,
  readEnvironmentRecord,
  recordedIn,
  volumeName,
} from './marks.ts'

export interface WorkloadBinding extends BindingProjection {
  /** Of the ServiceBinding. */
  readonly uid: string
  /** The name of the Secret. */
  readonly secret: string
  /** Names of containers; absent: all. */
  readonly containers?: readonly string[] | undefined
  readonly mapping: Mapping
}

/** What a binding says that is to go; all but the uid counts where the workload has lost the record of it. */
export type FormerBinding = Pick<WorkloadBinding, 'uid' | 'mapping' | 'env' | 'type' | 'provider'>

const ANNOTATIONS = ['metadata', 'annotations']
/** 0644. */
const FILE_MODE = 420

/** Throws `WorkloadUnfit` or `MappingInvalid`. */
export function projectWorkload(workload: JsonObject, binding: WorkloadBinding): JsonObject {
  const draft = copyJson(workload) as Draft
  remove(draft, binding)
  const { uid, secret, mapping } = binding
  const containers = containersOf(draft, mapping)
  if (containers.length === 0) throw unmapped(draft, mapping)

  const podAnnotations = reach<Draft>(draft, fieldsOf(mapping.annotations), {})
  for (const mark of POD_MARKS) {
    const value = mark === 'secret' ? secret : binding[mark]
    if (value !== undefined) setOwn(podAnnotations, podMark(mark, uid), value)
  }
  const bound = new Set([...boundUids(find(draft, ANNOTATIONS)), uid].map(volumeName))
  const volumes = reach<Json[]>(draft, fieldsOf(mapping.volumes), [])
  appendByName(volumes, volumeOf(binding), bound)

  const recorded: Draft = {}
  for (const container of containers) {
    if (!isMeant(container, binding)) continue
    const added = projectInto(draft, container, binding, bound)
    const keys = Object.fromEntries(added.map(({ name, key }) => [name, key]))
    if (added.length > 0) setOwn(recorded, container.key, keys)
  }
  const annotations = reach<Draft>(draft, ANNOTATIONS, {})
  setOwn(annotations, mappingMark(uid), stringifyJson(copyJson(mapping)))
  if (Object.keys(recorded).length > 0)
    setOwn(annotations, environmentMark(uid), stringifyJson({ secret, containers: recorded }))
  return draft
}

/** Nothing of the binding is left but the variable SERVICE_BINDING_ROOT, which others may use by now. */
export function unprojectWorkload(workload: JsonObject, former: FormerBinding): JsonObject {
  const draft = copyJson(workload) as Draft
  remove(draft, former)
  return draft
}

interface Container {
  readonly draft: Draft
  readonly mapping: ContainerMapping
  readonly name: string | undefined
  /** Tells it from the others of the workload. */
  readonly key: string
}

function containersOf(draft: Draft, mapping: Mapping): readonly Container[] {
  const found = new Map<Draft, ContainerMapping>()
  for (const each of mapping.containers)
    for (const container of findAll(draft, each.path))
      if (isObject(container) && !found.has(container)) found.set(container, each)
  return [...found].map(([container, each], i) => {
    const written = each.name === undefined ? undefined : find(container, fieldsOf(each.name))
    const name = typeof written === 'string' ? written : undefined
    return { draft: container, mapping: each, name, key: name ?? `#${i}` }
  })
}

const isMeant = ({ mapping, name }: Container, { containers = [] }: WorkloadBinding): boolean =>
  containers.length === 0 || mapping.name === undefined || (name !== undefined && containers.includes(name))

function unmapped(draft: Draft, mapping: Mapping): WorkloadUnfit {
  const paths = mapping.containers.map(({ path }) => path).join(', ')
  const kind = typeof draft['kind'] === 'string' ? draft['kind'] : 'workload'
  return new WorkloadUnfit(
    `the ${kind} has no container at ${paths}; a ClusterWorkloadResourceMapping can say where this kind has them`,
  )
}

function volumeOf({ uid, secret, ...asked }: WorkloadBinding): Json {
  const overrides = overridesOf(asked).map(([path]) => ({
    downwardAPI: { items: [{ path, fieldRef: { apiVersion: 'v1', fieldPath: podMarkPath(path, uid) } }] },
  }))
  return {
    name: volumeName(uid),
    projected: { defaultMode: FILE_MODE, sources: [{ secret: { name: secret } }, ...overrides] },
  }
}

/** Returns the variables that are the binding's. */
function projectInto(
  workload: Draft,
  container: Container,
  binding: WorkloadBinding,
  bound: ReadonlySet<string>,
): readonly EnvironmentMapping[] {
  const env = reach<Json[]>(container.draft, fieldsOf(container.mapping.env), [])
  const theirs = projectedVariables(workload, container, env)
  const own = env.filter((_, i) => !theirs.has(i))
  const root = rootOf(own)
  const added = missingIn(own, sourcesOf(binding))
  const projected = [
    ...env.filter((_, i) => theirs.has(i)),
    ...added.map((each) => variableOf(each, binding.uid, binding.secret)),
  ]
  env.splice(0, env.length, ...own, ...inOrder(projected))

  const mounts = reach<Json[]>(container.draft, fieldsOf(container.mapping.volumeMounts), [])
  const mountPath = `${root.replace(/\/+$/, '')}/${binding.name}`
  const other = mounts.find((mount) => isObject(mount) && mount['mountPath'] === mountPath)
  if (other)
    throw new WorkloadUnfit(
      `container ${JSON.stringify(container.key)} has volume ${JSON.stringify(nameOf(other))} at ${mountPath} already: give the binding another spec.name`,
    )
  appendByName(mounts, { name: volumeName(binding.uid), mountPath, readOnly: true }, bound)
  return added
}

/** Where the variables of other bindings stand. */
function projectedVariables(workload: Draft, { key }: Container, env: readonly Json[]): ReadonlySet<number> {
  const taken = new Set<number>()
  for (const uid of boundUids(find(workload, ANNOTATIONS))) {
    const record = readEnvironmentRecord(workload, uid)
    if (record) takeOwned(env, { uid, secret: record.secret, variables: recordedIn(record, key) }, taken)
  }
  return taken
}

const nameOf = (value: Json): string => {
  const name = isObject(value) ? value['name'] : undefined
  return typeof name === 'string' ? name : ''
}

/** Behind what the workload has of its own, ordered by name among those of bindings. */
function appendByName(list: Json[], added: Json, bound: ReadonlySet<string>): void {
  const own = list.filter((each) => !bound.has(nameOf(each)))
  const projected = [...list.filter((each) => bound.has(nameOf(each))), added]
  list.splice(0, list.length, ...own, ...projected.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)))
}

function remove(draft: Draft, former: FormerBinding): void {
  const { uid } = former
  const kept = readMapping(markOf(draft, mappingMark(uid)))
  const mapping = kept ?? former.mapping
  const podFields = fieldsOf(mapping.annotations)
  const podAnnotations = mapAt(draft, podFields)
  const record = readEnvironmentRecord(draft, uid)
  const secret = record?.secret ?? textAt(podAnnotations, podMark('secret', uid))
  // Where the marks were lost and those of the pods were not, the variables are those that the binding asks for.
  const isLost = !kept && secret !== undefined
  for (const container of containersOf(draft, mapping)) {
    const variables = record ? recordedIn(record, container.key) : isLost ? sourcesOf(former) : []
    removeFrom(container, { uid, secret, variables })
  }
  removeNamed(draft, fieldsOf(mapping.volumes), volumeName(uid), 1)
  for (const mark of POD_MARKS) delete podAnnotations?.[podMark(mark, uid)]
  prune(draft, podFields, 1)
  const annotations = mapAt(draft, ANNOTATIONS)
  delete annotations?.[mappingMark(uid)]
  delete annotations?.[environmentMark(uid)]
  prune(draft, ANNOTATIONS, 1)
}

function textAt(map: Draft | undefined, key: string): string | undefined {
  const value = map && Object.hasOwn(map, key) ? map[key] : undefined
  return typeof value === 'string' ? value : undefined
}

function removeFrom({ draft, mapping }: Container, owner: Owner): void {
  const envFields = fieldsOf(mapping.env)
  const env = listAt(draft, envFields)
  if (env) {
    const owned = new Set<number>()
    takeOwned(env, owner, owned)
    const rest = env.filter((_, i) => !owned.has(i))
    env.splice(0, env.length, ...rest)
    prune(draft, envFields, 0)
  }
  removeNamed(draft, fieldsOf(mapping.volumeMounts), volumeName(owner.uid), 0)
}

function removeNamed(draft: Draft, fields: readonly string[], name: string, keep: number): void {
  const list = listAt(draft, fields)
  if (!list) return
  const rest = list.filter((each) => nameOf(each) !== name)
  list.splice(0, list.length, ...rest)
  prune(draft, fields, keep)
}
