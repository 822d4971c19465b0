/** Every command. Help, parsing and docs/reference/cli.md read this table; implementations load when they run. */
import type { Command, Run } from './command.ts'
import { SHELLS } from './shells.ts'

/** Commands that start, stop or change what runs on this machine: their implementations see more than a client does. */
export interface LocalCommands {
  readonly up: () => Promise<Run>
  readonly hub: () => Promise<Run>
  readonly install: () => Promise<Run>
  readonly down: () => Promise<Run>
  readonly engineList: () => Promise<Run>
  readonly engineAdd: () => Promise<Run>
  readonly version: () => Promise<Run>
}

const API = ['data', 'kubeconfig'] as const
const NAMESPACED = ['namespace', ...API] as const

export function commandTable(local: LocalCommands): readonly Command[] {
  return [
    {
      path: ['up'],
      summary: 'Run a hub with its own Kubernetes API on this machine',
      options: ['data', 'port', 'api-port', 'detach', 'wait', 'samples', 'demo', 'doors', 'api-only'],
      examples: [
        'larder up',
        'larder up --detach --wait',
        'larder up --data /tmp/try --port 0 --api-port 0',
        'larder up --api-only --detach',
      ],
      load: local.up,
    },
    {
      path: ['hub'],
      summary: 'Run a hub on a Kubernetes that is somewhere else; of several over one cluster, one leads',
      options: ['kubeconfig', 'data', 'samples', 'doors', 'port', 'bind', 'lease'],
      optionHelp: {
        kubeconfig: 'the cluster (default $KUBECONFIG, else ~/.kube/config, else that of the pod)',
        data: 'where services of driver process live (default ./.larder-hub; in a pod that driver needs it)',
        samples: 'make the sample backends and classes, which takes an administrator',
        port: 'plain HTTP port for /readyz, /livez and /metrics (default 0, a free one)',
      },
      examples: [
        'larder hub --kubeconfig admin.conf --samples',
        'larder hub --kubeconfig admin.conf --data /var/lib/larder',
      ],
      load: local.hub,
    },
    {
      path: ['install'],
      summary: 'Put what a hub needs into a cluster, and a hub of two replicas; or print it',
      options: ['kubeconfig', 'export', 'samples', 'image', 'output'],
      optionHelp: {
        kubeconfig: 'the cluster, as an administrator of it (default $KUBECONFIG, else ~/.kube/config)',
        samples: 'the sample backends and classes as well',
        output: 'with --export: yaml (default), json, or jsonpath=TEMPLATE',
      },
      examples: [
        'larder install --export | kubectl apply --server-side -f -',
        'larder install --kubeconfig admin.conf --samples --image larder:mine',
      ],
      load: local.install,
    },
    {
      path: ['down'],
      summary: 'Stop the hub and the services that it started; their data stays',
      options: ['data', 'delete-data'],
      examples: ['larder down', 'larder down --data /tmp/try --delete-data'],
      load: local.down,
    },
    {
      path: ['status'],
      summary: 'Say whether a hub runs here, and where it listens',
      options: ['data', 'output'],
      examples: ['larder status', 'larder status -o json'],
      load: async () => (await import('./commands/status.ts')).run,
    },
    {
      path: ['kubeconfig'],
      summary: 'Print the kubeconfig of the hub',
      options: ['data', 'path'],
      examples: ['export KUBECONFIG=$(larder kubeconfig --path)'],
      load: async () => (await import('./commands/kubeconfig.ts')).run,
    },
    {
      path: ['class', 'list'],
      summary: 'List the classes that can be claimed',
      options: ['selector', 'output', ...API],
      examples: ['larder class list', 'larder class list -o wide'],
      load: async () => (await import('./commands/class.ts')).list,
    },
    {
      path: ['class', 'get'],
      args: 'NAME',
      summary: 'Show a class',
      options: ['output', ...API],
      examples: ['larder class get redis -o yaml'],
      completes: 'class',
      load: async () => (await import('./commands/class.ts')).get,
    },
    {
      path: ['claim', 'create'],
      args: 'NAME',
      summary: 'Claim a service',
      options: [
        'class',
        'instance',
        'resource',
        'plan',
        'role',
        'param',
        'binding',
        'wait',
        'timeout',
        'output',
        ...NAMESPACED,
      ],
      examples: [
        'larder claim create cache --class redis --wait',
        'larder claim create cache --class redis --plan large --role reader -n shop',
        'larder claim create theirs --resource Secret:services/creds -n shop',
      ],
      load: async () => (await import('./commands/claim.ts')).create,
    },
    {
      path: ['claim', 'list'],
      summary: 'List claims',
      options: ['selector', 'all-namespaces', 'watch', 'output', ...NAMESPACED],
      examples: ['larder claim list -A', 'larder claim list -l team=shop -w'],
      load: async () => (await import('./commands/claim.ts')).list,
    },
    {
      path: ['claim', 'get'],
      args: 'NAME',
      summary: 'Show a claim',
      options: ['output', ...NAMESPACED],
      examples: ['larder claim get cache -o yaml'],
      completes: 'claim',
      load: async () => (await import('./commands/claim.ts')).get,
    },
    {
      path: ['claim', 'delete'],
      args: 'NAME',
      summary: 'Give a claim up: its credentials are revoked when this returns',
      options: ['yes', 'timeout', ...NAMESPACED],
      examples: ['larder claim delete cache --yes'],
      completes: 'claim',
      load: async () => (await import('./commands/claim.ts')).remove,
    },
    {
      path: ['claim', 'edit'],
      args: 'NAME',
      summary: 'Change plan, role or parameters of a claim; a change that is refused leaves it as it is',
      options: ['plan', 'role', 'param', 'wait', 'timeout', 'output', ...NAMESPACED],
      examples: ['larder claim edit cache --plan large --wait', 'larder claim edit cache --role reader -n shop'],
      completes: 'claim',
      load: async () => (await import('./commands/claim-edit.ts')).run,
    },
    {
      path: ['adopt'],
      args: 'NAME',
      summary:
        'Take over what exists: claim a retained instance, or make an Instance of a service outside; nothing is made anew',
      options: [
        'instance',
        'class',
        'backend',
        'type',
        'recipe',
        'external-name',
        'plan',
        'param',
        'role',
        'observe',
        'wait',
        'timeout',
        'output',
        ...NAMESPACED,
      ],
      examples: [
        'larder adopt cache --instance larder-instances/c-4f0e -n shop --wait',
        'larder adopt orders-db --backend aws --type postgresql --recipe db.yaml --external-name orders -n larder-instances',
      ],
      load: async () => (await import('./commands/adopt.ts')).run,
    },
    {
      path: ['policy', 'list'],
      summary: 'List the policies of a namespace: which others may claim what lives there',
      options: ['selector', 'all-namespaces', 'output', ...NAMESPACED],
      examples: ['larder policy list -n services', 'larder policy list -A'],
      load: async () => (await import('./commands/policy.ts')).list,
    },
    {
      path: ['policy', 'get'],
      args: 'NAME',
      summary: 'Show a policy',
      options: ['output', ...NAMESPACED],
      examples: ['larder policy get shop-may -n services -o yaml'],
      completes: 'policy',
      load: async () => (await import('./commands/policy.ts')).get,
    },
    {
      path: ['policy', 'create'],
      args: 'NAME',
      summary: 'Let other namespaces claim what lives in this one',
      options: ['to', 'to-selector', 'subject', 'selector', 'role', 'output', ...NAMESPACED],
      examples: [
        'larder policy create shop-may --to shop --subject Secret -l offer=caches -n services',
        "larder policy create all-may --to '*' --subject Instance/shared --role reader -n services",
      ],
      load: async () => (await import('./commands/policy.ts')).create,
    },
    {
      path: ['policy', 'check'],
      summary:
        'Say whether a namespace may claim something that lives in this one, and by which policy; ends with 1 when not',
      options: ['to', 'subject', 'selector', 'role', 'output', ...NAMESPACED],
      examples: ['larder policy check --to shop --subject Secret/creds -n services'],
      load: async () => (await import('./commands/policy.ts')).check,
    },
    {
      path: ['creds', 'show'],
      args: 'CLAIM',
      summary: "Show the keys of a claim's Secret; the values only with --reveal",
      options: ['reveal', 'format', ...NAMESPACED],
      examples: [
        'larder creds show cache',
        'eval "$(larder creds show cache --reveal --format env)"',
        'larder creds show cache --reveal --format url',
      ],
      completes: 'claim',
      load: async () => (await import('./commands/creds.ts')).run,
    },
    {
      path: ['run'],
      args: 'COMMAND [ARG]...',
      summary:
        'Run a program with the credentials of claims, as files under SERVICE_BINDING_ROOT and as variables; its exit code is ours',
      options: ['claim', 'env', 'restart', 'signal', 'timeout', ...NAMESPACED],
      examples: [
        'larder run --claim cache -- node app.js',
        'larder run --claim cache --claim db=orders-db --env DATABASE_URL=db.uri -n shop -- npm start',
        'larder run --claim cache --restart -- node app.js',
      ],
      completes: 'file',
      load: async () => (await import('./commands/run.ts')).run,
    },
    {
      path: ['get'],
      args: 'KIND[/NAME] [NAME]',
      summary: 'Show objects of a kind of Larder, or of all of them (larder get larder)',
      options: ['selector', 'all-namespaces', 'watch', 'output', ...NAMESPACED],
      examples: [
        'larder get claims -A',
        'larder get claims -l team=shop -o jsonpath={.items[*].metadata.name}',
        'larder get instance -n larder-instances -o wide',
        'larder get backend/local -o yaml',
      ],
      completes: 'object',
      load: async () => (await import('./commands/get.ts')).run,
    },
    {
      path: ['wait'],
      args: 'KIND[/NAME] [NAME]',
      summary: 'Wait until an object is ready, or gone; ends early when it has failed',
      options: ['for', 'timeout', ...NAMESPACED],
      examples: ['larder wait claim/cache -n shop', 'larder wait claim/cache --for deleted --timeout 1m'],
      completes: 'object',
      load: async () => (await import('./commands/wait.ts')).run,
    },
    {
      path: ['describe'],
      args: 'KIND[/NAME] [NAME]',
      summary: 'Say why an object is as it is: cause, conditions, steps, related objects and events',
      options: ['output', ...NAMESPACED],
      examples: ['larder describe claim/cache -n shop', 'larder describe class redis'],
      completes: 'object',
      load: async () => (await import('./commands/describe.ts')).run,
    },
    {
      path: ['why'],
      args: 'KIND[/NAME] [NAME]',
      summary: 'Say in a sentence or two how an object is, why, whose move it is and what to do next',
      options: ['watch', 'output', ...NAMESPACED],
      examples: ['larder why claim/cache -n shop', 'larder why backend/local -o json'],
      completes: 'object',
      load: async () => (await import('./commands/why.ts')).run,
    },
    {
      path: ['trace'],
      args: 'KIND[/NAME] [NAME]',
      summary: 'Show what an object rests on, as a tree; what you may not read is a branch without a name',
      options: ['watch', 'output', ...NAMESPACED],
      examples: [
        'larder trace claim/cache -n shop',
        'larder trace claim/cache -n shop -w',
        'larder trace claim/cache -n shop -o dot',
      ],
      completes: 'object',
      load: async () => (await import('./commands/trace.ts')).run,
    },
    {
      path: ['timeline'],
      args: 'KIND[/NAME] [NAME]',
      summary: 'Show the steps of an object: when each began, how long it took, and what runs now',
      options: ['watch', 'verbose', 'output', ...NAMESPACED],
      examples: ['larder timeline claim/cache -n shop', 'larder timeline claim/cache -n shop -w -v'],
      completes: 'object',
      load: async () => (await import('./commands/timeline.ts')).run,
    },
    {
      path: ['events'],
      summary: 'Show what happened to objects, oldest first',
      options: ['for', 'watch', 'all-namespaces', 'output', ...NAMESPACED],
      examples: ['larder events -n shop', 'larder events --for claim/cache -n shop -w'],
      load: async () => (await import('./commands/events.ts')).run,
    },
    {
      path: ['explain'],
      args: 'REASON|KIND[.FIELD]',
      summary: 'Say what a reason means, or what a kind and its fields are for; needs no hub',
      options: ['output'],
      examples: ['larder explain ClassNotFound', 'larder explain claim.spec.binding'],
      completes: 'topic',
      load: async () => (await import('./commands/explain.ts')).run,
    },
    {
      path: ['completion'],
      args: 'SHELL',
      summary: 'Print what bash, zsh or fish need to complete this command',
      options: [],
      examples: ['source <(larder completion bash)', 'larder completion fish | source'],
      completes: SHELLS,
      load: async () => (await import('./commands/completion.ts')).run,
    },
    {
      path: ['engine', 'list'],
      summary: 'List the engines that the process driver can run, and where they were found',
      options: ['output'],
      examples: ['larder engine list'],
      load: local.engineList,
    },
    {
      path: ['engine', 'add'],
      args: 'NAME',
      summary: 'Install an engine from a package registry, without root',
      options: ['if-missing'],
      examples: ['larder engine add redis'],
      load: local.engineAdd,
    },
    {
      path: ['version'],
      summary: 'Print the version',
      options: ['output'],
      examples: ['larder version -o json'],
      load: local.version,
    },
  ]
}
