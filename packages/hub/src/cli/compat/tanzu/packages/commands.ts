/** The commands of `tanzu package`, as kctrl has them with names where they stand. */
import type { Command } from '../../../command.ts'
import { NAMESPACED, type TanzuOptions } from '../options.ts'

const repository = () => import('./repository.ts')
const available = () => import('./available.ts')
const installed = () => import('./installed.ts')

const WAIT = ['wait', 'timeout'] as const
const WAITS = { wait: 'on unless --no-wait or --wait=false is given', timeout: 'give up after this long' }
const GIVEN = ['version', 'values-file', 'service-account-name'] as const

export const packageCommands: readonly Command<TanzuOptions>[] = [
  {
    path: ['package', 'repository', 'add'],
    args: 'NAME',
    summary: 'Add a repository of packages, or give one another source',
    options: ['url', 'secret-ref', 'semver-tag-constraints', 'create-namespace', 'dry-run', ...WAIT, ...NAMESPACED],
    optionHelp: { ...WAITS, 'dry-run': 'print the PackageRepository and change nothing' },
    requires: ['url'],
    examples: [
      'tanzu package repository add references --url registry.example.com/team/references:0.0.4 -n service-instances',
      'tanzu package repository add references --url ./packages -n service-instances --create-namespace',
    ],
    load: async () => (await repository()).addRepository,
  },
  {
    path: ['package', 'repository', 'list'],
    summary: 'List repositories of packages',
    options: ['all-namespaces', 'output', ...NAMESPACED],
    examples: ['tanzu package repository list -A'],
    load: async () => (await repository()).listRepositories,
  },
  {
    path: ['package', 'repository', 'get'],
    args: 'NAME',
    summary: 'Show a repository of packages, and how it is',
    options: ['output', ...NAMESPACED],
    examples: ['tanzu package repository get references -n service-instances'],
    load: async () => (await repository()).getRepository,
  },
  {
    path: ['package', 'repository', 'delete'],
    args: 'NAME',
    summary: 'Delete a repository and its packages; what is installed stays',
    options: ['yes', ...WAIT, ...NAMESPACED],
    optionHelp: WAITS,
    examples: ['tanzu package repository delete references --yes'],
    load: async () => (await repository()).deleteRepository,
  },
  {
    path: ['package', 'available', 'list'],
    args: '[PACKAGE]',
    summary: 'List the packages that can be installed in a namespace, or the versions of one',
    options: ['wide', 'all-namespaces', 'output', ...NAMESPACED],
    examples: ['tanzu package available list', 'tanzu package available list cache.example.com -n shop'],
    load: async () => (await available()).listAvailable,
  },
  {
    path: ['package', 'available', 'get'],
    args: 'PACKAGE[/VERSION]',
    summary: 'Show a package, or the values that one version of it takes',
    options: ['values-schema', ...NAMESPACED],
    examples: [
      'tanzu package available get cache.example.com -n shop',
      'tanzu package available get cache.example.com/1.0.0 --values-schema -n shop',
    ],
    load: async () => (await available()).getAvailable,
  },
  {
    path: ['package', 'install'],
    args: 'NAME',
    summary: 'Install a package, or change what is installed under that name',
    options: ['package-name', ...GIVEN, ...WAIT, ...NAMESPACED],
    optionHelp: WAITS,
    examples: [
      'tanzu package install redis-instance --package-name cache.example.com --version 0.0.1-alpha --service-account-name elasticache-install --values-file values.yaml -n service-instances --wait',
    ],
    load: async () => (await installed()).installPackage,
  },
  {
    path: ['package', 'installed', 'list'],
    summary: 'List what is installed',
    options: ['all-namespaces', 'output', ...NAMESPACED],
    examples: ['tanzu package installed list -n service-instances'],
    load: async () => (await installed()).listInstalled,
  },
  {
    path: ['package', 'installed', 'get'],
    args: 'NAME',
    summary: 'Show what is installed, and how it is; or write its values into a file',
    options: ['values-file-output', 'output', ...NAMESPACED],
    examples: [
      'tanzu package installed get redis-instance',
      'tanzu package installed get redis-instance --values-file-output values.yaml',
    ],
    load: async () => (await installed()).getInstalled,
  },
  {
    path: ['package', 'installed', 'update'],
    args: 'NAME',
    summary: 'Give what is installed another version, or other values',
    options: ['package-name', ...GIVEN, ...WAIT, ...NAMESPACED],
    optionHelp: WAITS,
    examples: ['tanzu package installed update redis-instance --version 0.0.5 --values-file values.yaml'],
    load: async () => (await installed()).updateInstalled,
  },
  {
    path: ['package', 'installed', 'delete'],
    args: 'NAME',
    summary: 'Uninstall a package: what it made goes, and this returns when it is gone',
    options: ['yes', 'noop', ...WAIT, ...NAMESPACED],
    optionHelp: WAITS,
    examples: [
      'tanzu package installed delete redis-instance',
      'tanzu package installed delete redis-instance -n shop --yes',
    ],
    load: async () => (await installed()).deleteInstalled,
  },
]
