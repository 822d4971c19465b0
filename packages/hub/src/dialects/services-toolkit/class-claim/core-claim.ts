/** The Claim of the core that stands for a ClassClaim. */
import { equalJson } from '@larder/engine/base/json'
import { ensure } from '@larder/engine/client/client'
import { isAlreadyExists, isApiError, isConflict } from '@larder/engine/machinery/status'
import { findCondition } from '@larder/engine/runtime/conditions'
import type { Pass } from '@larder/engine/runtime/pass'
import { claimKind, type Claim } from '../../../model/claim.ts'
import { FINALIZER, MANAGED_BY, MANAGED_BY_LABEL } from '../../../model/names.ts'
import { classClaimType, mirrorName, STK_API_VERSION, STK_DOOR, STK_GROUP, type ClassClaim } from '../kinds.ts'
import { Trouble } from './trouble.ts'

export type ClassClaimPass = Pass<ClassClaim>

/** On the Claim: the ClusterInstanceClass that it was made for. */
const CLASS_ANNOTATION = `${STK_GROUP}/cluster-instance-class`
/** What the API refused it may take later, and nothing tells. */
const LOOK_AGAIN_MS = 10_000

/** Determined, so that a crash never makes two; no other door and no person has reason for such a name. */
export const coreClaimName = ({ metadata }: { readonly metadata: { readonly uid?: string } }): string =>
  `cc-${metadata.uid}`

export const isFor = ({ spec }: Claim, { metadata }: Pick<ClassClaim, 'metadata'>): boolean =>
  spec.origin?.door === STK_DOOR && spec.origin.uid === metadata.uid

/** Of the cache; throws `Trouble` for one that somebody else has made under its name. */
export function coreClaimOf(pass: ClassClaimPass): Claim | undefined {
  const name = coreClaimName(pass.object)
  const found = pass.cache(claimKind).get(name, pass.object.metadata.namespace)
  if (found && !isFor(found, pass.object)) throw taken(name)
  return found
}

const taken = (name: string): Trouble =>
  new Trouble('claim', 'UnableToCreateResourceClaim', `Claim ${name} was not made for this ClassClaim: delete it`)

export const classOf = ({ metadata }: Claim): string | undefined => metadata.annotations?.[CLASS_ANNOTATION]

/** What it says is of an earlier look, or it is in the middle of what takes no time. */
export function isOnTheWay({ status = {}, metadata }: Claim): boolean {
  const ready = findCondition(status.conditions, 'Ready')
  if (!ready || status.observedGeneration !== metadata.generation) return true
  if (ready.status === 'True') return false
  const { reason } = ready
  // What exists already is only looked at.
  const isFound = reason === 'Provisioning' && status.resourceRef !== undefined
  return isFound || reason === 'Progressing' || (reason === 'Binding' && status.progress === undefined)
}

/** From then on it looks for nothing else. */
export const isHeld = ({ status }: Claim): boolean => status?.instanceRef?.uid !== undefined

/**
 * Answers false where the ClassClaim is gone: news of its end may come before that of its Claim's, which would be made and collected
 * without end. Throws `Trouble` where the API refuses it.
 */
export async function makeCoreClaim(pass: ClassClaimPass, className: string): Promise<boolean> {
  const { object, client } = pass
  const { name, namespace = '', uid = '' } = object.metadata
  const now = await client.of(classClaimType).find(name, namespace)
  if (now?.metadata.uid !== uid || now.metadata.deletionTimestamp !== undefined) return false
  try {
    await client.of(claimKind).create(coreClaim(object, className))
  } catch (error) {
    if (isAlreadyExists(error)) return true
    throw refused(error)
  }
  return true
}

function coreClaim(object: ClassClaim, className: string) {
  const { name, namespace = '', uid = '' } = object.metadata
  const { kind } = classClaimType
  const { parameters = {}, classRef } = object.spec
  return {
    metadata: {
      name: coreClaimName(object),
      namespace,
      labels: { [MANAGED_BY_LABEL]: MANAGED_BY },
      annotations: { [CLASS_ANNOTATION]: classRef.name },
      // The hub's own: it would add it first.
      finalizers: [FINALIZER],
      ownerReferences: [{ apiVersion: STK_API_VERSION, kind, name, uid, controller: true }],
    },
    spec: {
      className,
      ...(Object.keys(parameters).length > 0 && { parameters }),
      binding: { name: mirrorName({ name, uid }) },
      origin: { door: STK_DOOR, apiVersion: STK_API_VERSION, kind, namespace, name, uid },
    },
  }
}

/** Whether there is a difference to write. */
export const hasParametersOf = (claim: Claim, { spec }: ClassClaim): boolean =>
  equalJson(claim.spec.parameters ?? {}, spec.parameters ?? {})

/** What is held is changed in place. Throws `Trouble` where the API refuses it. */
export async function changeParameters({ object, client }: ClassClaimPass, claim: Claim): Promise<void> {
  const { parameters = {} } = object.spec
  const { name, namespace = '' } = claim.metadata
  const desired = (current: Claim | undefined) => {
    const { parameters: _, ...spec } = (current ?? claim).spec
    const said = Object.keys(parameters).length > 0 ? { parameters } : {}
    return { ...(current ?? claim), spec: { ...spec, ...said } }
  }
  try {
    await ensure(client, claimKind, { name, namespace }, desired, { cached: claim })
  } catch (error) {
    throw refused(error)
  }
}

/** Of what an API says only the verdict: it may quote what was sent. */
function refused(error: unknown): unknown {
  if (!isApiError(error) || isConflict(error)) return error
  const isForbidden = error.code === 403
  const why = isForbidden ? error.message : `the API answers ${error.code} ${error.reason}`
  return new Trouble('claim', 'UnableToCreateResourceClaim', why, LOOK_AGAIN_MS)
}

/** `revision` where it must be as it was seen: it may have got something meanwhile. */
export async function deleteCoreClaim(
  { client }: ClassClaimPass,
  { metadata }: Claim,
  options: { readonly asSeen?: boolean } = {},
): Promise<void> {
  const { name, namespace = '', uid = '', resourceVersion = '' } = metadata
  const preconditions = { uid, ...(options.asSeen && { resourceVersion }) }
  await client.of(claimKind).delete(name, { namespace, preconditions })
}
