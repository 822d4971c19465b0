/**
 * A ServiceBinding between a claim and a workload, by their names. What a workload gets of it is what `larder run` gives a program
 * (model/projection); who puts it there is whoever serves ServiceBindings, a hub with that door or another implementation.
 */
import { equalJson, type Json } from '@larder/engine/base/json'
import type { ResourceType } from '@larder/engine/client/types'
import { formatApiVersion, formatResource } from '@larder/engine/machinery/object'
import { claimKind } from '../../model/claim.ts'
import type { Kind } from '../../model/kind.ts'
import { bindingType, type ServiceBinding } from '../../model/projection/service-binding.ts'
import { ageColumn, messageColumn, readyColumns } from '../../model/shared-fields.ts'
import { namedObject, type NamedObject } from '../any-kind.ts'
import type { OptionValues, Run } from '../command.ts'
import { withApi, type Connection } from '../connect.ts'
import { CommandFailed, EXIT } from '../failure.ts'
import { whereBindingsServed } from '../not-served.ts'
import { columnsOf, printObjects, type PrintOptions, type ShownColumn } from '../print.ts'
import { readyOf } from '../readiness.ts'
import { elapsed, type Terminal } from '../terminal.ts'
import { watchUntil } from '../watch-until.ts'
import { waitMs } from './claim.ts'
import { printList } from './get.ts'

export const bind: Run = async ({ args, options }, terminal) => {
  await withApi(options, terminal, async (connection) => {
    const { client, namespace } = connection
    const claim = await namedObject(args[0]!, client.transport, claimKind)
    const workload = await namedObject(oneOf(options, 'larder bind CLAIM --to KIND/NAME'), client.transport)
    const as = options.as ?? claim.name
    const name = `${workload.name}-${as}`
    const spec = specOf(claim, workload, as, options)
    const bindings = client.of(bindingType)
    const before = await whereBindingsServed(() => bindings.find(name, namespace))
    if (before) refuseOther(before, spec)
    await lookAtBoth(connection, claim, workload, terminal)
    const isSame = before && same(before.spec, spec)
    const binding = isSame
      ? before
      : before
        ? await bindings.update({ ...before, spec }, { fieldManager: 'larder' })
        : await bindings.create({ metadata: { name, namespace }, spec }, { fieldManager: 'larder' })
    if (options.output === undefined)
      terminal.out(
        `servicebinding.${bindingType.group}/${name} ${before ? (isSame ? 'unchanged' : 'configured') : 'created'}\n`,
      )
    else await printObjects([binding], printing(options, false), terminal)
    if (!options.wait) return terminal.note(`Next  larder binding get ${name} -n ${namespace}\n`)
    await waitForBinding(connection, binding, options, terminal)
    // By its name: by claim and workload another folder of the same claim would go too.
    terminal.note(`Next  larder unbind ${name} -n ${namespace}\n`)
  })
}

function oneOf({ to = [] }: OptionValues, usage: string): string {
  const [first, ...more] = to
  if (first !== undefined && more.length === 0) return first
  throw new CommandFailed(EXIT.usage, first === undefined ? 'to what? --to is missing' : '--to names one workload', {
    next: usage,
  })
}

function specOf(claim: NamedObject, workload: NamedObject, as: string, options: OptionValues): ServiceBinding['spec'] {
  const containers = options.containers?.split(',').filter((container) => container !== '')
  const env = (options.env ?? []).map((text) => {
    const [variable = '', key = ''] = text.split('=', 2)
    if (variable === '' || key === '')
      throw new CommandFailed(EXIT.usage, `--env ${text}: which key?`, { next: '--env REDIS_URL=uri' })
    return { name: variable, key: key.startsWith(`${as}.`) ? key.slice(as.length + 1) : key }
  })
  return {
    name: as,
    service: { ...kindRef(claim.type), name: claim.name },
    workload: { ...kindRef(workload.type), name: workload.name, ...(containers && { containers }) },
    ...(env.length > 0 && { env }),
  }
}

const kindRef = ({ group, version, kind }: ResourceType) => ({ apiVersion: formatApiVersion(group, version), kind })
const inWords = ({ kind, name }: { readonly kind: string; readonly name?: string }): string => `${kind} ${name ?? ''}`

const same = (a: object, b: object): boolean => equalJson(a as Json, b as Json)

/** A binding of that name may be changed, but never be made one of another service or another workload. */
function refuseOther(before: ServiceBinding, { service, workload }: ServiceBinding['spec']): void {
  const was = before.spec
  const { containers: _, ...now } = workload
  const { containers: __, ...then } = was.workload
  if (same(was.service, service) && same(then, now)) return
  throw new CommandFailed(EXIT.conflict, `ServiceBinding ${before.metadata.name} exists and binds something else`, {
    why: `it binds ${inWords(was.service)} to ${inWords(was.workload)}`,
    next: `--as ANOTHER, or larder unbind ${before.metadata.name} -n ${before.metadata.namespace ?? ''}`,
  })
}

/** A claim that is not there is a slip; a workload may well come later. */
async function lookAtBoth(
  { client, namespace }: Connection,
  claim: NamedObject,
  workload: NamedObject,
  terminal: Terminal,
): Promise<void> {
  const isThere = async ({ type, name }: NamedObject) => (await client.of(type).find(name, namespace)) !== undefined
  if (!(await isThere(claim)))
    throw new CommandFailed(
      EXIT.notFound,
      `${formatResource(claim.type.resource, claim.type.group)} "${claim.name}" not found`,
      { next: `kubectl get ${formatResource(claim.type.resource, claim.type.group)} -n ${namespace}` },
    )
  if (!(await isThere(workload)))
    terminal.note(
      `${workload.type.kind} ${namespace}/${workload.name} is not there yet; it will be bound when it comes.\n`,
    )
}

async function waitForBinding(
  { client, namespace }: Connection,
  { metadata: { name, uid } }: ServiceBinding,
  options: OptionValues,
  terminal: Terminal,
): Promise<void> {
  const startedAt = terminal.now()
  let told = ''
  const what = `ServiceBinding ${namespace}/${name}`
  await watchUntil<ServiceBinding, true>(client, terminal, {
    type: bindingType,
    name,
    namespace,
    timeoutMs: waitMs(options),
    what: `${what} to be Ready`,
    look(now) {
      if (!now || now.metadata.uid !== uid) throw new CommandFailed(EXIT.notFound, `${what} was deleted meanwhile`)
      const { status, message } = readyOf(now)
      const isReady = status === 'True'
      const news = isReady ? `Ready  Secret ${now.status?.binding?.name ?? ''}` : message
      if (news !== '' && news !== told)
        terminal.note(`  ${elapsed(terminal.now() - startedAt).padStart(6)} ${isReady ? '✔' : '◐'}  ${news}\n`)
      told = news
      return isReady ? true : undefined
    },
  })
}

export const unbind: Run = async ({ args, options }, terminal) => {
  await withApi(options, terminal, async (connection) => {
    const { client, namespace } = connection
    const bindings = client.of(bindingType)
    const meant = await whereBindingsServed(() => meantBy(args[0]!, options, connection))
    for (const { metadata } of meant)
      await bindings.delete(metadata.name, { namespace, preconditions: { uid: metadata.uid! } })
    for (const { metadata } of meant) {
      await watchUntil<ServiceBinding, true>(client, terminal, {
        type: bindingType,
        name: metadata.name,
        namespace,
        timeoutMs: waitMs(options),
        what: `ServiceBinding ${namespace}/${metadata.name} to be gone, and its workload without it`,
        look: (now) => (now?.metadata.uid === metadata.uid ? undefined : true),
      })
      terminal.out(`servicebinding.${bindingType.group}/${metadata.name} deleted\n`)
    }
  })
}

/** The binding of that name, or with `--from` all of that claim into that workload. */
async function meantBy(
  word: string,
  { from }: OptionValues,
  { client, namespace }: Connection,
): Promise<readonly ServiceBinding[]> {
  const bindings = client.of(bindingType)
  if (from === undefined) {
    const found = await bindings.find(word, namespace)
    if (found) return [found]
    throw new CommandFailed(EXIT.notFound, `ServiceBinding "${word}" not found`, {
      next: `larder binding list -n ${namespace}, or larder unbind CLAIM --from KIND/NAME`,
    })
  }
  const claim = await namedObject(word, client.transport, claimKind)
  const workload = await namedObject(from, client.transport)
  const { items } = await bindings.list({ namespace })
  const found = items.filter(({ spec }) => isRef(spec.service, claim) && isRef(spec.workload, workload))
  if (found.length > 0) return found
  throw new CommandFailed(
    EXIT.notFound,
    `nothing binds ${claim.type.kind} ${claim.name} to ${workload.type.kind} ${workload.name}`,
    {
      next: `larder binding list -n ${namespace}`,
    },
  )
}

/** Whatever the version. */
const isRef = (
  ref: { readonly apiVersion: string; readonly kind: string; readonly name?: string },
  { type, name }: NamedObject,
): boolean =>
  ref.kind === type.kind && ref.name === name && ref.apiVersion.split('/').slice(0, -1).join('/') === type.group

const column = (heading: string, cell: (binding: ServiceBinding) => string): ShownColumn => ({
  heading,
  cell: (object) => cell(object as ServiceBinding),
})

const columns: readonly ShownColumn[] = [
  column('NAME', ({ metadata }) => metadata.name),
  column('SERVICE', ({ spec }) => `${spec.service.kind}/${spec.service.name}`),
  column('WORKLOAD', ({ spec }) => `${spec.workload.kind}/${spec.workload.name ?? '(selected)'}`),
  column('AS', ({ metadata, spec }) => spec.name ?? metadata.name),
  ...columnsOf({ columns: [...readyColumns, messageColumn, ageColumn] } as unknown as Kind<unknown, unknown>).slice(1),
]

const printing = ({ output, 'all-namespaces': everywhere }: OptionValues, list: boolean): PrintOptions => ({
  type: { singular: 'servicebinding', group: bindingType.group },
  columns,
  output,
  withNamespace: list && everywhere === true,
  list,
})

export const list: Run = ({ options }, terminal) =>
  withApi(options, terminal, async (connection) => {
    const namespace = options['all-namespaces'] ? undefined : connection.namespace
    const { items } = await whereBindingsServed(() => connection.client.of(bindingType).list({ namespace }))
    await printList(items, printing(options, true), 'No service bindings found', namespace, terminal)
  })

export const get: Run = ({ args, options }, terminal) =>
  withApi(options, terminal, async ({ client, namespace }) => {
    const binding = await whereBindingsServed(() => client.of(bindingType).get(args[0]!, namespace))
    await printObjects([binding], printing(options, false), terminal)
  })
