/** What exists already and a claim of this namespace could name: instances, members of pools, objects that a policy opens. */
import { API_VERSION } from '../../model/kind.ts'
import type { ClaimableStatus } from '../../model/claimable-query.ts'
import { askClaimable, notAsked } from '../claimable.ts'
import type { Run } from '../command.ts'
import { withApi } from '../connect.ts'
import { isTable, serialize } from '../print.ts'
import { renderTable } from '../table.ts'

export const list: Run = async ({ options }, terminal) => {
  const { output } = options
  await withApi(options, terminal, async ({ client, namespace }) => {
    const asked = await askClaimable(client, namespace, options.class)
    if (!asked) throw notAsked()
    if (!isTable(output)) return terminal.out(await serialize(JSON.parse(JSON.stringify(asked)), output))
    const rows = rowsOf(asked)
    if (rows.length > 0) terminal.out(renderTable(['NAME', 'NAMESPACE', 'KIND', 'APIVERSION', 'CLASS'], rows))
    else
      terminal.note(`Nothing found that exists already and namespace ${namespace} may claim; see larder class list.\n`)
    if (asked.more) terminal.note('There is more: narrow it with --class.\n')
    for (const sentence of asked.missing ?? []) terminal.note(`${sentence}\n`)
  })
}

const rowsOf = ({ instances = [], resources = [] }: ClaimableStatus): readonly (readonly string[])[] => [
  ...instances.map((i) => [i.name, i.namespace, 'Instance', API_VERSION, i.className ?? '']),
  ...resources.map((r) => [r.name, r.namespace, r.kind, r.apiVersion, r.className ?? '']),
]
