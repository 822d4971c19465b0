/** Kinds of Carvel packaging as far as these commands read them. */
import type { Json } from '@larder/engine/base/json'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'

/** The door that serves them. */
export const DOOR = 'carvel-packaging'
export const SERVED_AS = 'packaging.carvel.dev/v1alpha1 (Carvel packaging)'

/** Their packages can be installed in every namespace. */
const GLOBAL_NAMESPACES = ['kapp-controller-packaging-global', 'tanzu-package-repo-global'] as const

interface Status {
  readonly observedGeneration?: number
  readonly friendlyDescription?: string
  readonly usefulErrorMessage?: string
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[]
}

export interface Told extends KubeObject {
  readonly status?: Status
}

export interface Repository extends Told {
  readonly spec: {
    readonly fetch: {
      readonly imgpkgBundle?: {
        readonly image: string
        readonly tagSelection?: { readonly semver?: { readonly constraints?: string } }
      }
      readonly image?: { readonly url: string }
      readonly inline?: unknown
    }
  }
}

export interface PackageMetadata extends KubeObject {
  readonly spec?: {
    readonly displayName?: string
    readonly shortDescription?: string
    readonly longDescription?: string
    readonly providerName?: string
    readonly supportDescription?: string
    readonly categories?: readonly string[]
    readonly maintainers?: readonly { readonly name?: string }[]
  }
}

export interface Package extends KubeObject {
  readonly spec: {
    readonly refName: string
    readonly version: string
    readonly releasedAt?: string
    readonly releaseNotes?: string
    readonly capactiyRequirementsDescription?: string
    readonly licenses?: readonly string[]
    readonly valuesSchema?: { readonly openAPIv3?: Json }
  }
}

export interface Install extends Told {
  readonly spec: {
    readonly paused?: boolean
    readonly canceled?: boolean
    readonly packageRef: { readonly refName: string }
    readonly values?: readonly { readonly secretRef: { readonly name: string; readonly key?: string } }[]
  }
  readonly status?: Status & { readonly version?: string }
}

const type = <T extends KubeObject>(kind: string, resource: string, group = 'packaging.carvel.dev') =>
  ({ group, version: 'v1alpha1', resource, kind, namespaced: true }) satisfies ResourceType<T> as ResourceType<T>

const DATA_GROUP = 'data.packaging.carvel.dev'
export const repositoryType = type<Repository>('PackageRepository', 'packagerepositories')
export const installType = type<Install>('PackageInstall', 'packageinstalls')
export const packageType = type<Package>('Package', 'packages', DATA_GROUP)
export const metadataType = type<PackageMetadata>('PackageMetadata', 'packagemetadatas', DATA_GROUP)

/** Where packages for a namespace are, the namespace itself first. */
export const homesFor = (namespace: string): readonly string[] => [
  namespace,
  ...GLOBAL_NAMESPACES.filter((home) => home !== namespace),
]
