/** What of the core stands for a ClusterInstanceClass. */
import { createHash } from 'node:crypto'
import { ensure } from '@larder/engine/client/client'
import { Stalled } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import { backendKind } from '../../../model/backend.ts'
import { classKind, type Class } from '../../../model/class.ts'
import { MANAGED_BY, MANAGED_BY_LABEL, RESOURCE_ACCOUNT, SYSTEM_NAMESPACE } from '../../../model/names.ts'
import { STK_API_VERSION, type ClusterInstanceClass } from '../kinds.ts'
import type { FoundKind } from './find-kind.ts'

export type ClassPass = Pass<ClusterInstanceClass>

/** The Backend of all pools: it finds what claims by resource may read, and nothing else. */
export const POOL_BACKEND = 'services-toolkit'

const PREFIX = 'stk-'
const LONGEST_NAME = 253

/**
 * The Class that stands for it: of a pool one that is made, with a prefix that keeps it from the names of others; of a provisioner the one
 * that the platform has made under the name of the CompositeResourceDefinition.
 */
export function coreClassName({ metadata, spec }: Pick<ClusterInstanceClass, 'metadata' | 'spec'>): string {
  const { provisioner } = spec
  if (provisioner) return provisioner.crossplane.compositeResourceDefinition
  const name = PREFIX + metadata.name
  if (name.length <= LONGEST_NAME) return name
  return PREFIX + createHash('sha256').update(metadata.name).digest('hex')
}

const isMadeFor = ({ metadata }: Class, { metadata: owner }: ClusterInstanceClass): boolean =>
  (metadata.ownerReferences ?? []).some((ref) => ref.uid === owner.uid)

export async function ensureBackend(pass: ClassPass): Promise<void> {
  const serviceAccountRef = { namespace: SYSTEM_NAMESPACE, name: RESOURCE_ACCOUNT }
  const name = POOL_BACKEND
  const cached = pass.cache(backendKind).get(name)
  await ensure(
    pass.client,
    backendKind,
    { name },
    (current) => {
      if (current && current.spec.driver !== 'pool')
        throw new Stalled(
          'PooledResourceNotFound',
          `Backend ${name} is of driver ${current.spec.driver}: pools of this kind need that name`,
        )
      const metadata = current?.metadata ?? { name, labels: { [MANAGED_BY_LABEL]: MANAGED_BY } }
      return { ...current, metadata, spec: { driver: 'pool', ...current?.spec, serviceAccountRef } }
    },
    { cached },
  )
}

/** Made, or corrected. It goes with its ClusterInstanceClass, by the cluster's garbage collection. */
export async function ensureClass(pass: ClassPass, { apiVersion }: FoundKind): Promise<Class> {
  const { object } = pass
  const { pool, description } = object.spec
  const name = coreClassName(object)
  const { kind = '', labelSelector = {}, fieldSelector } = pool ?? {}
  const spec: Class['spec'] = {
    type: kind.toLowerCase().slice(0, 63),
    ...(description?.short !== undefined && { description: description.short }),
    backendRef: { name: POOL_BACKEND },
    recipe: {
      apiVersion,
      kind,
      selector: labelSelector,
      ...(fieldSelector !== undefined && { fieldSelector }),
    },
    reclaimPolicy: 'Release',
    sharing: 'Exclusive',
  }
  return ensure(
    pass.client,
    classKind,
    { name },
    (current) => {
      if (current && !isMadeFor(current, object)) throw takenName(current)
      return { ...current, metadata: current?.metadata ?? { name, ...ownedBy(object) }, spec }
    },
    { cached: pass.cache(classKind).get(name) },
  )
}

/** Of an earlier object of the name, or somebody's own. */
const takenName = ({ metadata }: Class): Stalled =>
  new Stalled(
    'PooledResourceNotFound',
    `Class ${metadata.name} exists and was not made for this class: ${metadata.deletionTimestamp === undefined ? 'delete or rename it' : 'it is being deleted'}`,
    { lookAgainMs: LOOK_AGAIN_MS },
  )

const LOOK_AGAIN_MS = 3000

const ownedBy = ({ metadata, kind }: ClusterInstanceClass) => ({
  labels: { [MANAGED_BY_LABEL]: MANAGED_BY },
  ownerReferences: [
    { apiVersion: STK_API_VERSION, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true },
  ],
})

/** What it finds is no longer what is said: those that hold something of it go on. */
export async function withdrawClass(pass: ClassPass): Promise<void> {
  const { object, client } = pass
  for (const made of pass.cache(classKind).byIndex('cluster-instance-class', object.metadata.name)) {
    if (!isMadeFor(made, object)) continue
    const { name, uid = '', deletionTimestamp } = made.metadata
    if (object.spec.pool && name === coreClassName(object)) {
      if (made.spec.offered !== false) await client.of(classKind).patch(name, { spec: { offered: false } })
    } else if (deletionTimestamp === undefined) {
      await client.of(classKind).delete(name, { preconditions: { uid } })
    }
  }
}
