/** Kinds of Services Toolkit as far as these commands read them. Groups are named in full: Kubernetes has a ResourceClaim of its own. */
import type { JsonObject } from '@larder/engine/base/json'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Conditioned } from '../../readiness.ts'

const GROUP = 'services.apps.tanzu.vmware.com'
const VERSION = 'v1alpha1'
const API_VERSION = `${GROUP}/${VERSION}`

/** The door that serves them. */
export const DOOR = 'services-toolkit'
export const SERVED_AS = `${API_VERSION} (Services Toolkit)`

export interface ObjectRef {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

export interface InstanceClass extends Conditioned {
  readonly spec?: { readonly description?: { readonly short?: string }; readonly pool?: { readonly kind: string } }
  readonly status?: Conditioned['status'] & {
    readonly instanceType?: { readonly group?: string; readonly version: string; readonly kind: string }
    readonly claimParameters?: { readonly openAPIV3Schema?: JsonObject }
  }
}

export interface ResourceClaim extends Conditioned {
  readonly spec: { readonly ref: ObjectRef }
}

export interface ClassClaim extends Conditioned {
  readonly spec: { readonly classRef: { readonly name: string }; readonly parameters?: JsonObject }
  readonly status?: Conditioned['status'] & { readonly resourceRef?: ObjectRef }
}

/** Only answers. */
export interface InstanceQuery extends KubeObject {
  readonly spec: { readonly class: string; readonly limit?: number }
  readonly status?: { readonly instances?: readonly ObjectRef[] }
}

const type = <T extends KubeObject>(kind: string, resource: string, namespaced: boolean, group = GROUP) =>
  ({ group, version: VERSION, resource, kind, namespaced }) satisfies ResourceType<T> as ResourceType<T>

export const instanceClassType = type<InstanceClass>('ClusterInstanceClass', 'clusterinstanceclasses', false)
export const resourceClaimType = type<ResourceClaim>('ResourceClaim', 'resourceclaims', true)
export const classClaimType = type<ClassClaim>('ClassClaim', 'classclaims', true)
export const instanceQueryType = type<InstanceQuery>('InstanceQuery', 'instancequeries', true, `claimable.${GROUP}`)

/** As `--service-ref` takes it: without a namespace, which is that of the workload. */
export const claimReference = (kind: string, name: string): string => `${API_VERSION}:${kind}:${name}`
