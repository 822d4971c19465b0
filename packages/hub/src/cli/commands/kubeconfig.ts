import { existsSync, readFileSync } from 'node:fs'
import type { Run } from '../command.ts'
import { dataFolder } from '../data-folder.ts'
import { CommandFailed, EXIT } from '../failure.ts'

export const run: Run = async ({ options }, terminal) => {
  const folder = dataFolder(options, terminal.cwd)
  if (!existsSync(folder.kubeconfig)) {
    throw new CommandFailed(EXIT.unreachable, `no hub runs on ${folder.dir}`, {
      next: `larder up --data ${folder.dir}`,
    })
  }
  terminal.out(options.path ? `${folder.kubeconfig}\n` : readFileSync(folder.kubeconfig, 'utf8'))
}
