/**
 * What must be in a cluster before a hub can work in it. Who starts the hub with the rights of an administrator gets it installed;
 * everybody else is told what is missing and how it comes.
 */
import type { Clock } from '@larder/engine/base/clock'
import { isObject, type Json } from '@larder/engine/base/json'
import { pause } from '@larder/engine/client/backoff'
import { namespaceType, type CustomResourceDefinition } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import { isApiError, isNotFound } from '@larder/engine/machinery/status'
import { CommandFailed, EXIT } from '../../cli/failure.ts'
import type { Door } from '../../door.ts'
import { GROUP } from '../../model/kind.ts'
import { kinds } from '../../model/kinds.ts'
import { HUB_LEASE, INSTANCE_NAMESPACE, SYSTEM_NAMESPACE } from '../../model/names.ts'
import { applyAll, clusterManifests, installDefinitions, installSamples } from '../../samples/install.ts'
import { may, type Asked, type ClusterAccess } from './access.ts'

const SERVED_WITHIN_MS = 30_000
const LOOK_AGAIN_MS = 200

export interface Requirements {
  readonly samples: boolean
  readonly doors: readonly Door[]
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Throws `CommandFailed` that names everything which is missing. */
export async function meetRequirements(
  access: ClusterAccess,
  { samples, doors, clock, signal }: Requirements,
): Promise<void> {
  const { own, hub } = access
  const isAdministrator = await may(own, '*', { group: '*', resource: '*' })
  if (isAdministrator) await applyAll(own, clusterManifests(doors))
  else if (await mayDefineKinds(own)) await installDefinitions(own, doors)
  if (isAdministrator) await untilServed(hub, { doors, clock, signal })
  await refuseWhatIsMissing(access, doors)
  if (samples) await bringSamples(access)
}

const DEFINITIONS = { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' }

async function mayDefineKinds(client: Client): Promise<boolean> {
  for (const verb of ['get', 'create', 'patch']) if (!(await may(client, verb, DEFINITIONS))) return false
  return true
}

/** Definitions are served a moment after they are there. */
export async function untilServed(
  client: Client,
  { doors, clock, signal }: Omit<Requirements, 'samples'>,
): Promise<void> {
  const deadline = clock.now() + SERVED_WITHIN_MS
  while ((await missingKinds(client, doors)).length > 0 && clock.now() < deadline && !signal.aborted) {
    await pause(clock, LOOK_AGAIN_MS, signal)
  }
}

async function refuseWhatIsMissing({ hub, hubName, url }: ClusterAccess, doors: readonly Door[]): Promise<void> {
  const missing = [
    ...(await missingKinds(hub, doors)).map((kind) => `CustomResourceDefinition ${kind}`),
    ...(await missingNamespaces(hub)).map((name) => `Namespace ${name}`),
    ...(await missingRights(hub)).map((right) => `for ${hubName ?? 'this user'} the right to ${right}`),
  ]
  if (missing.length === 0) return
  throw new CommandFailed(EXIT.failed, `the cluster at ${url} lacks what a hub needs`, {
    why: `missing: ${missing.join('; ')}`,
    next: `as an administrator: larder install${flagOf(doors)} --kubeconfig FILE, or larder install${flagOf(doors)} --export | kubectl apply --server-side -f -`,
  })
}

const flagOf = (doors: readonly Door[]) =>
  doors.length === 0 ? '' : ` --doors ${doors.map(({ name }) => name).join()}`

/** Kinds that the cluster does not serve, as `claims.larder.dev`. */
async function missingKinds(client: Client, doors: readonly Door[]): Promise<readonly string[]> {
  const served = new Map<string, ReadonlySet<string>>()
  const missing: string[] = []
  for (const { group, version, resource } of [...kinds, ...doors.flatMap(kindsOf)]) {
    const path = `/apis/${group}/${version}`
    if (!served.has(path)) served.set(path, await servedAt(client, path))
    if (!served.get(path)!.has(resource)) missing.push(`${resource}.${group}`)
  }
  return missing
}

function kindsOf(door: Door) {
  return door.definitions().map(({ spec }) => {
    const { group, names, versions } = spec as unknown as CustomResourceDefinition['spec']
    return { group, resource: names.plural, version: versions[0]!['name'] as string }
  })
}

async function servedAt(client: Client, path: string): Promise<ReadonlySet<string>> {
  let list: Json
  try {
    list = await client.transport.raw(path)
  } catch (error) {
    if (!isNotFound(error)) throw error
    list = {}
  }
  const resources = isObject(list) && Array.isArray(list['resources']) ? (list['resources'] as readonly Json[]) : []
  return new Set(resources.flatMap((one) => (isObject(one) ? [one['name'] as string] : [])))
}

async function missingNamespaces(client: Client): Promise<readonly string[]> {
  const missing: string[] = []
  for (const name of [SYSTEM_NAMESPACE, INSTANCE_NAMESPACE]) {
    try {
      if (!(await client.of(namespaceType).find(name))) missing.push(name)
    } catch (error) {
      // Told as a missing right.
      if (!isApiError(error, 'Forbidden')) throw error
    }
  }
  return missing
}

/** Those without which a hub could not even say in status what else it lacks. */
const FIRST_RIGHTS: readonly { readonly verb: string; readonly asked: Asked }[] = [
  { verb: 'update', asked: { group: 'coordination.k8s.io', resource: 'leases', ...HUB_LEASE } },
  { verb: 'get', asked: { resource: 'namespaces' } },
  { verb: 'watch', asked: { group: GROUP, resource: 'claims' } },
  { verb: 'patch', asked: { group: GROUP, resource: 'claims', subresource: 'status' } },
]

async function missingRights(client: Client): Promise<readonly string[]> {
  const missing: string[] = []
  for (const { verb, asked } of FIRST_RIGHTS) if (!(await may(client, verb, asked))) missing.push(rightOf(verb, asked))
  return missing
}

function rightOf(verb: string, { group, resource, subresource, namespace }: Asked): string {
  const whole = `${resource}${subresource === undefined ? '' : `/${subresource}`}${group === undefined ? '' : `.${group}`}`
  return `${verb} ${whole}${namespace === undefined ? '' : ` in ${namespace}`}`
}

async function bringSamples({ own, ownName }: ClusterAccess): Promise<void> {
  try {
    await installSamples(own)
  } catch (error) {
    if (!isApiError(error, 'Forbidden')) throw error
    throw new CommandFailed(EXIT.forbidden, `--samples: ${ownName ?? 'this user'} may not make them`, {
      why: error.message,
      next: 'as an administrator: larder install --samples --kubeconfig FILE',
      cause: error,
    })
  }
}
