/**
 * A program on this machine with the credentials of claims, as a workload in a cluster would get them: files that follow every change at
 * once, and variables, which a program that runs keeps as they were when it began.
 */
import { existsSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { secretType } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import { claimKind } from '../../model/claim.ts'
import {
  environmentFor,
  projectBinding,
  type EnvironmentMapping,
  type Projection,
} from '../../model/projection/project.ts'
import { namedObject, type NamedObject } from '../any-kind.ts'
import { createBindingRoot, type BindingRoot } from '../binding-root.ts'
import { startProgram, type RunningProgram } from '../child.ts'
import type { OptionValues, Run } from '../command.ts'
import { withApi } from '../connect.ts'
import { CommandFailed, EXIT } from '../failure.ts'
import { createNews } from '../live.ts'
import { createReader, type Reader } from '../reading.ts'
import { secretNameOf, waitForService } from '../service.ts'
import type { Terminal } from '../terminal.ts'
import { waitMs } from './claim.ts'

/** One binding of the program. */
interface Asked {
  readonly name: string
  /** As it was said: `cache`, `ResourceClaim/cache`. */
  readonly claim: string
  readonly env: readonly EnvironmentMapping[]
}

interface Bound extends Asked {
  readonly service: NamedObject
}

export const run: Run = async ({ args, options }, terminal) => {
  const asked = bindingsOf(options)
  const onChange = reactionOf(options)
  const [command = '', ...rest] = args
  return await withApi(options, terminal, async ({ client, namespace }) => {
    const bound: Bound[] = []
    for (const each of asked) {
      const service = await namedObject(each.claim, client.transport, claimKind)
      await waitForService(client, terminal, service, { namespace, timeoutMs: waitMs(options) })
      bound.push({ ...each, service })
    }
    const root = createBindingRoot(runtimeFolder(terminal))
    const abort = new AbortController()
    try {
      const bindings = createBindings({ client, namespace, bound, root, terminal })
      await bindings.look()
      const environment = () => ({ ...terminal.env, SERVICE_BINDING_ROOT: root.dir, ...bindings.environment() })
      const program = startProgram({ command, args: rest }, environment())
      const following = follow(bindings, client, abort.signal, {
        changed: () => onChange(program, environment, terminal),
        trouble: (message) => bindings.say(`cannot follow the credentials now: ${message}`),
      })
      const code = await program.ended
      abort.abort()
      await following
      if (code === 127 || code === 126)
        terminal.note(`larder: ${command} ended with ${code}, which says that it was not found or may not be run\n`)
      return code
    } finally {
      abort.abort()
      root.remove()
    }
  })
}

/** In memory where the machine has such a place for this account. */
function runtimeFolder({ env }: Terminal): string {
  const folder = env['XDG_RUNTIME_DIR']
  return folder !== undefined && existsSync(folder) ? folder : tmpdir()
}

function bindingsOf({ claim = [], env = [] }: OptionValues): readonly Asked[] {
  if (claim.length === 0)
    throw new CommandFailed(EXIT.usage, 'which claim? --claim is missing', {
      next: 'larder run --claim cache -- COMMAND',
    })
  const bindings = claim.map((text) => {
    const [first = '', second] = text.split('=', 2)
    const claim = second ?? first
    return {
      name: second === undefined ? claim.slice(claim.indexOf('/') + 1) : first,
      claim,
      env: [] as EnvironmentMapping[],
    }
  })
  for (const text of env) {
    const [variable = '', source = ''] = text.split('=', 2)
    const named = bindings.find(({ name }) => source.startsWith(`${name}.`))
    const binding = named ?? (bindings.length === 1 ? bindings[0] : undefined)
    if (!binding || source === '')
      throw new CommandFailed(EXIT.usage, `--env ${text}: which key of which binding?`, {
        next: `--env ${variable}=${bindings[0]?.name}.uri`,
      })
    binding.env.push({ name: variable, key: named ? source.slice(named.name.length + 1) : source })
  }
  const twice = bindings.find(({ name }, i) => bindings.findIndex((other) => other.name === name) !== i)
  if (twice) throw new CommandFailed(EXIT.usage, `two bindings are named ${twice.name}`, { next: '--claim NAME=CLAIM' })
  return bindings
}

type Reaction = (program: RunningProgram, environment: () => NodeJS.ProcessEnv, terminal: Terminal) => void

/** What a program is told when its credentials change. */
function reactionOf({ restart, signal }: OptionValues): Reaction {
  if (restart === true && signal !== undefined)
    throw new CommandFailed(EXIT.usage, '--restart and --signal exclude each other')
  if (restart === true) return (program, environment) => program.restart(environment())
  if (signal === undefined)
    return (_program, _environment, terminal) =>
      terminal.note('larder: its files are new; its variables stay as they are (--restart would start it again)\n')
  const name = (signal.startsWith('SIG') ? signal : `SIG${signal}`) as NodeJS.Signals
  if (!(name in constants.signals))
    throw new CommandFailed(EXIT.usage, `--signal ${signal} is not known`, { next: '--signal SIGHUP' })
  return (program) => program.signal(name)
}

interface Bindings {
  /** Reads everything again and writes what has changed. True when something has. */
  look(): Promise<boolean>
  readonly reader: () => Reader
  /** Tells people, and each thing once. */
  say(text: string): void
  environment(): Record<string, string>
}

interface BindingsOptions {
  readonly client: Client
  readonly namespace: string
  readonly bound: readonly Bound[]
  readonly root: BindingRoot
  readonly terminal: Terminal
}

function createBindings({ client, namespace, bound, root, terminal }: BindingsOptions): Bindings {
  const known = new Map<string, Projection>()
  const said = new Set<string>()
  let reader = createReader(client)

  const say = (text: string): void => {
    if (!said.has(text)) terminal.note(`larder: ${text}\n`)
    said.add(text)
  }

  async function lookAt({ name, claim, env, service }: Bound): Promise<boolean> {
    const found = await reader.find(service.type, service.name, namespace)
    const binding = found.state === 'found' ? secretNameOf(service, found.object) : undefined
    const secret = binding === undefined ? undefined : await reader.find(secretType, binding, namespace)
    if (secret?.state === 'forbidden') throw secret.error
    if (secret?.state !== 'found') {
      if (!known.has(name)) throw new CommandFailed(EXIT.failed, `claim ${namespace}/${claim} has no Secret`)
      say(`claim ${claim} has no Secret any more; the files of binding ${name} stay as they were`)
      return false
    }
    const data = Object.fromEntries(
      Object.entries(secret.object.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]),
    )
    const own = environmentFor(name, Object.keys(data).toSorted())
    const projection = projectBinding({ data }, { name, env: [...own, ...env] })
    for (const problem of projection.problems) say(`claim ${claim}: ${problem}`)
    const before = known.get(name)
    if (before && sameFiles(before, projection)) return false
    known.set(name, projection)
    root.write(name, projection.files)
    if (before) terminal.note(`larder: the credentials of claim ${claim} have changed\n`)
    return true
  }

  return {
    reader: () => reader,
    say,
    async look() {
      reader = createReader(client)
      let changed = false
      for (const one of bound) changed = (await lookAt(one)) || changed
      return changed
    },
    environment: () => Object.assign({}, ...[...known.values()].map(({ env }) => env)) as Record<string, string>,
  }
}

const sameFiles = (a: Projection, b: Projection): boolean =>
  a.files.size === b.files.size &&
  [...a.files].every(([path, value]) => Buffer.from(value).equals(b.files.get(path) ?? Buffer.alloc(0)))

/** Until aborted. Trouble leaves the program what it has, and is told once: the watches tell again when there is news. */
async function follow(bindings: Bindings, client: Client, signal: AbortSignal, react: Follow): Promise<void> {
  const news = createNews(client, signal, 'patient')
  news.about(bindings.reader().places)
  while (await news.next()) {
    try {
      if (await bindings.look()) react.changed()
    } catch (error) {
      react.trouble(error instanceof Error ? error.message : String(error))
    }
    news.about(bindings.reader().places)
  }
}

interface Follow {
  readonly changed: () => void
  readonly trouble: (message: string) => void
}
