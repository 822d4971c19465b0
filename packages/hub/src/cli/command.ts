/**
 * One table of commands; parsing, help and the reference page all read it.
 *
 * Flags stand anywhere in the line, before or behind the command, and of two equal or opposite flags the later one
 * wins. So an option means the same in every command that takes it, and `OPTIONS` says it once. Parsing is
 * `node:util` parseArgs: nothing to load, and `larder --help` stays as fast as Node itself.
 */

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** How the value reads in the help: `DIR`. Boolean options have none. */
  readonly placeholder?: string
  readonly help: string
  /** May be given several times. */
  readonly multiple?: boolean
  /** A boolean that is on unless `--no-NAME` is given. */
  readonly negated?: boolean
  /** An empty value has a meaning: else it is taken for a variable of a script that is not set. */
  readonly mayBeEmpty?: true
  readonly completes?: Completes
}

/** What a value or an argument names, so that a shell can complete it: an object of a kind, something else, or one of these words. */
export type Completes =
  | 'claim'
  | 'class'
  | 'policy'
  | 'namespace'
  | 'secret'
  | 'plan'
  | 'role'
  | 'object'
  | 'topic'
  | 'file'
  | readonly string[]

export const OPTIONS = {
  data: { completes: 'file', type: 'string', placeholder: 'DIR', help: 'data folder of the hub (default ./.larder)' },
  kubeconfig: {
    completes: 'file',
    type: 'string',
    placeholder: 'FILE',
    help: 'kubeconfig of the API (default $KUBECONFIG, else the one in the data folder)',
  },
  namespace: {
    completes: 'namespace',
    type: 'string',
    short: 'n',
    placeholder: 'NS',
    help: 'namespace (default: that of the kubeconfig context, else default)',
  },
  'all-namespaces': { type: 'boolean', short: 'A', help: 'all namespaces' },
  output: {
    completes: ['json', 'yaml', 'jsonpath=', 'name', 'wide'],
    type: 'string',
    short: 'o',
    placeholder: 'FORMAT',
    help: 'json, yaml, jsonpath=TEMPLATE; for objects also name or wide',
  },
  selector: {
    type: 'string',
    short: 'l',
    placeholder: 'LABELS',
    mayBeEmpty: true,
    help: 'only those with these labels, such as a=b,c!=d',
  },
  watch: { type: 'boolean', short: 'w', help: 'go on with what changes, until Ctrl-C' },
  verbose: { type: 'boolean', short: 'v', help: 'show more: the id of the trace' },
  help: { type: 'boolean', short: 'h', help: 'show help' },
  port: {
    type: 'string',
    placeholder: 'N',
    help: 'plain HTTP port, 0 for a free one that this data folder keeps (default 7700)',
  },
  'api-port': { type: 'string', placeholder: 'M', help: 'HTTPS port of the Kubernetes API (default 7701)' },
  detach: { type: 'boolean', help: 'run in the background; return when the hub is ready' },
  wait: { type: 'boolean', help: 'wait until it has settled, showing its steps' },
  samples: { type: 'boolean', negated: true, help: 'leave out the sample backend and classes' },
  bind: {
    type: 'string',
    placeholder: 'ADDRESS',
    help: 'address of the plain HTTP port (default 127.0.0.1)',
  },
  lease: {
    type: 'string',
    placeholder: 'TIME',
    help: 'how long the others wait for a leader that was cut off (default 15s)',
  },
  export: { type: 'boolean', help: 'print every manifest instead of applying it' },
  image: {
    type: 'string',
    placeholder: 'IMAGE',
    help: 'container image with this version of larder (default larder:VERSION)',
  },
  'api-only': { type: 'boolean', help: 'the Kubernetes API alone: no hub, no kinds of Larder, no samples, no demo' },
  demo: { type: 'boolean', help: 'claim one Redis (default/hello), ping it and print the addresses' },
  doors: {
    type: 'string',
    placeholder: 'LIST',
    help: 'doors to serve, comma separated, or none (default: all that exist)',
  },
  'delete-data': { type: 'boolean', help: 'remove the data folder as well' },
  timeout: { type: 'string', placeholder: 'TIME', help: 'give up after this long, such as 30s or 10m' },
  class: { completes: 'class', type: 'string', placeholder: 'CLASS', help: 'class to claim' },
  plan: {
    completes: 'plan',
    type: 'string',
    placeholder: 'PLAN',
    help: 'plan of the class (default: its default plan)',
  },
  role: {
    completes: 'role',
    type: 'string',
    placeholder: 'ROLE',
    help: 'role of the credentials (default: that of the class); for policies: roles that may be claimed',
  },
  param: {
    type: 'string',
    short: 'p',
    placeholder: 'KEY=VALUE',
    multiple: true,
    help: 'parameter, VALUE as YAML; dots reach into objects',
  },
  binding: {
    completes: 'secret',
    type: 'string',
    placeholder: 'NAME',
    help: 'name of the Secret (default: the name of the claim)',
  },
  yes: { type: 'boolean', short: 'y', help: 'do not ask' },
  for: {
    completes: ['ready', 'deleted'],
    type: 'string',
    placeholder: 'WHAT',
    help: 'wait: ready (default) or deleted; events: KIND/NAME',
  },
  reveal: { type: 'boolean', help: 'print the values, not only their sizes' },
  format: {
    completes: ['table', 'env', 'json', 'url'],
    type: 'string',
    placeholder: 'FORMAT',
    help: 'table (default), env, json or url',
  },
  to: {
    completes: 'namespace',
    type: 'string',
    placeholder: 'NS',
    multiple: true,
    help: "namespace that may claim; '*' for every one",
  },
  'to-selector': {
    type: 'string',
    placeholder: 'LABELS',
    help: 'namespaces with these labels may claim',
  },
  subject: {
    type: 'string',
    placeholder: 'KIND[.GROUP][/NAME]',
    multiple: true,
    help: 'what may be claimed: Secret, Secret/a,b, Instance/x, Thing.example.com; -l narrows it by labels',
  },
  instance: {
    type: 'string',
    placeholder: 'NS/NAME',
    help: 'instance to claim, in place of a class',
  },
  resource: {
    type: 'string',
    placeholder: '[API:]KIND:[NS/]NAME',
    help: 'object to claim, in place of a class: Secret:services/creds, example.com/v1:Thing:x',
  },
  backend: { type: 'string', placeholder: 'BACKEND', help: 'backend where the service is' },
  type: { type: 'string', placeholder: 'TYPE', help: 'what the service is, such as redis' },
  'external-name': { type: 'string', placeholder: 'NAME', help: 'name of the service outside' },
  recipe: {
    completes: 'file',
    type: 'string',
    placeholder: 'FILE',
    help: "how the backend makes or finds it, as YAML by the driver's schema",
  },
  observe: { type: 'boolean', help: 'only look at it: change and delete nothing outside' },
  claim: {
    completes: 'claim',
    type: 'string',
    placeholder: '[NAME=][KIND/]CLAIM',
    multiple: true,
    help: 'claim, or other object with a Secret, whose credentials the program gets as binding NAME (default: its name)',
  },
  env: {
    type: 'string',
    placeholder: 'VAR=[NAME.]KEY',
    multiple: true,
    help: 'give key KEY of binding NAME in variable VAR too, such as REDIS_URL=uri',
  },
  restart: { type: 'boolean', help: 'start the program again when its credentials change' },
  signal: {
    completes: ['SIGHUP', 'SIGUSR1', 'SIGUSR2'],
    type: 'string',
    placeholder: 'SIGNAL',
    help: 'send this to the program when its credentials change, such as SIGHUP',
  },
  path: { type: 'boolean', help: 'print the path instead of the content' },
  from: { type: 'string', placeholder: 'KIND/NAME', help: 'workload that is to lose it, such as deployment/shop' },
  as: { type: 'string', placeholder: 'NAME', help: 'folder of its files (default: the name of the claim)' },
  containers: { type: 'string', placeholder: 'LIST', help: 'containers to bind, comma separated (default: all)' },
  dir: { completes: 'file', type: 'string', placeholder: 'DIR', help: 'folder to write into; one on your PATH' },
  force: { type: 'boolean', help: 'also where another program of that name is on PATH already' },
  'if-missing': { type: 'boolean', help: 'do nothing when the engine is there already' },
} as const satisfies Record<string, Option>

export type Options = Readonly<Record<string, Option>>
export type OptionName = keyof typeof OPTIONS

export type ValuesOf<O extends Options> = {
  readonly [K in keyof O]?: O[K]['type'] extends 'boolean'
    ? boolean
    : O[K] extends { multiple: true }
      ? readonly string[]
      : string
}

export type OptionValues = ValuesOf<typeof OPTIONS>

export interface Invocation<O extends Options = typeof OPTIONS> {
  readonly args: readonly string[]
  readonly options: ValuesOf<O>
}

export interface Command<O extends Options = typeof OPTIONS> {
  /** `['claim', 'create']` */
  readonly path: readonly string[]
  /** `NAME`, `[NAME]`, `KIND[/NAME] [NAME]`: square brackets are optional, `...` repeats. */
  readonly args?: string
  readonly summary: string
  readonly options: readonly (keyof O & string)[]
  /** Options that must be given. */
  readonly requires?: readonly (keyof O & string)[]
  /** What an option means here, where that differs. A negated one so explained is off unless it is given. */
  readonly optionHelp?: { readonly [K in keyof O]?: string }
  /** How the value of an option reads here, where that differs. */
  readonly optionPlaceholder?: { readonly [K in keyof O]?: string }
  readonly examples: readonly string[]
  /** Its arguments. */
  readonly completes?: Completes
  /** Works, and is in no help. */
  readonly hidden?: true
  /** Everything behind the path is the command line of another program, flags too. */
  readonly passesOn?: true
  /** Loads the implementation, so that help and other commands do not pay for it. */
  readonly load: () => Promise<Run<O>>
}

/**
 * Does the work of a command; throws `CommandFailed` for every expected failure. Answers an exit code only where that is not ours to
 * choose.
 */
export type Run<O extends Options = typeof OPTIONS> = (
  invocation: Invocation<O>,
  terminal: import('./terminal.ts').Terminal,
) => Promise<void | number>

/** A program whose command lines are read: `larder`, or one that it stands in for. */
export interface Program<O extends Options = typeof OPTIONS> {
  /** As people type it. */
  readonly name: string
  readonly commands: readonly Command<O>[]
  readonly options: O
  /** Other spellings of words in paths: `claim` for `claims`. */
  readonly aliases?: Readonly<Record<string, string>>
  /** Around the list of all commands in its help. */
  readonly intro: string
  readonly outro: string
}

export const larderProgram = (commands: readonly Command[]): Program => ({
  name: 'larder',
  commands,
  options: OPTIONS,
  intro: 'Larder: claim backing services with kubectl, or with this.\n\n',
  outro: '\nStart   larder up\nMore    larder COMMAND --help\n',
})

/** An option as help and reference show it for a command: `--data DIR`. */
export function shownOption<O extends Options>(
  options: O,
  command: Command<O>,
  name: keyof O & string,
): { flag: string; short?: string; help: string } {
  const { negated, placeholder, short, help }: Option = options[name]!
  const own = command.optionHelp?.[name]
  const value = command.optionPlaceholder?.[name] ?? placeholder
  const flag = `--${negated && own === undefined ? 'no-' : ''}${name}${value ? ` ${value}` : ''}`
  return { flag, help: own ?? help, ...(short !== undefined && { short }) }
}

/** How many positional arguments a command takes, from its `args` text. */
export function arity(command: Pick<Command, 'args'>): { readonly least: number; readonly most: number } {
  const words = command.args?.split(' ') ?? []
  return {
    least: words.filter((word) => !word.startsWith('[')).length,
    most: words.some((word) => word.includes('...')) ? Infinity : words.length,
  }
}
