/** One account in one region: the clients of its services, made when they are first used and kept. */
import { createHash } from 'node:crypto'
import type { CloudFormationClient } from '@aws-sdk/client-cloudformation'
import type { ElastiCacheClient } from '@aws-sdk/client-elasticache'
import type { S3Client } from '@aws-sdk/client-s3'
import { invalid } from '@larder/kit'
import type { Json, Secrets } from '@larder/kit'
import { call } from './call.ts'
import type { AwsConfig } from './config.ts'
import { keysOf, sourceOf, type Source } from './credentials.ts'
import { clientSettings } from './settings.ts'

export interface Account {
  cloudformation(): Promise<CloudFormationClient>
  elasticache(): Promise<ElastiCacheClient>
  s3(): Promise<S3Client>
  /** Asks AWS whose account it is; the answer is for everybody who may read the Backend. */
  whoami(signal: AbortSignal): Promise<{ info: Json }>
}

/** Nothing is loaded and nobody is asked before the first call. */
function openAccount(config: AwsConfig, secrets: Secrets): Account {
  const source: Source = sourceOf(config, keysOf(secrets))
  const settings = clientSettings(config, source)
  return {
    cloudformation: once(async () => {
      const { CloudFormationClient } = await import('@aws-sdk/client-cloudformation')
      return new CloudFormationClient(settings)
    }),
    elasticache: once(async () => {
      const { ElastiCacheClient } = await import('@aws-sdk/client-elasticache')
      return new ElastiCacheClient(settings)
    }),
    s3: once(async () => {
      const { S3Client } = await import('@aws-sdk/client-s3')
      return new S3Client({ ...settings, forcePathStyle: isElsewhere(config) })
    }),
    async whoami(signal) {
      const { GetCallerIdentityCommand, STSClient } = await import('@aws-sdk/client-sts')
      const client = new STSClient(settings)
      try {
        const region = await call('sts:GetCallerIdentity', () => client.config.region())
        const { Account: accountID, Arn: arn } = await call('sts:GetCallerIdentity', () =>
          client.send(new GetCallerIdentityCommand({}), { abortSignal: signal }),
        )
        if (config.accountID !== undefined && accountID !== config.accountID) {
          throw invalid(
            'config.accountID',
            `config.accountID is ${config.accountID}, and the credentials are of account ${accountID}`,
          )
        }
        return { info: { accountID: accountID ?? null, region, arn: arn ?? null } }
      } finally {
        client.destroy()
      }
    },
  }
}

/** Not AWS itself: a bucket is hardly a name of its own there. */
const isElsewhere = ({ endpoint }: AwsConfig): boolean =>
  endpoint !== undefined || Boolean(process.env['AWS_ENDPOINT_URL_S3'] || process.env['AWS_ENDPOINT_URL'])

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

/** The Backend's account, and that of each instance that brings credentials of its own. */
export interface Accounts<T> {
  of(credentials: Secrets | undefined): T
}

const MAX_ACCOUNTS = 100

/** `open` makes what is kept for an account. */
export function createAccounts<T>(config: AwsConfig, secrets: Secrets, open: (account: Account) => T): Accounts<T> {
  const known = new Map<string, T>()
  return {
    of(credentials = secrets) {
      const key = digestOf(credentials)
      let found = known.get(key)
      if (!found) {
        known.set(key, (found = open(openAccount(config, credentials))))
        const [oldest] = known.keys()
        if (known.size > MAX_ACCOUNTS && oldest !== undefined) known.delete(oldest)
      }
      return found
    },
  }
}

function digestOf(secrets: Secrets): string {
  const hash = createHash('sha256')
  for (const name of Object.keys(secrets).sort()) hash.update(`${name}\0`).update(secrets[name]!).update('\0')
  return hash.digest('hex')
}
