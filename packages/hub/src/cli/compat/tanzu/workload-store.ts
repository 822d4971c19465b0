/**
 * Where Workloads are. Where the API serves the kind they are objects, and somebody else makes of them what runs. Where it does not, what
 * runs is made here, once, and the Deployment remembers in an annotation what it was made from, so that it can be edited.
 */
import { ensure, type Client } from '@larder/engine/client/client'
import { createServedKinds } from '@larder/engine/client/served-kinds'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { bindingType, type ServiceBinding } from '../../../model/projection/service-binding.ts'
import { workloadKind, type Workload } from '../../../model/workload/kind.ts'
import {
  deploymentType,
  partsOf,
  serviceClaimType,
  WORKLOAD_LABEL,
  type Deployment,
} from '../../../model/workload/parts.ts'
import { CommandFailed, EXIT } from '../../failure.ts'
import { isNotServed, whereBindingsServed, whereServed } from '../../not-served.ts'
import { DOOR, SERVED_AS } from './kinds.ts'

export interface WorkloadStore {
  find(name: string, namespace: string): Promise<Workload | undefined>
  list(namespace: string | undefined): Promise<readonly Workload[]>
  /** `before` is what was found: somebody else's change since then is a conflict. */
  save(workload: Workload, before: Workload | undefined): Promise<void>
  remove(workload: Workload): Promise<void>
  /** What must become Ready for a Workload to be bound. */
  awaited(workload: Workload): readonly { readonly type: ResourceType; readonly name: string }[]
}

const MANIFEST_ANNOTATION = 'larder.dev/workload'
const FIELD_MANAGER = 'tanzu'

export async function workloadStore(client: Client): Promise<WorkloadStore> {
  const apiVersion = `${workloadKind.group}/${workloadKind.version}`
  const served = await createServedKinds(client.transport).find(apiVersion, workloadKind.kind)
  return served ? objects(client) : deployments(client)
}

function objects(client: Client): WorkloadStore {
  const workloads = client.of(workloadKind)
  return {
    find: (name, namespace) => workloads.find(name, namespace),
    list: async (namespace) => (await workloads.list({ namespace })).items,
    async save(workload, before) {
      if (before) await workloads.update(workload)
      else await workloads.create(workload)
    },
    async remove({ metadata: { name, namespace, uid = '' } }) {
      await workloads.delete(name, { namespace, preconditions: { uid } })
    },
    awaited: ({ metadata }) => [{ type: workloadKind, name: metadata.name }],
  }
}

function deployments(client: Client): WorkloadStore {
  const all = client.of(deploymentType)
  return {
    async find(name, namespace) {
      const deployment = await all.find(name, namespace)
      return deployment && workloadOf(deployment)
    },
    async list(namespace) {
      const { items } = await all.list({ namespace, labelSelector: WORKLOAD_LABEL })
      return items.flatMap((deployment) => (isOurs(deployment) ? [workloadOf(deployment)] : []))
    },
    save: (workload) => makeParts(client, workload),
    async remove({ metadata: { name, namespace, uid = '' } }) {
      await all.delete(name, { namespace, preconditions: { uid } })
    },
    awaited: (workload) =>
      partsOf(workload).bindings.map(({ metadata }) => ({ type: bindingType, name: metadata.name })),
  }
}

const isOurs = ({ metadata }: Deployment): boolean => metadata.annotations?.[MANIFEST_ANNOTATION] !== undefined

function workloadOf({ metadata }: Deployment): Workload {
  const { name, namespace, uid, creationTimestamp } = metadata
  const manifest = metadata.annotations?.[MANIFEST_ANNOTATION]
  if (manifest === undefined)
    throw new CommandFailed(EXIT.conflict, `Deployment ${namespace}/${name} is no workload`, {
      why: 'it was not made by this command',
      next: 'choose another name; larder bind binds a Deployment as it is',
    })
  const kept = JSON.parse(manifest) as Pick<Workload, 'metadata' | 'spec'>
  const own = { name, ...(namespace !== undefined && { namespace }), ...(uid !== undefined && { uid }) }
  return {
    apiVersion: `${workloadKind.group}/${workloadKind.version}`,
    kind: workloadKind.kind,
    metadata: { ...kept.metadata, ...own, ...(creationTimestamp !== undefined && { creationTimestamp }) },
    ...(kept.spec && { spec: kept.spec }),
  }
}

/** Each write may be repeated: a command that was interrupted is run again. */
async function makeParts(client: Client, workload: Workload): Promise<void> {
  const { deployment: part } = partsOf(workload)
  const { labels, annotations } = workload.metadata
  const manifest = JSON.stringify({ metadata: { labels, annotations }, spec: workload.spec })
  const metadata = { ...part.metadata, annotations: { [MANIFEST_ANNOTATION]: manifest } }
  const options = { fieldManager: FIELD_MANAGER, force: true }
  const deployment = await client.of(deploymentType).apply({ ...part, metadata }, options)
  const { name, uid = '' } = deployment.metadata
  const { bindings, claims } = partsOf(workload, { apiVersion: 'apps/v1', kind: 'Deployment', name, uid })
  await dropOthers(client, bindingType, workload, bindings)
  await dropOthers(client, serviceClaimType, workload, claims)
  for (const claim of claims)
    await whereServed(SERVED_AS, DOOR, () => client.of(serviceClaimType).apply(claim, options))
  for (const binding of bindings) {
    const at = { name: binding.metadata.name, namespace: workload.metadata.namespace ?? '' }
    await whereBindingsServed(() =>
      ensure<ServiceBinding>(client, bindingType, at, (now) => ({
        ...now,
        ...binding,
        metadata: { ...now?.metadata, ...binding.metadata },
      })),
    )
  }
}

async function dropOthers<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  { metadata: { name, namespace } }: Workload,
  wanted: readonly Pick<T, 'metadata'>[],
): Promise<void> {
  const list = client.of(type).list({ namespace, labelSelector: `${WORKLOAD_LABEL}=${name}` })
  for (const { metadata } of await list.then(({ items }) => items, noneIfNotServed)) {
    if (!wanted.some((each) => each.metadata.name === metadata.name))
      await client.of(type).delete(metadata.name, { namespace })
  }
}

/** An API that does not know the kind has nothing of it to drop. */
function noneIfNotServed(error: unknown): readonly [] {
  if (isNotServed(error)) return []
  throw error
}
