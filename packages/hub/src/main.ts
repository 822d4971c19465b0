/** The `larder` command. */
import { commandTable } from './cli/commands.ts'
import { meantBy } from './cli/compat/names.ts'
import { runLarder } from './cli/run.ts'
import type { Terminal } from './cli/terminal.ts'

const commands = commandTable({
  up: async () => (await import('./main/commands/up.ts')).run,
  hub: async () => (await import('./main/commands/hub.ts')).run,
  install: async () => (await import('./main/commands/install.ts')).run,
  down: async () => (await import('./main/commands/down.ts')).run,
  compatInstall: async () => (await import('./main/commands/compat-install.ts')).run,
  engineList: async () => (await import('./main/commands/engine.ts')).list,
  engineAdd: async () => (await import('./main/commands/engine.ts')).add,
  version: async () => (await import('./main/commands/version.ts')).run,
})

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
// A reader that goes away (`larder get ... | head`) ends the command, quietly.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(text),
  interactive: process.stdin.isTTY && process.stderr.isTTY,
  colour: process.stderr.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb',
  env: process.env,
  cwd: process.cwd(),
  signal: stop.signal,
  now: () => Date.now(),
}

const [, script = '', ...words] = process.argv
process.exitCode = await runLarder([...meantBy(script), ...words], commands, terminal)
