import type { KubeObject } from '@larder/engine/machinery/object'
import type { Kind } from '../../model/kind.ts'
import { kinds } from '../../model/kinds.ts'
import type { Invocation, Run } from '../command.ts'
import { withApi, type Connection } from '../connect.ts'
import { CommandFailed, EXIT } from '../failure.ts'
import { kindAndName } from '../kinds.ts'
import { printObjects } from '../print.ts'
import type { Terminal } from '../terminal.ts'

/** `larder get claims`, `larder get claim cache`, `larder get larder` (every kind). */
export const run: Run = async (invocation, terminal) => {
  await withApi(invocation.options, terminal, async (connection) => {
    if (invocation.args[0] === 'larder') {
      for (const kind of kinds) await getKind(kind, undefined, invocation, connection, terminal)
      return
    }
    const { kind, name } = kindAndName(invocation.args)
    await getKind(kind, name, invocation, connection, terminal)
  })
}

/** Shared with `claim list`, `claim get`, `class list`, `class get`. */
export async function getKind(
  kind: Kind<unknown, unknown>,
  name: string | undefined,
  invocation: Invocation,
  connection: Connection,
  terminal: Terminal,
): Promise<void> {
  const { options } = invocation
  const everywhere = options['all-namespaces'] === true
  if (everywhere && name !== undefined)
    throw new CommandFailed(EXIT.usage, 'a name and --all-namespaces exclude each other', {
      next: `larder get ${kind.singular} ${name} -n NAMESPACE`,
    })
  const resources = connection.client.of(kind)
  const namespace = kind.namespaced && !everywhere ? connection.namespace : undefined
  const objects: readonly KubeObject[] =
    name === undefined ? (await resources.list({ namespace })).items : [await resources.get(name, namespace)]
  if (objects.length === 0 && (options.output ?? 'wide') === 'wide') {
    terminal.note(
      namespace === undefined
        ? `No ${kind.resource} found.\n`
        : `No ${kind.resource} found in namespace ${namespace}.\n`,
    )
    return
  }
  await printObjects(
    objects,
    { kind, output: options.output, withNamespace: everywhere && kind.namespaced, list: name === undefined },
    terminal,
  )
}
