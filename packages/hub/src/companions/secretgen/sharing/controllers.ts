/**
 * SecretExport and SecretImport: a Secret that one namespace offers and another takes.
 *
 * Both must want it. What the importer is told when there is nothing for it is one sentence, whether the Secret is missing, the export, or
 * the importer's namespace in it: a tenant must not learn by imports what others have.
 */
import { namespaceType, secretType, type Secret } from '@larder/engine/client/builtin'
import { ensure } from '@larder/engine/client/client'
import type { Informers } from '@larder/engine/client/informer'
import type { KubeObject } from '@larder/engine/machinery/object'
import { defineController, watching, type Controller } from '@larder/engine/runtime/controller'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import { keyOf, type Key, type Pass } from '@larder/engine/runtime/pass'
import { secretExportKind, secretImportKind, type SecretExport, type SecretImport } from '../kinds.ts'
import { isOwned, isStillThere, ownerOf, sameName, unlessEmpty } from '../owned-secret.ts'
import { reportOne } from '../report.ts'
import { isOffered, unreadableRequirement } from './offer.ts'

const SOURCE = 'source'

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
  const source = sourceOf(pass)
  if (!source) {
    if (copy && isOwned(copy, object)) await remove(pass, copy)
    throw new Stalled('ReconcileFailed', whyNot(object))
  }
  if (copy && !isOwned(copy, object)) {
    throw new Stalled(
      'ReconcileFailed',
      `Secret ${JSON.stringify(name)} of this namespace was not made by this SecretImport: delete or rename it`,
    )
  }
  if (copy && copy.type !== source.type) {
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
    type: source.type ?? 'Opaque',
    ...unlessEmpty({ data: source.data ?? {} }),
  }
}

const whyNot = ({ spec }: SecretImport) =>
  (spec?.fromNamespace ?? '') === ''
    ? "Validating 'spec.fromNamespace': Expected to be non-empty"
    : 'No matching export/secret'

/** The Secret, where it is offered to this namespace. */
function sourceOf(pass: Pass<SecretImport>): Secret | undefined {
  const { object } = pass
  const from = object.spec?.fromNamespace ?? ''
  const { name, namespace = '' } = object.metadata
  const offer = pass.cache(secretExportKind).get(name, from)
  const consumer = pass.cache(namespaceType).get(namespace)
  return offer && consumer && isOffered(offer, consumer) ? pass.cache(secretType).get(name, from) : undefined
}

async function remove({ client }: Pass<SecretImport>, { metadata: { name, namespace, uid = '' } }: Secret) {
  await client.of(secretType).delete(name, { namespace, preconditions: { uid } })
}
