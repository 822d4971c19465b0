import type { Run } from '../../cli/command.ts'
import { CommandFailed, EXIT } from '../../cli/failure.ts'
import { serialize } from '../../cli/print.ts'
import { renderTable } from '../../cli/table.ts'
import { engineFinder } from '../../engines/find.ts'
import { addEngine, ensureEngine, EngineInstallError } from '../../engines/install.ts'
import { INSTALLABLE_ENGINES } from '../../engines/registry.ts'

/** Installs an engine; with `--if-missing` only when neither PATH nor an earlier installation has it. */
export const add: Run = async ({ args, options }, terminal) => {
  const install = options['if-missing'] ? ensureEngine : addEngine
  try {
    const engine = await install(args[0]!, { log: (line) => terminal.note(`${line}\n`) })
    terminal.out(`engine ${args[0]} ${engine.version ?? ''} ${engine.command}\n`)
  } catch (error) {
    if (!(error instanceof EngineInstallError)) throw error
    throw new CommandFailed(EXIT.failed, error.message, { next: 'larder engine list', cause: error })
  }
}

export const list: Run = async ({ options }, terminal) => {
  const finder = engineFinder()
  const engines = await Promise.all(INSTALLABLE_ENGINES.map(async (e) => ({ name: e.name, ...(await finder.find(e)) })))
  if (options.output !== undefined) return terminal.out(await serialize(engines, options.output))
  terminal.out(
    renderTable(
      ['NAME', 'VERSION', 'FOUND', 'COMMAND'],
      engines.map(({ name, version, source, command }) => [
        name,
        version ?? '',
        source ?? 'no',
        command ?? `larder engine add ${name}`,
      ]),
    ),
  )
}
