/** The kinds of Carvel packaging, with fields, columns and short names of their inventor. docs/reference/carvel-packaging.md says what holds. */
import { isObject, type JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import {
  definitionOf,
  defineForeignKind,
  type ForeignKind,
  type ObjectOfForeignKind,
} from '../../model/foreign-kind.ts'
import { anyValue, flag, freeObject, list, object, required, text, time } from '../../model/schema.ts'
import type { PrinterColumn } from '../../model/kind.ts'
import {
  APP_GROUP,
  appSteps,
  DATA_GROUP,
  PACKAGING_GROUP,
  repositoryFetch,
  running,
  statusWith,
  valuesSchema,
  VERSION,
  versionSelection,
} from './fields.ts'

const age: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since creation.',
}
const described: PrinterColumn = {
  name: 'Description',
  type: 'string',
  jsonPath: '.status.friendlyDescription',
  description: 'What became of it.',
}
const column = (name: string, jsonPath: string, description: string): PrinterColumn => ({
  name,
  type: 'string',
  jsonPath,
  description,
})

export const repositoryKind = defineForeignKind({
  group: PACKAGING_GROUP,
  version: VERSION,
  kind: 'PackageRepository',
  resource: 'packagerepositories',
  namespaced: true,
  description:
    'A PackageRepository brings Packages and their PackageMetadata into its namespace, and takes them along.',
  spec: object('From where.', {
    fetch: required(repositoryFetch),
    paused: flag('Nothing is done while this is set.'),
    syncPeriod: text('How often it is fetched again, such as `10m`; at least 30s, 5m unless told.'),
  }),
  status: statusWith({}),
  columns: [age, described],
})

export const metadataKind = defineForeignKind({
  group: DATA_GROUP,
  version: VERSION,
  kind: 'PackageMetadata',
  resource: 'packagemetadatas',
  namespaced: true,
  description: 'PackageMetadata says in words what the Packages of its name are.',
  spec: object(
    'For people.',
    {
      displayName: text('Its name for people.'),
      shortDescription: text('One line.'),
      longDescription: text('More.'),
      providerName: text('Who makes it.'),
      maintainers: list('Who maintains it.', object('One.', { name: text('Their name.') })),
      categories: list('What it is about.', text('A word.')),
      supportDescription: text('Where help is.'),
      iconSVGBase64: text('An icon.'),
    },
    { keepUnknown: true },
  ),
  status: freeObject('Not written.'),
  columns: [
    column('Display name', '.spec.displayName', 'Its name for people.'),
    column('Category', '.spec.categories', 'What it is about.'),
    column('Short description', '.spec.shortDescription', 'One line.'),
    age,
  ],
})

export const packageKind = defineForeignKind({
  group: DATA_GROUP,
  version: VERSION,
  kind: 'Package',
  resource: 'packages',
  namespaced: true,
  description: 'A Package is one version of what can be installed. Its name is `REFNAME.VERSION`.',
  spec: object(
    'What it is.',
    {
      refName: required(text('The name of its PackageMetadata.')),
      version: required(text('A semantic version.')),
      licenses: list('Its licences.', text('One.')),
      releasedAt: time('When it was released.'),
      releaseNotes: text('What is new.'),
      // So spelled by its inventor.
      capactiyRequirementsDescription: text('What it needs.'),
      includedSoftware: anyValue('What is in it.'),
      kappControllerVersionSelection: freeObject('Read and not followed: there is no kapp-controller here.'),
      kubernetesVersionSelection: versionSelection,
      valuesSchema,
      template: object('The App that is made of it.', {
        spec: object('As in an App.', appSteps),
      }),
    },
    { keepUnknown: true },
  ),
  status: freeObject('Not written.'),
  columns: [
    column('Packagemetadata name', '.spec.refName', 'The name of its PackageMetadata.'),
    column('Version', '.spec.version', 'Its version.'),
    age,
  ],
})

export const installKind = defineForeignKind({
  group: PACKAGING_GROUP,
  version: VERSION,
  kind: 'PackageInstall',
  resource: 'packageinstalls',
  namespaced: true,
  description: 'A PackageInstall installs the highest version of a package that it allows, as an App of its own name.',
  spec: object('What, and as whom.', {
    ...running,
    packageRef: required(
      object('The package.', {
        refName: required(text('Its name.')),
        versionSelection,
      }),
    ),
    values: list(
      'Values for it; later ones win.',
      object('Where they are.', {
        secretRef: required(
          object('A Secret of this namespace.', {
            name: required(text('Its name.')),
            key: text('Only this key of it; absent: all, by name.'),
          }),
        ),
      }),
    ),
  }),
  status: statusWith({
    version: text('The version that is installed.'),
    lastAttemptedVersion: text('The version that was tried last.'),
  }),
  columns: [
    column('Package name', '.spec.packageRef.refName', 'What it installs.'),
    column('Package version', '.status.version', 'The version that is installed.'),
    described,
    age,
  ],
})

export const appKind = defineForeignKind({
  group: APP_GROUP,
  version: VERSION,
  kind: 'App',
  resource: 'apps',
  namespaced: true,
  description:
    'An App fetches files, makes manifests of them and keeps those applied, as a ServiceAccount of its namespace.',
  spec: object('From where, made into what, applied as whom.', { ...running, ...appSteps }),
  status: statusWith({
    deploy: object('What was last applied.', {
      startedAt: time('When something was last changed.'),
      finished: flag('Whether all is applied and ready.'),
    }),
  }),
  columns: [
    described,
    {
      name: 'Since-Deploy',
      type: 'date',
      jsonPath: '.status.deploy.startedAt',
      description: 'Time since something was last changed.',
    },
    age,
  ],
})

export type PackageRepository = ObjectOfForeignKind<typeof repositoryKind>
export type Package = ObjectOfForeignKind<typeof packageKind>
export type PackageInstall = ObjectOfForeignKind<typeof installKind>
export type App = ObjectOfForeignKind<typeof appKind>
export type AppSpec = NonNullable<App['spec']>
export type FetchSource = NonNullable<AppSpec['fetch']>[number]
export type TemplateStep = NonNullable<AppSpec['template']>[number]
export type ValuesSource = NonNullable<NonNullable<TemplateStep['values']>['valuesFrom']>[number]

const refName = (of: string) => ({
  rule: `${of}.split('.').size() >= 3`,
  message: 'the name of a package has at least three parts between dots, such as cache.example.com',
})

/** With short names and the rules that their inventor keeps in an API server of its own. */
export function packagingDefinitions(): readonly (JsonObject & KubeObject)[] {
  return [
    extended(repositoryKind, 'pkgr'),
    extended(installKind, 'pkgi'),
    extended(appKind, undefined),
    extended(metadataKind, 'pkgm', [refName('self.metadata.name')]),
    extended(packageKind, 'pkg', [
      refName('self.spec.refName'),
      {
        rule: "self.metadata.name == self.spec.refName + '.' + self.spec.version",
        message: 'metadata.name must be spec.refName, a dot and spec.version',
      },
    ]),
  ]
}

function extended(
  kind: ForeignKind<unknown, unknown>,
  shortName: string | undefined,
  rules: readonly JsonObject[] = [],
): JsonObject & KubeObject {
  const definition = definitionOf(kind)
  const spec = definition['spec'] as JsonObject
  const [version] = spec['versions'] as readonly JsonObject[]
  const schema = (version!['schema'] as JsonObject)['openAPIV3Schema']
  if (!isObject(schema)) throw new TypeError(`${kind.kind} has no schema`)
  const openAPIV3Schema = { ...schema, ...(rules.length > 0 && { 'x-kubernetes-validations': rules }) }
  const names = spec['names'] as JsonObject
  const more: JsonObject = {
    spec: {
      ...spec,
      names: { ...names, ...(shortName !== undefined && { shortNames: [shortName] }) },
      versions: [{ ...version!, schema: { openAPIV3Schema } }],
    },
  }
  return { ...definition, ...more }
}
