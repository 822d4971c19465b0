/**
 * CustomResourceDefinitions: their status is part of their write. When the creation of one is answered its names are accepted
 * (or the conflict is said), and its resources are served; nobody has to wait for a controller.
 */
import { isObject, type Json, type JsonObject } from '../../../base/json.ts'
import { crdDefaults, loadSchemaEngines, validateCrd } from '../../../machinery/crd.ts'
import { invalid } from '../../../machinery/status.ts'
import type { Core } from '../core.ts'
import { customNames, nameConflicts } from '../custom-names.ts'
import { withCondition } from '../custom-conditions.ts'
import type { Habits } from '../habits.ts'
import { timestamp } from '../metadata.ts'

export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io'
const KIND = { group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' }

export const customResourceDefinitions: Habits = {
  oneWriter: true,
  contains: true,

  async create(object, core) {
    const crd = withFinalizer(crdDefaults(object))
    await check(crd, undefined)
    return withStatus(crd, core)
  },

  async update(object, old, subresource, core) {
    const crd = crdDefaults(object)
    await check(crd, old)
    return subresource === undefined ? withStatus(crd, core) : crd
  },

  mark(object, core) {
    return withCondition(object, timestamp(core.clock.now()), {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionInProgress',
      message: 'CustomResource deletion is in progress',
    })
  },
}

async function check(crd: JsonObject, old: JsonObject | undefined): Promise<void> {
  await loadSchemaEngines(crd)
  const problems = validateCrd(crd, old)
  if (problems.length > 0) throw invalid(KIND, nameOf(crd), problems)
}

const nameOf = (crd: JsonObject): string => String((crd['metadata'] as JsonObject)['name'] ?? '')

function withFinalizer(crd: JsonObject): JsonObject {
  const metadata = crd['metadata'] as JsonObject
  const finalizers = (metadata['finalizers'] ?? []) as readonly Json[]
  if (finalizers.includes(CLEANUP_FINALIZER)) return crd
  return { ...crd, metadata: { ...metadata, finalizers: [...finalizers, CLEANUP_FINALIZER] } }
}

function withStatus(crd: JsonObject, core: Core): JsonObject {
  const conflict = nameConflicts(crd, core.catalog)
  const old = isObject(crd['status']) ? crd['status'] : {}
  const accepted = { ...customNames(crd), ...(conflict && keep(old, conflict.fields)) }
  const now = timestamp(core.clock.now())
  const named = withCondition(
    { ...crd, status: { ...old, acceptedNames: accepted, storedVersions: storedVersions(crd, old) } },
    now,
    conflict
      ? { type: 'NamesAccepted', status: 'False', reason: conflict.reason, message: conflict.message }
      : { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
  )
  return withEstablished(named, conflict !== undefined, now)
}

/** Once established always established: objects may exist. */
function withEstablished(crd: JsonObject, isRefused: boolean, now: string): JsonObject {
  if (isEstablished(crd)) return crd
  return withCondition(
    crd,
    now,
    isRefused
      ? { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }
      : {
          type: 'Established',
          status: 'True',
          reason: 'InitialNamesAccepted',
          message: 'the initial names have been accepted',
        },
  )
}

export function isEstablished(crd: JsonObject): boolean {
  const status = crd['status']
  const conditions = isObject(status) && Array.isArray(status['conditions']) ? status['conditions'] : []
  return (conditions as readonly JsonObject[]).some(
    ({ type, status: value }) => type === 'Established' && value === 'True',
  )
}

/** Names that are refused stay what they were. */
function keep(status: JsonObject, fields: readonly string[]): JsonObject {
  const before = isObject(status['acceptedNames']) ? status['acceptedNames'] : {}
  return Object.fromEntries(fields.map((field) => [field, before[field] ?? (field === 'shortNames' ? [] : '')]))
}

function storedVersions(crd: JsonObject, status: JsonObject): readonly Json[] {
  const before = Array.isArray(status['storedVersions']) ? (status['storedVersions'] as readonly Json[]) : []
  const spec = crd['spec'] as JsonObject
  const storage = (spec['versions'] as readonly JsonObject[]).find((version) => version['storage'] === true)?.['name']
  return storage === undefined || before.includes(storage) ? before : [...before, storage]
}
