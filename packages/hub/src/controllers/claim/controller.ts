import { controllerRevisionType, namespaceType, secretType, type Condition } from '@larder/engine/client/builtin'
import type { Informers } from '@larder/engine/client/informers'
import { findCondition, formatTime } from '@larder/engine/runtime/conditions'
import {
  defineController,
  watching,
  type Controller,
  type Settled,
  type Source,
} from '@larder/engine/runtime/controller'
import { keyOf, type Key, type Pass, type StatusDraft } from '@larder/engine/runtime/pass'
import { backendKind, type Backend } from '../../model/backend.ts'
import { isPool } from '../../model/claimable.ts'
import { classKind } from '../../model/class.ts'
import { claimPolicyKind, type ClaimPolicy } from '../../model/claim-policy.ts'
import { claimKind, type Claim } from '../../model/claim.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { homeOf, nameIn } from '../../model/instance-use.ts'
import { FINALIZER, resourceInstanceName } from '../../model/names.ts'
import type { HubContext } from '../context.ts'
import { explain, summarizeCause } from '../reporting.ts'
import { claimUidsOf } from './binding-secret.ts'
import { claimIndexes, isAbroad, isWaiting, waitingClaims } from './claim-indexes.ts'
import { finalizeClaim } from './finalize.ts'
import { freeKind } from './hold-free.ts'
import { resourceOf } from './hold-resource.ts'
import { isUsable, reconcileClaim } from './reconcile.ts'
import { createSharers, sharersOf } from './sharers.ts'

export function claimController(hub: HubContext): Controller {
  const reconcile = reconcileClaim(hub)
  /** Drafts of passes after which the application can still work with what it has. */
  const usable = new WeakSet<StatusDraft<Claim>>()
  const sharers = createSharers()

  return defineController<Claim>({
    name: 'claim',
    type: claimKind,
    finalizer: FINALIZER,
    workers: 8,
    indexes: claimIndexes,
    watches: [
      watching(classKind, ({ metadata }, informers) => waitingClaims(informers, metadata.name).map(keyOf)),
      watching(namespaceType, ({ metadata }, informers) => {
        hub.pools.stale()
        const claims = informers.of(claimKind).list(metadata.name)
        return claims.filter((claim) => isWaiting(claim) || isAbroad(claim)).map(keyOf)
      }),
      watching(claimPolicyKind, (policy, informers) => {
        hub.pools.stale()
        return judgedBy(policy, informers)
      }),
      // Who leaves the line makes room for the next.
      watching(claimKind, (claim, informers) =>
        claim.metadata.deletionTimestamp === undefined ? [] : rivals(claim, informers, hub),
      ),
      watching(
        instanceKind,
        (instance, informers) => [
          ...sharers(instance, informers).map(keyOf),
          ...heldOrAwaited(instance, informers, hub),
        ],
        {
          claim: ({ spec }) => (spec.claimRef ? [spec.claimRef.uid] : []),
          free: freeKind,
          home: (instance) => (homeOf(instance) === instance.metadata.namespace ? [] : [homeOf(instance)]),
        },
      ),
      // By name, ours or not: a foreign Secret that goes makes room.
      watching(secretType, ({ metadata }, informers) => claimsOfSecret(nameIn(metadata), informers), {
        claim: claimUidsOf,
      }),
      watching(backendKind, waitingForBackend),
      watching(controllerRevisionType, () => []),
    ],
    sources: [hub.pools.source, driverNews(hub)],
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

/** That hold its content, or that it tells parameters. */
const claimsOfSecret = (name: string, informers: Informers): readonly Key[] =>
  ['binding', 'secrets'].flatMap((index) => informers.of(claimKind).byIndex(index, name).map(keyOf))

/** Claims that may want the same; those before a pool are told by its line. */
function rivals(claim: Claim, informers: Informers, { pools }: HubContext): readonly Key[] {
  const { className, instanceRef } = claim.spec
  const resource = resourceOf(claim)
  const claims = informers.of(claimKind)
  if (className !== undefined) {
    const service = informers.of(classKind).get(className)
    // What is made for each claim has no line.
    if (service && isPool(service)) pools.news(className)
    return []
  }
  if (instanceRef) return claims.byIndex('named', nameIn(instanceRef)).filter(isWaiting).map(keyOf)
  return resource ? claims.byIndex('resource', resourceInstanceName(resource)).filter(isWaiting).map(keyOf) : []
}

/**
 * What is held of the namespace, what is asked for by name there, and whatever waits for something of a class: which classes find something
 * there is for their drivers to say.
 */
function judgedBy({ metadata }: ClaimPolicy, informers: Informers): readonly Key[] {
  const { namespace = '' } = metadata
  const claims = informers.of(claimKind)
  const elsewhere = informers.of(instanceKind).byIndex('home', namespace)
  const named = elsewhere.flatMap((instance) => claims.byIndex('named', nameIn(instance.metadata)))
  const ofClasses = waitingClaims(informers).filter(({ spec }) => spec.className !== undefined)
  return [...ofClasses, ...claims.byIndex('home', namespace), ...named].map(keyOf)
}

/** Those of its classes, and those that name what they want. */
const waitingForBackend = ({ metadata }: Backend, informers: Informers): readonly Key[] =>
  [...waitingOfBackend(metadata.name, informers), ...waitingClaims(informers, '')].map(keyOf)

function waitingOfBackend(backend: string, informers: Informers): readonly Claim[] {
  const classes = informers.of(classKind).list()
  const served = classes.filter(({ spec }) => spec.backendRef.name === backend)
  return served.flatMap(({ metadata }) => waitingClaims(informers, metadata.name))
}

/** Pools may find the same things, whatever their backends are: what a claim of another gives back, or one by resource, somebody may wait for. */
function tellPools(informers: Informers, { pools }: HubContext): void {
  for (const each of informers.of(classKind).list()) {
    if (!isPool(each)) continue
    const { name } = each.metadata
    if (waitingClaims(informers, name).length > 0) pools.news(name)
    else pools.changed(name)
  }
}

/** The claims that have an instance, and those that may have waited for it when it is free or goes. */
function heldOrAwaited(instance: Instance, informers: Informers, hub: HubContext): readonly Key[] {
  const { spec, metadata } = instance
  const claims = informers.of(claimKind)
  const holder = spec.claimRef ? [spec.claimRef] : []
  const naming = spec.claimRef ? [] : claims.byIndex('named', nameIn(metadata)).filter(isWaiting).map(keyOf)
  if (!spec.resourceRef || metadata.deletionTimestamp === undefined) return [...holder, ...naming]
  tellPools(informers, hub)
  const ofResource = claims.byIndex('resource', metadata.name).filter(isWaiting)
  return [...holder, ...naming, ...ofResource.map(keyOf)]
}

/** What is copied follows its source at once; what was found anew goes to those that wait. */
const driverNews =
  (hub: HubContext): Source =>
  (wake, informers) =>
    hub.sessions.subscribe((id) => {
      // What a claim by resource asks for is known by the name of its record. Labels decide who may have it, also while another holds it.
      wake(informers.of(claimKind).byIndex('resource', id).filter(isWaiting).map(keyOf))
      const instances = informers.of(instanceKind).byIndex('externalID', id)
      for (const each of instances) {
        if (!each.spec.resourceRef) continue
        wake(heldOrAwaited(each, informers, hub))
        wake(sharersOf(each, informers).map(keyOf))
      }
      if (instances.length > 0) return
      for (const each of informers.of(classKind).list()) if (isPool(each)) hub.pools.news(each.metadata.name)
    })

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
