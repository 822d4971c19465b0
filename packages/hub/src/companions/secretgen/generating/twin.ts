/**
 * One Password in two groups.
 *
 * Upstream has Password in `secretgen.k14s.io` alone, and documents ask for it in `secretgen.carvel.dev`, where its other kinds are. To
 * a Kubernetes API these are two resources, so each Password gets a twin in the other group and the two are kept the same: what is
 * made, edited or deleted in one group is so in the other. The one in `secretgen.k14s.io` makes the Secret; the other shows its status.
 *
 * Each carries a record of the pair by uids, so that a twin that is missing can be told from one that was never made: the first means
 * that somebody deleted the Password. A record of other uids (an object that was copied or restored from a file) says nothing.
 *
 * Rejected: one stored object shown in two groups by the API. The hub runs on clusters whose API it does not own.
 */
import { createHash } from 'node:crypto'
import { isObject, stringifyJson, type Json } from '@larder/engine/base/json'
import { isAlreadyExists } from '@larder/engine/machinery/status'
import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import { carvelPasswordKind, passwordKind, type Password } from '../kinds.ts'
import { LAST_APPLIED } from '../owned-secret.ts'

export const TWIN_ANNOTATION = 'larder.dev/twin'

interface Record {
  readonly self: string
  readonly twin: string
  /** What the two agreed on last. */
  readonly synced: string
}

type PasswordType = typeof passwordKind

/** For the Password in `secretgen.k14s.io`: `done` when its twin is as it is. */
export async function joinTwin(pass: Pass<Password>): Promise<Outcome> {
  const { object, client } = pass
  const record = recordOf(object)
  const twin = await find(pass, carvelPasswordKind)
  const isGone = !twin || twin.metadata.deletionTimestamp !== undefined
  if (record && (isGone || record.twin !== twin.metadata.uid)) return remove(pass, passwordKind)
  if (!twin) {
    const made = await client.of(carvelPasswordKind).create(copyOf(object)).catch(unlessExists)
    return made ? agree(pass, object, made) : wait('Reconciling', 'its twin in the other group is being made')
  }
  if (isGone) return wait('Reconciling', 'its twin in the other group is being deleted')
  const isEditedThere = record?.synced === digest(object) && digest(twin) !== record.synced
  return agree(pass, isEditedThere ? twin : object, twin)
}

/** For the other: `done` when there is one to take the status from. */
export async function followTwin(pass: Pass<Password>): Promise<Outcome> {
  const { object, client, status } = pass
  const twin = await find(pass, passwordKind)
  if (!twin || twin.metadata.deletionTimestamp !== undefined) {
    if (recordOf(object)) return remove(pass, carvelPasswordKind)
    if (!twin) await client.of(passwordKind).create(copyOf(object)).catch(unlessExists)
    return wait('Reconciling', 'its twin in the other group is being made')
  }
  const { generation } = object.metadata
  const isCurrent = digest(twin) === digest(object) && twin.status?.observedGeneration === twin.metadata.generation
  if (twin.status?.conditions === undefined || !isCurrent)
    return wait('Reconciling', 'its twin in the other group is being looked at')
  Object.assign(status, structuredClone(twin.status), { observedGeneration: generation })
  return done
}

/** Asks the server before it says that there is none: a cache that is behind must not delete a Password. */
async function find(pass: Pass<Password>, type: PasswordType): Promise<Password | undefined> {
  const { name, namespace } = pass.object.metadata
  return pass.cache(type).get(name, namespace) ?? (await pass.client.of(type).find(name, namespace))
}

async function remove({ object, client }: Pass<Password>, type: PasswordType): Promise<Outcome> {
  const { name, namespace, uid = '' } = object.metadata
  await client.of(type).delete(name, { namespace, preconditions: { uid } })
  return wait('Reconciling', 'it was deleted in the other group')
}

/** Writes what is not yet as `model` says, with the records of the pair. Rejects with Conflict where either was edited meanwhile. */
async function agree({ object, client }: Pass<Password>, model: Password, twin: Password): Promise<Outcome> {
  const synced = digest(model)
  for (const [type, one, other] of [
    [carvelPasswordKind, twin, object],
    [passwordKind, object, twin],
  ] as const) {
    const record = stringifyJson({ self: one.metadata.uid ?? '', twin: other.metadata.uid ?? '', synced })
    if (digest(one) === synced && one.metadata.annotations?.[TWIN_ANNOTATION] === record) continue
    const own = one.metadata.annotations?.[LAST_APPLIED]
    const { metadata, spec } = copyOf(model)
    const annotations = {
      ...metadata.annotations,
      ...(own !== undefined && { [LAST_APPLIED]: own }),
      [TWIN_ANNOTATION]: record,
    }
    await client.of(type).update({ ...one, spec, metadata: { ...one.metadata, labels: metadata.labels, annotations } })
  }
  return done
}

function copyOf({ metadata, spec }: Password) {
  const { name, namespace, labels = {} } = metadata
  return {
    metadata: { name, namespace: namespace ?? '', labels, annotations: sharedAnnotations(metadata) },
    spec: spec ?? {},
  }
}

function sharedAnnotations({ annotations }: Password['metadata']) {
  const { [LAST_APPLIED]: _, [TWIN_ANNOTATION]: __, ...shared } = annotations ?? {}
  return shared
}

/** The same for the same content, in whichever order it was written. */
function digest({ metadata, spec }: Password): string {
  const content = {
    labels: metadata.labels ?? {},
    annotations: sharedAnnotations(metadata),
    spec: (spec ?? {}) as Json,
  }
  return createHash('sha256')
    .update(stringifyJson(sorted(content)))
    .digest('hex')
    .slice(0, 16)
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(sorted)
  if (!isObject(value)) return value
  const keys = Object.keys(value).sort()
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key]!)]))
}

function recordOf(object: Password): Record | undefined {
  const text = object.metadata.annotations?.[TWIN_ANNOTATION]
  if (text === undefined) return undefined
  let record: unknown
  try {
    record = JSON.parse(text)
  } catch {
    // Somebody's own text: no record, and the pair writes a new one.
    return undefined
  }
  return isRecord(record) && record.self === object.metadata.uid ? record : undefined
}

const isRecord = (value: unknown): value is Record =>
  isObject(value) && ['self', 'twin', 'synced'].every((key) => typeof value[key] === 'string')

function unlessExists(error: unknown): undefined {
  if (!isAlreadyExists(error)) throw error
}
