/**
 * Reads as somebody else would, without being them: the cluster is asked whether they may, and then the hub reads. To impersonate whoever
 * asks would need a right that is as good as an administrator's.
 */
import type { JsonObject } from '@larder/engine/base/json'
import type { Call, Transport } from '@larder/engine/machinery/call'
import { forbidden } from '@larder/engine/machinery/status'

/** Whom the cluster's API names as the sender. */
export interface Asker {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

export interface Wanted {
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly namespace?: string
  readonly name?: string
}

/** By a SubjectAccessReview. Throws ApiError 403 in the words of the API. */
export async function authorize(hub: Transport, asker: Asker, wanted: Wanted): Promise<void> {
  const review = (await hub.call({
    verb: 'create',
    target: { group: 'authorization.k8s.io', version: 'v1', resource: 'subjectaccessreviews' },
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: asker.name,
        groups: asker.groups,
        extra: asker.extra,
        ...(asker.uid !== undefined && { uid: asker.uid }),
        resourceAttributes: { ...wanted },
      },
    },
  })) as unknown as JsonObject
  if ((review['status'] as { allowed?: boolean } | undefined)?.allowed === true) return
  const { verb, group, resource, namespace, name = '' } = wanted
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`
  const why = `User "${asker.name}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`
  throw forbidden({ group, resource }, name, why)
}

const refuse = (): never => {
  throw new TypeError('an asker only gets and lists')
}

/** Gets and lists with the hub's connection, each after the question whether the asker may. Nothing else. */
export function readingAs(hub: Transport, asker: Asker): Transport {
  return {
    async call(call: Call, signal) {
      if (call.verb !== 'get' && call.verb !== 'list') return refuse()
      await authorize(hub, asker, { verb: call.verb, ...call.target })
      return hub.call(call, signal)
    },
    watch: refuse,
    raw: refuse,
    close: () => Promise.resolve(),
  }
}
