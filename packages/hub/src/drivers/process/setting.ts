/** Everything that is known about one instance while its templates are rendered. */
import { dirname } from 'node:path'
import { isRecord } from '@larder/kit'
import type { Json } from '@larder/kit'
import type { Account } from './account.ts'
import { HOST } from './ports.ts'
import type { Command, ProcessRecipe } from './recipe.ts'
import { deriveSecret, sha256 } from './secret.ts'
import type { TemplateValues } from './template.ts'
import { render, renderList } from './template.ts'
import type { CommandRun } from './command.ts'
import type { InstanceFolder, InstanceRecord } from './folder.ts'

export interface Setting {
  folder: InstanceFolder
  record: InstanceRecord
  recipe: ProcessRecipe
  account: Account | undefined
  key: Buffer
  values: TemplateValues
  environment: Readonly<Record<string, string>>
}

export function settingOf(
  given: Pick<Setting, 'folder' | 'record' | 'recipe' | 'account' | 'key'>,
  command: string,
): Setting {
  const { record, recipe, key } = given
  const secrets = secretsOf(recipe, key)
  const values: TemplateValues = {
    instance: { id: record.id },
    plan: { name: record.plan ?? '' },
    host: HOST,
    port: record.ports,
    parameter: record.parameters,
    engine: { command, folder: dirname(command) },
    secret: secrets,
    secretSha256: Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, sha256(secret)])),
  }
  const environment = Object.fromEntries(
    Object.entries(recipe.environment ?? {}).map(([name, template]) => [
      name,
      render(template, values, { path: `recipe.environment.${name}`, readable: true }),
    ]),
  )
  return { ...given, values, environment }
}

/** Any name after `secret.` or `secretSha256.` is a secret of its own: those that the recipe mentions. */
function secretsOf(recipe: ProcessRecipe, key: Buffer): Record<string, string> {
  const mentioned = JSON.stringify(recipe).matchAll(/\$\{secret(?:Sha256)?\.([A-Za-z0-9-]+)/g)
  return Object.fromEntries([...mentioned].map(([, name = '']) => [name, deriveSecret(key, `secret:${name}`)]))
}

export function commandOf(
  setting: Setting,
  command: Command,
  options: { path: string; values: TemplateValues; timeoutMs: number; signal?: AbortSignal | undefined },
): CommandRun {
  return {
    folder: setting.folder.inner('data'),
    command: renderList(command.command, options.values, { path: `${options.path}.command`, readable: true }),
    stdin: render(command.stdin ?? '', options.values, { path: `${options.path}.stdin`, readable: false }),
    environment: setting.environment,
    account: setting.account,
    timeoutMs: options.timeoutMs,
    signal: options.signal,
  }
}

/** Changes exactly when the process must be started again to follow. */
export function specHash({ plan, parameters, recipe }: Pick<InstanceRecord, 'plan' | 'parameters' | 'recipe'>): string {
  return sha256(canonical([plan ?? null, parameters, recipe]))
}

/** JSON with sorted keys, so that equal values are equal texts. */
export function canonical(value: Json | undefined): string {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return `[${value.map((v: Json) => canonical(v)).join()}]`
  if (!isRecord(value)) return JSON.stringify(value ?? null)
  const fields = Object.keys(value).sort()
  return `{${fields.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`
}
