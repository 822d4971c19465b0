/**
 * The way from an Instance to the driver that makes it: class and revision, backend, session. Instances and claims both go it.
 */
import { isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import { controllerRevisionType, secretType } from '@larder/engine/client/builtin'
import type { Pass } from '@larder/engine/runtime/pass'
import type { KubeObject } from '@larder/engine/machinery/object'
import { Stalled } from '@larder/engine/runtime/outcome'
import { backendKind, type Backend } from '../model/backend.ts'
import { classKind } from '../model/class.ts'
import type { Instance } from '../model/instance.ts'
import { API_VERSION } from '../model/kind.ts'
import { INSTANCE_NAMESPACE, RESOURCE_ACCOUNT, SYSTEM_NAMESPACE } from '../model/names.ts'
import type { HubContext } from './context.ts'
import type { SecretReader } from './instance-secrets.ts'
import type { DriverSession } from './session/driver-session.ts'

/** What a ControllerRevision of a class keeps: where and how its instances are made. */
export interface Recipe {
  readonly type: string
  readonly backend: string
  readonly recipe: Json
  /** What the backend calls the plans, by their names here; absent where no plan has such an id. */
  readonly planIds?: Readonly<Record<string, string>>
}

export interface Service extends Recipe {
  readonly session: DriverSession
  readonly readSecret: SecretReader
  /** The instance lives where only the platform writes, and may refer to Secrets of others. */
  readonly isPlatforms: boolean
}

type Reader = Pick<Pass<KubeObject>, 'cache'>

/** Throws `Stalled` when something on the way is missing; `DriverFailure` when the driver cannot connect. */
export async function openService(
  instance: Instance,
  { cache, client }: Reader & Pick<Pass<KubeObject>, 'client'>,
  { sessions }: HubContext,
): Promise<Service> {
  if (instance.spec.resourceRef && instance.spec.className === undefined) {
    return resourceService(instance.spec.resourceRef, { sessions })
  }
  const recipe = await recipeOf(instance, { cache, client })
  const backend = backendOf(recipe.backend, { cache })
  const readSecret: SecretReader = (namespace, name) => cache(secretType).get(name, namespace)
  return {
    ...recipe,
    session: sessions.of(backend, readSecret),
    readSecret,
    isPlatforms: isPlatforms(instance, { cache }),
  }
}

/** Where instances of claims live; tenants have no rights there. */
export function isPlatforms({ spec, metadata }: Instance, { cache }: Reader): boolean {
  const service = spec.className === undefined ? undefined : cache(classKind).get(spec.className)
  return metadata.namespace === (service?.spec.instanceNamespace ?? INSTANCE_NAMESPACE)
}

/**
 * What is claimed by its own name is read under an account of its own, which may nothing until the platform labels a ClusterRole for it:
 * otherwise a claim could name any Secret that some backend of the cluster may read.
 */
export function resourceService(
  resource: { readonly apiVersion: string; readonly kind: string },
  { sessions }: Pick<HubContext, 'sessions'>,
): Service {
  const { apiVersion, kind } = resource
  const session = resourceSession({ sessions })
  const none = { readSecret: () => undefined, isPlatforms: true }
  return { type: '', backend: RESOURCE_BACKEND.metadata.name, recipe: { apiVersion, kind }, session, ...none }
}

/** Reads as that account, whichever kind is asked for. */
export const resourceSession = ({ sessions }: Pick<HubContext, 'sessions'>): DriverSession =>
  sessions.of(RESOURCE_BACKEND, () => undefined)

/** No object of the API: nobody can edit or delete it, and its name can be no Backend's. */
const RESOURCE_BACKEND: Backend = {
  apiVersion: API_VERSION,
  kind: 'Backend',
  metadata: { name: '(claims by resource)', uid: 'claims-by-resource', generation: 1 },
  spec: { driver: 'pool', serviceAccountRef: { namespace: SYSTEM_NAMESPACE, name: RESOURCE_ACCOUNT } },
}

export function backendOf(name: string, { cache }: Reader): Backend {
  const backend = cache(backendKind).get(name)
  if (!backend) throw new Stalled('BackendNotFound', `there is no Backend ${JSON.stringify(name)}`)
  return backend
}

/**
 * Asks the server before it says that the revision is gone: a cache that is a moment behind would take down what is in use, and two
 * hubs with caches that differ would tell different things in turn.
 */
async function recipeOf(
  { spec }: Instance,
  { cache, client }: Reader & Pick<Pass<KubeObject>, 'client'>,
): Promise<Recipe> {
  if (spec.backendRef) return { type: spec.type ?? '', backend: spec.backendRef.name, recipe: spec.recipe ?? {} }
  const { revision: name = '', className = '' } = spec
  if (name === '') {
    const current = cache(classKind).get(className)?.status?.revision
    const now = current === undefined ? `class ${className} has none now` : `class ${className} has ${current} now`
    throw new Stalled('RevisionNotFound', `spec.revision: is needed beside spec.className; ${now}`)
  }
  const revision =
    cache(controllerRevisionType).get(name, SYSTEM_NAMESPACE) ??
    (await client.of(controllerRevisionType).find(name, SYSTEM_NAMESPACE))
  const data = revision && parseRecipe(revision.data)
  if (data) return data
  throw new Stalled(
    'RevisionNotFound',
    `spec.revision: there is no ControllerRevision ${JSON.stringify(name)} in ${SYSTEM_NAMESPACE}, which has the recipe of class ${className}`,
  )
}

/** What the class controller wrote, read back. */
function parseRecipe(data: Json | undefined): Recipe | undefined {
  if (!isObject(data)) return undefined
  const { type, backend, recipe, planIds } = data as JsonObject & Partial<Recipe>
  if (typeof type !== 'string' || typeof backend !== 'string') return undefined
  return { type, backend, recipe: recipe ?? {}, ...(planIds && { planIds }) }
}
