/** Whether a ClusterInstanceClass can be claimed from, said in the words of its inventor. */
import { findCondition } from '@larder/engine/runtime/conditions'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import { isPool } from '../../../model/claimable.ts'
import { classKind, type Class } from '../../../model/class.ts'
import { API_VERSION } from '../../../model/kind.ts'
import { selectorProblem } from '../../../model/visibility.ts'
import { formatResource, parseApiVersion } from '@larder/engine/machinery/object'
import { INITIALIZING, readyFor } from '../conditions.ts'
import type { ClusterInstanceClass } from '../kinds.ts'
import { coreClassName, ensureBackend, ensureClass, withdrawClass, type ClassPass } from './core-class.ts'
import { findKind, mayList, type FoundKind, type KindReader } from './find-kind.ts'

/** The closed list. */
export const CLASS_REASONS = [
  'PooledResourceNotFound',
  'CompositeResourceDefinitionNotFound',
  'CompositeResourceDefinitionNotValid',
  'CompositeResourceDefinitionNotReady',
]

/** Nothing tells of a kind that is defined. */
const LOOK_AGAIN_MS = 3000
/** Nor of another version that the API prefers, of a kind that is gone, of a right that was taken away. */
const LOOK_AROUND_MS = 30_000

export const reconcileInstanceClass = (api: KindReader) =>
  async function reconcileInstanceClass(pass: ClassPass): Promise<Outcome> {
    delete pass.status.instanceType
    delete pass.status.claimParameters
    return pass.object.spec.pool ? settlePool(pass, api) : settleProvisioner(pass)
  }

type Pool = NonNullable<ClusterInstanceClass['spec']['pool']>

async function settlePool(pass: ClassPass, api: KindReader): Promise<Outcome> {
  const pool = pass.object.spec.pool!
  const { group = '', kind } = pool
  const found = await findKind(api, group, kind)
  if (!found?.namespaced) {
    await withdrawClass(pass)
    throw new Stalled('PooledResourceNotFound', notFound(pool, found), { lookAgainMs: LOOK_AGAIN_MS })
  }
  const problem = selectorProblem(pool.labelSelector, 'spec.pool.labelSelector')
  if (problem) {
    await withdrawClass(pass)
    throw new Stalled('PooledResourceNotFound', problem)
  }
  pass.status.instanceType = { ...(group !== '' && { group }), kind, version: found.version }
  await ensureBackend(pass)
  const service = await ensureClass(pass, found)
  return tellOfPool(service, pool, found, api)
}

const notFound = ({ group = '', kind }: Pool, found: FoundKind | undefined): string =>
  found
    ? `spec.pool.kind: objects of kind ${kind} are in no namespace, and cannot be claimed`
    : `spec.pool.kind: this cluster has no kind ${kind} in the ${group === '' ? 'core API group' : `API group ${group}`}`

async function tellOfPool(service: Class, pool: Pool, found: FoundKind, api: KindReader): Promise<Outcome> {
  const { kind } = pool
  // Asked each time: a right that is taken away is told to nobody, and the Class was looked at when it was made.
  if (!(await mayList(api, found)))
    throw new Stalled('PooledResourceNotFound', mayNotRead(kind, found), { lookAgainMs: LOOK_AGAIN_MS })
  const ready = readyOf(service)
  if (!ready) return wait(INITIALIZING, 'the pool has not been looked at yet')
  if (ready.status === 'True') return readyFor(LOOK_AROUND_MS)
  const message = WORDS[ready.reason]?.(pool, found) ?? ready.message
  throw new Stalled('PooledResourceNotFound', message, { lookAgainMs: LOOK_AROUND_MS })
}

/** What the core says of the Class, in the words of what was written. */
const WORDS: Readonly<Record<string, (pool: Pool, found: FoundKind) => string>> = {
  BackendDenied: ({ kind }, found) => mayNotRead(kind, found),
  RecipeInvalid: (pool, found) => mayNotSelect(pool, found),
}

function mayNotSelect({ group = '', kind, fieldSelector }: Pool, { resource }: FoundKind): string {
  const [field, flag] =
    fieldSelector === undefined
      ? ['spec.pool.labelSelector', '-l SELECTOR']
      : ['spec.pool.fieldSelector', `--field-selector ${JSON.stringify(fieldSelector)}`]
  return `${field}: the API refuses to list objects of kind ${kind} by it; kubectl get ${formatResource(resource, group)} -A ${flag} says why`
}

function mayNotRead(kind: string, { resource, apiVersion }: FoundKind): string {
  const of = formatResource(resource, parseApiVersion(apiVersion).group)
  return `objects of kind ${kind} may not be read: a ClusterRole with the label servicebinding.io/controller: "true" that allows get, list and watch on ${of} lets them be`
}

/** Undefined while the core has not seen the Class as it is now. */
function readyOf({ status, metadata }: Class) {
  return status?.observedGeneration === metadata.generation ? findCondition(status?.conditions, 'Ready') : undefined
}

async function settleProvisioner(pass: ClassPass): Promise<Outcome> {
  await withdrawClass(pass)
  refuseCompositions(pass.object)
  const name = coreClassName(pass.object)
  const service = pass.cache(classKind).get(name)
  const at = 'spec.provisioner.crossplane.compositeResourceDefinition'
  if (!service)
    throw new Stalled('CompositeResourceDefinitionNotFound', `${at}: there is no Class ${JSON.stringify(name)}`)
  if (isPool(service))
    throw new Stalled(
      'CompositeResourceDefinitionNotValid',
      `${at}: Class ${name} is a pool and makes nothing; claim from it by spec.pool`,
    )
  const ready = readyOf(service)
  if (!ready) return wait(INITIALIZING, `Class ${name} has not been looked at yet`)
  if (ready.status !== 'True') throw new Stalled('CompositeResourceDefinitionNotReady', ready.message)
  const { openAPIV3Schema = { type: 'object' } } = service.spec.parameters ?? {}
  pass.status.instanceType = { ...parseApiVersion(API_VERSION), kind: 'Instance' }
  pass.status.claimParameters = { openAPIV3Schema: openAPIV3Schema as never }
  return done
}

/** What chooses between Compositions chooses nothing here; that it were ignored, somebody would find out by what they got. */
function refuseCompositions({ spec }: ClusterInstanceClass): void {
  const { compositionSelector, compositionRef, compositionUpdatePolicy } = spec.provisioner!.crossplane
  const at = 'spec.provisioner.crossplane'
  const refuse = (field: string, why: string) => {
    throw new Stalled('CompositeResourceDefinitionNotValid', `${at}.${field}: ${why}`)
  }
  const plans = 'a Class has one recipe, and plans in the place of Compositions: take the field out'
  if (compositionSelector) refuse('compositionSelector', plans)
  if (compositionRef) refuse('compositionRef', plans)
  if (compositionUpdatePolicy === 'Automatic')
    refuse(
      'compositionUpdatePolicy',
      'instances are moved to a newer recipe by hand alone: write Manual, or take it out',
    )
}
