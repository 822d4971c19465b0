/** A verdict in one or two sentences: how it is, why, and what to do next. */
import { chainOf } from '../chain.ts'
import type { Run } from '../command.ts'
import { withApi } from '../connect.ts'
import { explained } from '../door-claims.ts'
import { show } from '../live.ts'
import { lookAt } from '../look-at.ts'
import { isTable, serialize } from '../print.ts'
import { verdictJson, verdictOf, verdictText } from '../verdict.ts'

export const run: Run = async ({ args, options }, terminal) => {
  const { output, watch = false } = options
  const object = lookAt(args, 'why')
  await withApi(options, terminal, async (connection) =>
    show(connection.client, terminal, watch, async (reader) => {
      const read = await object(reader, connection)
      if (!read) return undefined
      const found = await explained(reader, read)
      const verdict = verdictOf(found, await chainOf(reader, found))
      const content = JSON.stringify(verdict)
      const now = terminal.now()
      if (!isTable(output)) return { content, text: await serialize(verdictJson(verdict, now), output) }
      return { content, text: verdictText(verdict, now) }
    }),
  )
}
