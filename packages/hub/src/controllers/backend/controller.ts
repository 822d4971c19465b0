import { isObject } from '@larder/engine/base/json'
import { controllerRevisionType, secretType, type ControllerRevision } from '@larder/engine/client/builtin'
import { defineController, watching, type Controller, type Source } from '@larder/engine/runtime/controller'
import { keyOf } from '@larder/engine/runtime/pass'
import { backendKind, type Backend } from '../../model/backend.ts'
import { classKind } from '../../model/class.ts'
import { instanceKind } from '../../model/instance.ts'
import { FINALIZER } from '../../model/names.ts'
import type { HubContext } from '../context.ts'
import { explain, summarizeCause } from '../reporting.ts'
import { finalizeBackend } from './finalize.ts'
import { reconcileBackend } from './reconcile.ts'

export function backendController(hub: HubContext): Controller {
  return defineController<Backend>({
    name: 'backend',
    type: backendKind,
    finalizer: FINALIZER,
    indexes: {
      credentials: ({ spec }) =>
        spec.credentialsRef ? [`${spec.credentialsRef.namespace}/${spec.credentialsRef.name}`] : [],
    },
    watches: [
      watching(secretType, ({ metadata }, informers) =>
        informers.of(backendKind).byIndex('credentials', `${metadata.namespace}/${metadata.name}`).map(keyOf),
      ),
      // What used a backend lets go of it when it goes.
      watching(classKind, (_, informers) => deleting(informers.of(backendKind).list())),
      watching(instanceKind, (_, informers) => deleting(informers.of(backendKind).list())),
      watching(controllerRevisionType, () => [], { backend: backendOfRevision }),
    ],
    sources: [everyMinute(hub), answers(hub)],
    reconcile: reconcileBackend(hub),
    finalize: finalizeBackend(hub),
    explain,
    summarize: ({ object, status, settled }) => summarizeCause(object, status, settled),
  })
}

/** A backend that stops to answer, or answers again, says so at once. */
const answers =
  ({ sessions }: HubContext): Source =>
  (wake) =>
    sessions.subscribeBackends((name) => wake([{ name }]))

/** Of what the class controller wrote. */
function backendOfRevision({ data }: ControllerRevision): readonly string[] {
  const backend = isObject(data) ? data['backend'] : undefined
  return typeof backend === 'string' ? [backend] : []
}

const PROBE_EVERY_MS = 60_000

/** Nothing tells that a backend has stopped to answer, or that an engine was installed beside it: it is asked again. */
const everyMinute =
  ({ clock }: HubContext): Source =>
  (wake, informers) => {
    let cancel: (() => void) | undefined
    const next = () => {
      cancel = clock.after(PROBE_EVERY_MS, () => {
        wake(informers.of(backendKind).list().map(keyOf))
        next()
      })
    }
    next()
    return () => cancel?.()
  }

const deleting = (backends: readonly Backend[]) =>
  backends.filter((b) => b.metadata.deletionTimestamp !== undefined).map(keyOf)
