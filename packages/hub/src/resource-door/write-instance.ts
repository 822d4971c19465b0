/** The Instance of an object: of a determined name, as the object wants it. */
import { namespaceType } from '@larder/engine/client/builtin'
import { ensure } from '@larder/engine/client/client'
import { formatApiVersion, type KubeObject } from '@larder/engine/machinery/object'
import type { Pass } from '@larder/engine/runtime/pass'
import { instanceKind, type Instance } from '../model/instance.ts'
import {
  ACCEPT_LOSS_ANNOTATION,
  doorInstanceName,
  FINALIZER,
  INSTANCE_NAMESPACE,
  MANAGED_BY,
  MANAGED_BY_LABEL,
} from '../model/names.ts'
import type { Blocked, Neighbours, ResourceDialect, WantedService } from './resource-door.ts'

type Spec = Instance['spec']

const at = (door: string, { metadata }: KubeObject) => ({
  name: doorInstanceName(door, metadata.uid ?? ''),
  namespace: INSTANCE_NAMESPACE,
})

/** Of the cache. */
export function instanceOf(door: string, object: KubeObject, { cache }: Neighbours): Instance | undefined {
  const { name, namespace } = at(door, object)
  return cache(instanceKind).get(name, namespace)
}

/** What cannot be changed and is: the API would refuse the write, in words about a field that who wrote the object does not have. */
export function fixedProblem(instance: Instance | undefined, wanted: WantedService): Blocked | undefined {
  if (!instance) return undefined
  const { externalName, type } = instance.spec
  const message =
    externalName !== wanted.externalName
      ? `the name of what exists cannot be changed from ${externalName} to ${wanted.externalName}`
      : type !== wanted.type
        ? `what exists is of type ${type} and cannot become ${wanted.type}`
        : undefined
  return message === undefined ? undefined : { blocked: { reason: 'Immutable', message } }
}

export function writeInstance<T extends KubeObject>(
  pass: Pass<T>,
  dialect: ResourceDialect<T>,
  wanted: WantedService,
  backend: string,
): Promise<Instance> {
  const { object } = pass
  const home = pass.cache(namespaceType).get(object.metadata.namespace ?? '')
  const owned = ownedSpec(object, dialect, wanted, dialect.reclaimPolicy?.(object, home) ?? 'Delete')
  return ensure(
    pass.client,
    instanceKind,
    at(dialect.door, object),
    (current) => ({
      ...current,
      metadata: { ...(current?.metadata ?? BORN), ...acceptedLoss(object, current) },
      spec: {
        ...keptSpec(current),
        // The object's uid from the start, so that an Instance that somebody has removed is made anew over the same thing outside.
        externalID: current?.spec.externalID ?? object.metadata.uid ?? '',
        ...owned,
        backendRef: current?.spec.backendRef ?? { name: backend },
      },
    }),
    { cached: instanceOf(dialect.door, object, pass) },
  )
}

const OWNED = ['type', 'recipe', 'parameters', 'parametersFrom', 'externalName', 'existing', 'reclaimPolicy', 'origin']

// The finalizer is that of the core, which would add it with a write of its own.
const BORN = { labels: { [MANAGED_BY_LABEL]: MANAGED_BY }, finalizers: [FINALIZER] }

/** Who has the object accepts what a change of it would cost, as who has a claim does. */
function acceptedLoss({ metadata }: KubeObject, current: Instance | undefined) {
  const accepted = metadata.annotations?.[ACCEPT_LOSS_ANNOTATION]
  if (accepted === undefined) return {}
  return { annotations: { ...current?.metadata.annotations, [ACCEPT_LOSS_ANNOTATION]: accepted } }
}

/** What others say of an Instance: who holds it, that it is paused. */
const keptSpec = (current: Instance | undefined): Partial<Spec> =>
  Object.fromEntries(Object.entries(current?.spec ?? {}).filter(([field]) => !OWNED.includes(field)))

function ownedSpec(
  object: KubeObject,
  {
    door,
    type,
  }: Pick<ResourceDialect<never>, 'door'> & { readonly type: { group: string; version: string; kind: string } },
  wanted: WantedService,
  reclaimPolicy: 'Delete' | 'Retain',
) {
  const { parameters, parametersFrom, externalName, existing } = wanted
  const { namespace, name, uid } = object.metadata
  return {
    type: wanted.type,
    recipe: wanted.recipe,
    ...(parameters && { parameters }),
    ...(parametersFrom && { parametersFrom }),
    ...(externalName !== undefined && { externalName }),
    ...(existing && { existing }),
    reclaimPolicy,
    origin: {
      door,
      apiVersion: formatApiVersion(type.group, type.version),
      kind: type.kind,
      ...(namespace !== undefined && { namespace }),
      name,
      ...(uid !== undefined && { uid }),
    },
  } satisfies Partial<Spec>
}

/** Whether an Instance already is as wanted, and was looked at since. */
export const isCurrent = ({ metadata, status }: Instance): boolean => status?.observedGeneration === metadata.generation

/** Removes it, with what it stands for by its reclaim policy. Undefined when it is gone. All is asked of the server, since a cache may be behind. */
export async function removeInstance<T extends KubeObject>(
  pass: Pass<T>,
  dialect: ResourceDialect<T>,
): Promise<Instance | undefined> {
  const { name, namespace } = at(dialect.door, pass.object)
  const instances = pass.client.of(instanceKind)
  const found = await instances.find(name, namespace)
  if (!found || found.spec.origin?.uid !== pass.object.metadata.uid) return undefined
  const home = await pass.client.of(namespaceType).find(pass.object.metadata.namespace ?? '')
  const reclaimPolicy = dialect.reclaimPolicy?.(pass.object, home) ?? 'Delete'
  const { uid = '' } = found.metadata
  if (found.spec.reclaimPolicy !== reclaimPolicy)
    await instances.patch(name, { metadata: { uid }, spec: { reclaimPolicy } }, { namespace })
  if (found.metadata.deletionTimestamp === undefined)
    await instances.delete(name, { namespace, preconditions: { uid } })
  return found
}
