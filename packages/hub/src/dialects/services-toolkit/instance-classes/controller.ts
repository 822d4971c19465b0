import { isApiError } from '@larder/engine/machinery/status'
import { defineController, ownersOf, watching, type Controller } from '@larder/engine/runtime/controller'
import { keyOf } from '@larder/engine/runtime/pass'
import type { DoorContext } from '../../../door.ts'
import { backendKind } from '../../../model/backend.ts'
import { classKind } from '../../../model/class.ts'
import { RESOURCE_ACCOUNT, SYSTEM_NAMESPACE } from '../../../model/names.ts'
import { readySaying, sayAll } from '../conditions.ts'
import { instanceClassType, type ClusterInstanceClass } from '../kinds.ts'
import { POOL_BACKEND } from './core-class.ts'
import { CLASS_REASONS, reconcileInstanceClass } from './reconcile.ts'

export function instanceClassController({ transportOf, clock }: DoorContext): Controller {
  const api = transportOf({ namespace: SYSTEM_NAMESPACE, name: RESOURCE_ACCOUNT })
  return defineController<ClusterInstanceClass>({
    name: 'services-toolkit-class',
    type: instanceClassType,
    conditions: false,
    indexes: {
      provisioner: ({ spec }) => (spec.provisioner ? [spec.provisioner.crossplane.compositeResourceDefinition] : []),
    },
    watches: [
      watching(
        classKind,
        (service, informers) => [
          ...ownersOf(service, instanceClassType),
          ...informers.of(instanceClassType).byIndex('provisioner', service.metadata.name).map(keyOf),
        ],
        { 'cluster-instance-class': (service) => ownersOf(service, instanceClassType).map(({ name }) => name) },
      ),
      watching(backendKind, ({ metadata }, informers) =>
        metadata.name === POOL_BACKEND ? informers.of(instanceClassType).list().map(keyOf) : [],
      ),
    ],
    reconcile: reconcileInstanceClass(api),
    explain,
    summarize({ object, status, settled }) {
      const otherwise = object.spec.pool ? CLASS_REASONS[0]! : CLASS_REASONS[3]!
      sayAll(status, object, [readySaying(settled, CLASS_REASONS, otherwise)], clock.now())
    },
  })
}

/** Everybody reads classes: of what an API says only the verdict. */
function explain(error: unknown): { reason: string; message: string } | undefined {
  if (!isApiError(error)) return undefined
  return { reason: 'ApiRefused', message: `the API answers ${error.code} ${error.reason}; the log of the hub has more` }
}
