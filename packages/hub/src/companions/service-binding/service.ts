/** The Secret of a service: what its `status.binding.name` says, or the service itself where it is a Secret. */
import { isObject } from '@larder/engine/base/json'
import { secretType, type Secret } from '@larder/engine/client/builtin'
import { asJson, type KubeObject } from '@larder/engine/machinery/object'
import { isNotFound } from '@larder/engine/machinery/status'
import type { ServiceBinding } from '../../model/projection/service-binding.ts'
import { namespaceOf, type BindingPass, type Parts } from './parts.ts'
import { LOOK_AGAIN_MS, refusal, Trouble } from './trouble.ts'

type ServiceRef = ServiceBinding['spec']['service']

export const isSecret = ({ apiVersion, kind }: ServiceRef): boolean => apiVersion === 'v1' && kind === 'Secret'

/** Throws Trouble. */
export async function secretNameOf(pass: BindingPass, parts: Parts): Promise<string> {
  const { service } = pass.object.spec
  return isSecret(service) ? service.name : bindingOf(await readService(pass, parts), service)
}

async function readService(pass: BindingPass, { kinds, followed }: Parts): Promise<KubeObject> {
  const { service } = pass.object.spec
  const { apiVersion, kind, name } = service
  const type = await kinds.typeOf(service)
  if (!type?.namespaced) {
    const why = type ? 'is a kind without namespaces' : 'is no kind that this API serves'
    throw new Trouble('ServiceNotFound', `the service was not found: ${kind} of ${apiVersion} ${why}`, {
      lookAgainMs: LOOK_AGAIN_MS,
    })
  }
  followed.follow(type)
  try {
    return await kinds.client.of(type).get(name, namespaceOf(pass.object))
  } catch (error) {
    if (!isNotFound(error)) throw refusal(error, 'service', 'get', type)
    kinds.forget(service)
    throw new Trouble('ServiceNotFound', `the service was not found: there is no ${kind} ${JSON.stringify(name)}`)
  }
}

function bindingOf(object: KubeObject, { kind, name }: ServiceRef): string {
  const { status } = asJson(object)
  const binding = isObject(status) ? status['binding'] : undefined
  const secret = isObject(binding) ? binding['name'] : undefined
  if (typeof secret === 'string' && secret !== '') return secret
  throw new Trouble(
    'ServiceMissingBinding',
    `the service was found, but did not contain a binding secret: ${kind} ${JSON.stringify(name)} has no status.binding.name`,
  )
}

/**
 * A Secret that is not there would let pods wait without a word. The server is asked before that is said: news of a service may overtake
 * those of its Secret. Throws Trouble.
 */
export async function secretOf(pass: BindingPass, name: string): Promise<Secret> {
  const namespace = namespaceOf(pass.object)
  const secret = pass.cache(secretType).get(name, namespace) ?? (await pass.client.of(secretType).find(name, namespace))
  if (secret) return secret
  const { service } = pass.object.spec
  const named = isSecret(service) ? '' : `, which ${service.kind} ${JSON.stringify(service.name)} names,`
  throw new Trouble('SecretNotFound', `there is no Secret ${JSON.stringify(name)}${named} in this namespace`)
}
