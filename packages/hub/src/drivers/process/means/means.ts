/** One of the few ways to make, check and remove a credential. */
import type { TemplateValues } from '../template.ts'
import type { Setting } from '../setting.ts'

export interface CredentialAt {
  setting: Setting
  /** Those of the setting, and `credential` and `role`. */
  values: TemplateValues
  username: string
  password: string
  /** The values of every credential that shall exist once this is done. */
  present: readonly TemplateValues[]
  signal: AbortSignal
}

export interface Means {
  /** What the engine needs before it starts. */
  beforeStart?(setting: Setting, present: readonly TemplateValues[]): Promise<void>
  /** Repeatable: what exists already is set right. */
  make(at: CredentialAt): Promise<void>
  /** Whether this very username and password work. */
  works(at: CredentialAt): Promise<boolean>
  /** Repeatable: what is not there is gone. */
  remove(at: CredentialAt): Promise<void>
}

export const COMMAND_TIMEOUT_MS = 10_000
