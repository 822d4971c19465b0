/** The controller of one kind of a dialect: see resource-door.ts. */
import { equalJson, type Json } from '@larder/engine/base/json'
import { namespaceType } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import { asJson, type KubeObject } from '@larder/engine/machinery/object'
import { isApiError, isConflict, isNotFound, type ApiError } from '@larder/engine/machinery/status'
import { defineController, ownersOf, watching, type Controller } from '@larder/engine/runtime/controller'
import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import { keyOf, type Pass } from '@larder/engine/runtime/pass'
import type { DoorContext } from '../door.ts'
import { backendKind } from '../model/backend.ts'
import { instanceKind } from '../model/instance.ts'
import { chooseBackend, contentProblem } from './choose-backend.ts'
import type { Blocked, Neighbours, Report, ResourceDialect, ServiceState } from './resource-door.ts'
import { fixedProblem, instanceOf, isCurrent, removeInstance, writeInstance } from './write-instance.ts'
import { OWNER, ownerUids, writeSideObjects } from './write-side-objects.ts'

const WORKERS = 4
/** What is written comes back by the watch a moment later. */
const AGAIN_MS = 1
const LOOK_AGAIN_MS = 30_000
/** Nothing tells when a quota has room again, or a right is given back. */
const BACKOFF = { baseMs: 200, capMs: LOOK_AGAIN_MS }

export function resourceController<T extends KubeObject>(
  context: DoorContext,
  dialect: ResourceDialect<T>,
): Controller {
  const { type, door } = dialect
  return defineController<T>({
    name: `${door}-${type.kind.toLowerCase()}`,
    type,
    finalizer: dialect.finalizer,
    conditions: false,
    workers: WORKERS,
    backoff: BACKOFF,
    watches: [
      watching(instanceKind, ({ spec }) => {
        const { origin } = spec
        if (origin?.door !== door || origin.kind !== type.kind || origin.name === undefined) return []
        return [{ name: origin.name, namespace: origin.namespace }]
      }),
      // Those that wait for one; and its own, which it may be open to again, or be in the right place for.
      watching(backendKind, ({ spec, metadata: { name } }, informers) => {
        if (spec.driver !== dialect.driver) return []
        const cache: Neighbours['cache'] = (of) => informers.of(of)
        return informers
          .of(type)
          .list()
          .filter((object) => (instanceOf(door, object, { cache })?.spec.backendRef?.name ?? name) === name)
          .map(keyOf)
      }),
      watching(namespaceType, ({ metadata }, informers) => informers.of(type).list(metadata.name).map(keyOf)),
      ...(dialect.sides ?? []).map((side) =>
        watching(side, (object) => ownersOf(object, type), { [OWNER]: ownerUids }),
      ),
      ...(dialect.watches ?? []),
    ],
    reconcile: (pass) => reconcile(pass, dialect, context),
    finalize: (pass) => finalize(pass, dialect),
  })
}

async function reconcile<T extends KubeObject>(
  pass: Pass<T>,
  dialect: ResourceDialect<T>,
  context: DoorContext,
): Promise<Outcome> {
  const before = instanceOf(dialect.door, pass.object, pass)
  const problem = await settle(pass, dialect, context).catch(refusal)
  const instance = instanceOf(dialect.door, pass.object, pass)
  const state: ServiceState = {
    instance: problem.written ?? instance ?? before,
    isCurrent: problem.blocked === undefined && problem.written !== undefined && isCurrent(problem.written),
    blocked: problem.blocked,
    taken: [],
    isDeleting: false,
    now: pass.clock.now(),
  }
  const { taken, refused } = dialect.beside
    ? await writeSideObjects(pass, dialect, dialect.beside(pass.object, state))
    : NOTHING_BESIDE
  const blocked = state.blocked ?? (refused && refusal(refused).blocked)
  const told = await tell(pass, dialect, dialect.report(pass.object, { ...state, blocked, taken }))
  // What was drafted is written all the same, and the pass tried again, ever more slowly.
  const error = problem.refused ?? refused
  if (error) throw error
  // Nothing tells when somebody else's object goes.
  return taken.length > 0 && told.type === 'done' ? wait('NameTaken', taken.join(), LOOK_AGAIN_MS) : told
}

const NOTHING_BESIDE = { taken: [], refused: undefined }

type Settling = Partial<Blocked> & { readonly written?: ServiceState['instance']; readonly refused?: ApiError }

/** Told as what blocks: in the log alone, the object would be in progress for ever and nobody would know why. */
function refusal(error: unknown): Settling & Blocked {
  if (!isApiError(error) || isConflict(error)) throw error
  return { refused: error, blocked: { reason: 'ApiRefused', message: `the API refuses: ${error.message}` } }
}

/** Brings the Instance to what the object wants. */
async function settle<T extends KubeObject>(
  pass: Pass<T>,
  dialect: ResourceDialect<T>,
  { isEmbedded }: DoorContext,
): Promise<Settling> {
  const wanted = dialect.want(pass.object, pass)
  if ('blocked' in wanted) return wanted
  const instance = instanceOf(dialect.door, pass.object, pass)
  const going = instance?.metadata.deletionTimestamp !== undefined
  const fixed = fixedProblem(instance, wanted)
  if (fixed) return fixed
  const { driver } = dialect
  const backend = await chooseBackend(pass, { driver, place: wanted.place ?? {}, instance, isEmbedded })
  if (typeof backend !== 'string') return backend
  const strange = contentProblem(pass, backend, wanted)
  if (strange) return strange
  if (going) return {}
  return { written: await writeInstance(pass, dialect, wanted, backend) }
}

/** The fields first: status is what people wait for, and what it stands for must be there by then. */
async function tell<T extends KubeObject>(
  pass: Pass<T>,
  { type }: ResourceDialect<T>,
  report: Report,
): Promise<Outcome> {
  await writeObject(pass, type, report)
  const status = pass.status as Record<string, unknown>
  for (const field of Object.keys(status)) if (!(field in report.status)) delete status[field]
  Object.assign(status, report.status)
  for (const event of report.events ?? []) pass.event(event.type, event.reason, event.note)
  return report.again === true ? wait('Again', 'there is more to say', AGAIN_MS) : done
}

/** By a JSON patch: a merge patch cannot say `null`. */
async function writeObject<T extends KubeObject>(
  pass: Pass<T>,
  type: ResourceType<T>,
  { fields = {}, annotations = {} }: Report,
): Promise<void> {
  const { object } = pass
  const before = asJson(object)
  const { name, namespace, resourceVersion = '', annotations: had = {} } = object.metadata
  const changed = Object.entries(fields).filter(([field, value]) => !equalJson(before[field] as Json, value))
  const noted = Object.entries(annotations).some(([key, value]) => had[key] !== value)
  if (changed.length === 0 && !noted) return
  const operations = [
    { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
    ...changed.map(([field, value]) => ({ op: 'add', path: `/${field}`, value })),
    ...(noted ? [{ op: 'add', path: '/metadata/annotations', value: { ...had, ...annotations } }] : []),
  ]
  await pass.client.of(type).patch(name, operations, { type: 'json', namespace })
}

type Removing = Pick<Settling, 'blocked' | 'refused'> & { readonly found?: ServiceState['instance'] }

const removing = <T extends KubeObject>(pass: Pass<T>, dialect: ResourceDialect<T>): Promise<Removing> =>
  removeInstance(pass, dialect).then((found) => ({ found }), refusal)

async function finalize<T extends KubeObject>(pass: Pass<T>, dialect: ResourceDialect<T>): Promise<Outcome> {
  const { found, blocked, refused } = await removing(pass, dialect)
  if (!found && !refused) return done
  const instance = found ?? instanceOf(dialect.door, pass.object, pass)
  const state: ServiceState = {
    instance,
    isCurrent: instance !== undefined && isCurrent(instance),
    blocked,
    taken: [],
    isDeleting: true,
    now: pass.clock.now(),
  }
  const told = await tell(pass, dialect, dialect.report(pass.object, state)).catch((error: unknown) => {
    if (isNotFound(error)) return done
    throw error
  })
  if (refused) throw refused
  return told.type === 'wait' ? told : wait('Deleting', 'the service is being removed')
}
