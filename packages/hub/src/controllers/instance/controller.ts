import { findCondition } from '@larder/engine/runtime/conditions'
import { controllerRevisionType, secretType } from '@larder/engine/client/builtin'
import { defineController, watching, type Controller, type Source } from '@larder/engine/runtime/controller'
import { keyOf } from '@larder/engine/runtime/pass'
import { backendKind } from '../../model/backend.ts'
import { claimKind } from '../../model/claim.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { FINALIZER } from '../../model/names.ts'
import type { HubContext } from '../context.ts'
import { explain, summarizeCause } from '../reporting.ts'
import { finalizeInstance } from './finalize.ts'
import { reconcileInstance } from './reconcile.ts'
import { instancesOfClaim, USED_INSTANCE, usedInstance } from './users.ts'

const isReady = (instance: Instance) => findCondition(instance.status?.conditions, 'Ready')?.status === 'True'

export function instanceController(hub: HubContext): Controller {
  return defineController<Instance>({
    name: 'instance',
    type: instanceKind,
    finalizer: FINALIZER,
    workers: 8,
    indexes: {
      externalID: ({ spec }) => (spec.externalID ? [spec.externalID] : []),
      claim: ({ spec }) => (spec.claimRef ? [spec.claimRef.uid] : []),
    },
    watches: [
      // Those that are ready do not need the news: their own driver tells of changes outside.
      watching(backendKind, (_, informers) =>
        informers
          .of(instanceKind)
          .list()
          .filter((i) => !isReady(i))
          .map(keyOf),
      ),
      // A claim that goes lets an instance go that waits for it. Its other changes come through the instance's own spec.
      watching(claimKind, instancesOfClaim, { [USED_INSTANCE]: usedInstance }),
      watching(controllerRevisionType, ({ metadata }, informers) =>
        informers
          .of(instanceKind)
          .list()
          .filter((i) => i.spec.revision === metadata.name && !isReady(i))
          .map(keyOf),
      ),
      watching(secretType, () => []),
    ],
    sources: [driverNews(hub)],
    reconcile: reconcileInstance(hub),
    finalize: finalizeInstance(hub),
    explain,
    summarize: ({ object, status, settled }) => summarizeCause(object, status, settled),
  })
}

/** A driver that tells of a change outside wakes the instance at once. With the controller the watches of the drivers end. */
const driverNews =
  (hub: HubContext): Source =>
  (wake, informers) => {
    const end = hub.sessions.subscribe((id) => wake(informers.of(instanceKind).byIndex('externalID', id).map(keyOf)))
    return () => {
      end()
      hub.sessions.close()
    }
  }
