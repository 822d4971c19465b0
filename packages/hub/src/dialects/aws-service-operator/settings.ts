/** What the operator had as flags: keys of the ConfigMap `larder-system/aws-service-operator`, called as the flags were. */
import { configMapType } from '@larder/engine/client/builtin'
import type { KubeObject } from '@larder/engine/machinery/object'
import { SYSTEM_NAMESPACE } from '../../model/names.ts'
import type { Neighbours } from '../../resource-door/resource-door.ts'
import { ASO_DOOR } from './model.ts'

export interface Settings {
  /** The first part of the names of stacks: hubs that share an account have different ones. */
  readonly clusterName: string
  /**
   * Where CloudFormationTemplates are looked for whose namespace nobody says; absent: nowhere. The operator's was `default`: who may write there, and everybody
   * may who was never told otherwise, would have the stacks of all others made as they like, with the rights of the Backend.
   */
  readonly defaultNamespace: string | undefined
  /** Where templates are put; absent: nowhere. */
  readonly bucket: string | undefined
}

export const settingsAt = { name: ASO_DOOR, namespace: SYSTEM_NAMESPACE }

export const isSettings = ({ metadata }: KubeObject): boolean =>
  metadata.name === settingsAt.name && metadata.namespace === settingsAt.namespace

export function settingsOf({ cache }: Neighbours): Settings {
  const data = cache(configMapType).get(settingsAt.name, settingsAt.namespace)?.data ?? {}
  return {
    clusterName: data['cluster-name'] || 'aws-service-operator',
    defaultNamespace: data['default-namespace'] || undefined,
    bucket: data['bucket'] || undefined,
  }
}
