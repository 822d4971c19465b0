/** The credentials of one instance: which there are, and how they come and go, one change at a time. */
import { invalid, isDriverError, unavailable } from '@larder/kit'
import type { Credential, Json } from '@larder/kit'
import type { CredentialRecord, InstanceFolder } from './folder.ts'
import type { CredentialAt, Means } from './means/means.ts'
import { execMeans } from './means/exec.ts'
import { fileMeans } from './means/file.ts'
import { respMeans } from './means/resp.ts'
import { sqlMeans } from './means/sql.ts'
import { redact } from './output.ts'
import type { ProcessRecipe } from './recipe.ts'
import { deriveSecret, sha256, usernameOf } from './secret.ts'
import type { Setting } from './setting.ts'
import { render } from './template.ts'
import type { TemplateValues } from './template.ts'

export class CredentialBook {
  readonly #folder: InstanceFolder
  #last: Promise<unknown> = Promise.resolve()

  constructor(folder: InstanceFolder) {
    this.#folder = folder
  }

  async ids(): Promise<string[]> {
    return (await this.#folder.credentials()).map((record) => record.id)
  }

  async beforeStart(setting: Setting): Promise<void> {
    const records = await this.#folder.credentials()
    await meansOf(setting.recipe).beforeStart?.(setting, valuesOfAll(setting, records))
  }

  /** Makes the credential unless it works already; what goes into its Secret. */
  make(setting: Setting, credential: Credential, signal: AbortSignal): Promise<Record<string, string>> {
    return this.#oneByOne(async () => {
      const { recipe } = setting
      const role = roleOf(recipe, credential)
      const record: CredentialRecord = {
        id: credential.id,
        username: usernameOf(credential.id),
        ...(role === undefined ? {} : { role }),
      }
      const before = await this.#folder.credentials()
      const known = before.some((r) => r.id === record.id && r.role === record.role)
      const records = [...before.filter((r) => r.id !== record.id), record]
      // Recorded before it exists: a credential that nobody knows of could not be revoked.
      if (!known) await this.#folder.writeCredentials(records)
      const at = credentialAt(setting, record, { records, signal })
      await guarded(at, async () => {
        const means = meansOf(recipe)
        if (known && (await means.works(at))) return
        await means.make(at)
        if (!(await means.works(at)))
          throw unavailable('the engine does not accept the credential that it was just given')
      })
      return renderBinding(setting, at)
    })
  }

  /** When it returns, the credential no longer works. */
  remove(setting: Setting, credential: Credential, signal: AbortSignal): Promise<void> {
    return this.#oneByOne(async () => {
      const before = await this.#folder.credentials()
      const record = before.find((r) => r.id === credential.id)
      if (!record) return
      const records = before.filter((r) => r.id !== credential.id)
      const at = credentialAt(setting, record, { records, signal })
      await guarded(at, async () => {
        const means = meansOf(setting.recipe)
        await means.remove(at)
        if (await means.works(at)) throw unavailable('the engine still accepts a credential that was revoked')
      })
      await this.#folder.writeCredentials(records)
    })
  }

  /** A file of users is written whole and a record read before it is changed: two at once would lose one. */
  #oneByOne<T>(change: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(change, change)
    this.#last = mine.catch(() => {})
    return mine
  }
}

function meansOf(recipe: ProcessRecipe): Means {
  const { resp, sql, exec, file } = recipe.credentials
  if (resp) return respMeans(resp)
  if (sql) return sqlMeans(sql)
  if (exec) return execMeans(exec)
  if (file) return fileMeans(file)
  throw invalid('recipe.credentials', 'recipe.credentials needs exactly one of resp, sql, exec, file')
}

function roleOf(recipe: ProcessRecipe, { role }: Credential): string | undefined {
  const roles = recipe.credentials.roles
  if (!roles) {
    if (role === undefined) return undefined
    throw invalid('role', `role ${role} is not known: this recipe has no roles`)
  }
  if (role !== undefined && Object.hasOwn(roles, role)) return role
  const known = Object.keys(roles).join(', ')
  throw invalid('role', `${role === undefined ? 'a role is required' : `role ${role} is not known`}; known: ${known}`)
}

function credentialAt(
  setting: Setting,
  record: CredentialRecord,
  more: { records: readonly CredentialRecord[]; signal: AbortSignal },
): CredentialAt {
  return {
    setting,
    values: valuesOf(setting, record),
    username: record.username,
    password: passwordOf(setting, record),
    present: valuesOfAll(setting, more.records),
    signal: more.signal,
  }
}

const passwordOf = ({ key }: Setting, record: CredentialRecord): string =>
  deriveSecret(key, `credential:${record.role ?? ''}:${record.id}`)

const valuesOfAll = (setting: Setting, records: readonly CredentialRecord[]): TemplateValues[] =>
  records.map((record) => valuesOf(setting, record))

function valuesOf(setting: Setting, record: CredentialRecord): TemplateValues {
  const password = passwordOf(setting, record)
  const role: Json = record.role === undefined ? {} : (setting.recipe.credentials.roles?.[record.role] ?? {})
  const credential = { username: record.username, password, passwordSha256: sha256(password) }
  return { ...setting.values, role, credential }
}

function renderBinding({ recipe }: Setting, at: CredentialAt): Record<string, string> {
  return Object.fromEntries(
    Object.entries(recipe.binding).map(([key, template]) => [
      key,
      render(template, at.values, { path: `recipe.binding.${key}`, readable: false }),
    ]),
  )
}

/** Engines quote what they refuse, passwords too: no error leaves with one, nor with a cause that holds one. */
async function guarded(at: CredentialAt, change: () => Promise<void>): Promise<void> {
  try {
    await change()
  } catch (error) {
    at.signal.throwIfAborted()
    const own = Object.values(at.setting.values['secret'] as Record<string, string>)
    const message = redact(error instanceof Error ? error.message : String(error), [
      at.password,
      sha256(at.password),
      ...own,
    ])
    if (isDriverError(error) && error.code === 'invalid') throw error
    throw unavailable(message)
  }
}
