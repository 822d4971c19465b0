/**
 * Acting as the ServiceAccount of an App: whatever is applied, looked at or deleted is so by its rights. The hub's own are asked for one
 * thing, whether the account is there, since a token of one that is not there is refused in words that help nobody.
 */
import type { Json, JsonObject } from '@larder/engine/base/json'
import { serviceAccountType } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import type { Target, Transport } from '@larder/engine/machinery/call'
import { asJson, type KubeObject } from '@larder/engine/machinery/object'
import { isApiError, isNotFound } from '@larder/engine/machinery/status'
import type { DoorContext } from '../../../door.ts'
import { SYSTEM_NAMESPACE } from '../../../model/names.ts'
import { ACCOUNTS_ROLE } from '../fields.ts'
import type { App } from '../kinds.ts'
import { Failed } from '../report.ts'

export type NamedTarget = Target & { readonly name: string }

/** Each rejects with `Failed` where the API refuses. */
export interface Actor {
  find(target: NamedTarget): Promise<(KubeObject & JsonObject) | undefined>
  apply(target: NamedTarget, body: Json): Promise<KubeObject & JsonObject>
  delete(target: NamedTarget, uid: string): Promise<void>
}

export const FIELD_MANAGER = 'larder-carvel-packaging'

/** Rejects with `Failed`, in upstream's words, where the account is not there. */
export async function actorOf(app: App, client: Client, transportOf: DoorContext['transportOf'], signal: AbortSignal) {
  const { namespace = '' } = app.metadata
  const { serviceAccountName: name, cluster } = app.spec ?? {}
  if (cluster !== undefined) throw new Failed('Preparing kapp: spec.cluster is not supported: say serviceAccountName')
  if (name === undefined || name === '')
    throw new Failed('Preparing kapp: Expected service account or cluster to be specified: set spec.serviceAccountName')
  if ((await client.of(serviceAccountType).find(name, namespace)) === undefined)
    throw new Failed(`Preparing kapp: Getting service account: serviceaccounts ${JSON.stringify(name)} not found`)
  return actor(transportOf({ namespace, name }), `${namespace}/${name}`, signal)
}

function actor(transport: Transport, account: string, signal: AbortSignal): Actor {
  const answered = (error: unknown, verb: string, target: NamedTarget): never => {
    if (!isApiError(error)) throw error
    const where = target.namespace === undefined ? '' : ` in namespace ${target.namespace}`
    const what = `${target.resource}${target.group === '' ? '' : `.${target.group}`} ${JSON.stringify(target.name)}${where}`
    const useful = `${verb} ${what}: ${inOurWords(error.code, error, account)}`
    throw new Failed(`Deploying: ${useful}`, { cause: error })
  }
  return {
    find: async (target) => {
      try {
        return asJson((await transport.call({ verb: 'get', target }, signal)) as KubeObject) as KubeObject & JsonObject
      } catch (error) {
        if (isNotFound(error)) return undefined
        return answered(error, 'get', target)
      }
    },
    apply: async (target, body) => {
      const options = { fieldManager: FIELD_MANAGER, force: true }
      const patchType = 'application/apply-patch+yaml'
      const sent = transport.call({ verb: 'patch', target, patchType, body, options }, signal)
      return asJson((await sent.catch((error) => answered(error, 'apply', target))) as KubeObject) as KubeObject &
        JsonObject
    },
    delete: async (target, uid) => {
      const options = { preconditions: { uid }, propagationPolicy: 'Background' as const }
      await transport.call({ verb: 'delete', target, options }, signal).catch((error: unknown) => {
        if (!isNotFound(error)) answered(error, 'delete', target)
      })
    },
  }
}

/** What the API says of a value may quote it, and values may be secret; of rights it says what lacks. */
function inOurWords(
  code: number,
  {
    reason,
    message,
    details,
  }: { reason: string; message: string; details?: { causes?: readonly { field?: string }[] } | undefined },
  account: string,
): string {
  if (code === 403 && message.includes(' cannot impersonate resource '))
    return `the hub may not act as ServiceAccount ${account}: bind ClusterRole ${ACCOUNTS_ROLE} to ServiceAccount ${SYSTEM_NAMESPACE}/larder in this namespace`
  if (code === 403 || code === 404 || code === 409) return message
  const fields = [
    ...(details?.causes ?? []).flatMap(({ field }) => (field === undefined ? [] : [field])),
    ...mistyped(message),
  ]
  return `the API refuses it (${reason})${fields.length === 0 ? '' : ` at ${[...new Set(fields)].sort().join(', ')}`}`
}

/** `.data.size: expected string, got ...`: where and what, without what it is. */
const mistyped = (message: string): readonly string[] =>
  [...message.matchAll(/(?<=\s|^)(\.[^\s:]+): (expected \w+)/g)].map(([, field, expected]) => `${field} (${expected})`)
