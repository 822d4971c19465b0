import type { Run } from '../../cli/command.ts'
import { larderVersion } from '../version.ts'

export const run: Run = async ({ options }, terminal) => {
  const version = larderVersion()
  terminal.out(
    options.output === 'json' ? `${JSON.stringify({ version, node: process.version })}\n` : `larder ${version}\n`,
  )
}
