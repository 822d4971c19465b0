/**
 * What a Workload comes to: a Deployment of its name, and for each service claim a ServiceBinding `<workload>-<claim>` into it, as the
 * supply chains of Tanzu Application Platform make them. A service of another namespace is claimed first, by a ResourceClaim of the
 * same name.
 *
 *     partsOf(workload).bindings // [{ metadata: { name: 'my-workload-db' }, spec: { name: 'db', service: ..., workload: ... } }]
 *
 * Pure: the companion `workloads` keeps what it says, and where no API serves Workloads `tanzu apps workload` makes it once.
 */
import { isObject, parseJson, type Json, type JsonObject } from '@larder/engine/base/json'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject, OwnerReference } from '@larder/engine/machinery/object'
import type { ServiceBinding } from '../projection/service-binding.ts'
import { EXTENSION_ANNOTATION, type ServiceReference, type Workload, type WorkloadSpec } from './kind.ts'

export const WORKLOAD_LABEL = 'carto.run/workload-name'

/** In place of an image that nobody has built: a name that no registry can have. */
const UNBUILT = 'not-built.invalid'

export interface Deployment extends KubeObject {
  readonly spec?: JsonObject
}

export const deploymentType: ResourceType<Deployment> = {
  group: 'apps',
  version: 'v1',
  resource: 'deployments',
  kind: 'Deployment',
  namespaced: true,
}

export interface ServiceClaim extends KubeObject {
  readonly spec: { readonly ref: ServiceReference & { readonly namespace?: string } }
}

const CLAIM_GROUP = 'services.apps.tanzu.vmware.com'

export const serviceClaimType: ResourceType<ServiceClaim> = {
  group: CLAIM_GROUP,
  version: 'v1alpha1',
  resource: 'resourceclaims',
  kind: 'ResourceClaim',
  namespaced: true,
}

type Part<T extends KubeObject> = Omit<T, 'apiVersion' | 'kind' | 'status'>

export interface WorkloadParts {
  readonly deployment: Part<Deployment>
  readonly bindings: readonly Part<ServiceBinding>[]
  readonly claims: readonly Part<ServiceClaim>[]
}

/** The message names what cannot be read. */
export class WorkloadUnreadable extends Error {}

/** Throws WorkloadUnreadable. */
export function partsOf(workload: Workload, owner?: OwnerReference): WorkloadParts {
  const { name, namespace = '' } = workload.metadata
  const spec = workload.spec ?? {}
  const labels = { ...workload.metadata.labels, 'app.kubernetes.io/component': 'run', [WORKLOAD_LABEL]: name }
  const metadataOf = (part: string) => ({
    name: part,
    namespace,
    labels,
    ...(owner && { ownerReferences: [owner] }),
  })
  const elsewhere = claimNamespaces(workload)
  const bindings = (spec.serviceClaims ?? []).map((claim) => {
    const metadata = metadataOf(`${name}-${claim.name}`)
    const apiVersion = `${CLAIM_GROUP}/${serviceClaimType.version}`
    const service = elsewhere.has(claim.name)
      ? { apiVersion, kind: serviceClaimType.kind, name: metadata.name }
      : claim.ref
    return { metadata, spec: { name: claim.name, service, workload: { ...DEPLOYMENT, name } } }
  })
  const claims = (spec.serviceClaims ?? []).flatMap((claim) => {
    const home = elsewhere.get(claim.name)
    if (home === undefined) return []
    return [{ metadata: metadataOf(`${name}-${claim.name}`), spec: { ref: { ...claim.ref, namespace: home } } }]
  })
  return { deployment: { metadata: metadataOf(name), spec: deploymentSpec(name, labels, spec) }, bindings, claims }
}

const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' }

function deploymentSpec(name: string, labels: Readonly<Record<string, string>>, spec: WorkloadSpec): JsonObject {
  const annotations = annotationsOf(spec)
  const replicas = spec.image === undefined ? 0 : leastReplicas(annotations)
  const container = {
    name: 'workload',
    image: spec.image ?? `${UNBUILT}/${name}`,
    ...(spec.env && { env: spec.env as unknown as Json }),
    ...(spec.resources && { resources: spec.resources }),
  }
  return {
    ...(replicas !== undefined && { replicas }),
    selector: { matchLabels: { [WORKLOAD_LABEL]: name } },
    template: {
      metadata: { labels, ...(Object.keys(annotations).length > 0 && { annotations }) },
      spec: {
        ...(spec.serviceAccountName !== undefined && { serviceAccountName: spec.serviceAccountName }),
        containers: [container],
      },
    },
  }
}

/** Of what runs: the parameter `annotations`. */
export function annotationsOf({ params = [] }: WorkloadSpec): Readonly<Record<string, string>> {
  const value = params.find(({ name }) => name === 'annotations')?.value
  const entries = isObject(value) ? Object.entries(value) : []
  return Object.fromEntries(entries.map(([key, each]) => [key, typeof each === 'string' ? each : JSON.stringify(each)]))
}

/** What Knative is asked to keep running. It may be none there, since a request starts one; nothing would start a Deployment. */
function leastReplicas(annotations: Readonly<Record<string, string>>): number | undefined {
  const least = annotations['autoscaling.knative.dev/minScale'] ?? annotations['autoscaling.knative.dev/min-scale']
  return least !== undefined && /^[1-9]\d*$/.test(least) ? Number(least) : undefined
}

/** Of service claims that are in another namespace: which. Throws WorkloadUnreadable. */
export function claimNamespaces({ metadata }: Workload): ReadonlyMap<string, string> {
  const text = metadata.annotations?.[EXTENSION_ANNOTATION]
  if (text === undefined) return new Map()
  const extension = readJson(text)
  const spec = isObject(extension) ? extension['spec'] : undefined
  const claims = isObject(spec) ? spec['serviceClaims'] : undefined
  if (!isObject(claims)) throw unreadable('has no spec.serviceClaims')
  return new Map(
    Object.entries(claims).flatMap(([claim, value]) => {
      const namespace = isObject(value) ? value['namespace'] : undefined
      return typeof namespace === 'string' && namespace !== metadata.namespace ? [[claim, namespace] as const] : []
    }),
  )
}

function readJson(text: string): Json {
  try {
    return parseJson(text)
  } catch (error) {
    throw unreadable('is no JSON', error)
  }
}

const unreadable = (how: string, cause?: unknown): WorkloadUnreadable =>
  new WorkloadUnreadable(`annotation ${EXTENSION_ANNOTATION} ${how}`, { cause })
