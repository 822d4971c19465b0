import { secretType } from '@larder/engine/client/builtin'
import { claimKind } from '../../model/claim.ts'
import type { Run } from '../command.ts'
import { withApi } from '../connect.ts'
import { CommandFailed, EXIT } from '../failure.ts'
import { renderTable } from '../table.ts'

/** Shows which keys a claim's Secret has; their values only with `--reveal`. */
export const run: Run = async ({ args, options }, terminal) => {
  const name = args[0]!
  await withApi(options, terminal, async ({ client, namespace }) => {
    const claim = await client.of(claimKind).get(name, namespace)
    const binding = claim.status?.binding?.name
    if (binding === undefined) {
      throw new CommandFailed(EXIT.failed, `claim ${namespace}/${name} has no credentials yet`, {
        why: claim.status?.cause?.message ?? 'it is being made',
        next: `larder wait claim/${name} -n ${namespace}`,
      })
    }
    const secret = await client.of(secretType).get(binding, namespace)
    const values = Object.entries(secret.data ?? {}).map(([key, data]) => [key, Buffer.from(data, 'base64')] as const)
    terminal.out(
      render(
        values.toSorted(([a], [b]) => (a < b ? -1 : 1)),
        options.format ?? 'table',
        options.reveal ?? false,
      ),
    )
  })
}

type Values = readonly (readonly [key: string, value: Buffer])[]

function render(values: Values, format: string, reveal: boolean): string {
  if (format === 'table') {
    return renderTable(
      ['KEY', 'VALUE'],
      values.map(([key, value]) => [key, reveal ? value.toString() : `${value.length} bytes`]),
    )
  }
  if (!reveal)
    throw new CommandFailed(EXIT.usage, `--format ${format} prints secret values`, { next: 'say --reveal as well' })
  switch (format) {
    case 'json':
      return `${JSON.stringify(Object.fromEntries(values.map(([key, value]) => [key, value.toString()])), null, 2)}\n`
    case 'env':
      return values
        .map(([key, value]) => `${key.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}=${shellQuoted(value.toString())}\n`)
        .join('')
    case 'url': {
      const uri = values.find(([key]) => key === 'uri')
      if (!uri) throw new CommandFailed(EXIT.failed, 'these credentials have no key `uri`')
      return `${uri[1].toString()}\n`
    }
    default:
      throw new CommandFailed(EXIT.usage, `--format ${format} is not known`, {
        next: '--format table, env, json or url',
      })
  }
}

function shellQuoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`
}
