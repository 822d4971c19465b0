/**
 * Tells news of services and workloads from noise. A Deployment that rolls out changes its status dozens of times, and nothing of that is
 * a binding's business: each pass would read service and workload anew for nothing.
 */
import { isObject, stringifyJson } from '@larder/engine/base/json'
import type { ResourceType } from '@larder/engine/client/types'
import { asJson, type KubeObject } from '@larder/engine/machinery/object'
import { groupKind } from './cluster-kinds.ts'

/** Whether there is something in the object that was not in it when it was last asked about. What is not `kept` is news again next time. */
export type IsNews = (type: ResourceType, object: KubeObject, kept: boolean) => boolean

export function createNoticeboard(): IsNews {
  const last = new Map<string, string>()
  return ({ group, kind }, object, kept) => {
    const { namespace = '', name } = object.metadata
    const key = `${groupKind(group, kind)}/${namespace}/${name}`
    const now = matters(object)
    const isNews = last.get(key) !== now
    if (kept) last.set(key, now)
    else last.delete(key)
    return isNews
  }
}

/** What a pass looks at, in short. Objects of kinds that count no generations are new with each write. */
function matters(object: KubeObject): string {
  const { uid = '', generation, resourceVersion = '', labels = {}, annotations = {} } = object.metadata
  const { status } = asJson(object)
  const binding = (isObject(status) ? status['binding'] : undefined) ?? null
  return stringifyJson([uid, generation ?? resourceVersion, labels, annotations, binding])
}
