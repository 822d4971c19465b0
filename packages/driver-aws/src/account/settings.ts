import type { AwsConfig } from './config.ts'
import type { Source } from './credentials.ts'

const MAX_ATTEMPTS = 3
const CONNECT_MS = 5_000
/** The SDK waits for an answer without end unless it is told. */
const REQUEST_MS = 15_000

/** What all clients have in common. Adaptive: a client that is throttled sends less by itself, whoever asks. */
export function clientSettings({ region, endpoint }: AwsConfig, credentials: Source) {
  return {
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    maxAttempts: MAX_ATTEMPTS,
    retryMode: 'adaptive',
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS, throwOnRequestTimeout: true },
    customUserAgent: 'larder',
  }
}
