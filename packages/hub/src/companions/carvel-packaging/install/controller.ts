/** PackageInstall: chooses a Package, checks the values, keeps an App of its own name, and tells how that is. */
import type { Informers } from '@larder/engine/client/informers'
import { secretType } from '@larder/engine/client/builtin'
import { ensure, type New } from '@larder/engine/client/client'
import type { KubeObject } from '@larder/engine/machinery/object'
import { defineController, ownersOf, watching, type Controller } from '@larder/engine/runtime/controller'
import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import { keyOf, type Key, type Pass } from '@larder/engine/runtime/pass'
import { INSTALL_FINALIZER } from '../fields.ts'
import { appKind, installKind, packageKind, type App, type Package, type PackageInstall } from '../kinds.ts'
import { createBudget } from '../budget.ts'
import { neighboursOf } from '../app/controller.ts'
import { currentCondition, Failed, paused, reportOne, SEE_USEFUL } from '../report.ts'
import { checkAgainst, mergeValues, readValues } from '../template/values.ts'
import { choosePackage } from './choose-package.ts'
import { appOf } from './app-of.ts'

const NAMED = 'named'
const VALUES = 'values'

type InstallPass = Pass<PackageInstall>

export function installController(): Controller {
  return defineController<PackageInstall>({
    name: 'carvel-packageinstall',
    type: installKind,
    conditions: false,
    finalizer: INSTALL_FINALIZER,
    indexes: {
      [NAMED]: ({ spec }) => (spec ? [spec.packageRef.refName] : []),
      [VALUES]: ({ metadata: { namespace = '' }, spec }) =>
        (spec?.values ?? []).map(({ secretRef }) => `${namespace}/${secretRef.name}`),
    },
    watches: [
      watching(appKind, (app) => ownersOf(app, installKind)),
      watching(packageKind, (one, informers) => installsBy(NAMED, one.spec?.refName ?? '', informers)),
      watching(secretType, ({ metadata: { namespace = '', name } }, informers) =>
        installsBy(VALUES, `${namespace}/${name}`, informers),
      ),
    ],
    reconcile,
    finalize,
    summarize: reportOne,
  })
}

const installsBy = (index: string, key: string, informers: Informers): readonly Key[] =>
  informers
    .of(installKind)
    .byIndex(index, key)
    .map((install) => keyOf(install))

const isOwned = ({ metadata }: KubeObject, { object }: InstallPass): boolean =>
  metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid) ?? false

async function reconcile(pass: InstallPass): Promise<Outcome> {
  const { object: install, status } = pass
  const { name, namespace } = install.metadata
  if (!install.spec) throw new Failed('spec is empty: name a package in spec.packageRef')
  const current = pass.cache(appKind).get(name, namespace)
  if (install.spec.paused || install.spec.canceled) {
    // What is installed already is to stand still as well.
    if (current && isOwned(current, pass) && !current.spec?.paused)
      await pass.client.of(appKind).patch(name, { spec: { paused: true } }, { namespace })
    return paused
  }
  const chosen = await choosePackage(pass)
  const version = chosen.spec?.version ?? ''
  status.lastAttemptedVersion = version
  await checkValues(pass, chosen)
  const app = await keepApp(pass, chosen, current)
  status.version = version
  return follow(app)
}

/** Throws `Failed` where the values do not fit: before anything is made of them, and in words that name the fields. */
async function checkValues(pass: InstallPass, chosen: Package): Promise<void> {
  const budget = createBudget()
  const beside = { neighbours: neighboursOf(pass), files: new Map(), budget }
  const texts = await readValues(pass.object.spec?.values ?? [], beside)
  await checkAgainst(chosen.spec?.valuesSchema?.openAPIv3, await mergeValues(texts, budget))
}

async function keepApp(pass: InstallPass, chosen: Package, cached: App | undefined): Promise<App> {
  const { object: install, client } = pass
  const { name, namespace = '', uid } = install.metadata
  if (cached === undefined) {
    // News of its end may come before that of its install: made then, it would have to go again.
    const now = await client.of(installKind).find(name, namespace)
    if (now?.metadata.uid !== uid || now?.metadata.deletionTimestamp !== undefined)
      throw new Failed('the PackageInstall is being deleted')
  }
  const desired = (current: App | undefined): New<App> => {
    if (current && !isOwned(current, pass))
      throw new Failed(`App ${JSON.stringify(name)} was not made for this PackageInstall: delete or rename it`)
    return appOf(install, chosen, current)
  }
  return ensure(client, appKind, { name, namespace }, desired, { cached })
}

function follow(app: App): Outcome {
  const condition = currentCondition(app)
  if (condition === 'ReconcileSucceeded') return done
  const [told] = app.status?.conditions ?? []
  if (condition === 'ReconcileFailed' || condition === 'DeleteFailed')
    throw new Failed(SEE_USEFUL, { useful: app.status?.usefulErrorMessage ?? '' })
  return wait('Reconciling', condition === 'Reconciling' ? (told?.message ?? '') : '')
}

/** The App takes away what it has applied; until it is gone, the install stays. */
async function finalize(pass: InstallPass): Promise<Outcome> {
  const { object: install, client } = pass
  const { name, namespace } = install.metadata
  const app = await client.of(appKind).find(name, namespace)
  if (!app || !isOwned(app, pass)) return done
  const { noopDelete = false, serviceAccountName, paused: isPaused, canceled } = install.spec ?? {}
  const isStopped = isPaused === true || canceled === true
  const spec = app.spec ?? {}
  // What was said since the App was last written counts for its deletion.
  if (
    (spec.noopDelete ?? false) !== noopDelete ||
    spec.serviceAccountName !== serviceAccountName ||
    (spec.paused ?? false) !== isStopped
  )
    await client
      .of(appKind)
      .patch(
        name,
        { spec: { noopDelete, serviceAccountName: serviceAccountName ?? null, paused: isStopped } },
        { namespace },
      )
  if (app.metadata.deletionTimestamp === undefined)
    await client.of(appKind).delete(name, { namespace, preconditions: { uid: app.metadata.uid! } })
  if (isStopped && !noopDelete) return paused
  if (currentCondition(app) === 'DeleteFailed')
    throw new Failed(SEE_USEFUL, { useful: app.status?.usefulErrorMessage ?? '' })
  return wait('Deleting', app.status?.conditions?.[0]?.message ?? '')
}
