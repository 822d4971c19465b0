/** PackageRepository: keeps the Packages and PackageMetadata of a source in its namespace. They go with it, by their owner. */
import type { JsonObject } from '@larder/engine/base/json'
import { secretType } from '@larder/engine/client/builtin'
import type { Informers } from '@larder/engine/client/informers'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject, OwnerReference } from '@larder/engine/machinery/object'
import { isApiError, isConflict } from '@larder/engine/machinery/status'
import { defineController, ownersOf, watching, type Controller } from '@larder/engine/runtime/controller'
import { done, type Outcome } from '@larder/engine/runtime/outcome'
import { keyOf, type Key, type Pass } from '@larder/engine/runtime/pass'
import type { DoorContext } from '../../../door.ts'
import { createBudget, type Budget } from '../budget.ts'
import { neighboursOf, secretNames } from '../app/controller.ts'
import { covers, MARK, markOf } from '../deploy/applied.ts'
import { FIELD_MANAGER } from '../deploy/account.ts'
import { DATA_GROUP, VERSION } from '../fields.ts'
import { below, isYaml, type Files } from '../fetch/files.ts'
import type { Puller } from '../fetch/images.ts'
import { fetchOne } from '../fetch/source.ts'
import { metadataKind, packageKind, repositoryKind, type PackageRepository } from '../kinds.ts'
import { Failed, paused, reportOne } from '../report.ts'
import { createResync, periodMs } from '../resync.ts'
import { manifestsOf, parseDocuments } from '../template/documents.ts'

const EVERY_MS = 300_000
const READS = 'reads'
/** On what a repository has brought, as upstream. */
const REPOSITORY_ANNOTATION = 'packaging.carvel.dev/package-repository-ref'
const KINDS: readonly ResourceType[] = [metadataKind, packageKind]

type RepositoryPass = Pass<PackageRepository>

export function repositoryController({ clock }: Pick<DoorContext, 'clock'>, images: Puller): Controller {
  const resync = createResync(clock)
  return defineController<PackageRepository>({
    name: 'carvel-packagerepository',
    type: repositoryKind,
    conditions: false,
    indexes: {
      [READS]: ({ metadata: { namespace = '' }, spec }) =>
        secretNames({ fetch: spec ? [spec.fetch] : [] }).map((name) => `${namespace}/${name}`),
    },
    watches: [
      ...KINDS.map((kind) => watching(kind, (object) => ownersOf(object, repositoryKind))),
      watching(secretType, repositoriesReading),
    ],
    sources: [resync.source],
    async reconcile(pass) {
      const { spec } = pass.object
      if (!spec) throw new Failed('spec is empty: name a source in spec.fetch')
      if (spec.paused) return paused
      resync.after(pass.key, periodMs(spec.syncPeriod, EVERY_MS))
      return reconcile(pass, images)
    },
    summarize: reportOne,
  })
}

const repositoriesReading = (
  { metadata: { namespace = '', name } }: KubeObject,
  informers: Informers,
): readonly Key[] =>
  informers
    .of(repositoryKind)
    .byIndex(READS, `${namespace}/${name}`)
    .map((repository) => keyOf(repository))

async function reconcile(pass: RepositoryPass, images: Puller): Promise<Outcome> {
  const { signal } = pass
  const budget = createBudget()
  const files = await fetchOne(pass.object.spec!.fetch, 'spec.fetch', {
    neighbours: neighboursOf(pass),
    images,
    signal,
    budget,
    secrets: [],
  })
  const wanted = await contentOf(files, budget)
  for (const object of wanted) await keep(pass, object)
  const kept = new Set(wanted.map(({ kind, metadata }) => `${kind}/${metadata.name}`))
  for (const type of KINDS) {
    const own = pass
      .cache(type)
      .list(pass.object.metadata.namespace)
      .filter((object) => isOwned(object, pass))
    for (const { kind, metadata } of own) {
      const { name, namespace, uid = '' } = metadata
      if (!kept.has(`${kind}/${name}`)) await pass.client.of(type).delete(name, { namespace, preconditions: { uid } })
    }
  }
  return done
}

/** As upstream, the folder `packages` where there is one. */
async function contentOf(files: Files, budget: Budget): Promise<readonly (JsonObject & KubeObject)[]> {
  const inner = below(files, 'packages')
  const yaml = new Map(
    [...(inner.size > 0 ? inner : files)].filter(([path]) => isYaml(path) && !path.startsWith('.imgpkg/')),
  )
  const manifests = manifestsOf(await parseDocuments(yaml, budget)) as readonly (JsonObject & KubeObject)[]
  if (manifests.length === 0) throw new Failed('Templating dir: the repository has no Package and no PackageMetadata')
  const other = manifests.find(({ apiVersion, kind }) => typeOf(apiVersion, kind) === undefined)
  if (other)
    throw new Failed(
      `Templating dir: a repository brings Packages and PackageMetadata of ${DATA_GROUP}/${VERSION} alone, and this one ${other.kind} ${other.metadata.name}`,
    )
  return manifests
}

const typeOf = (apiVersion: string, kind: string): ResourceType | undefined =>
  apiVersion === `${DATA_GROUP}/${VERSION}` ? KINDS.find((type) => type.kind === kind) : undefined

const isOwned = ({ metadata }: KubeObject, { object }: RepositoryPass): boolean =>
  metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid) ?? false

async function keep(pass: RepositoryPass, object: JsonObject & KubeObject): Promise<void> {
  const type = typeOf(object.apiVersion, object.kind)!
  const { name, namespace = '' } = pass.object.metadata
  const spec = object['spec'] ?? {}
  const current = pass.cache(type).get(object.metadata.name, namespace)
  if (current && !isOwned(current, pass)) {
    // Two repositories may bring the same package, as long as it is the same.
    if (covers(current as never, { spec })) return
    throw new Failed(
      `Deploying: ${type.kind} ${object.metadata.name} is there already, with other content and not from this repository`,
    )
  }
  const { labels, annotations } = object.metadata
  const mark = markOf({ spec, labels: labels ?? {}, annotations: annotations ?? {} })
  const wanted = {
    spec,
    metadata: {
      name: object.metadata.name,
      namespace,
      ...(labels && { labels }),
      annotations: { ...annotations, [REPOSITORY_ANNOTATION]: `${namespace}/${name}`, [MARK]: mark },
      ownerReferences: [ownerOf(pass.object)],
    },
  }
  if (current && covers(current as never, wanted as never)) return
  try {
    await pass.client.of(type).apply(wanted, { fieldManager: FIELD_MANAGER, force: true })
  } catch (error) {
    if (!isApiError(error) || isConflict(error)) throw error
    throw new Failed(`Deploying: ${type.kind} ${object.metadata.name}: ${error.message}`, { cause: error })
  }
}

const ownerOf = ({ apiVersion, kind, metadata }: PackageRepository): OwnerReference => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid ?? '',
  controller: true,
})
