import { isNotFound } from '@larder/engine/machinery/status'
import type { Json, JsonObject } from '@larder/engine/base/json'
import { claimKind, type Claim } from '../../model/claim.ts'
import type { Kind } from '../../model/kind.ts'
import { waitForClaim } from '../claim-progress.ts'
import type { OptionValues, Run } from '../command.ts'
import { confirm } from '../confirm.ts'
import { withApi } from '../connect.ts'
import { CommandFailed, EXIT } from '../failure.ts'
import { columnsOf, printObjects, type PrintOptions } from '../print.ts'
import { parseDuration } from '../terminal.ts'
import { watchUntil } from '../watch-until.ts'
import { getOf, listOf } from './get.ts'

const kind = claimKind as Kind<unknown, unknown>
const DEFAULT_WAIT_MS = 10 * 60_000

export const list = listOf(kind)
export const get = getOf(kind)

export const create: Run = async ({ args, options }, terminal) => {
  const name = args[0]!
  const spec = await claimSpec(options)
  await withApi(options, terminal, async ({ client, namespace }) => {
    const claim = await client
      .of(claimKind)
      .create({ metadata: { name, namespace }, spec } as unknown as Claim, { fieldManager: 'larder' })
    if (options.output === undefined) terminal.out(`claim.larder.dev/${name} created\n`)
    else await printObjects([claim], printing(options), terminal)
    if (options.wait) {
      await waitForClaim(client, terminal, { name, namespace, timeoutMs: waitMs(options) })
      terminal.note(`Next  larder creds show ${name} -n ${namespace} --reveal\n`)
    } else terminal.note(`Next  larder wait claim/${name} -n ${namespace}\n`)
  })
}

export const remove: Run = async ({ args, options }, terminal) => {
  const name = args[0]!
  await withApi(options, terminal, async ({ client, namespace }) => {
    const claims = client.of(claimKind)
    const claim = await claims.get(name, namespace)
    if (!options.yes)
      await confirm(
        terminal,
        `Delete claim ${namespace}/${name}? Its credentials stop to work, and its service goes by the class's reclaim policy.`,
      )
    await claims.delete(name, { namespace, preconditions: { uid: claim.metadata.uid! } })
    // Waits until the object is gone: only then are the credentials revoked for certain.
    await watchUntil<Claim, true>(client, terminal, {
      type: claimKind,
      name,
      namespace,
      timeoutMs: waitMs(options),
      what: `claim ${namespace}/${name} to be gone`,
      look: (now) => (now === undefined || now.metadata.uid !== claim.metadata.uid ? true : undefined),
    })
    terminal.out(`claim.larder.dev/${name} deleted\n`)
  }).catch((error: unknown) => {
    throw isNotFound(error) ? new CommandFailed(EXIT.notFound, `claim ${name} does not exist`, { cause: error }) : error
  })
}

export const printing = ({ output }: OptionValues): PrintOptions => ({
  type: kind,
  columns: columnsOf(kind),
  output,
  withNamespace: false,
  list: false,
})

export function waitMs(options: OptionValues): number {
  return options.timeout === undefined ? DEFAULT_WAIT_MS : parseDuration(options.timeout, 'timeout')
}

async function claimSpec(options: OptionValues): Promise<Json> {
  const parameters = await parseParameters(options.param ?? [])
  return {
    ...wanted(options),
    ...(options.plan !== undefined && { plan: options.plan }),
    ...(options.role !== undefined && { role: options.role }),
    ...(Object.keys(parameters).length > 0 && { parameters }),
    ...(options.binding !== undefined && { binding: { name: options.binding } }),
  }
}

/** What is claimed: exactly one of a class, an instance and an object. */
function wanted({ class: className, instance, resource }: OptionValues): JsonObject {
  const said = [className, instance, resource].filter((text) => text !== undefined)
  if (said.length === 0)
    throw new CommandFailed(EXIT.usage, 'which class? --class is missing', { next: 'larder class list' })
  if (said.length > 1)
    throw new CommandFailed(EXIT.usage, '--class, --instance and --resource exclude each other', {
      next: 'name one of them',
    })
  if (className !== undefined) return { className }
  return instance === undefined ? { resourceRef: resourceOf(resource!) } : { instanceRef: instanceOf(instance) }
}

function instanceOf(text: string): JsonObject {
  const [namespace = '', name = ''] = text.split('/', 2)
  if (name === '')
    throw new CommandFailed(EXIT.usage, `--instance ${text}: which namespace?`, { next: `--instance NS/${text}` })
  return { namespace, name }
}

/** `Secret:creds`, `Secret:services/creds`, `example.com/v1:Thing:services/x`. */
function resourceOf(text: string): JsonObject {
  const parts = text.split(':')
  const [apiVersion = '', ofKind = '', path = ''] = parts.length === 2 ? ['v1', ...parts] : parts
  const slash = path.indexOf('/')
  const name = path.slice(slash + 1)
  if (parts.length > 3 || !/^[A-Z]/.test(ofKind) || name === '')
    throw new CommandFailed(EXIT.usage, `--resource ${text} is not understood`, {
      next: '--resource Secret:services/creds, --resource example.com/v1:Thing:x',
    })
  return { apiVersion, kind: ofKind, ...(slash >= 0 && { namespace: path.slice(0, slash) }), name }
}

/** `-p maxmemory=64mb -p limits.cpu=2`: values are YAML, dots in the key reach into objects. */
export async function parseParameters(params: readonly string[]): Promise<{ [key: string]: Json }> {
  const result: { [key: string]: Json } = {}
  if (params.length === 0) return result
  const { parse } = await import('yaml')
  for (const param of params) {
    const equals = param.indexOf('=')
    if (equals < 1) throw new CommandFailed(EXIT.usage, `--param: "${param}" has no value`, { next: '-p KEY=VALUE' })
    const path = param.slice(0, equals).split('.')
    let at: { [key: string]: Json } = result
    for (const part of path.slice(0, -1)) at = (at[part] ??= {}) as { [key: string]: Json }
    at[path.at(-1)!] = parse(param.slice(equals + 1)) as Json
  }
  return result
}
