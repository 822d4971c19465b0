/**
 * `/scale`: the number of replicas of any kind that has one, as one small object (autoscaling/v1 Scale).
 *
 * Reading picks three fields of the parent, writing changes one of them. The revision is the parent's, so that a stale Scale is
 * refused like a stale parent.
 */
import { isObject, type Json, type JsonObject } from '../../../base/json.ts'
import { applyConfig } from '../../../machinery/apply/apply.ts'
import { LEAF } from '../../../machinery/apply/field-set.ts'
import { BEFORE_FIRST_APPLY, ownerOf, storedOwners, type Owner } from '../../../machinery/apply/owners.ts'
import type { Call, WriteOptions } from '../../../machinery/call.ts'
import { Document } from '../../../machinery/document.ts'
import { asJson, type KubeObject } from '../../../machinery/object.ts'
import { invalidValue, requiredValue } from '../../../machinery/problems.ts'
import type { Kind, Resource } from '../../../machinery/shape.ts'
import { badRequest, invalid, notFound, routeNotFound } from '../../../machinery/status.ts'
import { ownershipOf } from '../../../machinery/types/ownership.ts'
import type { Entry } from '../../../storage/store.ts'
import type { Result } from '../../api.ts'
import { metadataOf, readBody } from '../body.ts'
import { admit } from '../checks.ts'
import type { ScalePaths } from '../catalog.ts'
import type { Core, Request } from '../core.ts'
import { keyOf } from '../keys.ts'
import { timestamp } from '../metadata.ts'
import { identityOf, type Ownership } from '../ownership.ts'
import { inTurn } from '../turns.ts'
import { readConfig, settled } from '../verbs/apply.ts'
import { find } from '../verbs/get.ts'
import { applyPatch, checkPatchType } from '../verbs/patch.ts'
import { replace } from '../verbs/update.ts'

const SCALE: Kind = { group: 'autoscaling', version: 'v1', kind: 'Scale' }

const BUILTIN_PATHS: ScalePaths = {
  specReplicas: ['spec', 'replicas'],
  statusReplicas: ['status', 'replicas'],
  selector: ['spec', 'selector'],
}

export async function getScale(core: Core, request: Request): Promise<Result> {
  return scaleResult(request, parentOf(core, request, find(core, request)))
}

export function updateScale(
  core: Core,
  request: Request,
  body: Json,
  options: WriteOptions | undefined,
): Promise<Result> {
  return writeScale(core, request, options, () => body)
}

export function patchScale(core: Core, request: Request, call: Call & { verb: 'patch' }): Promise<Result> {
  if (call.patchType === 'application/apply-patch+yaml') return applyScale(core, request, call)
  checkPatchType(
    { ...request.resource, shape: { ...request.resource.shape, strategicMerge: mergeOfScale } },
    call.patchType,
  )
  const shape = { ...request.resource.shape, strategicMerge: mergeOfScale }
  return writeScale(core, request, call.options, (scale) => applyPatch({ shape }, scale, call.patchType, call.body))
}

/** A Scale has no lists: merging strategically is merging. */
function mergeOfScale(current: JsonObject, patch: JsonObject): JsonObject {
  return applyPatch({ shape: undefined as never }, current, 'application/merge-patch+json', patch) as JsonObject
}

function writeScale(
  core: Core,
  request: Request,
  options: WriteOptions | undefined,
  change: (scale: JsonObject) => Json,
): Promise<Result> {
  const { resource, target } = request
  const name = target.name ?? ''
  const key = keyOf(resource, target.namespace, name)
  return inTurn(core, resource, key, async () => {
    const entry = core.store.get(key)
    if (!entry) throw notFound(resource, name)
    const parent = parentOf(core, request, entry)
    const scale = readBody(SCALE, change(scaleOf(request, parent)))
    const given = metadataOf(scale)['name']
    if (given !== undefined && given !== name) {
      throw badRequest(`the name of the object (${String(given)}) does not match the name on the URL (${name})`)
    }
    const next = write(parent, pathsOf(request).specReplicas, replicasOf(scale, name))
    return replaceParent(core, request, { entry, next, scale }, options, { type: 'update', subresource: 'scale' })
  })
}

/** Whoever applies a Scale owns the replicas of its parent, at the parent's path and as of the subresource. */
async function applyScale(core: Core, request: Request, call: Call & { verb: 'patch' }): Promise<Result> {
  const { resource, target } = request
  const name = target.name ?? ''
  const key = keyOf(resource, target.namespace, name)
  const scale = readConfig(request, SCALE, ownershipOf('autoscaling.v1.Scale'), call)
  const spec = isObject(scale['spec']) ? scale['spec'] : {}
  if (spec['replicas'] === undefined) throw invalid(SCALE, name, [requiredValue('spec.replicas')])
  const config = write({}, pathsOf(request).specReplicas, replicasOf(scale, name))
  return inTurn(core, resource, key, async () => {
    const entry = core.store.get(key)
    if (!entry) throw notFound(resource, name)
    const parent = parentOf(core, request, entry)
    const { object, owners } = applyConfig({
      type: resource.shape.ownership(),
      live: parent,
      owners: ownersOfReplicas(core, request, parent, call.options),
      config,
      identity: identityOf(request, call.options, 'Apply'),
      force: call.options?.force === true,
      time: timestamp(core.clock.now()),
      scope: 'everything',
    })
    const next = write(parent, pathsOf(request).specReplicas, read(object, pathsOf(request).specReplicas) ?? 0)
    return replaceParent(core, request, { entry, next, scale }, call.options, settled(owners))
  })
}

/** Of an object that nobody has owned so far, whoever made it owns the replicas; the rest stays nobody's. */
function ownersOfReplicas(
  core: Core,
  request: Request,
  parent: JsonObject,
  options: WriteOptions | undefined,
): readonly Owner[] {
  const owners = storedOwners(metadataOf(parent))
  const { specReplicas } = pathsOf(request)
  if (owners.length > 0 || read(parent, specReplicas) === undefined) return owners
  const maker = { ...identityOf(request, options, 'Update'), manager: BEFORE_FIRST_APPLY }
  const fields = specReplicas.reduceRight((inside, field) => ({ [`f:${field}`]: inside }), LEAF)
  return [ownerOf(maker, fields, timestamp(core.clock.now()))]
}

function parentOf(core: Core, request: Request, entry: Entry): JsonObject {
  return asJson(core.versions.view(request.served, entry).object)
}

async function replaceParent(
  core: Core,
  request: Request,
  { entry, next, scale }: { readonly entry: Entry; readonly next: JsonObject; readonly scale: JsonObject },
  options: WriteOptions | undefined,
  ownership: Ownership,
): Promise<Result> {
  const { uid, resourceVersion } = metadataOf(scale)
  const metadata = { ...metadataOf(next), uid: uid ?? null, resourceVersion: resourceVersion ?? null }
  // As of the subresource, which policies name; those about the parent see the change too, in `replace`.
  await admit(core, request, {
    verb: 'update',
    subresource: 'scale',
    object: scaleOf(request, next) as unknown as KubeObject,
    old: scaleOf(request, parentOf(core, request, entry)) as unknown as KubeObject,
    dryRun: options?.dryRun === true,
  })
  const { subresource: _, ...mainTarget } = request.target
  const main: Request = { ...request, target: mainTarget }
  const result = await replace(core, main, entry, { ...next, metadata }, options, { type: 'body' }, ownership)
  return result.type === 'object' ? scaleResult(request, asJson(result.document.object)) : result
}

function replicasOf(scale: JsonObject, name: string): number {
  const spec = isObject(scale['spec']) ? scale['spec'] : {}
  const replicas = spec['replicas'] ?? 0
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
    throw invalid(SCALE, name, [invalidValue('spec.replicas', replicas, 'must be an integer')])
  }
  if (replicas < 0) {
    throw invalid(SCALE, name, [invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0')])
  }
  return replicas
}

function scaleResult(request: Request, parent: JsonObject): Result {
  const document = Document.fromObject(scaleOf(request, parent) as unknown as KubeObject)
  return { type: 'object', resource: scaleResource(request.resource), code: 200, document }
}

/** The edge prints what it is told: a Scale has the columns of any object, not those of its parent. */
function scaleResource(resource: Resource): Resource {
  return { ...resource, ...SCALE }
}

function scaleOf(request: Request, parent: JsonObject): JsonObject {
  const paths = pathsOf(request)
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadataOf(parent) as Record<string, string>
  const selector = paths.selector === undefined ? '' : selectorText(read(parent, paths.selector))
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: {
      name: name ?? '',
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
    },
    spec: { replicas: read(parent, paths.specReplicas) ?? 0 },
    status: { replicas: read(parent, paths.statusReplicas) ?? 0, ...(selector !== '' && { selector }) },
  }
}

function pathsOf({ served }: Request): ScalePaths {
  if (!served.custom) return BUILTIN_PATHS
  const paths = served.custom.scale.get(served.resource.version)
  if (!paths) throw routeNotFound()
  return paths
}

function read(object: JsonObject, path: readonly string[]): Json | undefined {
  let at: Json | undefined = object
  for (const part of path) at = isObject(at) ? at[part] : undefined
  return at
}

function write(object: JsonObject, path: readonly string[], value: Json): JsonObject {
  const [first, ...rest] = path as [string, ...string[]]
  if (rest.length === 0) return { ...object, [first]: value }
  const inner = object[first]
  return { ...object, [first]: write(isObject(inner) ? inner : {}, rest, value) }
}

/** A selector as text: custom kinds keep it so, replication controllers as a map, the others as a LabelSelector. */
function selectorText(selector: Json | undefined): string {
  if (typeof selector === 'string') return selector
  if (!isObject(selector)) return ''
  const { matchLabels, matchExpressions } = selector
  const isStructured = isObject(matchLabels) || Array.isArray(matchExpressions)
  const labels = isStructured ? (isObject(matchLabels) ? matchLabels : {}) : selector
  const terms = Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`)
  if (isStructured) for (const one of (matchExpressions ?? []) as readonly JsonObject[]) terms.push(expressionText(one))
  return terms.sort().join(',')
}

function expressionText({ key, operator, values }: JsonObject): string {
  const list = `(${((values ?? []) as readonly string[]).toSorted().join(',')})`
  if (operator === 'In') return `${String(key)} in ${list}`
  if (operator === 'NotIn') return `${String(key)} notin ${list}`
  return operator === 'Exists' ? String(key) : `!${String(key)}`
}
