/** What must hold of ResourceClaims at rest, worked out from the objects alone, by none of the code that brought it about. */
import { equalJson } from '@larder/engine/base/json'
import type { Secret } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import type { ResourceClaim, ResourceClaimPolicy } from '../../../packages/hub/src/dialects/services-toolkit/kinds.ts'
import type { Claim } from '../../../packages/hub/src/model/claim.ts'
import type { Instance } from '../../../packages/hub/src/model/instance.ts'

export interface Sight {
  readonly claims: readonly ResourceClaim[]
  readonly core: readonly Claim[]
  readonly records: readonly Instance[]
  readonly policies: readonly ResourceClaimPolicy[]
  /** Of everybody: those that claims are made for, and those that claims brought. */
  readonly secrets: readonly Secret[]
}

/** Empty when all is as it must be. */
export function mistakesIn(sight: Sight): readonly string[] {
  const held = holders(sight)
  return [...sight.claims.flatMap((claim) => ofClaim(claim, held, sight)), ...leftOver(sight)]
}

type Holders = ReadonlyMap<string, string>

/** By `namespace/name` of the Secret, the uid of the Claim that its record names. */
const holders = ({ records }: Sight): Holders =>
  new Map(
    records.map(({ spec }) => [`${spec.resourceRef?.namespace}/${spec.resourceRef?.name}`, spec.claimRef?.uid ?? '']),
  )

export const readyOf = ({ status }: ResourceClaim) => findCondition(status?.conditions, 'Ready')

export function isPermitted(claim: ResourceClaim, sight: Sight): boolean {
  const { name, namespace } = refOf(claim)
  const consumer = claim.metadata.namespace ?? ''
  if (namespace === consumer) return true
  const labels = sourceOf(claim, sight)?.metadata.labels
  return sight.policies.some(({ metadata, spec }) => {
    const { subject, consumingNamespaces } = spec
    if (metadata.namespace !== namespace || !subject) return false
    if (!consumingNamespaces.includes('*') && !consumingNamespaces.includes(consumer)) return false
    if (subject.resourceNames && !subject.resourceNames.includes(name)) return false
    const wanted = Object.entries(subject.selector?.matchLabels ?? {})
    return wanted.every(([key, value]) => labels?.[key] === value)
  })
}

const refOf = ({ spec, metadata }: ResourceClaim) => ({
  name: spec.ref.name,
  namespace: spec.ref.namespace ?? metadata.namespace ?? '',
})

function sourceOf(claim: ResourceClaim, { secrets }: Sight): Secret | undefined {
  const { name, namespace } = refOf(claim)
  return secretIn(secrets, `${namespace}/${name}`)
}

const secretIn = remembered(
  (secrets: readonly Secret[]) =>
    new Map(secrets.map((secret) => [`${secret.metadata.namespace}/${secret.metadata.name}`, secret])),
)

const coreOfOwner = remembered(
  (core: readonly Claim[]) =>
    new Map(core.flatMap((one) => (one.metadata.ownerReferences ?? []).map(({ uid }) => [uid, one] as const))),
)

/** The Claim of the core that stands for it, by its owner. */
const coreOf = ({ metadata }: ResourceClaim, { core }: Sight): Claim | undefined =>
  coreOfOwner(core, metadata.uid ?? '')

/** One index for each list. */
function remembered<T>(indexOf: (list: readonly T[]) => ReadonlyMap<string, T>) {
  const indexes = new WeakMap<readonly T[], ReadonlyMap<string, T>>()
  return (list: readonly T[], key: string): T | undefined => {
    const index = indexes.get(list) ?? indexOf(list)
    indexes.set(list, index)
    return index.get(key)
  }
}

function ofClaim(claim: ResourceClaim, held: Holders, sight: Sight): readonly string[] {
  const { namespace, name, generation } = claim.metadata
  const ready = readyOf(claim)
  const says = ready?.status === 'True' ? 'Ready' : (ready?.reason ?? 'nothing')
  const wanted = wantedOf(claim, held, sight)
  const wrong = (what: string) => [`ResourceClaim ${namespace}/${name} on ${JSON.stringify(refOf(claim))}: ${what}`]
  if (claim.status?.observedGeneration !== generation) return wrong('has not been looked at since its edit')
  if (says !== wanted) return wrong(`says ${says}, and ${wanted} is true`)
  return wanted === 'Ready' ? ofCopy(claim, sight).flatMap(wrong) : withoutCopy(claim).flatMap(wrong)
}

function wantedOf(claim: ResourceClaim, held: Holders, sight: Sight): string {
  if (!isPermitted(claim, sight)) return 'NoMatchingResourceClaimPolicy'
  if (!sourceOf(claim, sight)) return 'ResourceNotFound'
  const { namespace, name } = refOf(claim)
  const holder = held.get(`${namespace}/${name}`)
  if (holder === undefined) return 'Ready, because nobody holds it'
  return holder === coreOf(claim, sight)?.metadata.uid ? 'Ready' : 'ResourceAlreadyClaimed'
}

function ofCopy(claim: ResourceClaim, sight: Sight): readonly string[] {
  const binding = claim.status?.binding?.name
  if (binding === undefined) return ['is Ready and names no Secret']
  const copy = secretIn(sight.secrets, `${claim.metadata.namespace}/${binding}`)
  const source = sourceOf(claim, sight)
  if (!copy) return [`names Secret ${binding}, which is not there`]
  if (copy === source) return ['names its source for a copy']
  if (!equalJson({ ...copy.data }, { ...source?.data })) return [`Secret ${binding} is not what its source is`]
  return copy.type === source?.type ? [] : [`Secret ${binding} has another type`]
}

const withoutCopy = ({ status }: ResourceClaim): readonly string[] =>
  status?.binding === undefined ? [] : [`is not Ready, and names Secret ${status.binding.name}`]

/** Nothing is there that no claim accounts for. */
function leftOver({ claims, core, records, secrets }: Sight): readonly string[] {
  const alive = new Set(claims.map(({ metadata }) => metadata.uid))
  const standing = new Map(core.map((claim) => [claim.metadata.uid, claim]))
  const bound = new Set(
    claims.flatMap(({ metadata, status }) => (status?.binding ? [`${metadata.namespace}/${status.binding.name}`] : [])),
  )
  return [
    ...core
      .filter(({ spec }) => !alive.has(spec.origin?.uid))
      .map(({ metadata }) => `Claim ${metadata.namespace}/${metadata.name} stands for nobody`),
    ...records
      .filter(({ spec }) => !standing.has(spec.claimRef?.uid))
      .map(({ metadata, spec }) => `record ${metadata.name} of ${spec.resourceRef?.name} is held by nobody`),
    ...secrets
      .filter(({ metadata }) => metadata.labels?.['larder.dev/claim-uid'] !== undefined)
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      .filter((name) => !bound.has(name))
      .map((name) => `Secret ${name} is no copy that a claim has`),
  ]
}
