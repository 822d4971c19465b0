/** A Backend on an AWS for tests, and what the hub would have at hand. */
import type { Driver, Host, Log, Session } from '@larder/kit'
import type { Aws } from '../../../../test/aws/endpoint.ts'

const SILENT: Log = { debug() {}, info() {}, warn() {} }

export const hostOf = (log: Log = SILENT): Host => ({ log, now: () => new Date() })

const bytes = (text: string) => new TextEncoder().encode(text)

/** With credentials of its own, as from the Secret of a Backend. */
export function connect(
  driver: Driver,
  aws: Aws,
  log?: Log,
  config: Record<string, string> = {},
  now = () => new Date(),
): Session {
  const { region, credentials } = aws.client()
  return driver.connect(
    {
      config: { region, endpoint: aws.url, ...config },
      credentials: {
        AWS_ACCESS_KEY_ID: bytes(credentials.accessKeyId),
        AWS_SECRET_ACCESS_KEY: bytes(credentials.secretAccessKey),
      },
    },
    { ...hostOf(log), now },
  )
}
