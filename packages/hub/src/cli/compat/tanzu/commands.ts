/** Every command of `tanzu` that is here. */
import type { Command, Program } from '../../command.ts'
import { GLOBAL, NAMESPACED, TANZU_OPTIONS, type TanzuOptions } from './options.ts'
import { packageCommands } from './packages/commands.ts'

const classes = () => import('./classes.ts')
const claims = () => import('./claims.ts')
const workloads = () => import('./workloads.ts')

const WAIT = ['wait', 'timeout'] as const
/** What can be said of a workload. */
const WORKLOAD = [
  'git-repo',
  'git-branch',
  'git-tag',
  'git-commit',
  'sub-path',
  'image',
  'type',
  'app',
  'annotation',
  'label',
  'env',
  'build-env',
  'param',
  'service-ref',
  'service-account',
  'file',
  'dry-run',
  'yes',
  'output',
  ...WAIT,
  ...NAMESPACED,
] as const
const WIDE = { output: 'wide, or json' }

const commands: readonly Command<TanzuOptions>[] = [
  {
    path: ['services', 'classes', 'list'],
    summary: 'List the classes of service instances that are on offer',
    options: ['output', ...GLOBAL],
    examples: ['tanzu services classes list'],
    load: async () => (await classes()).listClasses,
  },
  {
    path: ['services', 'classes', 'get'],
    args: 'NAME',
    summary: 'Show a class and the parameters that a claim for it may set',
    options: ['output', ...GLOBAL],
    examples: ['tanzu services classes get rabbitmq-unmanaged'],
    load: async () => (await classes()).getClass,
  },
  {
    path: ['services', 'claimable', 'list'],
    summary: 'List the instances of a class that a claim of a namespace could hold now',
    options: ['class', 'output', ...NAMESPACED],
    requires: ['class'],
    examples: ['tanzu services claimable list --class aws-elasticache -n default'],
    load: async () => (await classes()).listClaimable,
  },
  {
    path: ['services', 'claims', 'create'],
    args: 'NAME',
    summary: 'Claim one resource',
    options: [
      'resource-name',
      'resource-kind',
      'resource-api-version',
      'resource-namespace',
      'output',
      ...WAIT,
      ...NAMESPACED,
    ],
    requires: ['resource-name', 'resource-kind', 'resource-api-version'],
    examples: [
      'tanzu services claims create cache --resource-name creds --resource-kind Secret --resource-api-version v1',
    ],
    load: async () => (await claims()).createClaim,
  },
  {
    path: ['services', 'claims', 'list'],
    summary: 'List claims of resources',
    options: ['all-namespaces', 'output', ...NAMESPACED],
    optionHelp: WIDE,
    examples: ['tanzu services claims list -o wide', 'tanzu services claims list -A'],
    load: async () => (await claims()).listClaims,
  },
  {
    path: ['services', 'claims', 'get'],
    args: 'NAME',
    summary: 'Show a claim of a resource, and how to refer to it',
    options: ['output', ...NAMESPACED],
    examples: ['tanzu services claims get cache --namespace shop'],
    load: async () => (await claims()).getClaim,
  },
  {
    path: ['services', 'claims', 'delete'],
    args: 'NAME',
    summary: 'Delete a claim; what it held may then be claimed by others',
    options: ['yes', ...WAIT, ...NAMESPACED],
    examples: ['tanzu services claims delete cache --yes'],
    load: async () => (await claims()).deleteClaim,
  },
  {
    path: ['services', 'class-claims', 'create'],
    args: 'NAME',
    summary: 'Claim any one instance of a class',
    options: ['class', 'parameter', 'output', ...WAIT, ...NAMESPACED],
    requires: ['class'],
    examples: ['tanzu services class-claims create db --class postgresql-unmanaged -p storageGB=3'],
    load: async () => (await claims()).createClassClaim,
  },
  {
    path: ['services', 'class-claims', 'list'],
    summary: 'List claims of classes',
    options: ['all-namespaces', 'class', 'output', ...NAMESPACED],
    optionHelp: { ...WIDE, class: 'only those for this class' },
    examples: ['tanzu services class-claims list -A --class postgresql-unmanaged'],
    load: async () => (await claims()).listClassClaims,
  },
  {
    path: ['services', 'class-claims', 'get'],
    args: 'NAME',
    summary: 'Show a claim of a class, and what it holds',
    options: ['output', ...NAMESPACED],
    examples: ['tanzu services class-claims get db'],
    load: async () => (await claims()).getClassClaim,
  },
  {
    path: ['services', 'class-claims', 'delete'],
    args: 'NAME',
    summary: 'Delete a claim; an instance that was made for it goes, one of a pool may be claimed by others',
    options: ['yes', ...WAIT, ...NAMESPACED],
    examples: ['tanzu services class-claims delete db --yes --wait'],
    load: async () => (await claims()).deleteClassClaim,
  },
  {
    path: ['services', 'types', 'list'],
    summary: 'List kinds of instances in pools',
    options: GLOBAL,
    hidden: true,
    examples: ['tanzu services types list'],
    load: async () => (await classes()).listTypes,
  },
  {
    path: ['services', 'instances', 'list'],
    summary: 'List instances of all pools that a claim of a namespace could hold now',
    options: ['output', ...NAMESPACED],
    optionHelp: { output: 'wide' },
    hidden: true,
    examples: ['tanzu services instances list -o wide'],
    load: async () => (await classes()).listInstances,
  },
  {
    path: ['apps', 'workload', 'create'],
    args: '[NAME]',
    summary: 'Make a workload and bind it to services',
    options: WORKLOAD,
    examples: [
      'tanzu apps workload create my-workload --image registry.example.com/shop:1 --type web',
      'tanzu apps workload create my-workload --git-repo https://git.example.com/shop --git-tag v1 --type web --service-ref db=services.apps.tanzu.vmware.com/v1alpha1:ResourceClaim:redis-writer-claim',
    ],
    load: async () => (await workloads()).create,
  },
  {
    path: ['apps', 'workload', 'update'],
    args: '[NAME]',
    summary: 'Change a workload that exists',
    options: WORKLOAD,
    examples: ['tanzu apps workload update my-workload --service-ref db-'],
    load: async () => (await workloads()).update,
  },
  {
    path: ['apps', 'workload', 'apply'],
    args: '[NAME]',
    summary: 'Make a workload, or change it where it exists',
    options: WORKLOAD,
    examples: ['tanzu apps workload apply my-workload --image registry.example.com/shop:2 --wait'],
    load: async () => (await workloads()).apply,
  },
  {
    path: ['apps', 'workload', 'get'],
    args: 'NAME',
    summary: 'Show a workload, its services and how it is',
    options: ['output', ...NAMESPACED],
    examples: ['tanzu apps workload get my-workload'],
    load: async () => (await workloads()).get,
  },
  {
    path: ['apps', 'workload', 'list'],
    summary: 'List workloads',
    options: ['all-namespaces', 'output', ...NAMESPACED],
    examples: ['tanzu apps workload list -A'],
    load: async () => (await workloads()).list,
  },
  {
    path: ['apps', 'workload', 'delete'],
    args: 'NAME',
    summary: 'Delete a workload and its bindings; the services stay',
    options: ['yes', ...NAMESPACED],
    examples: ['tanzu apps workload delete my-workload --yes'],
    load: async () => (await workloads()).remove,
  },
  ...packageCommands,
]

/** Singular and plural are one. */
const aliases = {
  service: 'services',
  class: 'classes',
  claim: 'claims',
  'resource-claim': 'claims',
  'resource-claims': 'claims',
  'class-claim': 'class-claims',
  type: 'types',
  instance: 'instances',
  app: 'apps',
  workloads: 'workload',
  packages: 'package',
  repo: 'repository',
}

export const tanzuProgram: Program<TanzuOptions> = {
  name: 'tanzu',
  commands,
  options: TANZU_OPTIONS,
  aliases,
  intro: 'The commands of the Tanzu CLI that Larder answers; the rest of that CLI is not here.\n\n',
  outro: '\nMore    tanzu COMMAND --help\n',
}
