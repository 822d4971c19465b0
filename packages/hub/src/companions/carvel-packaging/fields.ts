/** What the kinds of Carvel packaging have in common: groups, names, and how they tell their state. */
import { anyValue, choice, flag, freeObject, list, map, object, required, text, whole } from '../../model/schema.ts'
import type { Fields } from '../../model/schema.ts'

export const PACKAGING_GROUP = 'packaging.carvel.dev'
export const DATA_GROUP = 'data.packaging.carvel.dev'
export const APP_GROUP = 'kappctrl.k14s.io'
export const VERSION = 'v1alpha1'

/** Packages in these namespaces can be installed in every namespace. */
export const GLOBAL_NAMESPACES: readonly string[] = ['kapp-controller-packaging-global', 'tanzu-package-repo-global']

export const INSTALL_FINALIZER = 'finalizers.packageinstall.packaging.carvel.dev/delete'
export const APP_FINALIZER = 'finalizers.kapp-ctrl.k14s.io/delete'

export const REF_NAME_ANNOTATION = 'packaging.carvel.dev/package-ref-name'
export const PACKAGE_VERSION_ANNOTATION = 'packaging.carvel.dev/package-version'
export const DOWNGRADABLE_ANNOTATION = 'packaging.carvel.dev/downgradable'

/** What a hub on a cluster must be bound to in a namespace, to act there as ServiceAccounts. */
export const ACCOUNTS_ROLE = 'larder:carvel-packaging:accounts'

export const CONDITION_TYPES = [
  'Reconciling',
  'ReconcileSucceeded',
  'ReconcileFailed',
  'Deleting',
  'DeleteFailed',
] as const

const conditions = list(
  'The one thing that is true now: its `status` is always True.',
  object('The condition.', {
    type: required(choice('What is true.', CONDITION_TYPES)),
    status: required(text('`True`.')),
    reason: text('One word, where there is more to say.'),
    message: text('Why, where it failed; what is waited for, where it waits.'),
  }),
)

export const statusWith = <P extends Fields>(fields: P) =>
  object('What became of it.', {
    observedGeneration: whole('The generation of the object that was looked at.'),
    conditions,
    friendlyDescription: text('The condition in one line, for the column.'),
    usefulErrorMessage: text('The whole of what went wrong.'),
    ...fields,
  })

export const versionSelection = object('Which versions.', {
  constraints: text('A range of semantic versions, such as `>=1.0.0 <2.0.0`; absent: any.'),
  prereleases: object('Present: pre-releases count as well.', {
    identifiers: list('Only those with one of these identifiers.', text('Such as `alpha`.')),
  }),
})

const secretRef = object('A Secret of this namespace.', { name: text('Its name.') })
const tagSelection = object('Which tag, in the place of one in the image.', { semver: versionSelection })

const sourceRef = object('An object of this namespace; each key is a file.', {
  name: required(text('Its name.')),
  directoryPath: text('The folder for its files.'),
})

const inline = object('Files that stand here.', {
  paths: map('Contents by path.', text('The content.')),
  pathsFrom: list(
    'Files from other objects.',
    object('One of the two.', { secretRef: sourceRef, configMapRef: sourceRef }),
  ),
})

/** Sources that are there to be read, and to be refused by name. */
const elsewhere = {
  http: freeObject('Not supported: say it as `inline` or as an image.'),
  git: freeObject('Not supported: say it as `inline` or as an image.'),
}

const imgpkgBundle = object('A bundle as imgpkg makes it, in a registry.', {
  image: required(text('The image: `HOST/REPOSITORY`, with `:TAG` or `@sha256:...`.', { minLength: 1 })),
  secretRef,
  tagSelection,
})
const image = object('An image in a registry.', {
  url: required(text('The image: `HOST/REPOSITORY`, with `:TAG` or `@sha256:...`.', { minLength: 1 })),
  secretRef,
  subPath: text('Only this folder of it.'),
  tagSelection,
})

export const repositoryFetch = object('Where the packages are; one of these.', {
  imgpkgBundle,
  image,
  inline,
  ...elsewhere,
})

const valuesFrom = list(
  'Where values come from; later ones win.',
  object('One of these.', {
    secretRef: object('A Secret of this namespace.', {
      name: required(text('Its name.')),
      key: text('Only this key of it; absent: all, by name.'),
    }),
    configMapRef: object('A ConfigMap of this namespace.', {
      name: required(text('Its name.')),
      key: text('Only this key of it; absent: all, by name.'),
    }),
    path: text('A file of what was fetched.'),
    downwardAPI: freeObject('Not supported.'),
  }),
)
const paths = list('Only these files or folders of what is there; absent: all.', text('A path.'))

const template = list(
  'What is done with the files, in this order.',
  object('One step.', {
    values: object(
      'Larder’s own: `$(values.NAME)` in the texts of YAML documents stands for a value. Needs no program.',
      {
        paths,
        valuesFrom,
        schema: anyValue('What the values must be, with defaults. A PackageInstall writes that of its package here.'),
      },
    ),
    ytt: object('Runs `ytt`, which must be on PATH of the hub.', {
      paths,
      valuesFrom,
      inline,
      fileMarks: list('As its flag.', text('A mark.')),
      ignoreUnknownComments: flag('As its flag.'),
      strict: flag('As its flag.'),
    }),
    kbld: object('Puts images in the place of their names, as `.imgpkg/images.yml` says.', { paths }),
    helmTemplate: freeObject('Not supported.'),
    cue: freeObject('Not supported.'),
    sops: freeObject('Not supported.'),
  }),
)

const deploy = list(
  'How what comes out is applied.',
  object('One way.', {
    kapp: object('Applied in order, waited for, and remembered.', {
      intoNs: text('The namespace of everything that has one.'),
      mapNs: list('Not supported.', text('A mapping.')),
      rawOptions: list('Of kapp; read and not followed.', text('A flag.')),
      inspect: freeObject('Read and not followed.'),
      delete: freeObject('Read and not followed.'),
    }),
  }),
)

/** What an App and a Package have in common: from where, made into what, applied how. */
export const appSteps = {
  fetch: list(
    'Where files come from, one below the other.',
    object('One source.', {
      imgpkgBundle,
      image,
      inline,
      ...elsewhere,
      helmChart: freeObject('Not supported.'),
      path: text('The folder for its files.'),
    }),
  ),
  template,
  deploy,
}

/** How an App and a PackageInstall are run. */
export const running = {
  serviceAccountName: text('The ServiceAccount of this namespace as which everything is applied and deleted.'),
  cluster: freeObject('Another cluster: not supported.'),
  paused: flag('Nothing is done while this is set, deletion neither.'),
  canceled: flag('As `paused`.'),
  syncPeriod: text('How often it is looked at again, such as `10m`; at least 30s.'),
  noopDelete: flag('When it is deleted, what it has applied stays.'),
  defaultNamespace: text('The namespace of what has none; this one unless told.'),
}

export const valuesSchema = object('What may be configured.', {
  openAPIv3: anyValue('A schema as OpenAPI has it.'),
})
