/**
 * With what a Backend signs: its Secret, or the chain that every tool of AWS has (environment, files, web identity, the container's and the
 * machine's own), and on top of either a role of this or another account.
 */
import { denied } from '@larder/kit'
import type { Secrets } from '@larder/kit'
import type { AwsConfig, RoleConfig } from './config.ts'
import { call } from './call.ts'

export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** The SDK asks again shortly before. */
  readonly expiration?: Date
}

/** What the SDK's clients take; undefined: the chain. */
export type Source = Keys | (() => Promise<Keys>) | undefined

/** As the environment calls them, or as the SDK does. */
const KEY_NAMES = {
  accessKeyId: ['AWS_ACCESS_KEY_ID', 'accessKeyId'],
  secretAccessKey: ['AWS_SECRET_ACCESS_KEY', 'secretAccessKey'],
  sessionToken: ['AWS_SESSION_TOKEN', 'sessionToken'],
} as const

export function keysOf(secrets: Secrets): Keys | undefined {
  if (Object.keys(secrets).length === 0) return undefined
  const accessKeyId = textOf(secrets, KEY_NAMES.accessKeyId)
  const secretAccessKey = textOf(secrets, KEY_NAMES.secretAccessKey)
  const sessionToken = textOf(secrets, KEY_NAMES.sessionToken)
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw denied('the Secret of the credentials needs the keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
}

function textOf(secrets: Secrets, names: readonly string[]): string | undefined {
  const value = names.map((name) => secrets[name]).find((bytes) => bytes !== undefined)
  const text = value && new TextDecoder().decode(value).trim()
  return text === '' ? undefined : text
}

/** `base`: who may take the role. */
export function sourceOf(config: AwsConfig, base: Keys | undefined): Source {
  const { assumeRole } = config
  return assumeRole ? () => assumedKeys(config, assumeRole, base) : base
}

const SESSION_NAME = 'larder'

async function assumedKeys(config: AwsConfig, role: RoleConfig, base: Keys | undefined): Promise<Keys> {
  const { AssumeRoleCommand, STSClient } = await import('@aws-sdk/client-sts')
  const { clientSettings } = await import('./settings.ts')
  const client = new STSClient(clientSettings(config, base))
  try {
    const { Credentials: given } = await call('sts:AssumeRole', () =>
      client.send(
        new AssumeRoleCommand({
          RoleArn: role.roleARN,
          RoleSessionName: role.sessionName ?? SESSION_NAME,
          ...(role.externalID !== undefined && { ExternalId: role.externalID }),
          ...(role.durationSeconds !== undefined && { DurationSeconds: role.durationSeconds }),
        }),
      ),
    )
    if (given?.AccessKeyId === undefined || given.SecretAccessKey === undefined) {
      throw denied(`sts:AssumeRole gave no credentials for ${role.roleARN}`)
    }
    return {
      accessKeyId: given.AccessKeyId,
      secretAccessKey: given.SecretAccessKey,
      ...(given.SessionToken !== undefined && { sessionToken: given.SessionToken }),
      ...(given.Expiration && { expiration: given.Expiration }),
    }
  } finally {
    client.destroy()
  }
}
