/** What an object rests on, as far as whoever asks may read it. */
import { isTable, serialize } from '../print.ts'
import type { Run } from '../command.ts'
import { withApi } from '../connect.ts'
import { chainOf } from '../chain.ts'
import { explained } from '../door-claims.ts'
import { lookAt } from '../look-at.ts'
import { show } from '../live.ts'
import { renderTree, treeDot, treeJson } from '../tree.ts'

/** As wide as a line of a terminal leaves; `-o wide` cuts nothing. */
const MESSAGE_WIDTH = 72

export const run: Run = async ({ args, options }, terminal) => {
  const { output, watch = false } = options
  const object = lookAt(args, 'trace')
  await withApi(options, terminal, async (connection) =>
    show(connection.client, terminal, watch, async (reader) => {
      const found = await object(reader, connection)
      if (!found) return undefined
      const link = await chainOf(reader, await explained(reader, found))
      const content = JSON.stringify(treeJson(link))
      if (output === 'dot') return { content, text: treeDot(link) }
      if (!isTable(output)) return { content, text: await serialize(treeJson(link), output) }
      return { content, text: renderTree(link, terminal.now(), output === 'wide' ? 0 : MESSAGE_WIDTH) }
    }),
  )
}
