import type { Run } from '../command.ts'
import { withApi } from '../connect.ts'
import { CommandFailed, EXIT } from '../failure.ts'
import { CLUSTER_EVENTS, coreEventType, eventColumns, eventsAbout, inOrder } from '../events.ts'
import { follow } from '../follow.ts'
import { kindAndName } from '../kinds.ts'
import { printsMore, type PrintOptions } from '../print.ts'
import { printList } from './get.ts'

/** What the hub told of its objects, of one of them with `--for`, and with `--watch` also what it tells from now on. */
export const run: Run = async ({ options }, terminal) => {
  const { kind, name } = options.for === undefined ? {} : kindAndName([options.for])
  if (kind && !name)
    throw new CommandFailed(EXIT.usage, `--for ${options.for}: which ${kind.singular}?`, {
      next: `larder events --for ${kind.singular}/NAME`,
    })
  await withApi(options, terminal, async (connection) => {
    const everywhere = options['all-namespaces'] === true
    const home = kind && !kind.namespaced ? CLUSTER_EVENTS : connection.namespace
    const namespace = everywhere ? undefined : home
    const fieldSelector = kind && name ? eventsAbout({ kind: kind.kind, name }) : undefined
    const selection = { namespace, ...(fieldSelector !== undefined && { fieldSelector }) }
    const events = connection.client.of(coreEventType)
    const { items, metadata } = await events.list(selection)
    const printing: PrintOptions = {
      type: { singular: 'event', group: '' },
      columns: eventColumns,
      output: options.output,
      withNamespace: everywhere,
      list: true,
    }
    const first = inOrder(items)
    await printList(first, printing, 'No events found', namespace, terminal)
    if (!options.watch) return
    const print = printsMore(first, printing, terminal)
    const news = events.watch({ ...selection, resourceVersion: metadata.resourceVersion }, terminal.signal)
    // Events expire; that one went is no news.
    await follow(news, async (event, type) => (type === 'DELETED' ? undefined : print(event)), terminal)
  })
}
