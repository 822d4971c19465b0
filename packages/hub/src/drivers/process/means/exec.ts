/** Credentials by programs: status 0 of `check` means that the credential works, any other that it does not. */
import { unavailable } from '@larder/kit'
import type { ExecMeans } from '../recipe.ts'
import type { Command } from '../recipe.ts'
import { runCommand } from '../command.ts'
import type { CommandEnd } from '../command.ts'
import { redact } from '../output.ts'
import { commandOf } from '../setting.ts'
import { COMMAND_TIMEOUT_MS } from './means.ts'
import type { CredentialAt, Means } from './means.ts'

export function execMeans(recipe: ExecMeans): Means {
  const must = async (at: CredentialAt, name: 'make' | 'remove'): Promise<void> => {
    const end = await runFor(at, recipe[name], `recipe.credentials.exec.${name}`)
    if (end.code === 0) return
    const complaint = redact(end.complaint, [at.password])
    throw unavailable(`recipe.credentials.exec.${name} ended with status ${end.code}: ${complaint}`)
  }
  return {
    make: (at) => must(at, 'make'),
    remove: (at) => must(at, 'remove'),
    works: async (at) => (await runFor(at, recipe.check, 'recipe.credentials.exec.check')).code === 0,
  }
}

export function runFor(at: CredentialAt, command: Command, path: string): Promise<CommandEnd> {
  const { values, signal } = at
  return runCommand(commandOf(at.setting, command, { path, values, timeoutMs: COMMAND_TIMEOUT_MS, signal }))
}
