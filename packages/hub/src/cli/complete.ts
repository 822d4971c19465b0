/**
 * What may stand where the cursor is: `larder __complete WORD... LAST`, LAST as far as it is typed, perhaps empty.
 *
 * The answer is that of cobra's `__complete`, because kubectl asks its plugins for it: one candidate per line, and at the end
 * `:4` (nothing else fits) or `:0` (file names do).
 */
import { secretType, namespaceType } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import { claimPolicyKind } from '../model/claim-policy.ts'
import { claimKind } from '../model/claim.ts'
import { classKind, type Class } from '../model/class.ts'
import { kinds } from '../model/kinds.ts'
import { reasons } from '../model/reasons.ts'
import { OPTIONS, type Command, type Completes, type Option, type OptionName, type OptionValues } from './command.ts'
import { withApi, type Connection } from './connect.ts'
import { kindNamed, isKindName } from './kinds.ts'
import type { Terminal } from './terminal.ts'

const FILES = ':0\n'
const NOTHING_ELSE = ':4\n'
/** A prompt that hangs is worse than one that completes nothing. */
const PATIENCE_MS = 1500

export async function complete(
  words: readonly string[],
  commands: readonly Command[],
  terminal: Terminal,
): Promise<string> {
  const last = words.at(-1) ?? ''
  const line = readLine(words.slice(0, -1))
  const found = await candidates(line, last, commands, terminal)
  if (found === 'files') return FILES
  const fitting = [...new Set(found)].filter((word) => word.startsWith(last))
  return `${fitting.map((word) => `${word}\n`).join('')}${NOTHING_ELSE}`
}

interface Line {
  readonly positionals: readonly string[]
  readonly options: OptionValues
  /** The flag whose value comes next. */
  readonly awaiting: OptionName | undefined
}

/** Reads what stands before the cursor, as far as it makes sense: it need not parse yet. */
function readLine(words: readonly string[]): Line {
  const positionals: string[] = []
  const options: Record<string, string | boolean> = {}
  let awaiting: OptionName | undefined
  for (const word of words) {
    if (awaiting !== undefined) {
      options[awaiting] = word
      awaiting = undefined
      continue
    }
    if (!word.startsWith('-')) {
      positionals.push(word)
      continue
    }
    const [flag = '', value] = word.split('=', 2)
    const name = optionNamed(flag)
    if (name === undefined) continue
    if (value !== undefined) options[name] = value
    else if (OPTIONS[name].type === 'boolean') options[name] = true
    else awaiting = name
  }
  return { positionals, options, awaiting }
}

function optionNamed(flag: string): OptionName | undefined {
  return (Object.keys(OPTIONS) as OptionName[]).find((name) => {
    const { short }: Option = OPTIONS[name]
    return flag === `--${name}` || (short !== undefined && flag === `-${short}`)
  })
}

async function candidates(
  line: Line,
  last: string,
  commands: readonly Command[],
  terminal: Terminal,
): Promise<readonly string[] | 'files'> {
  const { positionals, options, awaiting } = line
  const command = commands.find((c) => c.path.every((word, i) => positionals[i] === word))
  const args = positionals.slice(command?.path.length)
  const context = { args, options, last, ask: (work: Work) => fromApi(options, terminal, work) }
  if (awaiting !== undefined) {
    // The same flag says what to wait for and whose events are meant.
    const usual = command?.optionPlaceholder?.[awaiting] === undefined ? (OPTIONS[awaiting] as Option).completes : []
    const named = awaiting === 'for' && command?.path[0] === 'events' ? 'object' : usual
    return valuesOf(named, { ...context, args: [] })
  }
  if (last.startsWith('-')) return flagsOf(command, commands)
  if (command) return command.completes === 'object' || args.length === 0 ? valuesOf(command.completes, context) : []
  return commands
    .filter((c) => positionals.every((word, i) => c.path[i] === word))
    .flatMap((c) => c.path[positionals.length] ?? [])
}

type Work = (connection: Connection) => Promise<readonly string[]>

interface Context {
  readonly args: readonly string[]
  readonly options: OptionValues
  readonly last: string
  readonly ask: (work: Work) => Promise<readonly string[]>
}

type Values = (context: Context) => Promise<readonly string[] | 'files'> | readonly string[]

function valuesOf(what: Completes | undefined, context: Context): ReturnType<Values> {
  if (what === undefined) return []
  return typeof what === 'string' ? VALUES[what](context) : what
}

const VALUES: Readonly<Record<Extract<Completes, string>, Values>> = {
  claim: ({ ask }) => ask(namesOf(claimKind)),
  class: ({ ask }) => ask(namesOf(classKind)),
  policy: ({ ask }) => ask(namesOf(claimPolicyKind)),
  namespace: ({ ask }) => ask(namesOf(namespaceType)),
  secret: ({ ask }) => ask(namesOf(secretType)),
  plan: (context) => ofClass(context, ({ spec }) => spec.plans),
  role: (context) => ofClass(context, ({ spec }) => spec.roles),
  object: objects,
  topic: () => [...Object.keys(reasons), ...kinds.map((k) => k.singular)],
  file: () => Promise.resolve('files'),
}

/** `claim`, then `claim/NAME`; or `claim NAME`. */
async function objects({ args, last, ask }: Context): Promise<readonly string[]> {
  const [kindWord] = args
  if (kindWord !== undefined) return isKindName(kindWord) && args.length === 1 ? ask(namesOf(kindNamed(kindWord))) : []
  const slash = last.indexOf('/')
  if (slash < 0) return kinds.flatMap((k) => [k.singular, k.resource, k.shortName])
  const prefix = last.slice(0, slash)
  if (!isKindName(prefix)) return []
  return (await ask(namesOf(kindNamed(prefix)))).map((name) => `${prefix}/${name}`)
}

function ofClass(
  { options, ask }: Context,
  pick: (found: Class) => readonly { readonly name: string }[] | undefined,
): Promise<readonly string[]> {
  return ask(async ({ client }) => {
    const found = options.class === undefined ? undefined : await client.of(classKind).find(options.class)
    return (found && pick(found))?.map(({ name }) => name) ?? []
  })
}

function flagsOf(command: Command | undefined, commands: readonly Command[]): readonly string[] {
  const names = command?.options ?? [...new Set(commands.flatMap((c) => c.options))]
  return ['--help', ...names.map((name) => `--${(OPTIONS[name] as Option).negated ? 'no-' : ''}${name}`)]
}

const namesOf =
  (type: ResourceType) =>
  async ({ client, namespace }: Connection): Promise<readonly string[]> => {
    const { items } = await client.of(type).list(type.namespaced ? { namespace } : {})
    return items.map(({ metadata }) => metadata.name)
  }

/** No API, no right to read, no answer in time: then there is nothing to propose. A prompt has no place for an error. */
async function fromApi(options: OptionValues, terminal: Terminal, work: Work): Promise<readonly string[]> {
  let found: readonly string[] = []
  const asking = withApi(options, terminal, async (connection) => {
    found = await work(connection)
  }).catch(() => undefined)
  await Promise.race([asking, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref())])
  return found
}
