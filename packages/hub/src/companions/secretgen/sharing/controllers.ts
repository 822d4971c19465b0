/**
 * SecretExport and SecretImport: a Secret that one namespace offers and another takes.
 *
 * Both must want it. What the importer is told when there is nothing for it is one sentence, whether the Secret is missing, the export, or
 * the importer's namespace in it: a tenant must not learn by imports what others have.
 */
import { namespaceType, secretType, type Secret } from '@larder/engine/client/builtin'
import { ensure } from '@larder/engine/client/client'
import type { Informers } from '@larder/engine/client/informers'
import type { KubeObject } from '@larder/engine/machinery/object'
import { defineController, watching, type Controller } from '@larder/engine/runtime/controller'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import { keyOf, type Key, type Pass } from '@larder/engine/runtime/pass'
import { secretExportKind, secretImportKind, type SecretExport, type SecretImport } from '../kinds.ts'
import { isOwned, isStillThere, ownerOf, sameName, unlessEmpty } from '../owned-secret.ts'
import { reportOne } from '../report.ts'
import { isOffered, unreadableRequirement } from './offer.ts'

const SOURCE = 'source'
/** On a SecretImport: its copy outlives the Secret, for as long as that is exported to it. */
const KEEP_ANNOTATION = 'larder.dev/keep-without-source'
/** Kubernetes takes the content out of one that belongs to no ServiceAccount of its own namespace. */
const ACCOUNT_TOKEN = 'kubernetes.io/service-account-token'

export function sharingControllers(): readonly Controller[] {
  return [
    defineController<SecretExport>({
      name: 'secretgen-export',
      type: secretExportKind,
      conditions: false,
      watches: [watching(secretType, sameName(secretExportKind))],
      reconcile: checkExport,
      summarize: reportOne,
    }),
    defineController<SecretImport>({
      name: 'secretgen-import',
      type: secretImportKind,
      conditions: false,
      indexes: { [SOURCE]: ({ metadata, spec }) => [`${spec?.fromNamespace ?? ''}/${metadata.name}`] },
      watches: [
        watching(secretExportKind, importsOf),
        watching(secretType, (secret, informers) => [
          ...importsOf(secret, informers),
          ...sameName(secretImportKind)(secret, informers),
        ]),
        watching(namespaceType, ({ metadata }, informers) =>
          informers
            .of(secretImportKind)
            .list(metadata.name)
            .map((one) => keyOf(one)),
        ),
      ],
      reconcile: followSource,
      summarize: reportOne,
    }),
  ]
}

/** Those that take what has this name in this namespace. */
function importsOf({ metadata: { namespace, name } }: KubeObject, informers: Informers): readonly Key[] {
  return informers
    .of(secretImportKind)
    .byIndex(SOURCE, `${namespace ?? ''}/${name}`)
    .map((one) => keyOf(one))
}

function checkExport(pass: Pass<SecretExport>): Outcome {
  const { object } = pass
  const { name, namespace } = object.metadata
  const unreadable = unreadableRequirement(object)
  if (unreadable !== undefined) throw new Stalled('ReconcileFailed', unreadable)
  if (!pass.cache(secretType).get(name, namespace)) throw new Stalled('ReconcileFailed', 'Missing exported secret')
  return done
}

async function followSource(pass: Pass<SecretImport>): Promise<Outcome> {
  const { object, client } = pass
  const { name, namespace = '' } = object.metadata
  const copy = pass.cache(secretType).get(name, namespace)
  const isMeant = isOfferedHere(pass)
  const source = isMeant ? pass.cache(secretType).get(name, object.spec?.fromNamespace) : undefined
  if (!source) {
    const stays = isMeant && object.metadata.annotations?.[KEEP_ANNOTATION] === 'true'
    if (copy && isOwned(copy, object) && !stays) await remove(pass, copy)
    throw new Stalled('ReconcileFailed', whyNot(object))
  }
  if (copy && !isOwned(copy, object)) {
    throw new Stalled(
      'ReconcileFailed',
      `Secret ${JSON.stringify(name)} of this namespace was not made by this SecretImport: delete or rename it`,
    )
  }
  if (copy && copy.type !== copyType(source)) {
    await remove(pass, copy)
    return wait('Reconciling', 'the type has changed: the copy is made anew')
  }
  if (!copy && !(await isStillThere(pass, secretImportKind))) return done
  await ensure(client, secretType, { name, namespace }, (current) => copyOf(source, object, current), { cached: copy })
  return done
}

function copyOf(source: Secret, owner: SecretImport, current: Secret | undefined) {
  const { data: _, ...rest } = current ?? {}
  return {
    ...rest,
    metadata: { ...current?.metadata, ownerReferences: [ownerOf(owner)] },
    type: copyType(source),
    ...unlessEmpty({ data: source.data ?? {} }),
  }
}

const copyType = ({ type = 'Opaque' }: Secret) => (type === ACCOUNT_TOKEN ? 'Opaque' : type)

const whyNot = ({ spec }: SecretImport) =>
  (spec?.fromNamespace ?? '') === ''
    ? "Validating 'spec.fromNamespace': Expected to be non-empty"
    : 'No matching export/secret'

/** Whether the namespace is among those that its source is exported to. */
function isOfferedHere(pass: Pass<SecretImport>): boolean {
  const { name, namespace = '' } = pass.object.metadata
  const offer = pass.cache(secretExportKind).get(name, pass.object.spec?.fromNamespace)
  const consumer = pass.cache(namespaceType).get(namespace)
  return offer !== undefined && consumer !== undefined && isOffered(offer, consumer)
}

async function remove({ client }: Pass<SecretImport>, { metadata: { name, namespace, uid = '' } }: Secret) {
  await client.of(secretType).delete(name, { namespace, preconditions: { uid } })
}
