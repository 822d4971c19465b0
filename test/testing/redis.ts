/** A real client, with the credentials that a claim's Secret holds. */
import { Redis } from 'ioredis'
import type { Hub } from './hub.ts'

export interface Binding {
  readonly type: string
  readonly provider: string
  readonly host: string
  readonly port: string
  readonly username: string
  readonly password: string
  readonly uri: string
}

export async function bindingOf(hub: Hub, namespace: string, secret: string): Promise<Binding> {
  const { data } = JSON.parse(await hub.ok(['get', 'secret', secret, '-n', namespace, '-o', 'json'])) as {
    data: Record<string, string>
  }
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  ) as unknown as Binding
}

/** One connection, no retries: a refusal is an error and not a wait. */
export async function redis(binding: Binding): Promise<Redis> {
  const client = new Redis(binding.uri, {
    lazyConnect: true,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
  })
  // ioredis also emits what its promises reject with; unhandled it would end the test run.
  client.on('error', () => {})
  await client.connect()
  return client
}
