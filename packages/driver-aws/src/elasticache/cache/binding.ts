/** The keys of the Secret. */
import type { ReplicationGroup } from '@aws-sdk/client-elasticache'
import type { Credential } from '@larder/kit'
import { renderTexts } from '../../template.ts'
import { addressesOf } from './seen.ts'
import type { WantedCache } from './wanted.ts'

/** What an ordinary client needs; its recipe may say otherwise. */
const BINDING: Readonly<Record<string, string>> = {
  provider: 'elasticache',
  host: '${host}',
  port: '${port}',
  username: '${credential.username}',
  password: '${credential.password}',
  ssl: 'true',
  uri: 'rediss://${credential.username}:${credential.password}@${host}:${port}',
}

/** Undefined: it has no address yet. Readers are sent to the replicas, where there are any. */
export function bindingValues(
  { recipe, values }: WantedCache,
  cache: ReplicationGroup,
  { role }: Credential,
  credential: { readonly username: string; readonly password: string },
): Record<string, string> | undefined {
  const addresses = addressesOf(cache)
  if (!addresses) return undefined
  const { primary, reader } = addresses
  const all = {
    ...values,
    credential,
    ...(role === 'reader' ? reader : primary),
    primary: { ...primary },
    reader: { ...reader },
  }
  return renderTexts(recipe.binding ?? BINDING, all, 'recipe.binding')
}
