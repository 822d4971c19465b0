import { isObject } from '@larder/engine/base/json'
import { findCondition } from '@larder/engine/runtime/conditions'
import { controllerRevisionType, namespaceType, secretType } from '@larder/engine/client/builtin'
import type { Informers } from '@larder/engine/client/informers'
import { defineController, watching, type Controller, type Source } from '@larder/engine/runtime/controller'
import { keyOf } from '@larder/engine/runtime/pass'
import { backendKind } from '../../model/backend.ts'
import { claimKind } from '../../model/claim.ts'
import { classKind } from '../../model/class.ts'
import { homeOf } from '../../model/instance-use.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { FINALIZER, INSTANCE_NAMESPACE, SYSTEM_NAMESPACE } from '../../model/names.ts'
import type { HubContext } from '../context.ts'
import { secretsOf } from '../instance-secrets.ts'
import { explain, summarizeCause } from '../reporting.ts'
import { finalizeInstance } from './finalize.ts'
import { reconcileInstance } from './reconcile.ts'
import { outOfDate } from './newer-revision.ts'
import { mayUseBackend } from './require-rights.ts'
import { instancesOfClaim, USED_INSTANCE, usedInstance } from './users.ts'

/** On instances, beside those of other controllers. */
const indexes = {
  externalID: ({ spec }: Instance) => (spec.externalID ? [spec.externalID] : []),
  class: ({ spec }: Instance) => (spec.className === undefined ? [] : [spec.className]),
  claim: ({ spec }: Instance) => (spec.claimRef ? [spec.claimRef.uid] : []),
  secret: secretsOf,
  revision: ({ spec }: Instance) => (spec.revision === undefined ? [] : [spec.revision]),
  backendRef: ({ spec }: Instance) => (spec.backendRef ? [spec.backendRef.name] : []),
  /** Homes among the namespaces of tenants. */
  home: (instance: Instance) => (homeOf(instance) === INSTANCE_NAMESPACE ? [] : [homeOf(instance)]),
  unready: (instance: Instance) => (isReady(instance) ? [] : ['']),
}

const isReady = (instance: Instance) => findCondition(instance.status?.conditions, 'Ready')?.status === 'True'

/** Those that are ready do not need the news: their own driver tells of changes outside. */
const unready = (informers: Informers): readonly Instance[] => informers.of(instanceKind).byIndex('unready', '')

/** Undefined while the revision is unknown, whose coming wakes the instance. */
function backendNameOf({ spec }: Instance, informers: Informers): string | undefined {
  if (spec.backendRef) return spec.backendRef.name
  const data = informers.of(controllerRevisionType).get(spec.revision ?? '', SYSTEM_NAMESPACE)?.data
  const backend = isObject(data) ? data['backend'] : undefined
  return typeof backend === 'string' ? backend : undefined
}

const by = (informers: Informers, index: keyof typeof indexes, value: string): readonly Instance[] =>
  informers.of(instanceKind).byIndex(index, value)

export function instanceController(hub: HubContext): Controller {
  return defineController<Instance>({
    name: 'instance',
    type: instanceKind,
    finalizer: FINALIZER,
    workers: 8,
    indexes,
    watches: [
      watching(backendKind, ({ metadata }, informers) => {
        const direct = by(informers, 'backendRef', metadata.name)
        const waiting = unready(informers).filter((i) => backendNameOf(i, informers) === metadata.name)
        return [...waiting, ...direct.filter((i) => isReady(i) !== isUsable(i, informers))].map(keyOf)
      }),
      // A claim that goes lets an instance go that waits for it. Its other changes come through the instance's own spec.
      watching(claimKind, instancesOfClaim, { [USED_INSTANCE]: usedInstance }),
      watching(controllerRevisionType, ({ metadata }, informers) =>
        by(informers, 'revision', metadata.name)
          .filter((i) => !isReady(i))
          .map(keyOf),
      ),
      watching(secretType, ({ metadata }, informers) =>
        by(informers, 'secret', `${metadata.namespace}/${metadata.name}`).map(keyOf),
      ),
      watching(namespaceType, ({ metadata }, informers) => by(informers, 'home', metadata.name).map(keyOf)),
      watching(classKind, outOfDate),
    ],
    sources: [driverNews(hub)],
    reconcile: reconcileInstance(hub),
    finalize: finalizeInstance(hub),
    explain,
    summarize: ({ object, status, settled }) => summarizeCause(object, status, settled),
  })
}

const isUsable = (object: Instance, informers: Informers): boolean =>
  mayUseBackend({ object, cache: (type) => informers.of(type) }, object.spec.backendRef?.name ?? '')

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
