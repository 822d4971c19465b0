import { namespaceType, secretType } from '@larder/engine/client/builtin'
import type { Informers } from '@larder/engine/client/informers'
import type { ResourceType } from '@larder/engine/client/types'
import { parseApiVersion, type KubeObject } from '@larder/engine/machinery/object'
import { isApiError } from '@larder/engine/machinery/status'
import { defineController, watching, type Controller, type Source } from '@larder/engine/runtime/controller'
import { keyOf, type Key } from '@larder/engine/runtime/pass'
import type { DoorContext } from '../../door.ts'
import { createClusterKinds, groupKind, kindKey, type KindRef } from './cluster-kinds.ts'
import { summarizeBinding } from './conditions.ts'
import { finalizeBinding } from './finalize.ts'
import { createNoticeboard } from './noticeboard.ts'
import { createFollowedKinds, type FollowedKinds } from './follow-kinds.ts'
import { bindingType, mappingType, type ServiceBinding } from '../../model/projection/service-binding.ts'
import { selects } from '../../model/visibility.ts'
import { boundUids } from './projector/marks.ts'
import { reconcileBinding } from './reconcile.ts'
import { isSecret } from './service.ts'
import { BINDING_ACCOUNT } from './trouble.ts'

/** That of the reference implementation: whoever takes over from the other finds it. */
const FINALIZER = 'servicebinding.io/finalizer'

/** How soon a right that was taken away is noticed. */
const WATCH_SECONDS = 20

export function serviceBindingController(
  { transportOf, clock }: DoorContext,
  { watchSeconds = WATCH_SECONDS }: { readonly watchSeconds?: number } = {},
): Controller {
  const kinds = createClusterKinds(transportOf(BINDING_ACCOUNT))
  const followed = createFollowedKinds({ client: kinds.client, clock, watchSeconds })
  const parts = { kinds, followed }
  return defineController<ServiceBinding>({
    name: 'servicebinding',
    type: bindingType,
    finalizer: FINALIZER,
    workers: 8,
    conditions: false,
    indexes: {
      uid: ({ metadata }) => [metadata.uid ?? ''],
      kind: ({ spec }) => [kindKey(spec.service), kindKey(spec.workload)],
      object: objectsOf,
      selecting: ({ spec, metadata }) =>
        spec.workload.selector ? [inNamespace(spec.workload, metadata.namespace)] : [],
      secret: secretsOf,
    },
    watches: [
      watching(secretType, ({ metadata }, informers) =>
        keysOf(informers, 'secret', `${metadata.namespace}/${metadata.name}`),
      ),
      watching(mappingType, ({ metadata }, informers) => ofMapping(metadata.name, informers)),
      watching(namespaceType, ({ metadata }, informers) =>
        metadata.deletionTimestamp === undefined ? [] : leaving(metadata.name, informers),
      ),
    ],
    sources: [newsOf(followed)],
    reconcile: reconcileBinding(parts),
    finalize: finalizeBinding(parts),
    explain,
    summarize: ({ object, status, settled }) => summarizeBinding(object, status, settled, clock.now()),
  })
}

/** What an API says of an object may quote it. */
function explain(error: unknown): { reason: string; message: string } | undefined {
  if (!isApiError(error)) return undefined
  const { namespace, name } = BINDING_ACCOUNT
  const message = error.message.includes(' cannot impersonate resource ')
    ? `the hub may not act as ServiceAccount ${namespace}/${name}: let it impersonate that account, by a Role in ${namespace}`
    : `the API answers ${error.code} ${error.reason}; the log of the hub has the details`
  return { reason: 'ApiRefused', message }
}

const inNamespace = (ref: KindRef, namespace = '') => `${kindKey(ref)}/${namespace}`

function objectsOf({ spec, metadata }: ServiceBinding): readonly string[] {
  const { service, workload } = spec
  const at = (ref: KindRef, name: string) => `${inNamespace(ref, metadata.namespace)}/${name}`
  return [at(service, service.name), ...(workload.name === undefined ? [] : [at(workload, workload.name)])]
}

/** The Secret that is projected, and that which would be. */
function secretsOf({ spec, status, metadata }: ServiceBinding): readonly string[] {
  const names = [status?.binding?.name, isSecret(spec.service) ? spec.service.name : undefined]
  return names.flatMap((name) => (name === undefined ? [] : [`${metadata.namespace}/${name}`]))
}

const keysOf = (informers: Informers, index: string, value: string): readonly Key[] =>
  informers.of(bindingType).byIndex(index, value).map(keyOf)

/** A mapping is named `<plural>.<group>`; whose plural it is, each binding finds out. */
function ofMapping(name: string, informers: Informers): readonly Key[] {
  const dot = name.indexOf('.')
  const group = dot < 0 ? '' : name.slice(dot + 1)
  const bindings = informers.of(bindingType).list()
  return bindings.filter(({ spec }) => parseApiVersion(spec.workload.apiVersion).group === group).map(keyOf)
}

const leaving = (namespace: string, informers: Informers): readonly Key[] =>
  informers
    .of(bindingType)
    .list(namespace)
    .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
    .map(keyOf)

const newsOf =
  (followed: FollowedKinds): Source =>
  (wake, informers) => {
    const isNews = createNoticeboard()
    return followed.tell({
      object(type, object, isGone) {
        const keys = concerned(type, object, informers)
        if (isNews(type, object, keys.length > 0 && !isGone) || isGone) wake(keys)
      },
      kind: ({ group, kind }) => wake(keysOf(informers, 'kind', groupKind(group, kind))),
    })
  }

/** Whose service or workload it is, whom it has in it, and who may select it. */
function concerned({ group, kind }: ResourceType, object: KubeObject, informers: Informers): readonly Key[] {
  const { namespace = '', name, annotations, labels } = object.metadata
  const place = `${groupKind(group, kind)}/${namespace}`
  const selecting = informers.of(bindingType).byIndex('selecting', place)
  return [
    ...keysOf(informers, 'object', `${place}/${name}`),
    ...boundUids(annotations).flatMap((uid) => keysOf(informers, 'uid', uid)),
    ...selecting.filter(({ spec }) => selects(spec.workload.selector, labels)).map(keyOf),
  ]
}
