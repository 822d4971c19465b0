import type { KubeObject } from '@larder/engine/machinery/object'
import type { Claim } from '../../model/claim.ts'
import type { Kind } from '../../model/kind.ts'
import { kinds } from '../../model/kinds.ts'
import type { Invocation, Run } from '../command.ts'
import { withApi, type Connection } from '../connect.ts'
import { CommandFailed, EXIT } from '../failure.ts'
import { follow } from '../follow.ts'
import { kindAndName } from '../kinds.ts'
import { columnsOf, isTable, printObjects, printsMore, type PrintOptions, type ShownColumn } from '../print.ts'
import type { Terminal } from '../terminal.ts'

/** `larder get claims`, `larder get claim cache`, `larder get larder` (every kind). */
export const run: Run = async (invocation, terminal) => {
  const { args, options } = invocation
  if (args[0] === 'larder' && options.watch)
    throw new CommandFailed(EXIT.usage, '--watch follows one kind', { next: 'larder get claims -w' })
  await withApi(options, terminal, async (connection) => {
    if (args[0] === 'larder') {
      for (const kind of kinds) await getKind(kind, undefined, invocation, connection, terminal)
      return
    }
    const { kind, name } = kindAndName(args)
    await getKind(kind, name, invocation, connection, terminal)
  })
}

/** `larder claim list`: the kind is the command's. */
export const listOf =
  (kind: Kind<unknown, unknown>): Run =>
  (invocation, terminal) =>
    withApi(invocation.options, terminal, (connection) => getKind(kind, undefined, invocation, connection, terminal))

/** `larder claim get cache`. */
export const getOf =
  (kind: Kind<unknown, unknown>): Run =>
  (invocation, terminal) =>
    withApi(invocation.options, terminal, (connection) =>
      getKind(kind, invocation.args[0], invocation, connection, terminal),
    )

/** Shared with `class list` and `class get`, which show more. */
export async function getKind(
  kind: Kind<unknown, unknown>,
  name: string | undefined,
  { options }: Invocation,
  connection: Connection,
  terminal: Terminal,
): Promise<void> {
  const everywhere = options['all-namespaces'] === true
  for (const flag of ['all-namespaces', 'selector'] as const) {
    if (name !== undefined && options[flag] !== undefined)
      throw new CommandFailed(EXIT.usage, `a name and --${flag} exclude each other`, {
        next: `larder get ${kind.singular} ${name}`,
      })
  }
  const resources = connection.client.of(kind)
  const namespace = kind.namespaced && !everywhere ? connection.namespace : undefined
  const selection = {
    namespace,
    ...(options.selector !== undefined && { labelSelector: options.selector }),
    ...(name !== undefined && { fieldSelector: `metadata.name=${name}` }),
  }
  const printing: PrintOptions = {
    type: kind,
    columns: columnsOf(kind),
    output: options.output,
    withNamespace: everywhere && kind.namespaced,
    list: name === undefined,
  }
  // A name that is not there is an error, which an empty list would not be.
  if (name !== undefined && !options.watch)
    return printObjects([await resources.get(name, namespace)], printing, terminal)
  const { items, metadata } = await resources.list(selection)
  const [first, ...others] = printing.columns
  const shown = items.some(isOfDoor) ? { ...printing, columns: [first!, ORIGIN, ...others] } : printing
  await printList(items, shown, `No ${kind.resource} found`, namespace, terminal)
  if (!options.watch) return
  const print = printsMore(items, shown, terminal)
  const events = resources.watch({ ...selection, resourceVersion: metadata.resourceVersion }, terminal.signal)
  await follow(events, print, terminal)
}

const originOf = (object: KubeObject) => (object as Partial<Pick<Claim, 'spec'>>).spec?.origin

const isOfDoor = (object: KubeObject): boolean => originOf(object)?.kind !== undefined

/** A door's objects are named by uids, which nobody knows: this is what somebody wrote. It stands in its home, which may be elsewhere. */
const ORIGIN: ShownColumn = {
  heading: 'FOR',
  cell(object) {
    const { kind, namespace, name } = originOf(object) ?? {}
    if (kind === undefined || name === undefined) return ''
    const isAbroad = namespace !== undefined && namespace !== object.metadata.namespace
    return `${kind.toLowerCase()}/${name}${isAbroad ? ` (${namespace})` : ''}`
  },
}

/** An empty table is said in words, which are no data. */
export async function printList(
  objects: readonly KubeObject[],
  options: PrintOptions,
  none: string,
  namespace: string | undefined,
  terminal: Terminal,
): Promise<void> {
  if (objects.length > 0 || !isTable(options.output)) return printObjects(objects, options, terminal)
  terminal.note(namespace === undefined ? `${none}.\n` : `${none} in namespace ${namespace}.\n`)
}
