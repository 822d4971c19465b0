/** Objects beside an object: owned by it, as it wants them, and gone when it wants them no more. What somebody else has made stays. */
import { equalJson, type Json, type JsonObject } from '@larder/engine/base/json'
import { ensure, type New } from '@larder/engine/client/client'
import { asJson, type KubeObject } from '@larder/engine/machinery/object'
import { isApiError, isConflict, type ApiError } from '@larder/engine/machinery/status'
import type { ResourceType } from '@larder/engine/client/types'
import type { Pass } from '@larder/engine/runtime/pass'
import { MANAGED_BY, MANAGED_BY_LABEL } from '../model/names.ts'
import type { ResourceDialect, SideObject } from './resource-door.ts'

/** An index of the kinds beside it: the uid of the owner. */
export const OWNER = 'resource-door-owner'

export const ownerUids = ({ metadata }: KubeObject): readonly string[] =>
  (metadata.ownerReferences ?? []).filter(({ controller }) => controller === true).map(({ uid }) => uid)

const isOwned = (side: KubeObject, owner: KubeObject): boolean =>
  side.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) ?? false

interface Written {
  /** Which could not be written, as `Kind name`. */
  readonly taken: readonly string[]
  /** Why, where it was not that somebody else has the name: the first answer of the API. */
  readonly refused: ApiError | undefined
}

/** Each by itself: one that the API refuses does not cost the others. */
export async function writeSideObjects<T extends KubeObject>(
  pass: Pass<T>,
  dialect: ResourceDialect<T>,
  wanted: readonly SideObject[],
): Promise<Written> {
  const taken: string[] = []
  let refused: ApiError | undefined
  const unlessRefused = (error: unknown): false => {
    if (!isApiError(error) || isConflict(error)) throw error
    refused ??= error
    return false
  }
  for (const side of wanted) {
    if (!(await writeOne(pass, side).catch(unlessRefused))) taken.push(`${side.type.kind} ${side.name}`)
  }
  for (const type of dialect.sides ?? []) {
    const names = new Set(wanted.filter((side) => side.type === type).map(({ name }) => name))
    await removeOthers(pass, type, names).catch(unlessRefused)
  }
  return { taken, refused }
}

async function writeOne<T extends KubeObject>(pass: Pass<T>, side: SideObject): Promise<boolean> {
  const { object } = pass
  const { namespace = '', name, uid = '' } = object.metadata
  const current = pass.cache(side.type).get(side.name, namespace)
  if (current && !isOwned(current, object)) return false
  if (current && isAsWanted(current, side)) return true
  let isOurs = true
  await ensure(
    pass.client,
    side.type,
    { name: side.name, namespace },
    (there) => {
      isOurs = !there || isOwned(there, object)
      if (there && !isOurs) return asJson(there) as unknown as New<KubeObject>
      const ownerReferences = [
        { apiVersion: object.apiVersion, kind: object.kind, name, uid, controller: true, blockOwnerDeletion: false },
      ]
      const labels = { ...there?.metadata.labels, [MANAGED_BY_LABEL]: MANAGED_BY, ...side.labels }
      const metadata = {
        ...there?.metadata,
        labels,
        ownerReferences: there?.metadata.ownerReferences ?? ownerReferences,
      }
      return { ...contentOf(there, side), metadata }
    },
    { cached: current },
  )
  return isOurs
}

/** What a server has filled in within an object that is ours stays: a Service has an address and a type of traffic that nobody asked for. */
function contentOf(there: KubeObject | undefined, { content }: SideObject): JsonObject {
  if (!there) return content
  const before = asJson(there)
  return {
    ...before,
    ...Object.fromEntries(Object.entries(content).map(([field, value]) => [field, over(before[field], value, field)])),
  }
}

/** `data` is whole; a `spec` is shared with the server. */
const over = (before: Json | undefined, value: Json, field: string): Json =>
  field === 'spec' && isPlain(before) && isPlain(value) ? { ...before, ...value } : value

const isPlain = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function isAsWanted(current: KubeObject, side: SideObject): boolean {
  const labels = Object.entries({ [MANAGED_BY_LABEL]: MANAGED_BY, ...side.labels })
  if (labels.some(([label, value]) => current.metadata.labels?.[label] !== value)) return false
  return equalJson(contentOf(current, side), asJson(current))
}

async function removeOthers<T extends KubeObject>(pass: Pass<T>, type: ResourceType, wanted: ReadonlySet<string>) {
  const { uid = '', namespace = '' } = pass.object.metadata
  for (const { metadata } of pass.cache(type).byIndex(OWNER, uid)) {
    if (wanted.has(metadata.name) || metadata.deletionTimestamp !== undefined) continue
    await pass.client.of(type).delete(metadata.name, { namespace, preconditions: { uid: metadata.uid ?? '' } })
  }
}
