/** The workloads of a binding: those that it is projected into, and those that it is to leave. */
import { equalJson, type JsonObject } from '@larder/engine/base/json'
import type { ResourceType } from '@larder/engine/client/types'
import { asJson, type KubeObject } from '@larder/engine/machinery/object'
import { isApiError, isNotFound } from '@larder/engine/machinery/status'
import { mappingType } from '../../model/projection/service-binding.ts'
import { selectorProblem } from '../../model/visibility.ts'
import { namespaceOf, uidOf, type BindingPass, type Parts } from './parts.ts'
import { WorkloadUnfit } from './projector/draft.ts'
import { MappingInvalid } from './projector/mapping.ts'
import { boundUids } from './projector/marks.ts'
import { projectWorkload, unprojectWorkload } from './projector/project-workload.ts'
import { selectorText } from './selector.ts'
import { refusal, Trouble } from './trouble.ts'
import { formerBindingOf, workloadBindingOf, type FindMapping } from './workload-binding.ts'

const FIELD_MANAGER = 'larder-service-binding'

/** The kind of the workloads, which is followed from now on. Undefined when the API serves none. */
export async function workloadTypeOf(
  { object }: BindingPass,
  { kinds, followed }: Parts,
): Promise<ResourceType | undefined> {
  const type = await kinds.typeOf(object.spec.workload)
  if (!type?.namespaced) return undefined
  followed.follow(type)
  return type
}

/** Throws Trouble, when the one that is named is not there for instance. */
export async function targetsOf(pass: BindingPass, parts: Parts, type: ResourceType): Promise<readonly KubeObject[]> {
  const { name, selector } = pass.object.spec.workload
  if (name !== undefined) {
    const target = await findNamed(pass, parts, type, name)
    if (target) return [target]
    parts.kinds.forget(pass.object.spec.workload)
    throw new Trouble(
      'WorkloadNotFound',
      `the workload was not found: there is no ${type.kind} ${JSON.stringify(name)}`,
    )
  }
  const problem = selectorProblem(selector, 'spec.workload.selector')
  if (problem !== undefined) throw new Trouble('SelectorInvalid', problem)
  const labelSelector = selectorText(selector ?? {})
  const options = { namespace: namespaceOf(pass.object), ...(labelSelector !== undefined && { labelSelector }) }
  try {
    return (await parts.kinds.client.of(type).list(options)).items
  } catch (error) {
    if (isApiError(error, 'BadRequest'))
      throw new Trouble('SelectorInvalid', 'spec.workload.selector: the API refuses it as a selector')
    throw refusal(error, 'workload', 'list', type)
  }
}

async function findNamed(
  pass: BindingPass,
  { kinds }: Parts,
  type: ResourceType,
  name: string,
): Promise<KubeObject | undefined> {
  try {
    return await kinds.client.of(type).get(name, namespaceOf(pass.object))
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw refusal(error, 'workload', 'get', type)
  }
}

/** Writes nothing when the binding is in it as it should be. Throws Trouble. */
export async function bind(
  pass: BindingPass,
  parts: Parts,
  type: ResourceType,
  workload: KubeObject,
  secret: string,
): Promise<void> {
  const binding = workloadBindingOf(pass.object, secret, type, mappings(pass))
  const bound = projecting(() => projectWorkload(asJson(workload), binding))
  if (!(await write(pass, parts, type, workload, bound))) return
  pass.event(
    'Normal',
    'WorkloadProjected',
    `projected into ${type.kind} ${workload.metadata.name}`,
    referenceTo(workload),
  )
}

/** Where the binding was and should not be any more, as far as is known yet: news of a workload is followed by another pass. */
export async function leave(
  pass: BindingPass,
  parts: Parts,
  type: ResourceType,
  kept: readonly KubeObject[],
): Promise<void> {
  const stays = new Set(kept.map(({ metadata }) => metadata.name))
  const names = parts.followed.boundTo(type, namespaceOf(pass.object), uidOf(pass.object))
  for (const name of names) {
    if (stays.has(name)) continue
    const workload = await findNamed(pass, parts, type, name)
    if (workload) await unbind(pass, parts, type, workload)
  }
}

/** The same for all of them, by a look at each. */
export async function leaveAll(pass: BindingPass, parts: Parts, type: ResourceType): Promise<void> {
  const named = pass.object.spec.workload.name
  const uid = uidOf(pass.object)
  const list = await parts.kinds.client
    .of(type)
    .list({ namespace: namespaceOf(pass.object) })
    .catch((error: unknown) => {
      if (isNotFound(error)) return { items: [] }
      throw refusal(error, 'workload', 'list', type)
    })
  for (const workload of list.items)
    if (workload.metadata.name === named || boundUids(workload.metadata.annotations).includes(uid))
      await unbind(pass, parts, type, workload)
}

async function unbind(pass: BindingPass, parts: Parts, type: ResourceType, workload: KubeObject): Promise<void> {
  const former = formerBindingOf(pass.object, type, mappings(pass))
  const without = projecting(() => unprojectWorkload(asJson(workload), former))
  if (!(await write(pass, parts, type, workload, without))) return
  pass.event('Normal', 'WorkloadUnbound', `taken out of ${type.kind} ${workload.metadata.name}`, referenceTo(workload))
}

/** Whether there was something to write. */
async function write(
  pass: BindingPass,
  { kinds }: Parts,
  type: ResourceType,
  workload: KubeObject,
  wanted: JsonObject,
): Promise<boolean> {
  if (equalJson(asJson(workload), wanted)) return false
  pass.signal.throwIfAborted()
  try {
    await kinds.client.of(type).update(wanted as unknown as KubeObject, { fieldManager: FIELD_MANAGER })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw refusal(error, 'workload', 'update', type)
  }
}

const mappings =
  (pass: BindingPass): FindMapping =>
  (name) =>
    pass.cache(mappingType).get(name)

function projecting(project: () => JsonObject): JsonObject {
  try {
    return project()
  } catch (error) {
    if (error instanceof WorkloadUnfit) throw new Trouble('WorkloadUnfit', error.message)
    if (error instanceof MappingInvalid) throw new Trouble('MappingInvalid', error.message)
    throw error
  }
}

const referenceTo = ({ apiVersion, kind, metadata }: KubeObject) => ({
  apiVersion,
  kind,
  name: metadata.name,
  ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
  ...(metadata.uid !== undefined && { uid: metadata.uid }),
})
