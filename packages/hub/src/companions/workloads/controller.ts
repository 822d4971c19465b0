/** Keeps the Deployment and the ServiceBindings of each Workload as model/workload says. They go with it, by their owner. */
import { createClient, type Client, type New } from '@larder/engine/client/client'
import { createInformer } from '@larder/engine/client/informer'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject, OwnerReference } from '@larder/engine/machinery/object'
import { isApiError, isNotFound } from '@larder/engine/machinery/status'
import { findCondition } from '@larder/engine/runtime/conditions'
import { defineController, ownersOf, watching, type Controller, type Source } from '@larder/engine/runtime/controller'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import { sequence, type Pass } from '@larder/engine/runtime/pass'
import type { DoorContext } from '../../door.ts'
import { bindingType, type ServiceBinding } from '../../model/projection/service-binding.ts'
import { EXTENSION_ANNOTATION, workloadKind, type Workload } from '../../model/workload/kind.ts'
import {
  deploymentType,
  partsOf,
  serviceClaimType,
  WORKLOAD_LABEL,
  WorkloadUnreadable,
  type WorkloadParts,
} from '../../model/workload/parts.ts'
import { isApplied, marked } from './applied.ts'
import { WORKLOAD_ACCOUNT } from './rights.ts'

const FIELD_MANAGER = 'larder-workloads'

type WorkloadContext = Pick<DoorContext, 'transportOf' | 'clock' | 'log'>
type WorkloadPass = Pass<Workload>

/** Where nothing that is watched tells of a name that has become free. */
const LOOK_AGAIN_MS = 30_000

const ofOwner = (object: KubeObject) => ownersOf(object, workloadKind)

export function workloadController(context: WorkloadContext): Controller {
  const deployments = createClient(context.transportOf(WORKLOAD_ACCOUNT))
  return defineController<Workload>({
    name: 'workload',
    type: workloadKind,
    watches: [watching(bindingType, ofOwner)],
    sources: [newsOf(deployments, context)],
    reconcile: sequence(dropOthers, keepClaims, keepDeployment(deployments), keepBindings, tell),
    explain,
  })
}

/** Deployments are read as their account, so that no cache of the hub has them. */
const newsOf =
  (client: Client, { clock, log }: WorkloadContext): Source =>
  (wake) => {
    const informer = createInformer({ client, type: deploymentType, labelSelector: WORKLOAD_LABEL, clock, log })
    const tellOwner = (deployment: KubeObject) => wake(ofOwner(deployment))
    informer.subscribe({ added: tellOwner, updated: tellOwner, deleted: tellOwner })
    informer.start()
    return () => void informer.stop()
  }

function explain(error: unknown): { reason: string; message: string } | undefined {
  if (error instanceof WorkloadUnreadable) return { reason: 'WorkloadUnreadable', message: error.message }
  if (!isApiError(error) || !error.message.includes(' cannot impersonate resource ')) return undefined
  const { namespace, name } = WORKLOAD_ACCOUNT
  const message = `the hub may not act as ServiceAccount ${namespace}/${name}: let it impersonate that account, by a Role in ${namespace}`
  return { reason: 'ApiRefused', message }
}

const ownerOf = ({ apiVersion, kind, metadata }: Workload): OwnerReference => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid ?? '',
  controller: true,
})

const partsIn = ({ object }: WorkloadPass): WorkloadParts => partsOf(object, ownerOf(object))

const isOwned = ({ metadata }: KubeObject, { object }: WorkloadPass): boolean =>
  metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid) ?? false

/**
 * Bindings that are not said any more; and before a binding is pointed elsewhere, the claim of its name, which nothing else would
 * remember.
 */
async function dropOthers(pass: WorkloadPass): Promise<Outcome> {
  const { bindings, claims } = partsIn(pass)
  const wanted = new Set(bindings.map(({ metadata }) => metadata.name))
  const claimed = new Set(claims.map(({ metadata }) => metadata.name))
  const own = pass
    .cache(bindingType)
    .list(pass.object.metadata.namespace)
    .filter((binding) => isOwned(binding, pass))
  for (const binding of own) {
    if (hasClaim(binding) && !claimed.has(binding.metadata.name)) await dropClaim(pass, binding.metadata.name)
    if (!wanted.has(binding.metadata.name) && binding.metadata.deletionTimestamp === undefined)
      await remove(pass, bindingType, binding)
  }
  return done
}

const hasClaim = ({ metadata, spec }: ServiceBinding): boolean =>
  spec.service.kind === serviceClaimType.kind && spec.service.name === metadata.name

async function dropClaim(pass: WorkloadPass, name: string): Promise<void> {
  const claim = await pass.client.of(serviceClaimType).find(name, pass.object.metadata.namespace)
  if (claim && isOwned(claim, pass)) await remove(pass, serviceClaimType, claim)
}

const remove = (
  { client }: WorkloadPass,
  type: ResourceType,
  { metadata: { name, namespace, uid = '' } }: KubeObject,
) => client.of(type).delete(name, { namespace, preconditions: { uid } })

async function keepClaims(pass: WorkloadPass): Promise<Outcome> {
  for (const part of partsIn(pass).claims) {
    const current = await pass.client.of(serviceClaimType).find(part.metadata.name, pass.object.metadata.namespace)
    await keep(pass, serviceClaimType, part, current).catch((error: unknown) => {
      if (!isNotFound(error)) throw error
      const message = `annotation ${EXTENSION_ANNOTATION} asks for a service of another namespace, and this API serves no ResourceClaims (door services-toolkit)`
      throw new Stalled('ClaimsNotServed', message, { cause: error, lookAgainMs: LOOK_AGAIN_MS })
    })
  }
  return done
}

const keepDeployment = (client: Client) =>
  async function keepDeployment(pass: WorkloadPass): Promise<Outcome> {
    const { deployment } = partsIn(pass)
    const { name, namespace } = deployment.metadata
    await keep(pass, deploymentType, deployment, await client.of(deploymentType).find(name, namespace), client)
    return done
  }

async function keepBindings(pass: WorkloadPass): Promise<Outcome> {
  const { namespace } = pass.object.metadata
  for (const part of partsIn(pass).bindings)
    await keep(pass, bindingType, part, pass.cache(bindingType).get(part.metadata.name, namespace))
  return done
}

async function keep<T extends KubeObject>(
  pass: WorkloadPass,
  type: ResourceType<T>,
  part: Pick<T, 'metadata'>,
  current: T | undefined,
  client = pass.client,
): Promise<void> {
  if (current && !isOwned(current, pass)) {
    const taken = `${type.kind} ${JSON.stringify(current.metadata.name)}`
    throw new Stalled('NameTaken', `${taken} was not made for this Workload: delete or rename it`, {
      lookAgainMs: LOOK_AGAIN_MS,
    })
  }
  const wanted = marked(part)
  if (current?.metadata.deletionTimestamp !== undefined || isApplied(current, wanted)) return
  // News of its end may come before that of its owner's: made then, it would be collected and made again without end.
  if (!current && !(await isStillThere(pass))) return
  await client.of(type).apply(wanted as unknown as New<T>, { fieldManager: FIELD_MANAGER, force: true })
}

async function isStillThere({ client, object }: WorkloadPass): Promise<boolean> {
  const { name, namespace, uid } = object.metadata
  const now = await client.of(workloadKind).find(name, namespace)
  return now?.metadata.uid === uid && now?.metadata.deletionTimestamp === undefined
}

/** Whether its pods run is for the Deployment to say. */
function tell(pass: WorkloadPass): Outcome {
  const { name, namespace } = pass.object.metadata
  if (pass.object.spec?.image === undefined)
    throw new Stalled(
      'ImageMissing',
      `nothing runs: Larder builds no images; build one and set spec.image (tanzu apps workload apply ${name} --image IMAGE)`,
    )
  for (const { metadata } of partsIn(pass).bindings) {
    const ready = findCondition(pass.cache(bindingType).get(metadata.name, namespace)?.status?.conditions, 'Ready')
    if (ready?.status !== 'True')
      return wait(
        'BindingNotReady',
        `ServiceBinding ${metadata.name} is not Ready: ${ready?.message ?? 'nobody has looked at it yet'}`,
      )
  }
  return done
}
