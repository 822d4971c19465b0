import { controllerRevisionType, secretType } from '@larder/engine/client/builtin'
import { defineController, watching, type Controller } from '@larder/engine/runtime/controller'
import { keyOf } from '@larder/engine/runtime/pass'
import { backendKind } from '../../model/backend.ts'
import { claimKind } from '../../model/claim.ts'
import { classKind, type Class } from '../../model/class.ts'
import { instanceKind } from '../../model/instance.ts'
import { CLASS_LABEL, FINALIZER } from '../../model/names.ts'
import type { HubContext } from '../context.ts'
import { explain, summarizeCause } from '../reporting.ts'
import { finalizeClass } from './finalize.ts'
import { reconcileClass } from './reconcile.ts'

export function classController(hub: HubContext): Controller {
  return defineController<Class>({
    name: 'class',
    type: classKind,
    finalizer: FINALIZER,
    indexes: { backend: ({ spec }) => [spec.backendRef.name] },
    watches: [
      watching(backendKind, ({ metadata }, informers) =>
        informers.of(classKind).byIndex('backend', metadata.name).map(keyOf),
      ),
      watching(
        controllerRevisionType,
        ({ metadata }) =>
          (metadata.ownerReferences ?? []).filter(({ kind }) => kind === classKind.kind).map(({ name }) => ({ name })),
        {
          class: ({ metadata }) => (metadata.labels?.[CLASS_LABEL] === undefined ? [] : [metadata.labels[CLASS_LABEL]]),
        },
      ),
      watching(
        instanceKind,
        ({ spec }, informers) => {
          const service = spec.className === undefined ? undefined : informers.of(classKind).get(spec.className)
          return service?.metadata.deletionTimestamp === undefined ? [] : [keyOf(service)]
        },
        { class: ({ spec }) => (spec.className === undefined ? [] : [spec.className]) },
      ),
      watching(
        claimKind,
        ({ spec }, informers) => {
          const service = spec.className === undefined ? undefined : informers.of(classKind).get(spec.className)
          return service?.metadata.deletionTimestamp === undefined ? [] : [keyOf(service)]
        },
        { class: ({ spec }) => (spec.className === undefined ? [] : [spec.className]) },
      ),
      watching(secretType, () => []),
    ],
    reconcile: reconcileClass(hub),
    finalize: finalizeClass,
    explain,
    summarize: ({ object, status, settled }) => summarizeCause(object, status, settled),
  })
}
