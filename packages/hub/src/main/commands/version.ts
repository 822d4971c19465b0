import type { Run } from '../../cli/command.ts'
import { serialize } from '../../cli/print.ts'
import { larderVersion } from '../version.ts'

export const run: Run = async ({ options }, terminal) => {
  const version = larderVersion()
  if (options.output === undefined) terminal.out(`larder ${version}\n`)
  else terminal.out(await serialize({ version, node: process.version }, options.output))
}
