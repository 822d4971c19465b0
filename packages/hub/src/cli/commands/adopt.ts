/** Taking over what exists: a claim that names a retained instance, or an Instance for a service that somebody else made. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isObject, type JsonObject } from '@larder/engine/base/json'
import { instanceKind, type Instance } from '../../model/instance.ts'
import type { Kind } from '../../model/kind.ts'
import type { OptionValues, Run } from '../command.ts'
import { withApi } from '../connect.ts'
import { CommandFailed, EXIT } from '../failure.ts'
import { columnsOf, printObjects } from '../print.ts'
import { readiness, stalledFailure } from '../readiness.ts'
import type { Terminal } from '../terminal.ts'
import { watchUntil } from '../watch-until.ts'
import { create, parseParameters, waitMs } from './claim.ts'

export const run: Run = async (invocation, terminal) => {
  const { options, args } = invocation
  if (options.instance === undefined) return adoptOutside(args[0]!, options, terminal)
  refuse(options, ['backend', 'class', 'type', 'recipe', 'external-name', 'observe'])
  return create(invocation, terminal)
}

/** A retained instance is what it is: only the claim on it has something to say. */
function refuse(options: OptionValues, names: readonly (keyof OptionValues)[]): void {
  const wrong = names.find((name) => options[name] !== undefined)
  if (wrong)
    throw new CommandFailed(EXIT.usage, `--${wrong} does not go with --instance`, { next: 'larder adopt --help' })
}

async function adoptOutside(name: string, options: OptionValues, terminal: Terminal): Promise<void> {
  const spec = await instanceSpec(options, terminal)
  await withApi(options, terminal, async ({ client, namespace }) => {
    const instance = await client
      .of(instanceKind)
      .create({ metadata: { name, namespace }, spec }, { fieldManager: 'larder' })
    if (options.output === undefined) terminal.out(`instance.larder.dev/${name} created\n`)
    else {
      const type = instanceKind as Kind<unknown, unknown>
      const printing = { type, columns: columnsOf(type), output: options.output, withNamespace: false, list: false }
      await printObjects([instance], printing, terminal)
    }
    const claim = `larder claim create ${name} --instance ${namespace}/${name} -n NAMESPACE`
    if (!options.wait) return terminal.note(`Next  larder wait instance/${name} -n ${namespace}, then ${claim}\n`)
    const what = `instance ${namespace}/${name}`
    await watchUntil<Instance, true>(client, terminal, {
      type: instanceKind,
      name,
      namespace,
      timeoutMs: waitMs(options),
      what: `${what} to be Ready`,
      look(now) {
        if (!now) throw new CommandFailed(EXIT.notFound, `${what} was deleted meanwhile`)
        const state = readiness(now)
        if (state === 'stalled') throw stalledFailure(what, now)
        return state === 'ready' ? true : undefined
      },
    })
    terminal.note(`Next  ${claim}\n`)
  })
}

async function instanceSpec(options: OptionValues, terminal: Terminal): Promise<JsonObject> {
  const { class: className, backend, type, recipe, plan, param = [], observe } = options
  const externalName = options['external-name']
  if ((className === undefined) === (backend === undefined))
    throw new CommandFailed(EXIT.usage, 'where is it? One of --class, --backend and --instance is needed', {
      next: 'larder adopt --help',
    })
  if (externalName === undefined)
    throw new CommandFailed(EXIT.usage, 'what is it called outside? --external-name is missing', {
      next: '--external-name NAME',
    })
  if (backend !== undefined && type === undefined)
    throw new CommandFailed(EXIT.usage, '--backend needs --type', { next: '--type redis' })
  if (className !== undefined && (type ?? recipe) !== undefined)
    throw new CommandFailed(EXIT.usage, '--type and --recipe come from the class', { next: 'leave them out' })
  const parameters = await parseParameters(param)
  return {
    ...(className === undefined ? { backendRef: { name: backend! }, type: type! } : { className }),
    ...(recipe !== undefined && { recipe: await recipeFrom(resolve(terminal.cwd, recipe)) }),
    ...(plan !== undefined && { plan }),
    ...(param.length > 0 && { parameters }),
    externalName,
    existing: observe === true ? 'Observe' : 'Adopt',
    // What somebody else made is not removed with the object here, unless somebody says so.
    reclaimPolicy: 'Retain',
  }
}

async function recipeFrom(path: string): Promise<JsonObject> {
  const { parse } = await import('yaml')
  let content: unknown
  try {
    content = parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new CommandFailed(EXIT.failed, `${path} cannot be read as YAML`, {
      why: error instanceof Error ? error.message.split('\n')[0]! : String(error),
      cause: error,
    })
  }
  if (isObject(content)) return content
  throw new CommandFailed(EXIT.failed, `${path} holds no object`, { next: "write the recipe by the driver's schema" })
}
