/**
 * Puts what the hub needs, and what newcomers may try, into a cluster.
 *
 * `installHub` is written by an administrator: definitions, namespaces and the hub's own rights. It corrects what differs, and on
 * a used store it writes nothing. `installSamples` only creates what is absent: a sample that somebody edited is theirs.
 */
import type { Client } from '@larder/engine/client/client'
import { ensure } from '@larder/engine/client/client'
import {
  clusterRoleBindingType,
  clusterRoleType,
  customResourceDefinitionType,
  namespaceType,
  roleBindingType,
  roleType,
  serviceAccountType,
} from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import { isAlreadyExists } from '@larder/engine/machinery/status'
import { crds } from '../model/crds.ts'
import { kinds } from '../model/kinds.ts'
import { INSTANCE_NAMESPACE, MANAGED_BY, MANAGED_BY_LABEL, SYSTEM_NAMESPACE } from '../model/names.ts'
import { rbacManifests } from './rbac.ts'
import { sampleManifests } from './samples.ts'

export type Manifest = JsonObject & KubeObject

const namespaces = (): readonly Manifest[] =>
  [SYSTEM_NAMESPACE, INSTANCE_NAMESPACE].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { [MANAGED_BY_LABEL]: MANAGED_BY } },
  }))

/** Everything that a cluster needs before the hub can run in it, in the order in which it is applied. */
export const hubManifests = (): readonly Manifest[] => [...namespaces(), ...rbacManifests(), ...crds()]

const types: readonly ResourceType[] = [
  namespaceType,
  serviceAccountType,
  clusterRoleType,
  clusterRoleBindingType,
  roleType,
  roleBindingType,
  customResourceDefinitionType,
  { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment', namespaced: true },
  ...kinds,
]

function typeOf({ kind, apiVersion }: Manifest): ResourceType {
  const type = types.find((t) => t.kind === kind)
  if (!type) throw new TypeError(`${apiVersion} ${kind} is no kind that an installation holds`)
  return type
}

/** Takes a client of an administrator. */
export async function installHub(client: Client): Promise<void> {
  await applyAll(client, hubManifests())
}

/** The kinds alone. */
export async function installDefinitions(client: Client): Promise<void> {
  await applyAll(client, crds())
}

/** Creates what is absent and corrects what differs; in sync it writes nothing. */
export async function applyAll(client: Client, manifests: readonly Manifest[]): Promise<void> {
  for (const manifest of manifests) {
    const { name, namespace } = manifest.metadata
    await ensure(
      client,
      typeOf(manifest),
      { name, ...(namespace !== undefined && { namespace }) },
      (current) => overlay(current, manifest),
      { fieldManager: 'larder-install' },
    )
  }
}

/** The manifest over what is there: labels of others, defaults and everything that the server wrote stay. */
function overlay(current: KubeObject | undefined, manifest: Manifest): Manifest {
  return current ? (merge(current as unknown as JsonObject, manifest) as Manifest) : manifest
}

function merge(current: JsonObject, wanted: JsonObject): JsonObject {
  const merged: Record<string, JsonObject[string]> = { ...current }
  for (const [key, value] of Object.entries(wanted)) {
    const old = current[key]
    merged[key] = isPlain(old) && isPlain(value) && key !== 'openAPIV3Schema' ? merge(old, value) : value
  }
  return merged
}

const isPlain = (value: unknown): value is JsonObject =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** Takes a client of an administrator. What exists, edited or not, is left alone. */
export async function installSamples(client: Client): Promise<void> {
  for (const manifest of sampleManifests()) {
    const type = typeOf(manifest)
    if (await client.of(type).find(manifest.metadata.name, manifest.metadata.namespace)) continue
    await client
      .of(type)
      .create(manifest, { fieldManager: 'larder-install' })
      .catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error
      })
  }
}
