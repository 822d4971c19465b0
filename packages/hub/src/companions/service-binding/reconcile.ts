/**
 * One pass over a ServiceBinding. Both halves are looked at whatever became of the other: a workload that is not there is told also while
 * the service is not. A service that goes leaves what was projected where it is, because taking it out would restart pods that may
 * still work; only the conditions fall.
 */
import type { Secret } from '@larder/engine/client/builtin'
import type { KubeObject } from '@larder/engine/machinery/object'
import { findCondition } from '@larder/engine/runtime/conditions'
import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import { say } from './conditions.ts'
import type { ServiceBinding } from '../../model/projection/service-binding.ts'
import type { BindingPass, Parts } from './parts.ts'
import { secretNameOf, secretOf } from './service.ts'
import { LOOK_AGAIN_MS, Trouble } from './trouble.ts'
import { bind, leave, targetsOf, workloadTypeOf } from './workloads.ts'

export const reconcileBinding =
  (parts: Parts) =>
  async (pass: BindingPass): Promise<Outcome> => {
    const service = await caught(() => resolveService(pass, parts))
    const secret = service.trouble ? undefined : service.value
    const projected = await caught(() => projectAll(pass, parts, secret))
    const trouble = service.trouble ?? projected.trouble
    // What was projected stays true while the service is away.
    const stays = !projected.trouble && findCondition(pass.status.conditions, 'WorkloadProjected')?.status === 'True'
    if (!stays || !trouble) say(pass, 'WorkloadProjected', projected.trouble ?? service.trouble)
    return trouble ? wait(trouble.reason, trouble.message, soonest(service.trouble, projected.trouble)) : done
  }

const about = ({ metadata }: KubeObject, { reason, message, lookAgainMs }: Trouble) =>
  new Trouble(reason, `${metadata.name}: ${message}`, lookAgainMs === undefined ? {} : { lookAgainMs })

const soonest = (...troubles: readonly (Trouble | undefined)[]): number | undefined =>
  troubles.flatMap((trouble) => trouble?.lookAgainMs ?? []).toSorted((a, b) => a - b)[0]

async function resolveService(pass: BindingPass, parts: Parts): Promise<string> {
  delete pass.status.binding
  try {
    const name = await secretNameOf(pass, parts)
    pass.status.binding = { name }
    say(pass, 'ServiceAvailable', undefined, lacking(pass.object, await secretOf(pass, name)))
    return name
  } catch (error) {
    if (error instanceof Trouble) say(pass, 'ServiceAvailable', error)
    throw error
  }
}

/** What is bound all the same, and will not work: a container does not start for want of a key. Names alone, no value. */
function lacking({ spec }: ServiceBinding, { data = {} }: Secret): string {
  const has = (key: string) =>
    Object.hasOwn(data, key) || ((key === 'type' || key === 'provider') && spec[key] !== undefined)
  const asked = (spec.env ?? []).filter(({ key }) => !has(key))
  return [
    ...(has('type')
      ? []
      : ['the Secret has no key "type", by which programs look for a binding: spec.type can give one']),
    ...asked.map(
      ({ name, key }) =>
        `the Secret has no key ${JSON.stringify(key)}, which variable ${name} asks for: containers wait for it`,
    ),
  ].join('; ')
}

async function projectAll(pass: BindingPass, parts: Parts, secret: string | undefined): Promise<void> {
  const type = await workloadTypeOf(pass, parts)
  const { apiVersion, kind } = pass.object.spec.workload
  if (!type)
    throw new Trouble(
      'WorkloadNotFound',
      `the workload was not found: this API serves no kind ${kind} with namespaces in ${apiVersion}`,
      { lookAgainMs: LOOK_AGAIN_MS },
    )
  const found = await caught(() => targetsOf(pass, parts, type))
  // What cannot be listed now may still be meant; only what is known not to be meant is left.
  if (!found.trouble || found.trouble.reason === 'WorkloadNotFound') await leave(pass, parts, type, found.value ?? [])
  if (found.trouble) throw found.trouble
  if (secret === undefined) return
  const troubles: Trouble[] = []
  for (const workload of found.value) {
    const { trouble } = await caught(() => bind(pass, parts, type, workload, secret))
    if (trouble) troubles.push(about(workload, trouble))
  }
  const [first] = troubles
  if (!first) return
  const lookAgainMs = soonest(...troubles)
  const message = troubles.map((trouble) => trouble.message).join('; ')
  throw new Trouble(first.reason, message, lookAgainMs === undefined ? {} : { lookAgainMs })
}

type Caught<T> =
  | { readonly value: T; readonly trouble?: undefined }
  | { readonly value?: undefined; readonly trouble: Trouble }

/** What is no trouble of the binding, a conflict for instance, ends the pass. */
async function caught<T>(run: () => Promise<T>): Promise<Caught<T>> {
  try {
    return { value: await run() }
  } catch (error) {
    if (error instanceof Trouble) return { trouble: error }
    throw error
  }
}
