/** Every namespace has a ServiceAccount `default` and the certificate of the API's authority in `kube-root-ca.crt`. */
import type { JsonObject } from '../../base/json.ts'
import { asJson } from '../../machinery/object.ts'
import { isAlreadyExists, isForbidden, isNotFound } from '../../machinery/status.ts'
import type { StoreEvent } from '../../storage/store.ts'
import { CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS } from '../core/keys.ts'
import { KeyedWorker } from './keyed-worker.ts'
import type { BuiltinController, ControllerContext } from './namespaces.ts'

const ACCOUNT = 'default'
const ROOT_CA = 'kube-root-ca.crt'

interface DefaultObject {
  readonly resource: string
  readonly key: (namespace: string) => string
  readonly body: JsonObject & { readonly metadata: JsonObject & { readonly name: string } }
}

export function startDefaultObjects(context: ControllerContext, caCertificate: string | undefined): BuiltinController {
  const { store } = context
  const objects = defaultObjects(caCertificate)
  const worker = new KeyedWorker({
    ...context,
    name: 'default-objects',
    work: async (namespace) => {
      for (const object of objects) await ensure(context, namespace, object)
    },
  })
  const onEvent = (event: StoreEvent): void => {
    if (event.key.startsWith(NAMESPACES)) {
      if (event.type === 'put' && !event.previous) worker.wake(event.key.slice(NAMESPACES.length))
    } else if (isOurs(event.key)) worker.wake(event.key.split('/')[3]!)
  }
  const stops = [NAMESPACES, SERVICE_ACCOUNTS, CONFIG_MAPS].map((prefix) =>
    store.watch({ prefix, after: store.revision }, (events) => events.forEach(onEvent)),
  )
  for (const { key } of store.list({ prefix: NAMESPACES }).entries) {
    const namespace = key.slice(NAMESPACES.length)
    if (objects.some((object) => !isThere(context, namespace, object))) worker.wake(namespace)
  }
  return {
    idle: () => worker.idle(),
    close: () => {
      for (const stop of stops) stop()
      return worker.close()
    },
  }
}

function defaultObjects(caCertificate: string | undefined): readonly DefaultObject[] {
  const account: DefaultObject = {
    resource: 'serviceaccounts',
    key: (namespace) => `${SERVICE_ACCOUNTS}${namespace}/${ACCOUNT}`,
    body: { metadata: { name: ACCOUNT } },
  }
  if (caCertificate === undefined) return [account]
  const rootCa: DefaultObject = {
    resource: 'configmaps',
    key: (namespace) => `${CONFIG_MAPS}${namespace}/${ROOT_CA}`,
    body: {
      metadata: {
        name: ROOT_CA,
        annotations: {
          'kubernetes.io/description': 'The certificate by which clients inside the cluster know its API.',
        },
      },
      data: { 'ca.crt': caCertificate },
    },
  }
  return [account, rootCa]
}

function isOurs(key: string): boolean {
  return key.endsWith(`/${ACCOUNT}`) || key.endsWith(`/${ROOT_CA}`)
}

function isThere({ store }: ControllerContext, namespace: string, { key, body }: DefaultObject): boolean {
  const entry = store.get(key(namespace))
  if (!entry) return false
  const data = body['data'] as JsonObject | undefined
  if (!data) return true
  const stored = asJson(entry.document.object)['data'] as JsonObject | undefined
  return stored?.['ca.crt'] === data['ca.crt']
}

async function ensure(context: ControllerContext, namespace: string, object: DefaultObject): Promise<void> {
  if (!context.store.get(NAMESPACES + namespace) || isThere(context, namespace, object)) return
  const target = { group: '', version: 'v1', resource: object.resource, namespace }
  const { name } = object.body.metadata
  try {
    if (!context.store.get(object.key(namespace))) {
      await context.call({ verb: 'create', target, body: object.body })
      return
    }
    const patch = { verb: 'patch', patchType: 'application/merge-patch+json' } as const
    await context.call({ ...patch, target: { ...target, name }, body: { data: object.body['data'] ?? null } })
  } catch (error) {
    // The namespace went or is going, or somebody made it first: all is as it should be.
    if (!isAlreadyExists(error) && !isForbidden(error) && !isNotFound(error)) throw error
  }
}
