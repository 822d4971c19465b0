import { controllerRevisionType, namespaceType, secretType, type Condition } from '@larder/engine/client/builtin'
import type { Informers } from '@larder/engine/client/informer'
import { findCondition, formatTime } from '@larder/engine/runtime/conditions'
import {
  defineController,
  watching,
  type Controller,
  type Settled,
  type Source,
} from '@larder/engine/runtime/controller'
import { keyOf, type Key, type Pass, type StatusDraft } from '@larder/engine/runtime/pass'
import { backendKind } from '../../model/backend.ts'
import { classKind } from '../../model/class.ts'
import { claimPolicyKind } from '../../model/claim-policy.ts'
import { claimKind, type Claim } from '../../model/claim.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { FINALIZER, resourceInstanceName } from '../../model/names.ts'
import type { HubContext } from '../context.ts'
import { explain, summarizeCause } from '../reporting.ts'
import { bindingName } from './binding-secret.ts'
import { finalizeClaim } from './finalize.ts'
import { resourceOf } from './hold-resource.ts'
import { isUsable, reconcileClaim } from './reconcile.ts'

export function claimController(hub: HubContext): Controller {
  const reconcile = reconcileClaim(hub)
  /** Drafts of passes after which the application can still work with what it has. */
  const usable = new WeakSet<StatusDraft<Claim>>()

  return defineController<Claim>({
    name: 'claim',
    type: claimKind,
    finalizer: FINALIZER,
    workers: 8,
    indexes: {
      class: ({ spec }) => (spec.className === undefined ? [] : [spec.className]),
      resource: (claim) => {
        const resource = resourceOf(claim)
        return resource ? [resourceInstanceName(resource)] : []
      },
      binding: (claim) => [`${claim.metadata.namespace}/${bindingName(claim)}`],
    },
    watches: [
      watching(classKind, ({ metadata }, informers) =>
        waiting(informers.of(claimKind).byIndex('class', metadata.name)),
      ),
      watching(namespaceType, ({ metadata }, informers) => {
        const claims = informers.of(claimKind).list(metadata.name)
        return [...waiting(claims), ...claims.filter(holdsElsewhere).map(keyOf)]
      }),
      // By policies and labels of what is in their namespace, and with what is held of there.
      watching(claimPolicyKind, ({ metadata }, informers) => {
        const claims = informers.of(claimKind).list()
        const held = claims.filter(({ status }) => status?.resourceRef?.namespace === metadata.namespace)
        return [...waiting(claims), ...held.map(keyOf)]
      }),
      // Who leaves the line makes room for the next.
      watching(claimKind, (claim, informers) =>
        claim.metadata.deletionTimestamp === undefined ? [] : waiting(rivals(claim, informers)),
      ),
      watching(instanceKind, heldOrAwaited, {
        claim: ({ spec }) => (spec.claimRef ? [spec.claimRef.uid] : []),
      }),
      // By name, ours or not: a foreign Secret that goes makes room.
      watching(secretType, ({ metadata }, informers) => byBinding(`${metadata.namespace}/${metadata.name}`, informers)),
      watching(backendKind, (_, informers) => waiting(informers.of(claimKind).list())),
      watching(controllerRevisionType, () => []),
    ],
    sources: [driverNews(hub)],
    async reconcile(pass: Pass<Claim>) {
      try {
        return await reconcile(pass)
      } finally {
        if (isUsable(pass)) usable.add(pass.status)
      }
    },
    finalize: finalizeClaim(hub),
    explain,
    summarize({ object, status, settled }) {
      summarizeCause(object, status, settled)
      if (settled.type !== 'done' && usable.has(status)) staysReady(object, status, settled, hub.clock.now())
    },
  })
}

const holdsElsewhere = ({ metadata, status }: Claim): boolean =>
  status?.resourceRef !== undefined && status.resourceRef.namespace !== metadata.namespace

/** Claims that may want the same. */
function rivals(claim: Claim, informers: Informers): readonly Claim[] {
  const { className } = claim.spec
  const resource = resourceOf(claim)
  const claims = informers.of(claimKind)
  if (className !== undefined) return claims.byIndex('class', className)
  return resource ? claims.byIndex('resource', resourceInstanceName(resource)) : []
}

/** The claim that holds an instance, and when a record goes all that may have waited for it. */
function heldOrAwaited({ spec, metadata }: Instance, informers: Informers): readonly Key[] {
  const holder = spec.claimRef ? [spec.claimRef] : []
  if (!spec.resourceRef || metadata.deletionTimestamp === undefined) return holder
  const claims = informers.of(claimKind)
  const ofClass = spec.className === undefined ? [] : claims.byIndex('class', spec.className)
  return [...holder, ...waiting(ofClass), ...waiting(claims.byIndex('resource', metadata.name))]
}

/** What is copied follows its source at once; what was found anew goes to those that wait. */
const driverNews =
  (hub: HubContext): Source =>
  (wake, informers) =>
    hub.sessions.subscribe((id) => {
      const instances = informers.of(instanceKind).byIndex('externalID', id)
      if (instances.length === 0) wake(waiting(informers.of(claimKind).list()))
      for (const { spec } of instances) if (spec.resourceRef && spec.claimRef) wake([spec.claimRef])
    })

/** Those that wait for something: a claim in use needs no news of its class. */
const waiting = (claims: readonly Claim[]) =>
  claims
    .filter(({ status }) => {
      const ready = findCondition(status?.conditions, 'Ready')?.status === 'True'
      const settled = !['Reconciling', 'Stalled'].some((type) => findCondition(status?.conditions, type))
      return !ready || !settled
    })
    .map(keyOf)

const byBinding = (binding: string, informers: Informers) =>
  informers.of(claimKind).byIndex('binding', binding).map(keyOf)

/** A refused or unfinished change takes no application down: Ready stays, Stalled or Reconciling say what became of it. */
function staysReady(
  object: Claim,
  status: StatusDraft<Claim>,
  settled: Exclude<Settled, { type: 'done' }>,
  nowMs: number,
): void {
  delete status.cause
  const { generation } = object.metadata
  const before = findCondition(object.status?.conditions, 'Ready')
  const since = before?.status === 'True' ? before.lastTransitionTime : formatTime(nowMs)
  const others = (status.conditions ?? []).filter((c) => c.type !== 'Ready')
  const ready: Condition = {
    type: 'Ready',
    status: 'True',
    reason: 'Ready',
    message: `in use; ${settled.message}`,
    lastTransitionTime: since,
    ...(generation !== undefined && { observedGeneration: generation }),
  }
  status.conditions = [ready, ...others]
}
