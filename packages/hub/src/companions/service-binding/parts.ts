/** What the steps of a pass share. */
import type { Pass } from '@larder/engine/runtime/pass'
import type { ClusterKinds } from './cluster-kinds.ts'
import type { FollowedKinds } from './follow-kinds.ts'
import type { ServiceBinding } from '../../model/projection/service-binding.ts'

export interface Parts {
  readonly kinds: ClusterKinds
  readonly followed: FollowedKinds
}

export type BindingPass = Pass<ServiceBinding>

export const namespaceOf = ({ metadata }: ServiceBinding): string => metadata.namespace ?? ''
export const uidOf = ({ metadata }: ServiceBinding): string => metadata.uid ?? ''
