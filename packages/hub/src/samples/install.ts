/**
 * Puts what the hub needs, and what newcomers may try, into a cluster.
 *
 * `installHub` is written by an administrator: definitions, namespaces and the hub's own rights. It corrects what differs, and on
 * a used store it writes nothing. `installSamples` only creates what is absent: a sample that somebody edited is theirs.
 */
import type { Client } from '@larder/engine/client/client'
import {
  clusterRoleBindingType,
  configMapType,
  clusterRoleType,
  customResourceDefinitionType,
  namespaceType,
  roleBindingType,
  roleType,
  serviceAccountType,
} from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import { equalJson, isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import { isAlreadyExists, isNotFound } from '@larder/engine/machinery/status'
import type { Door } from '../door.ts'
import { crds } from '../model/crds.ts'
import { kinds } from '../model/kinds.ts'
import { INSTANCE_NAMESPACE, MANAGED_BY, MANAGED_BY_LABEL, SYSTEM_NAMESPACE } from '../model/names.ts'
import { admissionManifests } from './admission.ts'
import { queryApiManifests } from './query-api.ts'
import { rbacManifests } from './rbac.ts'
import { sampleManifests } from './samples.ts'

export type Manifest = JsonObject & KubeObject

const namespaces = (): readonly Manifest[] =>
  [SYSTEM_NAMESPACE, INSTANCE_NAMESPACE].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { [MANAGED_BY_LABEL]: MANAGED_BY } },
  }))

/** What a cluster needs besides: the API of `larder up` has it built in. */
export const clusterManifests = (doors: readonly Door[] = []): readonly Manifest[] => [
  ...hubManifests(doors),
  ...queryApiManifests(doors),
]

/** Everything that a cluster needs before the hub can run in it and serve those doors, in the order in which it is applied. */
export const hubManifests = (doors: readonly Door[] = []): readonly Manifest[] => [
  ...namespaces(),
  ...rbacManifests(doors),
  ...definitions(doors),
  ...admissionManifests(),
]

/** The kinds alone. */
const definitions = (doors: readonly Door[]) => [...crds(), ...doors.flatMap((door) => door.definitions())]

const admission = (resource: string, kind: string): ResourceType => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  resource,
  kind,
  namespaced: false,
})

const types: readonly ResourceType[] = [
  namespaceType,
  serviceAccountType,
  configMapType,
  clusterRoleType,
  clusterRoleBindingType,
  roleType,
  roleBindingType,
  customResourceDefinitionType,
  admission('validatingadmissionpolicies', 'ValidatingAdmissionPolicy'),
  admission('validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding'),
  { group: '', version: 'v1', resource: 'services', kind: 'Service', namespaced: true },
  { group: 'apiregistration.k8s.io', version: 'v1', resource: 'apiservices', kind: 'APIService', namespaced: false },
  { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment', namespaced: true },
  ...kinds,
]

function typeOf({ kind, apiVersion }: Manifest): ResourceType {
  const type = types.find((t) => t.kind === kind)
  if (!type) throw new TypeError(`${apiVersion} ${kind} is no kind that an installation holds`)
  return type
}

/** Takes a client of an administrator. */
export async function installHub(client: Client, doors: readonly Door[] = []): Promise<void> {
  await applyAll(client, hubManifests(doors))
}

export async function installDefinitions(client: Client, doors: readonly Door[]): Promise<void> {
  await applyAll(client, definitions(doors))
}

/**
 * Server-side apply of what is ours in each: labels of others, defaults and what the server wrote stay. What is as it should be is
 * only read: an apply that changes nothing costs the API of `larder up` a tenth of its start. Returns what the cluster is too old to know.
 */
export async function applyAll(client: Client, manifests: readonly Manifest[]): Promise<readonly string[]> {
  const unknown: string[] = []
  for (const manifest of manifests) {
    const objects = client.of(typeOf(manifest))
    const current = await objects.find(manifest.metadata.name, manifest.metadata.namespace)
    if (current && holds(current as unknown as JsonObject, manifest)) continue
    try {
      await objects.apply(manifest, { fieldManager: 'larder-install', force: true })
    } catch (error) {
      // Kubernetes before 1.30. What they refuse only an administrator or a mistake in RBAC could do there.
      if (!isNotFound(error) || !manifest.kind.startsWith('ValidatingAdmissionPolicy')) throw error
      unknown.push(`${manifest.kind} ${manifest.metadata.name}`)
    }
  }
  return unknown
}

/** Whether the manifest is a part of what is there. Lists and schemas are compared whole, so that what a later version drops is noticed. */
function holds(current: Json | undefined, wanted: Json): boolean {
  if (!isObject(wanted) || !isObject(current)) return current !== undefined && equalJson(current, wanted)
  return Object.entries(wanted).every(([key, value]) =>
    key === 'openAPIV3Schema' ? equalJson(current[key] ?? null, value) : holds(current[key], value),
  )
}

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
