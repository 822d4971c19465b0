/** What a program or a workload can be bound to: a Claim, any other object with `status.binding.name`, or a Secret itself. */
import { isObject } from '@larder/engine/base/json'
import { secretType } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import { asJson, type KubeObject } from '@larder/engine/machinery/object'
import { claimKind } from '../model/claim.ts'
import type { NamedObject } from './any-kind.ts'
import { waitForClaim, type ClaimWait } from './claim-progress.ts'
import { CommandFailed, EXIT } from './failure.ts'
import type { Terminal } from './terminal.ts'
import { watchUntil } from './watch-until.ts'

const isKind = ({ type }: NamedObject, kind: { readonly group: string; readonly kind: string }): boolean =>
  type.group === kind.group && type.kind === kind.kind

/** The name of its Secret; undefined while it has none. */
export function secretNameOf(service: NamedObject, object: KubeObject): string | undefined {
  if (isKind(service, secretType)) return service.name
  const { status } = asJson(object)
  const binding = isObject(status) ? status['binding'] : undefined
  const name = isObject(binding) ? binding['name'] : undefined
  return typeof name === 'string' && name !== '' ? name : undefined
}

/** Ends when it has a Secret. A Claim of ours shows its steps and may fail; of other kinds nobody knows whether they will not heal. */
export async function waitForService(
  client: Client,
  terminal: Terminal,
  service: NamedObject,
  wait: Omit<ClaimWait, 'name'>,
): Promise<void> {
  const { type, name } = service
  if (isKind(service, claimKind)) {
    await waitForClaim(client, terminal, { ...wait, name })
    return
  }
  // It is, or is not, and who may only get it may not watch.
  if (isKind(service, secretType)) return
  const what = `${type.kind} ${wait.namespace}/${name}`
  await watchUntil<KubeObject, true>(client, terminal, {
    type,
    name,
    namespace: wait.namespace,
    timeoutMs: wait.timeoutMs,
    what: `${what} to have a Secret`,
    look(object) {
      if (!object) throw new CommandFailed(EXIT.notFound, `${what} does not exist`)
      return secretNameOf(service, object) === undefined ? undefined : true
    },
  })
}
