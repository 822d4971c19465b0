/** App: fetch, template, deploy, and the reverse when it goes. */
import type { Client } from '@larder/engine/client/client'
import type { KubeObject } from '@larder/engine/machinery/object'
import { isNotFound } from '@larder/engine/machinery/status'
import type { Informers } from '@larder/engine/client/informers'
import { configMapType, namespaceType, secretType, serviceAccountType } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import { createServedKinds, type ServedKinds } from '@larder/engine/client/served-kinds'
import { defineController, watching, type Controller } from '@larder/engine/runtime/controller'
import { done, type Outcome } from '@larder/engine/runtime/outcome'
import { keyOf, type Key, type Pass } from '@larder/engine/runtime/pass'
import type { DoorContext } from '../../../door.ts'
import { createBudget } from '../budget.ts'
import { APP_FINALIZER } from '../fields.ts'
import type { Puller } from '../fetch/images.ts'
import { fetchAll, type Neighbours } from '../fetch/source.ts'
import { appKind, type App, type AppSpec } from '../kinds.ts'
import { Failed, paused, reportOne } from '../report.ts'
import { createResync, periodMs } from '../resync.ts'
import { templateAll } from '../template/template.ts'
import { actorOf } from '../deploy/account.ts'
import { splitConfig } from '../deploy/config.ts'
import { deploy } from '../deploy/deploy.ts'
import { place, type Kinds } from '../deploy/manifest.ts'
import { removeAll } from '../deploy/remove.ts'

const READS = 'reads'
const EVERY_MS = 30_000

type AppPass = Pass<App>

export function appController(context: DoorContext, images: Puller): Controller {
  const resync = createResync(context.clock)
  let kinds: ServedKinds | undefined
  /** What is found is kept for all; a question ends with the pass that asks it. */
  const kindsOf = ({ client, signal }: AppPass): Kinds => {
    const all = (kinds ??= createServedKinds(client.transport))
    return {
      ...all,
      find: (apiVersion, kind) => all.find(apiVersion, kind, signal),
      versionsOf: (group) => versionsOf(group, client, signal),
    }
  }
  return defineController<App>({
    name: 'carvel-app',
    type: appKind,
    conditions: false,
    finalizer: APP_FINALIZER,
    indexes: { [READS]: secretsReadBy },
    watches: [watching(secretType, appsReading)],
    sources: [resync.source],
    async reconcile(pass) {
      const { spec = {} } = pass.object
      if (spec.paused || spec.canceled) return paused
      resync.after(pass.key, periodMs(spec.syncPeriod, EVERY_MS))
      return reconcile(pass, { context, images, kinds: kindsOf(pass) })
    },
    finalize: (pass) => finalize(pass, context, kindsOf(pass)),
    summarize: reportOne,
  })
}

async function versionsOf(group: string, client: Client, signal: AbortSignal): Promise<readonly string[]> {
  if (group === '') return []
  try {
    const { versions = [] } = (await client.transport.raw(`/apis/${group}`, signal)) as {
      versions?: readonly { readonly version: string }[]
    }
    return versions.map(({ version }) => version)
  } catch (error) {
    if (!isNotFound(error)) throw error
    return []
  }
}

interface With {
  readonly context: DoorContext
  readonly images: Puller
  readonly kinds: Kinds
}

async function reconcile(pass: AppPass, { context, images, kinds }: With): Promise<Outcome> {
  const { object: app, client, signal, clock, status } = pass
  const { namespace = '' } = app.metadata
  const { fetch = [], template = [], deploy: ways = [], defaultNamespace } = app.spec ?? {}
  const actor = await actorOf(app, client, context.transportOf, signal)
  const neighbours = neighboursOf(pass)
  const budget = createBudget()
  const secrets: string[] = []
  const files = await fetchAll(fetch, { neighbours, images, signal, budget, secrets })
  const { objects, config } = splitConfig(await templateAll(template, { files, neighbours, secrets, signal, budget }))
  if (ways.some(({ kapp }) => kapp?.mapNs?.length))
    throw new Failed('Deploying: spec.deploy.kapp.mapNs is not supported')
  const intoNs = ways.find(({ kapp }) => kapp?.intoNs)?.kapp?.intoNs
  const manifests = await place(objects, { kinds, namespace: defaultNamespace ?? namespace, intoNs })
  let startedAt = status.deploy?.startedAt
  let isDone = false
  try {
    const outcome = await deploy(
      {
        app,
        actor,
        kinds,
        config,
        changing: () => (startedAt = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')),
      },
      manifests,
    )
    isDone = outcome.type === 'done'
    return paced(outcome, startedAt, clock.now())
  } finally {
    if (startedAt !== undefined) status.deploy = { startedAt, finished: isDone }
  }
}

async function finalize(pass: AppPass, context: DoorContext, kinds: Kinds): Promise<Outcome> {
  const { object: app, client, signal } = pass
  const { clock } = context
  const { spec = {} } = app
  if (spec.noopDelete) return done
  if (spec.paused || spec.canceled) return paused
  if (await isEnding(pass)) return done
  const actor = await actorOf(app, client, context.transportOf, signal)
  return paced(await removeAll({ app, actor, kinds, clock }), app.metadata.deletionTimestamp, clock.now())
}

const SELDOM_MS = 10_000

/** What takes long is looked at less often: a cache of a cloud takes ten minutes, and each look is a call for each object. */
function paced(outcome: Outcome, since: string | undefined, nowMs: number): Outcome {
  if (outcome.type === 'done' || outcome.afterMs === undefined || since === undefined) return outcome
  const afterMs = Math.min(SELDOM_MS, Math.max(outcome.afterMs, (nowMs - Date.parse(since)) / 10))
  return { ...outcome, afterMs }
}

/**
 * Where a whole namespace goes its accounts and records go in any order, and an App whose account is gone would hold up the namespace for
 * good. What it has applied there goes with the namespace; what it has applied elsewhere nobody may take away any more.
 */
async function isEnding({ object, client }: AppPass): Promise<boolean> {
  const { namespace = '' } = object.metadata
  const { serviceAccountName = '' } = object.spec ?? {}
  const home = await client.of(namespaceType).find(namespace)
  if (home?.metadata.deletionTimestamp === undefined) return false
  return serviceAccountName === '' || !(await client.of(serviceAccountType).find(serviceAccountName, namespace))
}

/** Read by the hub's own rights: who may write an App or a PackageInstall in a namespace may use its Secrets, as with a pod. */
export function neighboursOf(pass: Pass<KubeObject>): Neighbours {
  const { namespace = '' } = pass.object.metadata
  const reader = <T extends KubeObject>(type: ResourceType<T>) => {
    const known = new Map<string, Promise<T | undefined>>()
    return async (name: string): Promise<T> => {
      // Once in a pass, however often it is named; and not from a cache, where news of it may come after those of who names it.
      const asked = known.get(name) ?? pass.client.of(type).find(name, namespace)
      known.set(name, asked)
      const found = await asked
      if (!found) throw new Failed(`Reading values: ${type.resource} ${JSON.stringify(name)} not found`)
      return found
    }
  }
  return { secret: reader(secretType), configMap: reader(configMapType) }
}

export function secretNames({ fetch = [], template = [] }: Pick<AppSpec, 'fetch' | 'template'>): readonly string[] {
  const fetched = fetch.flatMap(({ inline, imgpkgBundle, image }) => [
    ...(inline?.pathsFrom ?? []).map(({ secretRef }) => secretRef?.name),
    imgpkgBundle?.secretRef?.name,
    image?.secretRef?.name,
  ])
  const values = template.flatMap(({ values: own, ytt }) =>
    [...(own?.valuesFrom ?? []), ...(ytt?.valuesFrom ?? []), ...(ytt?.inline?.pathsFrom ?? [])].map(
      ({ secretRef }) => secretRef?.name,
    ),
  )
  return [...fetched, ...values].filter((name) => name !== undefined)
}

const secretsReadBy = ({ metadata: { namespace = '' }, spec = {} }: App): readonly string[] =>
  secretNames(spec).map((name) => `${namespace}/${name}`)

const appsReading = ({ metadata: { namespace = '', name } }: KubeObject, informers: Informers): readonly Key[] =>
  informers
    .of(appKind)
    .byIndex(READS, `${namespace}/${name}`)
    .map((app) => keyOf(app))
